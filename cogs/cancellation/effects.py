"""What follows a cancellation: the screen, the receipts, the team's log."""

from bot.domain.cancellation import ASKING, AttemptState, CancelAttempt
from bot.domain.identifiers import AttemptId
from bot.domain.job import Job
from bot.services.cancellations import CancelCase
from bot.services.screens import Screen
from cogs import words
from cogs.cancellation.receipts import outcome_card, outcome_mail, staff_card
from cogs.cancellation.render import ticket_closed_card
from cogs.dependencies import Dependencies


class CancellationEffects:
    """Handlers of the jobs that a cancellation adds."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add("cancellation.carry_out", dependencies.cancellation_saga.carry_out)
        jobs.add("cancellation.show", self.show, in_discord=True)
        jobs.add("cancellation.tell_member", self.tell_member, in_discord=True)
        jobs.add("cancellation.mail_receipt", self.mail_receipt)
        jobs.add("cancellation.tell_staff", self.tell_staff, in_discord=True)
        jobs.add("cancellation.tell_ticket_closed", self.tell_ticket_closed, in_discord=True)

    async def _outcome(self, job: Job) -> CancelCase:
        return await self._is.cancellations.outcome(AttemptId(str(job.payload["attempt_id"])))

    async def show(self, job: Job) -> None:
        """R7: the screen that said "requested" says how it ended."""
        case = await self._outcome(job)
        screen = Screen.from_payload(job.payload["screen"])
        await self._is.messenger.show(screen, outcome_card(case, self._is))

    async def tell_member(self, job: Job) -> None:
        """The receipt as a direct message."""
        case = await self._outcome(job)
        view = outcome_card(case, self._is)
        await self._is.messenger.tell(case.attempt.user_id, view, key=job.key)

    async def mail_receipt(self, job: Job) -> None:
        """The receipt, or that it was refused, by mail where the provider has an address."""
        case = await self._outcome(job)
        written = outcome_mail(case, self._is)
        if written is None or case.email is None:
            return
        subject, text = written
        await self._is.send_mail(
            to=case.email, subject=subject, text=text, message_id=f"cancel-{case.attempt.id}"
        )

    async def tell_staff(self, job: Job) -> None:
        """The log channel of the server where it happened."""
        case = await self._outcome(job)
        attempt = case.attempt
        if attempt.state not in (AttemptState.CANCELLED, AttemptState.FAILED):
            return
        told = False
        if attempt.guild_id is not None:
            settings = await self._is.guilds.settings(attempt.guild_id)
            view = staff_card(case, self._is)
            told = await self._is.messenger.post(settings.log_channel_id, view, key=job.key)
        if attempt.state is AttemptState.FAILED and not told:
            await self._mail_team(attempt)

    async def tell_ticket_closed(self, job: Job) -> None:
        """Both ways on, once; by direct message alone, because nobody is nagged."""
        case = await self._outcome(job)
        if case.attempt.state not in ASKING:
            return
        view = ticket_closed_card(case, self._is)
        await self._is.messenger.tell(case.attempt.user_id, view, key=job.key)

    async def _mail_team(self, attempt: CancelAttempt) -> None:
        """The member was told that the team knows: where no log channel took it, mail does."""
        await self._is.send_mail(
            to=self._is.vendor.support_email,
            subject=f"A cancellation failed ({attempt.receipt_reference})",
            text=(
                "A member asked to cancel and the payment provider refused. Please do it by hand."
                f"\n\nSubscription: {attempt.subscription_id}\n"
                f"Requested:    {words.plain_time(attempt.requested_at or attempt.started_at)}\n"
                f"Refused with: {attempt.failure}\nReference:    {attempt.receipt_reference}\n"
            ),
            message_id=f"cancel-failed-{attempt.id}",
        )
