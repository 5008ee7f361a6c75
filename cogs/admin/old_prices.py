"""The team hears of a price that members still pay and that the catalogue does not have."""

from bot.domain.identifiers import PlanId
from bot.domain.job import Job
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text


class OldPrices:
    """The handler of the job that is added once for each such price."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._is = dependencies
        dependencies.jobs.add("catalogue.price_gone", self.tell_team, in_discord=True)

    async def tell_team(self, job: Job) -> None:
        """One message to each log channel."""
        price_id, plan_id = str(job.payload["price_id"]), str(job.payload["plan_id"])
        plan = self._is.catalogue.plan(PlanId(plan_id))
        view = card(text(_told(price_id, plan.name if plan else None)), accent=words.WARNING_COLOUR)
        for channel_id in await self._is.guilds.log_channels():
            await self._is.messenger.post(channel_id, view, key=f"{job.key}:{channel_id}")


def _told(price_id: str, plan_name: str | None) -> str:
    """`plan_name` is None when the plan is gone too: then there is no allowance to go on with."""
    heading = f"### A price is missing in mooring.toml\nMembers still pay the price `{price_id}`"
    repair = "and restart Mooring. `mooring check` names every price that is missing."
    if plan_name is None:
        return (
            f"{heading}, and the file does not have its plan any more. They get no allowance when "
            f"they renew, and no role. Put the plan back with this price and `sold = false`, "
            f"{repair}"
        )
    return (
        f"{heading} for {plan_name}. They keep {plan_name} and its allowance. Put the price back "
        f"under {plan_name} with `sold = false`, {repair}"
    )
