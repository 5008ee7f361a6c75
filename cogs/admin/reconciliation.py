"""The team hears what reconciliation had to repair: webhooks may not arrive as they should."""

from bot.domain.job import Job
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text

_ONE_AND_MANY = {
    "subscriptions": ("subscription", "subscriptions"),
    "payments": ("payment", "payments"),
    "invoices": ("invoice", "invoices"),
    "allowances": ("allowance", "allowances"),
    "purchases": ("purchase", "purchases"),
}


class ReconciliationReport:
    """The handler of the job that ends each run."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._is = dependencies
        dependencies.jobs.add("reconciliation.report", self.tell_team, in_discord=True)

    async def tell_team(self, job: Job) -> None:
        """One message to each log channel."""
        run = await self._is.reconciliation.find(str(job.payload["run"]))
        repaired = ", ".join(
            f"{words.count(number)} {_ONE_AND_MANY[kind][number != 1]}"
            for kind, number in run.repaired.items()
        )
        for channel_id in await self._is.guilds.log_channels():
            view = card(
                text(
                    f"### Compared with {run.provider.capitalize()}\n"
                    f"Brought up to date: {repaired}. Members see the right state now.\n"
                    "If this comes often, check in the provider's dashboard that the webhooks "
                    "arrive: run `mooring check`."
                ),
                accent=words.NEUTRAL_COLOUR,
            )
            await self._is.messenger.post(channel_id, view, key=f"{job.key}:{channel_id}")
