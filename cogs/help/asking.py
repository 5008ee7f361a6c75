"""/help: what the bot can do for this person, and a look at their payments (rules S28-S30)."""

import discord
from discord import app_commands
from discord.ext import commands

from cogs import words
from cogs.dependencies import Dependencies
from cogs.help.render import findings_parts, help_text
from cogs.interactions import Interaction, custom_id, guild_of, reply, user_of
from cogs.layout import View, button, card, row, text

PAYMENT = "payment"


class HelpCog(commands.Cog):
    """The way to everything else, in plain words."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons."""
        self._is = dependencies
        dependencies.router.add("help.show", self.show)
        dependencies.router.add("help.payment", self.look)

    @app_commands.command(name="help", description="What this bot can do for you")
    @app_commands.describe(topic="Leave this out for everything")
    @app_commands.choices(
        topic=[app_commands.Choice(name="A payment failed, or looks wrong", value=PAYMENT)]
    )
    async def help(self, interaction: Interaction, topic: str | None = None) -> None:
        """The command."""
        await (self.look if topic == PAYMENT else self.show)(interaction, "")

    async def show(self, interaction: Interaction, _argument: str) -> None:
        """Only what works for this person."""
        account = await self._is.subscriptions.find_account(user_of(interaction))
        await reply(
            interaction,
            card(
                text(help_text(account, self._is)),
                row(
                    button("A payment failed, or looks wrong", custom_id("help.payment")),
                    *self._ticket_button(interaction),
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
        )

    async def look(self, interaction: Interaction, _argument: str) -> None:
        """Asking the provider takes a moment."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        user_id = user_of(interaction)
        found = await self._is.self_help.look(user_id)
        if found.duplicates:
            await self._is.self_help.ask_team(user_id, guild_of(interaction), found.duplicates)
        await reply(interaction, self._look_card(interaction, findings_parts(found, self._is)))

    def _look_card(self, interaction: Interaction, parts: list[str]) -> View:
        return card(
            text("## A look at your payments"),
            *(text(part) for part in parts),
            row(
                button("Look again", custom_id("help.payment")),
                button("Update card", custom_id("billing.portal")),
                button("Invoices", custom_id("invoices.show")),
                *self._ticket_button(interaction),
            ),
            accent=words.NEUTRAL_COLOUR,
        )

    def _ticket_button(self, interaction: Interaction) -> list[discord.ui.Button[View]]:
        topic = self._is.policy.billing_topic
        if topic is None or interaction.guild_id is None:
            return []
        return [button("Open a ticket", custom_id("ticket.ask", topic))]
