"""The team hears what reconciliation had to repair: webhooks may not arrive as they should."""

from bot.domain.job import Job
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text
from cogs.team import tell_team

_ONE_AND_MANY = {
    "subscriptions": ("subscription", "subscriptions"),
    "payments": ("payment", "payments"),
    "invoices": ("invoice", "invoices"),
    "allowances": ("allowance", "allowances"),
    "purchases": ("purchase", "purchases"),
    "disputes": ("dispute", "disputes"),
}


class ReconciliationReport:
    """The handler of the job that ends each run."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._is = dependencies
        dependencies.jobs.add("reconciliation.report", self.report, in_discord=True)

    async def report(self, job: Job) -> None:
        """One message to each log channel, or a mail."""
        run = await self._is.reconciliation.find(str(job.payload["run"]))
        repaired = ", ".join(
            f"{words.count(number)} {_ONE_AND_MANY[kind][number != 1]}"
            for kind, number in run.repaired.items()
        )
        headline = f"Compared with {run.provider.capitalize()}"
        said = (
            f"Brought up to date: {repaired}. Members see the right state now.\n"
            "If this comes often, check in the provider's dashboard that the webhooks arrive: run "
            "`mooring check`."
        )
        await tell_team(
            self._is,
            lambda: card(text(f"### {headline}\n{said}"), accent=words.NEUTRAL_COLOUR),
            key=job.key,
            subject=headline,
            text=f"{said}\n",
        )
