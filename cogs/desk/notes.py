"""Internal notes: a private thread that the member cannot be in, made when it is first needed.

A thread on the ticket's channel; for a ticket that is a thread itself, one in the log channel.
Nobody can invite others into it: who wants to read presses “Notes”, and is checked each time. Whom
the ticket is about stays out, also somebody of the team, and is taken out whatever way they came.
"""

import secrets

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.domain.desk_errors import DeskError, NotesImpossible, NotesNotForYou
from bot.domain.errors import NotInTicket
from bot.domain.identifiers import ChannelId, MessageId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_record import HeardChannel
from bot.domain.topic import Place
from bot.services import ticket_notes
from bot.services.jobs import TryAgainError
from bot.services.screens import Screen
from cogs import words
from cogs.dependencies import Dependencies
from cogs.desk.customer_card import customer_card
from cogs.desk_refusals import desk_refusal
from cogs.interactions import Interaction, actor_of, reply, screen_of
from cogs.layout import View, card, text
from cogs.messenger import MessageRefusedError
from cogs.tickets import thread_members
from cogs.tickets.capture import CaptureCog
from cogs.tickets.missed import MissedCog
from cogs.tickets.places import notes_of
from cogs.tickets.twins import give_back_twins

LONGEST_NOTE = 3_000
_TAKEN_OUT = (
    "⚠️ **Somebody whom this ticket is about was in here, and was taken out again.** They may have "
    "read what was written until then. A mention lets people in: write names without @ here."
)
_NOT_LET_IN = (
    "Discord does not let you into the thread: you do not see the channel that it is in. An "
    "administrator can change that."
)
_REFUSED = "**Discord does not take this note.** Please change its words, or write it by hand."

_log = structlog.get_logger(__name__)


class NotesCog(commands.Cog):
    """/note, the “Notes” button, and the thread."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        dependencies: Dependencies,
        capture: CaptureCog,
        missed: MissedCog,
    ) -> None:
        """Register the button and the jobs."""
        self._bot = bot
        self._is = dependencies
        self._capture = capture
        self._missed = missed
        dependencies.router.add("desk.notes", self.ask_open)
        dependencies.jobs.add(ticket_notes.WRITE, self.write, in_discord=True)
        dependencies.jobs.add(ticket_notes.OPEN, self.open, in_discord=True)
        dependencies.jobs.add(ticket_notes.KEEP_OUT, self.keep_out, in_discord=True)

    @app_commands.command(name="note", description="Write an internal note (support)")
    @app_commands.describe(text="The member never sees it")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def note(
        self, interaction: Interaction, text: app_commands.Range[str, 1, LONGEST_NOTE]
    ) -> None:
        """Kept at once; a job writes it into the thread."""
        if interaction.channel_id is None:
            raise NotInTicket
        ticket = await self._is.ticket_work.at(ChannelId(interaction.channel_id))
        await self._is.ticket_notes.write(
            actor_of(interaction), ticket.id, text, screen=screen_of(interaction)
        )
        await reply(interaction, _short("## Writing your note…\nIt is saved."))

    async def ask_open(self, interaction: Interaction, ticket_id: str) -> None:
        """Into the thread, for somebody of the team."""
        await self._is.ticket_notes.open(
            actor_of(interaction), TicketId(ticket_id), screen=screen_of(interaction)
        )
        await reply(interaction, _short("## Opening the notes…"))

    async def write(self, job: Job) -> None:
        """The note, under the name of who wrote it."""
        ticket, screen = await self._of(job)
        author = UserId(int(job.payload["by"]))
        note = str(job.payload["text"])
        try:
            thread_id = await self._thread(ticket)
            if not await self._post(thread_id, author, note, key=job.key):
                await self._forget_deleted(ticket, thread_id)
                raise NotesImpossible
            is_theirs = author in await self._is.ticket_access.members_side(ticket)
            is_out = not is_theirs and not await self._let_in(thread_id, author)
        except NotesImpossible as refusal:
            await self._is.messenger.show(screen, _not_written(desk_refusal(refusal), note))
            return
        except MessageRefusedError:
            await self._is.messenger.show(screen, _not_written(_REFUSED, note))
            return
        said = f"## Note written\nIt is in <#{thread_id}>."
        await self._is.messenger.show(screen, _short(f"{said} {_NOT_LET_IN}" if is_out else said))

    async def _let_in(self, thread_id: ChannelId, person: UserId) -> bool:
        """False where Discord refuses it, and would refuse it again."""
        try:
            await thread_members.let_in(self._bot, thread_id, person)
        except discord.Forbidden as refusal:
            _log.warning("not_let_into_notes", thread=thread_id, code=refusal.code)
            return False
        except discord.NotFound as missing:
            if missing.code not in thread_members.LEFT:
                raise
            return False
        return True

    async def _post(self, thread_id: ChannelId, author: UserId, note: str, *, key: str) -> bool:
        """The whole of it, in as many messages as it takes."""
        parts = words.quotations(note)
        for number, part in enumerate(parts, start=1):
            which = f" · {number} of {len(parts)}" if len(parts) > 1 else ""
            view = card(
                text(f"**Note** by <@{author}>{which}\n{part}"), accent=words.NEUTRAL_COLOUR
            )
            if not await self._is.messenger.post(thread_id, view, key=f"{key}:{number}"):
                return False
        return True

    async def open(self, job: Job) -> None:
        """The thread, with this person in it: unless they were added to the ticket since."""
        ticket, screen = await self._of(job)
        reader = UserId(int(job.payload["by"]))
        try:
            if reader in await self._is.ticket_access.members_side(ticket):
                raise NotesNotForYou
            thread_id = await self._thread(ticket)
            is_in = await self._let_in(thread_id, reader)
        except (NotesImpossible, NotesNotForYou) as refusal:
            await self._is.messenger.show(screen, _refused(refusal))
            return
        except discord.NotFound:
            await self._forget_deleted(ticket, ticket.notes_thread_id)
            raise
        said = f"<#{thread_id}>: the member cannot see what is written there."
        await self._is.messenger.show(screen, _short(f"## Notes\n{said if is_in else _NOT_LET_IN}"))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """A mention lets people into a private thread, if whoever writes manages threads.

        Of a role it is not known whom it lets in.
        """
        ticket_id = self._capture.ticket_of_notes(message.channel.id)
        if ticket_id is None or not (message.mentions or message.role_mentions):
            return
        named = [UserId(each.id) for each in message.mentions]
        suspected = None if message.role_mentions else named
        await self._is.ticket_notes.keep_out(ticket_id, f"message-{message.id}", suspected)

    @commands.Cog.listener()
    async def on_thread_member_join(self, member: discord.ThreadMember) -> None:
        """By hand, too. Discord tells this only with the Server Members intent."""
        ticket_id = self._capture.ticket_of_notes(member.thread_id)
        if ticket_id is not None:
            occasion = f"joined-{member.id}-{secrets.token_hex(4)}"
            await self._is.ticket_notes.keep_out(ticket_id, occasion, [UserId(member.id)])

    async def keep_out(self, job: Job) -> None:
        """Whom the ticket is about never stays in the notes."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        theirs = await self._is.ticket_access.members_side(ticket)
        thread_id = ticket.notes_thread_id
        if thread_id is None:
            return
        found = [
            user_id
            for user_id in theirs.intersection(job.payload["suspected"])
            if await thread_members.is_in(self._bot, thread_id, user_id)
        ]
        for user_id in found:
            await thread_members.take_out(self._bot, thread_id, user_id)
        # An earlier run may have been cut short before it had said so.
        if found or job.attempts > 1:
            await self._is.messenger.post(thread_id, _short(_TAKEN_OUT), key=job.key)

    async def _of(self, job: Job) -> tuple[Ticket, Screen]:
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        return ticket, Screen.from_payload(job.payload["screen"])

    async def _thread(self, ticket: Ticket) -> ChannelId:
        """The one that there is, one that a killed process had made, or a new one."""
        if ticket.notes_thread_id is not None:
            return ticket.notes_thread_id
        if ticket.state is not TicketState.OPEN:
            raise NotesImpossible
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        made = notes_of(guild, ticket)
        thread_id = ChannelId(made[0].id if made else await self._make(guild, ticket))
        self._capture.watch(ticket.id, thread_id, internal=True)
        # Noted before anybody listened: what is heard from now on would hide it.
        silent = HeardChannel(ticket.id, ticket.guild_id, thread_id, MessageId(0), internal=True)
        await self._missed.complete(silent)
        ticket = await self._is.ticket_notes.attach(ticket.id, thread_id)
        await give_back_twins(self._bot, guild, ticket)
        file = await self._is.customers.read(ticket.guild_id, ticket.opener_id)
        shown = customer_card(file, self._is, ticket=ticket, live=False)
        await self._is.messenger.post(thread_id, shown, key=f"notes-customer:{thread_id}")
        return thread_id

    async def _make(self, guild: discord.Guild, ticket: Ticket) -> int:
        place = ticket.channel_id
        if ticket.place == Place.THREAD:
            place = (await self._is.guilds.settings(ticket.guild_id)).log_channel_id
        channel = guild.get_channel(place or 0)
        if not isinstance(channel, discord.TextChannel):
            raise NotesImpossible
        try:
            thread = await channel.create_thread(
                name=ticket.notes_name,
                type=discord.ChannelType.private_thread,
                invitable=False,
                auto_archive_duration=10080,  # the longest, in minutes,
            )
        except discord.Forbidden as refusal:
            _log.warning("notes_not_made", ticket=ticket.id, code=refusal.code)
            raise NotesImpossible from refusal
        return thread.id

    async def _forget_deleted(self, ticket: Ticket, thread_id: ChannelId | None) -> None:
        """Where somebody has deleted the thread, the next try makes another one."""
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or thread_id is None or guild.get_thread(thread_id) is not None:
            return
        self._capture.forget(thread_id)
        await self._is.ticket_notes.attach(ticket.id, None)
        raise TryAgainError("the thread was deleted")


def _short(said: str) -> View:
    return card(text(said), accent=words.NEUTRAL_COLOUR)


def _not_written(why: str, note: str) -> View:
    """With the note: whoever wrote it may have it nowhere else."""
    given_back = f"Your note is not in the thread. This is its text:\n```\n{words.plain(note)}\n```"
    return card(text(f"{why}\n{given_back}"), accent=words.WARNING_COLOUR)


def _refused(refusal: DeskError) -> View:
    return card(text(desk_refusal(refusal)), accent=words.WARNING_COLOUR)
