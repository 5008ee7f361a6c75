"""What follows a withdrawal: the acknowledgement, the outcome, what the team has to know."""

from bot.domain.identifiers import WithdrawalId
from bot.domain.job import Job
from bot.domain.withdrawal import WithdrawalState
from bot.services.screens import Screen
from bot.services.withdrawals import WithdrawalCase
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text
from cogs.team import tell_team
from cogs.withdrawal.receipts import (
    acknowledgement_card,
    acknowledgement_mail,
    outcome_card,
    outcome_mail,
    stated,
)
from cogs.withdrawal.render import terms

_BY_HAND = (
    "**Please end it by hand in the provider's dashboard**, and see what `mooring check` says."
)


class WithdrawalEffects:
    """Handlers of the jobs that `WithdrawalService` and its saga add."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add("withdrawal.carry_out", dependencies.withdrawal_saga.carry_out)
        jobs.add("withdrawal.ask_rest", dependencies.withdrawal_saga.ask_for_the_rest)
        jobs.add("withdrawal.acknowledge", self.acknowledge, in_discord=True)
        jobs.add("withdrawal.mail_acknowledgement", self.mail_acknowledgement)
        jobs.add("withdrawal.show", self.show, in_discord=True)
        jobs.add("withdrawal.tell_member", self.tell_member, in_discord=True)
        jobs.add("withdrawal.tell_team", self.tell_team, in_discord=True)
        jobs.add("withdrawal.tell_failed", self.tell_failed, in_discord=True)
        jobs.add("withdrawal.tell_stuck", self.tell_stuck, in_discord=True)

    async def _case(self, job: Job) -> WithdrawalCase:
        return await self._is.withdrawals.outcome(WithdrawalId(str(job.payload["withdrawal_id"])))

    async def acknowledge(self, job: Job) -> None:
        """A direct message with the statement, its date and time."""
        case = await self._case(job)
        view = acknowledgement_card(case, self._is)
        await self._is.messenger.tell(stated(case).user_id, view, key=job.key)

    async def mail_acknowledgement(self, job: Job) -> None:
        """The same by mail, where the provider has an address."""
        case = await self._case(job)
        if case.email is None:
            return
        subject, written = acknowledgement_mail(case, self._is)
        await self._is.send_mail(
            to=case.email,
            subject=subject,
            text=written,
            message_id=f"withdrawal-{stated(case).id}",
        )

    async def show(self, job: Job) -> None:
        """The screen that said "received" says how it ended."""
        case = await self._case(job)
        screen = Screen.from_payload(job.payload["screen"])
        await self._is.messenger.show(screen, outcome_card(case, self._is))

    async def tell_member(self, job: Job) -> None:
        """As a direct message, or by mail to whoever takes none."""
        case = await self._case(job)
        view = outcome_card(case, self._is)
        told = await self._is.messenger.tell(stated(case).user_id, view, key=job.key)
        if told or case.email is None:
            return
        subject, written = outcome_mail(case, self._is)
        await self._is.send_mail(
            to=case.email,
            subject=subject,
            text=written,
            message_id=f"withdrawal-done-{stated(case).id}",
        )

    async def tell_team(self, job: Job) -> None:
        """At once: the time for giving money back has begun."""
        case = await self._case(job)
        await self._tell(
            job,
            case,
            "A member has withdrawn from a contract",
            "The bot ends it. Each payment of it then waits in the queue of refunds. What is due "
            f"has to be paid back by {words.plain_day(stated(case).money_back_by)}.",
        )

    async def tell_failed(self, job: Job) -> None:
        """The provider will never end it: people do."""
        case = await self._case(job)
        await self._tell(
            job,
            case,
            "A withdrawal could not be carried out",
            f"The payment provider refused: `{stated(case).failure}`. {_BY_HAND}",
        )

    async def tell_stuck(self, job: Job) -> None:
        """The member was told that nothing more is charged: people see to it."""
        case = await self._case(job)
        if stated(case).state is not WithdrawalState.REQUESTED:
            return
        await self._tell(
            job,
            case,
            "A withdrawal waits",
            "The payment provider refuses, or does not answer. The bot goes on trying, and "
            f"nothing is lost. {_BY_HAND}",
        )

    async def _tell(self, job: Job, case: WithdrawalCase, headline: str, said: str) -> None:
        withdrawal = stated(case)
        written = (
            f"<@{withdrawal.user_id}> · {terms(case.subscription, self._is)} · "
            f"`{withdrawal.subscription_id}`\n"
            f"**Stated on:** {words.plain_time(withdrawal.requested_at)}\n{said}"
        )
        await tell_team(
            self._is,
            lambda: card(
                text(f"### {headline}\n{written}\n-# Reference: {withdrawal.reference}"),
                accent=words.WARNING_COLOUR,
            ),
            key=job.key,
            subject=f"{headline} ({withdrawal.reference})",
            text=f"{written}\n",
        )
