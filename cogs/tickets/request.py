"""/ticket: choose a topic, answer its questions, get a channel (rules R1, S31)."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import GuildNotSetUp, NotPermitted, TicketExists
from bot.domain.identifiers import AttemptId, GuildId
from bot.domain.ticket import Topic
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    custom_id,
    guild_of,
    modal_answers,
    reply,
    screen_of,
    show_modal,
    user_of,
)
from cogs.layout import card, modal, text, text_field


class TicketCog(commands.Cog):
    """From the wish for a ticket to the reserved row."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the modal, the cancel flow's button, and a command with the vendor's topics."""
        self._is = dependencies
        self._bot = bot
        dependencies.router.add("ticket.start", self.start)
        dependencies.router.add("ticket.submit", self.submit)
        dependencies.router.add("cancel.ticket", self.from_cancel_flow)
        bot.tree.add_command(self._command())

    def _command(self) -> app_commands.Command[Any, Any, None]:
        choices = [
            app_commands.Choice(name=topic.label, value=topic.id)
            for topic in self._is.tickets.topics
        ]

        @app_commands.command(name="ticket", description="Talk to the support team in private")
        @app_commands.describe(topic="What it is about")
        @app_commands.choices(topic=choices)
        @app_commands.guild_only()
        async def ticket(interaction: discord.Interaction, topic: str) -> None:
            await self._ask(interaction, topic, attempt_id="")

        return ticket

    async def start(self, interaction: Interaction, topic_id: str) -> None:
        """A button that leads to a ticket of one topic."""
        await self._ask(interaction, topic_id, attempt_id="")

    async def from_cancel_flow(self, interaction: Interaction, attempt_id: str) -> None:
        """R1, R4: the ticket opens beside the cancel flow, whose buttons stay."""
        await self._is.cancellations.require_asking(AttemptId(attempt_id), user_of(interaction))
        await self._ask(interaction, self._is.vendor.cancel_topic, attempt_id=attempt_id)

    async def _ask(self, interaction: Interaction, topic_id: str, *, attempt_id: str) -> None:
        guild_id = self._require_guild(interaction)
        await self._require_set_up(guild_id)
        topic = self._is.tickets.topic(topic_id)
        existing = await self._is.tickets.occupying(guild_id, user_of(interaction), topic_id)
        if existing is not None:
            if not self._looks_deleted(guild_id, existing.channel_id):
                raise TicketExists(channel_id=existing.channel_id)
            # Deleted by hand while nobody listened: ask Discord before believing it.
            await self._is.tickets.check_channel(existing.id)
        await show_modal(
            interaction,
            modal(
                topic.label,
                custom_id("ticket.submit", f"{topic_id}/{attempt_id}"),
                *_questions(topic),
            ),
        )

    async def submit(self, interaction: Interaction, argument: str) -> None:
        """Reserve, answer, and leave the channel to a job."""
        topic_id, _, attempt = argument.partition("/")
        guild_id = self._require_guild(interaction)
        await self._require_set_up(guild_id)
        ticket = await self._is.tickets.open(
            guild_id=guild_id,
            opener_id=user_of(interaction),
            topic_id=topic_id,
            answers=modal_answers(interaction),
            screen=screen_of(interaction),
            attempt_id=AttemptId(attempt) if attempt else None,
        )
        await reply(
            interaction,
            card(
                text(f"## Opening ticket {ticket.number:04}…\nYour message is saved."),
                accent=words.NEUTRAL_COLOUR,
            ),
        )

    def _require_guild(self, interaction: Interaction) -> GuildId:
        guild_id = guild_of(interaction)
        if guild_id is None:
            raise NotPermitted(needs="server")
        return guild_id

    async def _require_set_up(self, guild_id: GuildId) -> None:
        self._is.guilds.require_trusted(guild_id)
        settings = await self._is.guilds.settings(guild_id)
        if settings.support_role_id is None:
            raise GuildNotSetUp(("support role",))

    def _looks_deleted(self, guild_id: GuildId, channel_id: int | None) -> bool:
        guild = self._bot.get_guild(guild_id)
        return (
            channel_id is not None
            and guild is not None
            and not guild.unavailable
            and guild.get_channel(channel_id) is None
        )


def _questions(topic: Topic) -> list[discord.ui.Label[discord.ui.Modal]]:
    return [
        text_field(
            field.label,
            field.id,
            description=field.description,
            required=field.required,
            paragraph=field.paragraph,
            max_length=field.max_length,
        )
        for field in topic.fields
    ]
