"""What follows a confirmed erasure: the work, then the receipt on the screen and as a message."""

from bot.domain.job import Job
from bot.services.privacy import ErasureOutcome
from bot.services.screens import Screen
from cogs.dependencies import Dependencies
from cogs.privacy.render import outcome_card


class PrivacyEffects:
    """Handlers of the jobs that `PrivacyService` adds."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add("privacy.erase", dependencies.privacy.carry_out)
        jobs.add("privacy.forget_roles", dependencies.privacy.forget_roles)
        jobs.add("privacy.show", self.show, in_discord=True)
        jobs.add("privacy.tell_member", self.tell_member, in_discord=True)

    async def show(self, job: Job) -> None:
        """Fill in the member's screen."""
        outcome = ErasureOutcome.from_payload(job.payload)
        screen = Screen.from_payload(job.payload["screen"])
        await self._is.messenger.show(screen, outcome_card(outcome, self._is))

    async def tell_member(self, job: Job) -> None:
        """The receipt as a direct message; the address for one by mail is forgotten by now."""
        outcome = ErasureOutcome.from_payload(job.payload)
        view = outcome_card(outcome, self._is)
        await self._is.messenger.tell(outcome.user_id, view, key=job.key)
