"""People in a ticket: added and taken out by the team, and openers who leave the server."""

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import NotPermitted, SeesTicketAlready
from bot.domain.identifiers import ChannelId, GuildId, RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import OCCUPYING, Ticket
from bot.domain.topic import Place
from bot.services.guilds import Actor
from bot.services.jobs import TryAgainError
from bot.services.screens import Screen
from bot.services.ticket_people import APPLY, TELL_LEFT
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, reply, screen_of
from cogs.layout import View, card, text
from cogs.messenger import UNKNOWN_CHANNEL
from cogs.tickets import thread_members
from cogs.tickets.overwrites import talk_of_a_person

_log = structlog.get_logger(__name__)


class PeopleCog(commands.Cog):
    """Rows first; the channel follows as a job in the ticket's line."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the effects."""
        self._bot = bot
        self._is = dependencies
        dependencies.jobs.add(APPLY, self.apply, in_discord=True)
        dependencies.jobs.add(TELL_LEFT, self.tell_left, in_discord=True)

    def add_to(self, ticket_group: app_commands.Group) -> None:
        """Put the commands beside the others of /ticket."""

        @ticket_group.command(name="add", description="Let a person into this ticket (team)")
        @app_commands.describe(member="They can read all of it, and its transcript")
        async def add(interaction: discord.Interaction, member: discord.Member) -> None:
            await self.add(interaction, member)

        @ticket_group.command(name="remove", description="Take a person out of this ticket (team)")
        @app_commands.describe(member="Somebody who was added with /ticket add")
        async def remove(interaction: discord.Interaction, member: discord.User) -> None:
            await self.remove(interaction, member)

    async def add(self, interaction: Interaction, member: discord.Member) -> None:
        """Who is told "is in" once Discord has let them in."""
        actor, ticket = actor_of(interaction), await self._ticket(interaction)
        person = _person(member, actor)
        if member.bot:
            raise SeesTicketAlready(person.user_id)
        await self._is.ticket_people.add(actor, ticket.id, person, screen_of(interaction))
        await reply(interaction, card(text(f"Adding <@{member.id}>…")))

    async def remove(self, interaction: Interaction, member: discord.User | discord.Member) -> None:
        """Also whoever has left the server since."""
        actor, ticket = actor_of(interaction), await self._ticket(interaction)
        await self._is.ticket_people.remove(
            actor, ticket.id, _person(member, actor), screen_of(interaction)
        )
        await reply(interaction, card(text(f"Taking <@{member.id}> out…")))

    async def _ticket(self, interaction: Interaction) -> Ticket:
        if interaction.channel_id is None:
            raise NotPermitted(needs="server")
        return await self._is.ticket_people.at(ChannelId(interaction.channel_id))

    async def apply(self, job: Job) -> None:
        """Have the channel say what the rows say by now."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        user_id = UserId(int(job.payload["user_id"]))
        if ticket.state not in OCCUPYING or ticket.channel_id is None:
            return
        is_in = await self._is.ticket_people.is_in(ticket.id, user_id)
        screen = Screen.from_payload(job.payload["screen"])
        try:
            await self._set(ticket, ticket.channel_id, user_id, is_in=is_in)
        except discord.Forbidden as refusal:
            _log.error("ticket_person_refused", ticket=ticket.id, code=refusal.code)
            await self._is.messenger.show(screen, _refused(user_id, ticket.place, is_in=is_in))
            if is_in:
                await self._is.ticket_people.not_let_in(ticket.id, user_id)
            return
        except discord.NotFound as missing:
            if missing.code == UNKNOWN_CHANNEL:
                return
            if is_in:
                if missing.code not in thread_members.LEFT:
                    raise
                await self._is.messenger.show(screen, _not_here(user_id))
                await self._is.ticket_people.not_let_in(ticket.id, user_id)
                return
            # Somebody has taken them out by hand.
        said = _said(user_id, UserId(int(job.payload["by"])), is_in=is_in)
        await self._is.messenger.post(
            ticket.channel_id, card(text(said)), key=job.key, mentioned=user_id if is_in else None
        )
        await self._is.messenger.show(
            screen, card(text(f"## Done\n{said}"), accent=words.SUCCESS_COLOUR)
        )

    async def _set(
        self, ticket: Ticket, channel_id: ChannelId, user_id: UserId, *, is_in: bool
    ) -> None:
        http, why = self._bot.http, f"Ticket {ticket.number:04}"
        if ticket.place == Place.THREAD:
            change = thread_members.let_in if is_in else thread_members.take_out
            await change(self._bot, channel_id, user_id)
        elif is_in:
            guild = self._bot.get_guild(ticket.guild_id)
            if guild is None or guild.unavailable:
                raise TryAgainError("the server is not available")
            allow, deny = talk_of_a_person(guild).pair()
            await http.edit_channel_permissions(
                channel_id, user_id, str(allow.value), str(deny.value), 1, reason=why
            )
        else:
            await http.delete_channel_permissions(channel_id, user_id, reason=why)

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Left, kicked or banned. Discord tells this only with the Server Members intent."""
        await self._is.ticket_people.opener_left(GuildId(payload.guild_id), UserId(payload.user.id))

    async def tell_left(self, job: Job) -> None:
        """So that nobody waits for an answer that cannot come."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        if ticket.state not in OCCUPYING or ticket.channel_id is None:
            return
        await self._is.messenger.post(ticket.channel_id, _left(ticket), key=job.key)


def _person(member: discord.User | discord.Member, actor: Actor) -> Actor:
    """What the roles of the one who is meant let them see."""
    roles = member._roles if isinstance(member, discord.Member) else ()
    return Actor(
        UserId(member.id),
        actor.guild_id,
        frozenset(RoleId(role) for role in roles),
        manages_guild=False,
    )


def _said(user_id: UserId, by: UserId, *, is_in: bool) -> str:
    if is_in:
        return (
            f"<@{user_id}> was added to this ticket by <@{by}>. They can read all of it, and its "
            "transcript."
        )
    return f"<@{user_id}> was taken out of this ticket by <@{by}>."


_WHY_REFUSED = {
    Place.CHANNEL: (
        "The bot may not change who sees this channel: it needs Manage Permissions here. An "
        "administrator can give it that, or do it by hand."
    ),
    Place.THREAD: (
        "Discord refuses it for one of two causes: the person does not see the channel that this "
        "thread is in, or the bot lacks Manage Threads there. An administrator can change both."
    ),
}


def _refused(user_id: UserId, place: str, *, is_in: bool) -> View:
    what = (
        f"## <@{user_id}> was not added\nNothing was changed."
        if is_in
        else f"## <@{user_id}> still sees this channel\nThey cannot read the transcript any more."
    )
    return card(
        text(f"{what} {_WHY_REFUSED[Place(place)]}"),
        accent=words.WARNING_COLOUR,
    )


def _not_here(user_id: UserId) -> View:
    return card(
        text(f"## <@{user_id}> was not added\nThey have left the server. Nothing was changed."),
        accent=words.WARNING_COLOUR,
    )


def _left(ticket: Ticket) -> View:
    return card(
        text(
            f"## The member has left the server\n<@{ticket.opener_id}> cannot read or write here "
            "any more. Whoever comes back sees this channel again. When you close the ticket, the "
            "transcript goes to them by mail if their billing address is known."
        ),
        accent=words.WARNING_COLOUR,
    )
