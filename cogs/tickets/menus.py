"""“Open ticket” in the menu of a message and of a person."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import UserId
from bot.domain.opening_errors import BotHasNoTickets
from bot.domain.topic import OPENED_BY_TEAM, Topic
from bot.services.ticket_requests import Asking
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    actor_of,
    chosen,
    custom_id,
    modal_answers,
    reply,
    screen_of,
    show_modal,
)
from cogs.layout import card, modal, text, text_field
from cogs.tickets.choosing import topics_card
from cogs.tickets.request import TicketCog, channel_of

NAME = "Open ticket"


class TicketMenus:
    """Members ask about a message; the team opens tickets for members."""

    def __init__(
        self, bot: commands.AutoShardedBot, dependencies: Dependencies, request: TicketCog
    ) -> None:
        """Register both menus and what follows them."""
        self._is = dependencies
        self._request = request
        dependencies.router.add("ticket.about", self.chosen_about)
        dependencies.router.add("ticket.for", self.chosen_for)
        dependencies.router.add("ticket.submit_for", self.submit_for)
        for menu in (self._message_menu(), self._member_menu()):
            menu.guild_only = True
            bot.tree.add_command(menu)

    def _message_menu(self) -> app_commands.ContextMenu:
        async def about_message(interaction: discord.Interaction, message: discord.Message) -> None:
            await self.about_message(interaction, message)

        return app_commands.ContextMenu(name=NAME, callback=about_message)

    def _member_menu(self) -> app_commands.ContextMenu:
        async def for_member(interaction: discord.Interaction, member: discord.Member) -> None:
            await self.for_member(interaction, member)

        return app_commands.ContextMenu(name=NAME, callback=for_member)

    async def about_message(self, interaction: Interaction, message: discord.Message) -> None:
        """The team's tickets are for whoever wrote it; everybody else's are their own."""
        actor, author = actor_of(interaction), message.author
        self._is.guilds.require_trusted(actor.guild_id)
        quote_id = await self._is.ticket_requests.quote(
            actor,
            author_id=UserId(author.id),
            author_name=author.display_name,
            said=message.content or "(no text)",
            link=message.jump_url,
        )
        is_others = author.id != actor.user_id and not author.bot
        if is_others and await self._is.ticket_requests.is_team(actor):
            await self._ask_topic_for(interaction, UserId(author.id), quote_id)
            return
        topics = self._is.tickets.topics
        if len(topics) == 1:
            await self._request.begin(interaction, topics[0].id, quote_id=quote_id)
            return
        await reply(
            interaction,
            topics_card(
                topics,
                "## A ticket about this message\nThe message and a link to it go into the ticket.",
                chosen_id=custom_id("ticket.about", quote_id),
            ),
        )

    async def chosen_about(self, interaction: Interaction, quote_id: str) -> None:
        """The topic of a ticket about a message."""
        await self._request.begin(interaction, chosen(interaction), quote_id=quote_id)

    async def for_member(self, interaction: Interaction, member: discord.Member) -> None:
        """For oneself it is the same as /ticket open; for others only the team may."""
        actor = actor_of(interaction)
        if member.id == actor.user_id:
            await self._request.open(interaction, None)
            return
        await self._is.ticket_requests.require_for(actor)
        if member.bot:
            raise BotHasNoTickets
        await self._ask_topic_for(interaction, UserId(member.id), "")

    async def _ask_topic_for(
        self, interaction: Interaction, member_id: UserId, quote_id: str
    ) -> None:
        topics = self._is.tickets.topics
        if len(topics) == 1:
            await self._ask_for(interaction, topics[0], member_id, quote_id)
            return
        await reply(
            interaction,
            topics_card(
                topics,
                f"## A ticket for <@{member_id}>\nThey are told, and can read all of it.",
                chosen_id=custom_id("ticket.for", f"{member_id}/{quote_id}"),
            ),
        )

    async def chosen_for(self, interaction: Interaction, argument: str) -> None:
        """The topic of a ticket for a member."""
        await self._is.ticket_requests.require_for(actor_of(interaction))
        member, _, quote_id = argument.partition("/")
        topic = self._is.tickets.topic(chosen(interaction))
        await self._ask_for(interaction, topic, UserId(int(member)), quote_id)

    async def _ask_for(
        self, interaction: Interaction, topic: Topic, member_id: UserId, quote_id: str
    ) -> None:
        """The team writes to the member: the topic's own questions are the member's."""
        await show_modal(
            interaction,
            modal(
                topic.label,
                custom_id("ticket.submit_for", f"{topic.id}/{member_id}/{quote_id}"),
                text_field(
                    "Your message",
                    OPENED_BY_TEAM,
                    description="The member is called into the ticket and reads this first",
                    paragraph=True,
                    max_length=1_000,
                ),
            ),
        )

    async def submit_for(self, interaction: Interaction, argument: str) -> None:
        """Who clicks is looked at again."""
        topic_id, member, quote_id = argument.split("/")
        actor = actor_of(interaction)
        await self._is.ticket_requests.require_for(actor)
        ticket = await self._is.tickets.open(
            guild_id=actor.guild_id,
            opener_id=UserId(int(member)),
            topic_id=topic_id,
            answers={OPENED_BY_TEAM: modal_answers(interaction)[OPENED_BY_TEAM]},
            screen=screen_of(interaction),
            asking=Asking(
                channel_id=channel_of(interaction), quote_id=quote_id or None, by=actor.user_id
            ),
        )
        await reply(
            interaction,
            card(
                text(f"## Opening ticket {ticket.number:04} for <@{member}>…"),
                accent=words.NEUTRAL_COLOUR,
            ),
        )
