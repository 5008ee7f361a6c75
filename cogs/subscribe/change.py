"""/change-plan: another plan or interval in place of the present one (rules S7-S10)."""

from discord import app_commands
from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, reply, user_of
from cogs.subscribe.render import choose_card


class ChangePlanCog(commands.Cog):
    """Begins a change; it goes on as every purchase does."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the button."""
        self._is = dependencies
        dependencies.router.add("change.start", self.start)

    @app_commands.command(name="change-plan", description="Change your plan or how often you pay")
    async def change_plan(self, interaction: Interaction) -> None:
        """The command."""
        await self.start(interaction, "")

    async def start(self, interaction: Interaction, _argument: str) -> None:
        """Only somebody who is linked has a plan that could be changed."""
        account = await self._is.subscriptions.account(user_of(interaction))
        await reply(interaction, choose_card(account, self._is))
