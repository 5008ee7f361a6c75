"""The team hears what reconciliation had to repair: webhooks may not arrive as they should."""

from collections.abc import Iterator, Mapping

from bot.domain.job import Job
from bot.services.reconciliation import UNREADABLE
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
        headline = f"Compared with {run.provider.capitalize()}"
        said = "\n".join(_said(run.repaired, is_first=run.is_first))
        await tell_team(
            self._is,
            lambda: card(text(f"### {headline}\n{said}"), accent=words.NEUTRAL_COLOUR),
            key=job.key,
            subject=headline,
            text=f"{said}\n",
        )


def _said(repaired: Mapping[str, int], *, is_first: bool) -> Iterator[str]:
    """What the first run finds is only new to Mooring, and was never wrong."""
    kinds = ", ".join(
        f"{words.count(number)} {_ONE_AND_MANY[kind][number != 1]}"
        for kind, number in repaired.items()
        if kind != UNREADABLE
    )
    if kinds and not is_first:
        yield f"Brought up to date: {kinds}. Members see the right state now."
        yield (
            "If this comes often, check in the provider's dashboard that the webhooks arrive: run "
            "`mooring check`."
        )
    if number := repaired.get(UNREADABLE):
        one, many = "object could not be read and was", "objects could not be read and were"
        yield (
            f"{words.count(number)} {one if number == 1 else many} left out; everything else was "
            "compared. The log has the ids: look for `unreadable_at_provider`."
        )
