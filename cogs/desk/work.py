"""The team's work in a ticket by button: claim, and everything behind “More…”."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import discord
from discord.ext import commands

from bot.domain.identifiers import RoleId, TicketId, UserId
from bot.domain.ticket import Priority
from bot.services.guilds import Actor
from cogs.dependencies import Dependencies
from cogs.desk import merging, render
from cogs.interactions import (
    Interaction,
    actor_of,
    chosen,
    custom_id,
    modal_answers,
    replace,
    reply,
    show_modal,
)
from cogs.layout import View, modal, text_field
from cogs.tickets.blocks import block_modal
from cogs.tickets.capture import CaptureCog
from cogs.tickets.missed import MissedCog
from cogs.words import day_and_time


class WorkCog(commands.Cog):
    """For the team; the service reads again who clicks and what the ticket is, at each click."""

    def __init__(self, dependencies: Dependencies, capture: CaptureCog, missed: MissedCog) -> None:
        """Register buttons, selects and modals."""
        self._is = dependencies
        self._capture = capture
        self._missed = missed
        add = dependencies.router.add
        add("desk.claim", self.claim)
        add("desk.release", self.release)
        add("desk.more", self.more)
        add("desk.next", self.go_on)
        add("desk.transfer_to", self.transfer)
        add("desk.move_to", self.move)
        add("desk.escalate_with", self.escalate)
        add("desk.priority_to", self.set_priority)
        add("desk.tag_to", self.choose_tag)
        add("desk.tag_with", self.tag)
        add("desk.snooze_to", self.choose_snooze)
        add("desk.snooze_with", self.snooze)
        add("desk.merge_into", self.merge)

    async def _panel(self, interaction: Interaction, ticket_id: str, done: str = "") -> View:
        worked = await self._is.ticket_work.look(actor_of(interaction), TicketId(ticket_id))
        return render.panel(worked, self._is, done=done)

    async def _done(self, interaction: Interaction, ticket_id: str, done: str) -> None:
        """The panel as it is now, in the place of the choice."""
        await replace(interaction, await self._panel(interaction, ticket_id, done))

    async def claim(self, interaction: Interaction, ticket_id: str) -> None:
        """One click; of two people the quicker one has it."""
        await self._is.ticket_work.claim(actor_of(interaction), TicketId(ticket_id))
        done = "**This ticket is yours.** Others can still write."
        await reply(interaction, await self._panel(interaction, ticket_id, done))

    async def release(self, interaction: Interaction, ticket_id: str) -> None:
        """Somebody else can take it."""
        await self._is.ticket_work.release(actor_of(interaction), TicketId(ticket_id))
        done = "**Released.** Nobody has this ticket now."
        await reply(interaction, await self._panel(interaction, ticket_id, done))

    async def more(self, interaction: Interaction, ticket_id: str) -> None:
        """State and choices, for this person alone."""
        await reply(interaction, await self._panel(interaction, ticket_id))

    async def go_on(self, interaction: Interaction, ticket_id: str) -> None:
        """What was chosen in the panel."""
        steps: dict[str, Callable[[Interaction, TicketId], Awaitable[None]]] = {
            "transfer": self._ask_colleague,
            "move": self._ask_topic,
            "escalate": self._ask_why,
            "priority": self._ask_priority,
            "tags": self._ask_tag,
            "snooze": self._ask_time,
            "solved": self._ask_member,
            "merge": self._ask_merge,
            "block": self._ask_block,
        }
        await steps[chosen(interaction)](interaction, TicketId(ticket_id))

    async def _ask_colleague(self, interaction: Interaction, ticket_id: TicketId) -> None:
        worked = await self._is.ticket_work.look(actor_of(interaction), ticket_id)
        await replace(interaction, render.colleague_choice(worked.ticket))

    async def transfer(self, interaction: Interaction, ticket_id: str) -> None:
        """To whoever was chosen, if they answer tickets like this one."""
        to = _chosen_person(interaction, actor_of(interaction))
        await self._is.ticket_work.transfer(actor_of(interaction), TicketId(ticket_id), to=to)
        await self._done(interaction, ticket_id, f"**<@{to.user_id}> has this ticket now.**")

    async def _ask_topic(self, interaction: Interaction, ticket_id: TicketId) -> None:
        worked = await self._is.ticket_work.look(actor_of(interaction), ticket_id)
        hears_members = interaction.client.intents.members
        choice = render.topic_choice(worked.ticket, self._is, hears_members=hears_members)
        await replace(interaction, choice)

    async def move(self, interaction: Interaction, ticket_id: str) -> None:
        """To the team of another topic, which this person need not be of."""
        topic = self._is.tickets.topic(chosen(interaction))
        await self._is.ticket_work.move(actor_of(interaction), TicketId(ticket_id), topic.id)
        worked = await self._is.ticket_work.state(TicketId(ticket_id))
        done = f"**Moved to {topic.label}.**"
        await replace(interaction, render.panel(worked, self._is, done=done))

    async def _ask_why(self, interaction: Interaction, ticket_id: TicketId) -> None:
        await show_modal(interaction, why_modal(ticket_id))

    async def escalate(self, interaction: Interaction, ticket_id: str) -> None:
        """The moderators are called."""
        why = modal_answers(interaction)["why"]
        await self._is.ticket_work.escalate(actor_of(interaction), TicketId(ticket_id), why=why)
        done = "**Escalated.** The moderators are called, with your words."
        await reply(interaction, await self._panel(interaction, ticket_id, done))

    async def _ask_priority(self, interaction: Interaction, ticket_id: TicketId) -> None:
        worked = await self._is.ticket_work.look(actor_of(interaction), ticket_id)
        await replace(interaction, render.priority_choice(worked.ticket))

    async def set_priority(self, interaction: Interaction, ticket_id: str) -> None:
        """As chosen."""
        priority = Priority(chosen(interaction))
        await self._is.ticket_work.set_priority(
            actor_of(interaction), TicketId(ticket_id), priority
        )
        done = f"**Priority: {render.PRIORITIES[priority]}.**"
        await self._done(interaction, ticket_id, done)

    async def _ask_tag(self, interaction: Interaction, ticket_id: TicketId) -> None:
        worked = await self._is.ticket_work.look(actor_of(interaction), ticket_id)
        await replace(interaction, render.tag_choice(worked, self._is))

    async def choose_tag(self, interaction: Interaction, ticket_id: str) -> None:
        """On, or off where it was on; or another one."""
        tag, actor = chosen(interaction), actor_of(interaction)
        if tag == render.OTHER:
            field = text_field("Tag", "tag", placeholder="login-problem", max_length=30)
            asked = modal("Another tag", custom_id("desk.tag_with", ticket_id), field)
            await show_modal(interaction, asked)
            return
        worked = await self._is.ticket_work.look(actor, TicketId(ticket_id))
        if tag in worked.tags:
            await self._is.ticket_work.untag(actor, TicketId(ticket_id), tag)
            await self._done(interaction, ticket_id, f"**Tag `{tag}` taken off.**")
        else:
            await self._is.ticket_work.tag(actor, TicketId(ticket_id), tag)
            await self._done(interaction, ticket_id, f"**Tagged `{tag}`.**")

    async def tag(self, interaction: Interaction, ticket_id: str) -> None:
        """A tag that was typed."""
        typed = modal_answers(interaction)["tag"]
        tag = await self._is.ticket_work.tag(actor_of(interaction), TicketId(ticket_id), typed)
        await reply(interaction, await self._panel(interaction, ticket_id, f"**Tagged `{tag}`.**"))

    async def _ask_time(self, interaction: Interaction, ticket_id: TicketId) -> None:
        worked = await self._is.ticket_work.look(actor_of(interaction), ticket_id)
        await replace(interaction, render.snooze_choice(worked.ticket))

    async def choose_snooze(self, interaction: Interaction, ticket_id: str) -> None:
        """A time that was offered, or another one."""
        if chosen(interaction) == render.OTHER:
            field = text_field("Until when?", "until", placeholder="3d", max_length=30)
            asked = modal("Snooze", custom_id("desk.snooze_with", ticket_id), field)
            await show_modal(interaction, asked)
            return
        done = await self._snooze(interaction, ticket_id, chosen(interaction))
        await self._done(interaction, ticket_id, done)

    async def snooze(self, interaction: Interaction, ticket_id: str) -> None:
        """A time that was typed."""
        done = await self._snooze(interaction, ticket_id, modal_answers(interaction)["until"])
        await reply(interaction, await self._panel(interaction, ticket_id, done))

    async def _snooze(self, interaction: Interaction, ticket_id: str, typed: str) -> str:
        until = await self._is.ticket_work.snooze(actor_of(interaction), TicketId(ticket_id), typed)
        return f"**Snoozed until {day_and_time(until)}.** Any reply ends it before."

    async def _ask_member(self, interaction: Interaction, ticket_id: TicketId) -> None:
        deadline = await self._is.close_requests.ask(actor_of(interaction), ticket_id)
        await self._done(interaction, ticket_id, asked_text(deadline))

    async def _ask_merge(self, interaction: Interaction, ticket_id: TicketId) -> None:
        choice = await self._is.ticket_merges.candidates(actor_of(interaction), ticket_id)
        await replace(interaction, merging.merge_choice(choice, self._is))

    async def _ask_block(self, interaction: Interaction, ticket_id: TicketId) -> None:
        await self._is.ticket_work.look(actor_of(interaction), ticket_id)
        await show_modal(interaction, block_modal(ticket_id))

    async def merge(self, interaction: Interaction, ticket_id: str) -> None:
        """Into the one that was chosen. What was said in both until now counts."""
        actor, source = actor_of(interaction), TicketId(ticket_id)
        into = TicketId(chosen(interaction))
        await interaction.response.defer()
        await self._capture.flush()
        await self._missed.complete(*await self._is.ticket_records.heard_in(source, into))
        target = await self._is.ticket_merges.merge(actor, source, into=into)
        await self._done(interaction, ticket_id, merged_text(target.channel_id))


def asked_text(deadline: datetime) -> str:
    """What the team reads after asking."""
    return (
        f"**The member is asked.** Without an answer the ticket closes on "
        f"{day_and_time(deadline)}. If they write, it stays open."
    )


def merged_text(channel_id: int | None) -> str:
    """What the team reads after a merge."""
    return f"**Merged.** It goes on in <#{channel_id}>. This channel disappears in a moment."


def why_modal(ticket_id: TicketId) -> discord.ui.Modal:
    """What the moderators should know."""
    return modal(
        "Escalate to the moderators",
        custom_id("desk.escalate_with", ticket_id),
        text_field(
            "Why?",
            "why",
            description="The moderators read it; the member does not",
            paragraph=True,
            max_length=500,
        ),
    )


def _chosen_person(interaction: Interaction, actor: Actor) -> Actor:
    """Whoever was chosen, with the roles that Discord sends along."""
    person = chosen(interaction)
    data: Mapping[str, Any] = interaction.data or {}
    resolved: Mapping[str, Any] = data.get("resolved", {})
    roles = resolved.get("members", {}).get(person, {}).get("roles", [])
    role_ids = frozenset(RoleId(int(role)) for role in roles)
    return Actor(UserId(int(person)), actor.guild_id, role_ids, manages_guild=False)
