"""/privacy export: everything that is stored about a member, as a file for them alone."""

import asyncio

import discord
from discord import app_commands
from discord.ext import commands

from bot.services.privacy import MemberData
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, custom_id, reply, user_of
from cogs.layout import button, card, row, text
from cogs.privacy.erasing import ErasureFlow
from cogs.privacy.file import data_file


class CopyCog(commands.Cog):
    """The commands; `/privacy erase` leads into the flow of its own."""

    privacy = app_commands.Group(name="privacy", description="Your data: get a copy, or erase it")

    def __init__(self, dependencies: Dependencies, erasure: ErasureFlow) -> None:
        """Register the buttons that lead here."""
        self._is = dependencies
        self._erasure = erasure
        dependencies.router.add("privacy.show", self.show)
        dependencies.router.add("privacy.export", self.send_copy)

    @privacy.command(name="export", description="Get a copy of everything stored about you")
    async def export(self, interaction: Interaction) -> None:
        """The command."""
        await self.send_copy(interaction, "")

    @privacy.command(name="erase", description="Have the bot forget you")
    async def erase(self, interaction: Interaction) -> None:
        """The command."""
        await self._erasure.ask(interaction, "")

    async def show(self, interaction: Interaction, _argument: str) -> None:
        """What there is to do about one's data."""
        await reply(
            interaction,
            card(
                text(
                    "## Your data\nThe bot stores what it needs to show your account and to answer "
                    "you: your plan, payments, invoices, usage, tickets with their messages, "
                    "cancellations and settings. You can get a copy of it, or have it erased."
                ),
                row(
                    button("Get a copy", custom_id("privacy.export")),
                    button("Erase my data", custom_id("privacy.ask_erase")),
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
        )

    async def send_copy(self, interaction: Interaction, _argument: str) -> None:
        """Reading it all takes a moment; so does writing it down, beside the loop."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        data: MemberData = await self._is.privacy.copy(user_of(interaction))
        file: discord.File | None = await asyncio.to_thread(
            data_file, data, largest=interaction.filesize_limit
        )
        if file is None:
            await reply(
                interaction,
                card(
                    text(
                        "## Your data is too large for Discord\nPlease write to "
                        f"{self._is.vendor.support_email}: the team can send it to you another way."
                    ),
                    accent=words.WARNING_COLOUR,
                ),
            )
            return
        await reply(
            interaction,
            card(
                text(
                    "## A copy of your data\nEverything that the bot stores about you is in this "
                    "file. Only you can see this message. Keep the file where nobody else reads it."
                ),
                accent=words.SUCCESS_COLOUR,
            ),
            file=file,
        )
