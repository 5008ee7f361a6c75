"""The team's work in a ticket by command: /claim, /release, /transfer and the rest."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import NotInTicket
from bot.domain.identifiers import ChannelId, RoleId, TicketId, UserId
from bot.domain.ticket import Priority, Ticket
from bot.services.guilds import Actor
from cogs.dependencies import Dependencies
from cogs.desk import merging, render
from cogs.desk.work import asked_text, why_modal
from cogs.interactions import Interaction, actor_of, reply, show_modal, suggested
from cogs.words import day_and_time


class DeskCommandsCog(commands.Cog):
    """Each works on the ticket in whose channel, or notes, it is run."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Nothing to register: commands are found by their names."""
        self._is = dependencies

    async def ticket_here(self, interaction: Interaction) -> Ticket:
        """The ticket of this place; raises NotInTicket."""
        if interaction.channel_id is None:
            raise NotInTicket
        return await self._is.ticket_work.at(ChannelId(interaction.channel_id))

    async def _show(self, interaction: Interaction, ticket_id: TicketId, done: str) -> None:
        worked = await self._is.ticket_work.state(ticket_id)
        await reply(interaction, render.panel(worked, self._is, done=done))

    @app_commands.command(name="claim", description="Take this ticket (support)")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def claim(self, interaction: Interaction) -> None:
        """Others can still write."""
        ticket = await self.ticket_here(interaction)
        await self._is.ticket_work.claim(actor_of(interaction), ticket.id)
        await self._show(
            interaction, ticket.id, "**This ticket is yours.** Others can still write."
        )

    @app_commands.command(name="release", description="Give this ticket back (support)")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def release(self, interaction: Interaction) -> None:
        """Nobody has it then."""
        ticket = await self.ticket_here(interaction)
        await self._is.ticket_work.release(actor_of(interaction), ticket.id)
        await self._show(interaction, ticket.id, "**Released.** Nobody has this ticket now.")

    @app_commands.command(name="transfer", description="Give this ticket to a colleague (support)")
    @app_commands.describe(to="Who takes it")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def transfer(self, interaction: Interaction, to: discord.Member) -> None:
        """To somebody who answers tickets like this one."""
        ticket, actor = await self.ticket_here(interaction), actor_of(interaction)
        roles = frozenset(RoleId(role) for role in to._roles)
        colleague = Actor(UserId(to.id), actor.guild_id, roles, manages_guild=False)
        await self._is.ticket_work.transfer(actor, ticket.id, to=colleague)
        await self._show(interaction, ticket.id, f"**<@{to.id}> has this ticket now.**")

    @app_commands.command(name="escalate", description="Call the moderators (support)")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def escalate(self, interaction: Interaction) -> None:
        """Asks why."""
        ticket = await self.ticket_here(interaction)
        await self._is.ticket_work.look(actor_of(interaction), ticket.id)
        await show_modal(interaction, why_modal(ticket.id))

    @app_commands.command(name="priority", description="How much this ticket matters (support)")
    @app_commands.describe(to="Urgent ones come first in the queue")
    @app_commands.choices(
        to=[
            app_commands.Choice(name=label, value=each.value)
            for each, label in render.PRIORITIES.items()
        ]
    )
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def priority(self, interaction: Interaction, to: str) -> None:
        """The member does not see it."""
        ticket, priority = await self.ticket_here(interaction), Priority(to)
        await self._is.ticket_work.set_priority(actor_of(interaction), ticket.id, priority)
        await self._show(interaction, ticket.id, f"**Priority: {render.PRIORITIES[priority]}.**")

    @app_commands.command(name="tag", description="Tag this ticket, or take a tag off (support)")
    @app_commands.describe(tag="Small letters, digits and hyphens", remove="Take it off instead")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def tag(self, interaction: Interaction, tag: str, remove: bool = False) -> None:
        """The vendor's tags are suggested; others work too."""
        ticket, actor = await self.ticket_here(interaction), actor_of(interaction)
        if remove:
            await self._is.ticket_work.untag(actor, ticket.id, tag)
            done = "**Tag taken off.**"
        else:
            done = f"**Tagged `{await self._is.ticket_work.tag(actor, ticket.id, tag)}`.**"
        await self._show(interaction, ticket.id, done)

    @tag.autocomplete("tag")
    async def _tags(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        del interaction  # the same for everybody
        return suggested(((tag, tag) for tag in self._is.policy.desk.tags), typed)

    @app_commands.command(name="snooze", description="Put this ticket off (support)")
    @app_commands.describe(until="1h, 2d, tomorrow, monday, or 2027-01-31 09:00")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def snooze(self, interaction: Interaction, until: str) -> None:
        """Any reply ends it before."""
        ticket = await self.ticket_here(interaction)
        end = await self._is.ticket_work.snooze(actor_of(interaction), ticket.id, until)
        said = f"**Snoozed until {day_and_time(end)}.** Any reply ends it before."
        await self._show(interaction, ticket.id, said)

    @app_commands.command(name="merge", description="Go on in the member's other ticket (support)")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def merge(self, interaction: Interaction) -> None:
        """Asks into which."""
        ticket = await self.ticket_here(interaction)
        choice = await self._is.ticket_merges.candidates(actor_of(interaction), ticket.id)
        await reply(interaction, merging.merge_choice(choice, self._is))

    @app_commands.command(
        name="close-request", description="Ask the member whether it is solved (support)"
    )
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def close_request(self, interaction: Interaction) -> None:
        """Yes closes; silence closes after the deadline."""
        ticket = await self.ticket_here(interaction)
        deadline = await self._is.close_requests.ask(actor_of(interaction), ticket.id)
        await self._show(interaction, ticket.id, asked_text(deadline))
