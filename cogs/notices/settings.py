"""/notices: which messages a member wants."""

from discord import app_commands
from discord.ext import commands

from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, replace, reply, user_of
from cogs.notices.render import settings_card


class NoticesCog(commands.Cog):
    """Shows what the store says, after each click again."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the switches."""
        self._is = dependencies
        dependencies.router.add("notices.switch", self.switch)

    @app_commands.command(name="notices", description="Choose which messages you get")
    async def notices(self, interaction: Interaction) -> None:
        """The command."""
        await reply(
            interaction, settings_card(await self._is.notices.settings(user_of(interaction)))
        )

    async def switch(self, interaction: Interaction, argument: str) -> None:
        """One kind, on or off."""
        kind, _, state = argument.partition("/")
        settings = await self._is.notices.switch(user_of(interaction), kind, enabled=state == "on")
        await replace(interaction, settings_card(settings))
