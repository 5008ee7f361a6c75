"""The team hears of members whose payment provider is not in the configuration any more."""

from bot.domain.job import Job
from bot.services.unconfigured import TELL
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text
from cogs.team import tell_team


class UnconfiguredProviders:
    """The handler of the job that is added once for each such provider."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._is = dependencies
        dependencies.jobs.add(TELL, self.tell_team, in_discord=True)

    async def tell_team(self, job: Job) -> None:
        """What does not work for them, and how to mend it."""
        name = str(job.payload["provider"])
        told = (
            f"Members pay through `{name}`, and Mooring has no key for it any more. They see what "
            "was known before. Reminders of their renewals are not sent. Cancellations and refunds "
            "that they ask for wait.\n"
            f"**Next:** put the key of `{name}` and its prices back, and restart Mooring."
        )
        await tell_team(
            self._is,
            lambda: card(
                text(f"### A payment provider is missing\n{told}"), accent=words.WARNING_COLOUR
            ),
            key=job.key,
            subject=f"The payment provider {name} is missing in Mooring's configuration",
            text=f"{told}\n",
        )
