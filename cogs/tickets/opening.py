"""The channel of a reserved ticket. Every step finds out first whether it is done already."""

from collections.abc import Sequence
from dataclasses import replace

import discord
import structlog
from discord.ext import commands

from bot.domain.errors import TicketOver
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, MessageId, RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import OCCUPYING, Ticket, TicketState
from bot.domain.ticket_record import HeardChannel
from bot.domain.topic import Place
from bot.services import ticket_acts
from bot.services.jobs import TryAgainError
from bot.services.screens import Screen
from bot.services.ticket_requests import Upload
from bot.services.tickets import OPEN, TELL_STAFF
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import View, card, finished, text
from cogs.messenger import MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_CHANNEL, nonce_for
from cogs.tickets.capture import CaptureCog
from cogs.tickets.missed import MissedCog
from cogs.tickets.overwrites import living_role
from cogs.tickets.places import NoPlaceError, Places, Wanted, give_back
from cogs.tickets.twins import give_back_twins
from cogs.tickets.uploads import fetch
from cogs.tickets.welcome import WelcomeCard

_ROLE_GONE = (
    "⚠️ The role that answers these tickets was deleted in Discord, so that only moderators see "
    "them. An administrator can choose another one with `/setup`, or `staff_role` in "
    "`mooring.toml`."
)
_MAY_NOT_WRITE = (
    "The bot may not write in the new channel: it needs View Channel, Send Messages and Attach "
    "Files there; where tickets are threads, Send Messages in Threads."
)
# A ticket that was reopened goes back to where it was.
_NOT_OPENED = (TicketState.FAILED, TicketState.CLOSED)

_log = structlog.get_logger(__name__)


class OpeningEffects:
    """Carries out what `TicketService.open` reserved."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        dependencies: Dependencies,
        capture: CaptureCog,
        missed: MissedCog,
    ) -> None:
        """Register the handlers."""
        self._bot = bot
        self._is = dependencies
        self._capture = capture
        self._missed = missed
        self._card = WelcomeCard(dependencies)
        self._places = Places(bot, dependencies)
        dependencies.jobs.add(OPEN, self.open, in_discord=True)
        dependencies.jobs.add(TELL_STAFF, self.tell_staff, in_discord=True, can_wait=True)
        dependencies.jobs.add(ticket_acts.CARD, self.bring_up_to_date, in_discord=True)

    async def open(self, job: Job) -> None:
        """Create or adopt the channel, welcome both sides, show the way there."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        screen = Screen.from_payload(job.payload["screen"])
        if ticket.state in _NOT_OPENED and ticket.close_reason is not None:
            # An earlier run was cut short before it had said so.
            await self._clear_away(ticket)
            await self._is.messenger.show(screen, self._failed_card(ticket.close_reason))
        if ticket.state not in OCCUPYING:
            return
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        settings = await self._is.guilds.settings(ticket.guild_id)
        try:
            if ticket.channel_id is None:
                ticket = await self._take_place(guild, ticket, settings, job)
            await give_back_twins(self._bot, guild, ticket)
            channel_id = ChannelId(ticket.channel_id or 0)
            # One that could not be deleted belongs to the ticket's earlier life.
            self._capture.forget(job.payload.get("former_channel"))
            self._capture.watch(ticket.id, channel_id)
            if ticket.state is TicketState.OPENING:
                # Said before anybody listened: what is heard from now on would hide it.
                silent = HeardChannel(ticket.id, ticket.guild_id, channel_id, MessageId(0))
                await self._missed.complete(silent)
            welcome = await self._welcome(guild, channel_id, ticket, settings, job)
        except NoPlaceError as none:
            await self._fail(ticket, screen, str(none))
            return
        except discord.HTTPException as refusal:
            if not await self._give_up(ticket, screen, refusal):
                raise
            return
        try:
            await self._is.tickets.opened(ticket.id, *welcome)
        except TicketOver:
            await self._is.messenger.show(screen, _deleted_card())
            return
        whose = "The" if job.payload.get("by_team") else "Your"
        await self._is.messenger.show(
            screen,
            card(
                text(f"## {whose} ticket is open\nGo on here: <#{channel_id}>"),
                accent=words.SUCCESS_COLOUR,
            ),
        )

    async def _give_up(
        self, ticket: Ticket, screen: Screen, refusal: discord.HTTPException
    ) -> bool:
        """Free the member's place and say why; False when trying again may help."""
        if refusal.code == UNKNOWN_CHANNEL:
            await self._is.tickets.channel_gone(ticket.id)
            await self._is.messenger.show(screen, _deleted_card())
            return True
        if refusal.code not in (MISSING_ACCESS, MISSING_PERMISSIONS):
            return False
        await self._fail(ticket, screen, _MAY_NOT_WRITE)
        return True

    async def _fail(self, ticket: Ticket, screen: Screen, why: str) -> None:
        """Trying again will not change it."""
        _log.error("ticket_not_opened", ticket=ticket.id, why=why)
        await self._is.tickets.opening_failed(ticket.id, why)
        await self._clear_away(ticket)
        await self._is.messenger.show(screen, self._failed_card(why))

    async def _clear_away(self, ticket: Ticket) -> None:
        """A place can be made in which the bot may not write."""
        if ticket.channel_id is not None:
            self._capture.forget(ticket.channel_id)
            await give_back(self._bot, ticket.channel_id, why="The ticket could not be opened")

    async def _take_place(
        self, guild: discord.Guild, ticket: Ticket, settings: GuildSettings, job: Job
    ) -> Ticket:
        """Adopt the channel or thread that an earlier run made, or make it."""
        wanted = Wanted(
            ticket=ticket,
            topic=self._card.topic(ticket),
            settings=settings,
            role_id=await self._team_role(guild, ticket, settings),
            former=job.payload.get("former_channel"),
            asked_in=job.payload.get("asked_in"),
        )
        room = await self._places.take(guild, wanted)
        channel_id, place, parent_id = ChannelId(room.id), Place.CHANNEL, None
        if isinstance(room, discord.Thread):
            place, parent_id = Place.THREAD, ChannelId(room.parent_id)
        await self._is.tickets.attach_channel(ticket.id, channel_id, place, parent_id=parent_id)
        return replace(ticket, channel_id=channel_id, place=place, parent_id=parent_id)

    async def _team_role(
        self, guild: discord.Guild, ticket: Ticket, settings: GuildSettings
    ) -> RoleId | None:
        """Who answers; the moderators where that role was deleted, so that somebody does."""
        own = await self._is.ticket_access.team_role(ticket)
        return living_role(guild, own, settings.moderator_role_id)

    async def _welcome(
        self,
        guild: discord.Guild,
        channel_id: ChannelId,
        ticket: Ticket,
        settings: GuildSettings,
        job: Job,
    ) -> tuple[MessageId, Sequence[str]]:
        """The only message that mentions anybody: opener and support, once. A thread is entered
        by being mentioned. Returns the message and the files that are in it."""
        if ticket.welcome_id is not None:
            return ticket.welcome_id, ticket.welcome_files
        role = await self._team_role(guild, ticket, settings)
        # Whoever has been given the ticket is called instead of everybody.
        calls_role = role is not None and (not ticket.assignee_id or ticket.place == Place.THREAD)
        added = await self._is.ticket_people.of_ticket(ticket) if ticket.reopened_at else []
        called = (ticket.opener_id, *_assignee(ticket), *added)
        mentions = discord.AllowedMentions(
            everyone=False,
            users=[discord.Object(each) for each in called],
            roles=[discord.Object(role)] if role and calls_role else False,
        )
        uploads = [Upload.from_payload(each) for each in job.payload.get("files", ())]
        fetched = await fetch(self._bot, uploads, largest=guild.filesize_limit)
        view = await self._card.view(
            ticket, role, files=[each.filename for each in fetched.files], missing=fetched.missing
        )
        sent = await self._bot.get_partial_messageable(channel_id).send(
            view=finished(view),
            files=fetched.files,
            nonce=nonce_for(f"welcome-{ticket.id}{ticket.life}"),
            allowed_mentions=mentions,
        )
        return MessageId(sent.id), [each.filename for each in sent.attachments]

    def _failed_card(self, why: str) -> View:
        return card(
            text(
                f"## Your ticket could not be opened\n{why}\nThe server's administrators can mend "
                f"it. Until then, please write to {self._is.vendor.support_email}."
            ),
            accent=words.WARNING_COLOUR,
        )

    async def bring_up_to_date(self, job: Job) -> None:
        """Show in the ticket's first message who looks after it, and what it is about."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        guild = self._bot.get_guild(ticket.guild_id)
        if ticket.state is not TicketState.OPEN or guild is None:
            return
        if ticket.channel_id is None or ticket.welcome_id is None:
            return
        settings = await self._is.guilds.settings(ticket.guild_id)
        role = await self._team_role(guild, ticket, settings)
        shown = await self._card.view(ticket, role, files=ticket.welcome_files)
        await self._is.messenger.edit(ticket.channel_id, ticket.welcome_id, shown)

    async def tell_staff(self, job: Job) -> None:
        """One line in the log channel."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        settings = await self._is.guilds.settings(ticket.guild_id)
        what = "reopened" if ticket.reopened_at else "opened"
        await self._is.messenger.post(
            settings.log_channel_id,
            card(
                text(
                    f"### Ticket {ticket.number:04} {what}\n<@{ticket.opener_id}> · "
                    f"{self._is.tickets.label(ticket.topic_id)} · <#{ticket.channel_id}>"
                ),
                *([text(_ROLE_GONE)] if await self._lacks_role(ticket) else []),
            ),
            key=job.key,
        )

    async def _lacks_role(self, ticket: Ticket) -> bool:
        """Whether the role that should answer was deleted."""
        guild = self._bot.get_guild(ticket.guild_id)
        role = await self._is.ticket_access.team_role(ticket)
        return guild is not None and role is not None and guild.get_role(role) is None


def _assignee(ticket: Ticket) -> Sequence[UserId]:
    """Whoever has it. Into the thread of one that was closed only the role calls them: they may
    have lost it since, and a call would let them in."""
    is_for_role = ticket.place == Place.THREAD and ticket.reopened_at is not None
    return [] if ticket.assignee_id is None or is_for_role else [ticket.assignee_id]


def _deleted_card() -> View:
    return card(
        text(
            "## Your ticket is closed\nIts channel was deleted while it was being opened. "
            "You can open a new one with `/ticket open`."
        ),
        accent=words.WARNING_COLOUR,
    )
