"""What follows a cancellation: the screen, the receipts, the team's log."""

from bot.domain.account import Account
from bot.domain.cancellation import AttemptState, CancelAttempt
from bot.domain.identifiers import AttemptId
from bot.domain.job import Job
from bot.services.screens import Screen
from cogs import words
from cogs.cancellation.render import outcome_card, receipt_mail, staff_card
from cogs.dependencies import Dependencies


class CancellationEffects:
    """Handlers of the jobs that `CancellationService` adds."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._is = dependencies
        for kind, handler in (
            ("cancellation.carry_out", dependencies.cancellations.carry_out),
            ("cancellation.show", self.show),
            ("cancellation.tell_member", self.tell_member),
            ("cancellation.mail_receipt", self.mail_receipt),
            ("cancellation.tell_staff", self.tell_staff),
        ):
            dependencies.on_job(kind, handler)

    async def _outcome(self, job: Job) -> tuple[CancelAttempt, Account | None]:
        return await self._is.cancellations.outcome(AttemptId(str(job.payload["attempt_id"])))

    async def show(self, job: Job) -> None:
        """R7: the screen that said "requested" says how it ended."""
        attempt, account = await self._outcome(job)
        screen = Screen.from_payload(job.payload["screen"])
        await self._is.messenger.show(screen, outcome_card(attempt, account, self._is))

    async def tell_member(self, job: Job) -> None:
        """The receipt as a direct message."""
        attempt, account = await self._outcome(job)
        view = outcome_card(attempt, account, self._is)
        await self._is.messenger.tell(attempt.user_id, view, key=job.key)

    async def mail_receipt(self, job: Job) -> None:
        """The receipt by mail, where the provider has an address."""
        attempt, account = await self._outcome(job)
        if account is None or account.email is None or attempt.effective_at is None:
            return
        subscription = account.subscription
        name = words.plan_name(subscription, self._is.catalogue) if subscription else "Your plan"
        subject, text = receipt_mail(attempt, name, self._is)
        await self._is.send_mail(
            to=account.email, subject=subject, text=text, message_id=f"cancel-{attempt.id}"
        )

    async def tell_staff(self, job: Job) -> None:
        """The log channel of the server where it happened."""
        attempt, account = await self._outcome(job)
        if attempt.guild_id is None or attempt.state not in (
            AttemptState.CANCELLED,
            AttemptState.FAILED,
        ):
            return
        settings = await self._is.guilds.settings(attempt.guild_id)
        view = staff_card(attempt, account, self._is)
        await self._is.messenger.post(settings.log_channel_id, view, key=job.key)
