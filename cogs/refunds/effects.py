"""What follows a refund: the screen, the member's receipt, the team's log."""

from bot.domain.identifiers import RefundId
from bot.domain.job import Job
from bot.services.refund_cases import RefundCase
from bot.services.screens import Screen
from cogs.dependencies import Dependencies
from cogs.refunds.outcome import member_card, member_text, outcome_card, stuck_card, stuck_words
from cogs.team import tell_team


class RefundEffects:
    """Handlers of the jobs that `RefundService` adds."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add("refund.carry_out", dependencies.refund_saga.carry_out)
        jobs.add("refund.end", dependencies.refund_saga.end)
        jobs.add("refund.look_stuck", dependencies.refund_saga.look)
        jobs.add("refund.show", self.show, in_discord=True)
        jobs.add("refund.tell_staff", self.tell_staff, in_discord=True)
        jobs.add("refund.tell_stuck", self.tell_stuck, in_discord=True)
        jobs.add("refund.tell_member", self.tell_member, in_discord=True)
        jobs.add("refund.mail_receipt", self.mail_receipt)

    async def _case(self, job: Job) -> RefundCase:
        return await self._is.refunds.find(RefundId(str(job.payload["refund_id"])))

    async def show(self, job: Job) -> None:
        """Fill in the moderator's screen."""
        screen = Screen.from_payload(job.payload["screen"])
        await self._is.messenger.show(screen, outcome_card(await self._case(job), self._is))

    async def tell_staff(self, job: Job) -> None:
        """The log channel."""
        case = await self._case(job)
        settings = await self._is.guilds.settings(case.refund.guild_id)
        view = outcome_card(case, self._is)
        await self._is.messenger.post(settings.log_channel_id, view, key=job.key)

    async def tell_stuck(self, job: Job) -> None:
        """The provider has not carried it out; by mail where no log channel is."""
        case = await self._case(job)
        if case.refund.state.value != job.payload["state"]:
            return
        headline, said = stuck_words(case)
        await tell_team(
            self._is,
            lambda: stuck_card(case),
            key=job.key,
            subject=f"{headline} ({case.refund.reference})",
            text=f"{said}\n\nReference: {case.refund.reference}\n",
        )

    async def tell_member(self, job: Job) -> None:
        """The receipt as a direct message."""
        case = await self._case(job)
        if case.refund.member_id is not None:
            view = member_card(case, self._is)
            await self._is.messenger.tell(case.refund.member_id, view, key=job.key)

    async def mail_receipt(self, job: Job) -> None:
        """The receipt by mail, where the provider has an address."""
        case = await self._case(job)
        if case.refund.member_id is None:
            return
        account = await self._is.subscriptions.find_account(case.refund.member_id)
        if account is None or account.email is None:
            return
        await self._is.send_mail(
            to=account.email,
            subject=f"Your {self._is.vendor.name} refund ({case.refund.reference})",
            text=(
                f"{member_text(case, self._is, mail=True)}\n\nReference: {case.refund.reference}\n"
                f"Questions: {self._is.vendor.support_email}\n"
            ),
            message_id=f"refund-{case.refund.id}-{case.refund.state.value}",
        )
