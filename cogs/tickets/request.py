"""/ticket open: choose a topic, answer its questions, get a channel (rules R1, S31)."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import GuildNotSetUp, NotPermitted, TicketExists
from bot.domain.identifiers import AttemptId, ChannelId, GuildId
from bot.domain.topic import Place, Topic
from bot.services.ticket_requests import Asking
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    chosen,
    custom_id,
    guild_of,
    reply,
    screen_of,
    show_modal,
    user_of,
)
from cogs.layout import card, text
from cogs.tickets.choosing import topics_card
from cogs.tickets.questions import answers_of, files_of, questions
from cogs.tickets.self_help import helping_card


class TicketCog:
    """From the wish for a ticket to the reserved row."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the modal and the buttons that lead to it."""
        self._is = dependencies
        self._bot = bot
        router = dependencies.router
        router.add("ticket.start", self.start)
        router.add("ticket.choose", self.choose)
        router.add("ticket.ask", self.ask)
        router.add("ticket.submit", self.submit)
        router.add("cancel.ticket", self.from_cancel_flow)

    def add_to(self, ticket_group: app_commands.Group) -> None:
        """Put the command, with the vendor's topics, first among those of /ticket."""
        choices = [
            app_commands.Choice(name=topic.label, value=topic.id)
            for topic in self._is.tickets.topics
        ]

        @ticket_group.command(name="open", description="Talk to the support team in private")
        @app_commands.describe(topic="What it is about")
        @app_commands.choices(topic=choices)
        async def open_ticket(interaction: discord.Interaction, topic: str | None = None) -> None:
            await self.open(interaction, topic)

    async def open(self, interaction: Interaction, topic_id: str | None) -> None:
        """The command; without a topic it shows them, where there is more than one."""
        topics = self._is.tickets.topics
        if topic_id is None and len(topics) > 1:
            await self._require_set_up(self._require_guild(interaction))
            await reply(interaction, topics_card(topics, "## What is it about?"))
        else:
            await self.begin(interaction, topic_id or topics[0].id)

    async def start(self, interaction: Interaction, topic_id: str) -> None:
        """A button that leads to a ticket of one topic."""
        await self.begin(interaction, topic_id)

    async def choose(self, interaction: Interaction, _argument: str) -> None:
        """A list of topics."""
        await self.begin(interaction, chosen(interaction))

    async def from_cancel_flow(self, interaction: Interaction, attempt_id: str) -> None:
        """R1, R4: the ticket opens beside the cancel flow, whose buttons stay."""
        await self._is.cancellations.require_asking(AttemptId(attempt_id), user_of(interaction))
        topic = await self._require_possible(interaction, self._is.vendor.cancel_topic)
        await self._show_questions(interaction, topic, attempt_id=attempt_id)

    async def begin(self, interaction: Interaction, topic_id: str, *, quote_id: str = "") -> None:
        """What helps at once, if anything does; else the questions."""
        topic = await self._require_possible(interaction, topic_id)
        helping = await helping_card(interaction, topic, self._is, quote_id=quote_id)
        if helping is None:
            await self._show_questions(interaction, topic, quote_id=quote_id)
        else:
            await reply(interaction, helping)

    async def ask(self, interaction: Interaction, argument: str) -> None:
        """Whoever has seen what might help wants to write all the same."""
        topic_id, _, quote_id = argument.partition("/")
        topic = await self._require_possible(interaction, topic_id)
        await self._show_questions(interaction, topic, quote_id=quote_id)

    async def _require_possible(self, interaction: Interaction, topic_id: str) -> Topic:
        """The topic, where this person can open a ticket of it now. Looked at again at the end."""
        guild_id = self._require_guild(interaction)
        topic = self._is.tickets.topic(topic_id)
        await self._require_set_up(guild_id, topic)
        await self._is.ticket_blocks.require_unblocked(guild_id, user_of(interaction))
        existing = await self._is.tickets.occupying(guild_id, user_of(interaction), topic_id)
        if existing is not None:
            if not self._looks_deleted(guild_id, existing.channel_id):
                raise TicketExists(channel_id=existing.channel_id)
            # Deleted by hand while nobody listened: ask Discord before believing it.
            await self._is.ticket_records.check_channel(existing.id)
            if existing.place == Place.THREAD:
                # Or put away by Discord, which tells nobody about threads that slept for long.
                raise TicketExists(channel_id=existing.channel_id)
        return topic

    async def _show_questions(
        self, interaction: Interaction, topic: Topic, *, attempt_id: str = "", quote_id: str = ""
    ) -> None:
        verb = custom_id("ticket.submit", f"{topic.id}/{attempt_id}/{quote_id}")
        await show_modal(interaction, questions(topic, verb))

    async def submit(self, interaction: Interaction, argument: str) -> None:
        """Reserve, answer, and leave the channel to a job."""
        topic_id, attempt, quote_id = [*argument.split("/"), "", ""][:3]
        guild_id, topic = self._require_guild(interaction), self._is.tickets.topic(topic_id)
        await self._require_set_up(guild_id, topic)
        ticket = await self._is.tickets.open(
            guild_id=guild_id,
            opener_id=user_of(interaction),
            topic_id=topic_id,
            answers=answers_of(interaction, topic),
            screen=screen_of(interaction),
            attempt_id=AttemptId(attempt) if attempt else None,
            asking=Asking(
                files=files_of(interaction, topic),
                channel_id=channel_of(interaction),
                quote_id=quote_id or None,
            ),
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

    async def _require_set_up(self, guild_id: GuildId, topic: Topic | None = None) -> None:
        self._is.guilds.require_trusted(guild_id)
        topic_id = topic.id if topic else ""
        if await self._is.ticket_access.role_for(guild_id, topic_id) is None:
            raise GuildNotSetUp(("support role",))

    def _looks_deleted(self, guild_id: GuildId, channel_id: int | None) -> bool:
        guild = self._bot.get_guild(guild_id)
        return (
            channel_id is not None
            and guild is not None
            and not guild.unavailable
            and guild.get_channel_or_thread(channel_id) is None
        )


def channel_of(interaction: Interaction) -> ChannelId | None:
    """Where this was asked: a thread may be hung on it."""
    return None if interaction.channel_id is None else ChannelId(interaction.channel_id)
