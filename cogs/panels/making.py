"""/panel create, list and remove, for those who manage the server."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import NotPermitted
from bot.domain.identifiers import ChannelId, PanelId
from bot.domain.panel import PanelLayout
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    actor_of,
    modal_answers,
    modal_choices,
    replace,
    reply,
    screen_of,
    show_modal,
)
from cogs.panels.render import (
    list_card,
    panel_modal,
    preview_card,
    removed_card,
    sending_card,
)


class PanelCog(commands.Cog):
    """Discord hides the commands from others; the service refuses everybody else."""

    panel = app_commands.Group(
        name="panel",
        description="Messages with buttons that open tickets",
        guild_only=True,
        default_permissions=discord.Permissions(manage_guild=True),
    )

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the modal and the buttons."""
        self._is = dependencies
        dependencies.router.add("panel.draft", self.draft)
        dependencies.router.add("panel.post", self.post)
        dependencies.router.add("panel.remove", self.remove)

    @panel.command(name="create", description="Make a message with buttons that open tickets")
    async def create(self, interaction: Interaction) -> None:
        """Title, text, topics and layout; then a preview."""
        await self._is.guilds.administer(actor_of(interaction))
        await show_modal(interaction, panel_modal(self._is.tickets.topics))

    async def draft(self, interaction: Interaction, _argument: str) -> None:
        """Show it before anybody else sees it."""
        if interaction.channel_id is None:
            raise NotPermitted(needs="server")
        answers = modal_answers(interaction)
        panel = await self._is.panels.draft(
            actor_of(interaction),
            ChannelId(interaction.channel_id),
            title=answers["title"],
            body=answers["body"],
            topics=modal_choices(interaction, "topics"),
            layout=PanelLayout(answers["layout"]),
        )
        await reply(interaction, preview_card(panel, self._is.tickets.topics))

    async def post(self, interaction: Interaction, panel_id: str) -> None:
        """Committed before the screen says so; a job sends it."""
        await self._is.panels.post(actor_of(interaction), PanelId(panel_id), screen_of(interaction))
        await replace(interaction, sending_card())

    @panel.command(name="list", description="The panels of this server")
    async def show(self, interaction: Interaction) -> None:
        """With the way to post one again whose message was deleted, or to remove it."""
        await self._list(interaction)

    @panel.command(name="remove", description="Take a panel away")
    async def choose(self, interaction: Interaction) -> None:
        """The same list: each panel has its button."""
        await self._list(interaction)

    async def _list(self, interaction: Interaction) -> None:
        panels = await self._is.panels.all_of(actor_of(interaction))
        await reply(interaction, list_card(panels, self._is))

    async def remove(self, interaction: Interaction, panel_id: str) -> None:
        """The row first; the message follows as a job."""
        await self._is.panels.remove(actor_of(interaction), PanelId(panel_id))
        await replace(interaction, removed_card())
