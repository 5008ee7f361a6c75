"""Where a ticket goes: its category, the next one when that is full, then a private thread.

Discord has 50 channels in a category and 500 in a server; threads count towards neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import discord
import structlog
from discord.ext import commands

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, RoleId
from bot.domain.ticket import Ticket, ticket_id_in
from bot.domain.topic import Place, Topic
from cogs.dependencies import Dependencies
from cogs.messenger import MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_CHANNEL
from cogs.tickets.overwrites import overwrites_for

GUILD_FULL = 30013
INVALID_FORM = 50035
TOO_MANY_THREADS = 160006
MAX_IN_CATEGORY = 50
# A week, the longest that Discord offers. Whoever writes later wakes the thread up.
ARCHIVE_AFTER_MINUTES: Final = 10_080
# By how much this machine's clock and Discord's can differ.
CLOCKS_DIFFER = timedelta(minutes=10)
# Mentioning a role brings its members into a thread, as long as they are fewer than 100.

_FULL = "The ticket categories are full."
_GUILD_FULL = "This server has 500 channels, which is as many as Discord allows."
_NO_CHANNELS = (
    "The bot may not create channels here: it needs Manage Channels, in the ticket category too."
)
_NO_THREADS = (
    "The bot may not create private threads here: it needs Create Private Threads, Send Messages "
    "in Threads and Manage Threads in the channel where tickets are threads."
)
_THREADS_FULL = "This server has as many open threads as Discord allows."
_NO_PARENT = "There is no channel for private threads. `tickets.thread_channel` names it."

Room = discord.TextChannel | discord.Thread

_log = structlog.get_logger(__name__)


class NoPlaceError(Exception):
    """No other try will find one before a person has done something; the text says what."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the place is for. `former` is what the ticket had before it was reopened."""

    ticket: Ticket
    topic: Topic | None
    settings: GuildSettings
    role_id: RoleId | None
    former: int | None
    asked_in: int | None


class Places:
    """Makes the channel or thread of a ticket, or finds the one that an earlier run has made."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Keep what is needed."""
        self._bot = bot
        self._is = dependencies

    async def take(self, guild: discord.Guild, wanted: Wanted) -> Room:
        """Raises NoPlaceError, and discord.HTTPException for what may pass."""
        made = _made_for(guild, wanted)
        if made:
            _log.info("ticket_channel_adopted", ticket=wanted.ticket.id, channel=made[0].id)
        return made[0] if made else await self._make(guild, wanted)

    async def _make(self, guild: discord.Guild, wanted: Wanted) -> Room:
        if wanted.topic is not None and wanted.topic.place is Place.THREAD:
            return await self._make_thread(guild, wanted, instead_of=None)
        full = _FULL
        for category in self._categories(guild, wanted):
            try:
                return await self._make_channel(guild, wanted, category)
            except discord.HTTPException as refusal:
                if refusal.code in (MISSING_ACCESS, MISSING_PERMISSIONS):
                    raise NoPlaceError(_NO_CHANNELS) from refusal
                if refusal.code == GUILD_FULL:
                    full = _GUILD_FULL
                    break
                # Filled up or deleted between looking and creating: the next one, then a thread.
                if category is None or refusal.code != INVALID_FORM:
                    raise
        return await self._make_thread(guild, wanted, instead_of=full)

    def _categories(
        self, guild: discord.Guild, wanted: Wanted
    ) -> Sequence[discord.CategoryChannel | None]:
        """Those with room. Where none is left of those that were chosen, outside of any.

        The file names categories and not whose they are: those of other servers are none here.
        """
        own = _category(guild, wanted.topic.category_id if wanted.topic else None)
        named = (
            own or _category(guild, wanted.settings.ticket_category_id),
            *(_category(guild, each) for each in self._is.policy.places.overflow_categories),
        )
        there = [each for each in named if each is not None]
        if not there:
            return [None]
        return [each for each in there if len(each.channels) < MAX_IN_CATEGORY]

    async def _make_channel(
        self, guild: discord.Guild, wanted: Wanted, category: discord.CategoryChannel | None
    ) -> discord.TextChannel:
        ticket = wanted.ticket
        return await guild.create_text_channel(
            ticket.channel_name,
            category=category,
            overwrites=overwrites_for(
                guild,
                people=[ticket.opener_id, *await self._is.ticket_people.of_ticket(ticket)],
                role_ids=_roles(wanted),
            ),
            topic=ticket.channel_topic,
        )

    async def _make_thread(
        self, guild: discord.Guild, wanted: Wanted, *, instead_of: str | None
    ) -> discord.Thread:
        """Those whom the welcome message mentions come in by it."""
        parent = self._parent(guild, wanted)
        if parent is None:
            raise NoPlaceError(_joined(instead_of, _NO_PARENT))
        try:
            return await parent.create_thread(
                name=wanted.ticket.channel_name,
                type=discord.ChannelType.private_thread,
                invitable=False,
                auto_archive_duration=ARCHIVE_AFTER_MINUTES,
            )
        except discord.HTTPException as refusal:
            if refusal.code in (MISSING_ACCESS, MISSING_PERMISSIONS):
                raise NoPlaceError(_joined(instead_of, _NO_THREADS)) from refusal
            if refusal.code == TOO_MANY_THREADS:
                raise NoPlaceError(_joined(instead_of, _THREADS_FULL)) from refusal
            raise

    def _parent(self, guild: discord.Guild, wanted: Wanted) -> discord.TextChannel | None:
        """The channel that the file names, the one where the member asked, or where it was."""
        named = self._is.policy.places.thread_channel_id
        for channel_id in (named, wanted.asked_in, wanted.ticket.parent_id):
            channel = guild.get_channel_or_thread(channel_id or 0)
            parent = channel.parent if isinstance(channel, discord.Thread) else channel
            if isinstance(parent, discord.TextChannel):
                return parent
        return None


def _category(
    guild: discord.Guild, category_id: ChannelId | None
) -> discord.CategoryChannel | None:
    found = guild.get_channel(category_id or 0)
    return found if isinstance(found, discord.CategoryChannel) else None


def _roles(wanted: Wanted) -> list[RoleId | None]:
    """Moderators who were called before it was closed see it again."""
    called = wanted.ticket.escalated_at is not None
    return [wanted.role_id, wanted.settings.moderator_role_id if called else None]


async def give_back(bot: commands.AutoShardedBot, channel_id: int, *, why: str) -> bool:
    """Delete a ticket's place, if it is still there; False when the bot may not."""
    try:
        await bot.http.delete_channel(channel_id, reason=why)
    except discord.NotFound as missing:
        if missing.code != UNKNOWN_CHANNEL:
            raise
    except discord.Forbidden as refusal:
        # People can delete it.
        _log.error("ticket_channel_not_deleted", channel=channel_id, code=refusal.code)
        return False
    return True


def _made_for(guild: discord.Guild, wanted: Wanted) -> list[Room]:
    return [each for each in places_of(guild, wanted.ticket) if each.id != wanted.former]


def places_of(guild: discord.Guild, ticket: Ticket) -> list[Room]:
    """What names this ticket: one at most, unless an answer was lost.

    A channel does it in its topic. A thread has none: it is ours, and named by the number. One that
    is older than the ticket is of a store that was lost, since when the numbers began anew.
    """
    # Not `text_channels`, which sorts all that a server has for every ticket.
    rooms: list[Room] = [
        each
        for each in guild.channels
        if isinstance(each, discord.TextChannel) and ticket_id_in(each.topic) == ticket.id
    ]
    return [*rooms, *_own_threads(guild, ticket, ticket.channel_name)]


def notes_of(guild: discord.Guild, ticket: Ticket) -> list[discord.Thread]:
    """The threads for its notes, likewise."""
    return _own_threads(guild, ticket, ticket.notes_name)


def _own_threads(guild: discord.Guild, ticket: Ticket, name: str) -> list[discord.Thread]:
    earliest = ticket.began_at - CLOCKS_DIFFER
    return [
        each
        for each in guild.threads
        if each.name == name
        and each.owner_id == guild.me.id
        and each.is_private()
        and discord.utils.snowflake_time(each.id) >= earliest
    ]


def _joined(instead_of: str | None, why: str) -> str:
    return why if instead_of is None else f"{instead_of} {why}"
