"""/plans: what there is, what it costs, and which one is yours (rule S19)."""

from discord import app_commands
from discord.ext import commands

from bot.domain.errors import NoSuchThing
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, reply, user_of
from cogs.subscribe.render import consequence_card, intervals_card, live_plan, offered, plans_card


class PlansCog(commands.Cog):
    """Shows the catalogue."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons."""
        self._is = dependencies
        dependencies.router.add("plans.show", self.show)
        dependencies.router.add("plans.choose", self.choose)

    @app_commands.command(name="plans", description="Plans and prices")
    async def plans(self, interaction: Interaction) -> None:
        """The command."""
        await self.show(interaction, "")

    async def show(self, interaction: Interaction, _argument: str) -> None:
        """At the prices of the member's own provider."""
        account = await self._is.subscriptions.find_account(user_of(interaction))
        await reply(interaction, plans_card(account, self._is))

    async def choose(self, interaction: Interaction, plan_id: str) -> None:
        """How often to pay, where there is a choice."""
        user_id = user_of(interaction)
        account = await self._is.subscriptions.find_account(user_id)
        choices = [each for each in offered(account, self._is) if each.plan.id == plan_id]
        if not choices:
            raise NoSuchThing("plan")
        if len(choices) == 1:
            purchase = await self._is.purchases.look(user_id, choices[0].price.id)
            await reply(interaction, consequence_card(purchase, self._is))
            return
        current = live_plan(account, now=self._is.clock())
        unit = self._is.catalogue.unit
        await reply(interaction, intervals_card(choices, current=current, unit=unit))
