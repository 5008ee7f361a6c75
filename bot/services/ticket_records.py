"""The record of a ticket: what is said in it is stored as it comes, without secrets (rule S21).

Everything that follows from a message is committed with it: its files are fetched, and a secret is
taken out of the channel, by jobs.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import ChannelId, GuildId, MessageId, TicketId
from bot.domain.job import Job, NewJob
from bot.domain.ticket_record import HeardChannel, MessageEdit, TicketMessage, TicketRecord
from bot.services import ticket_turns
from bot.services.context import Context
from bot.services.membership import RolesUnknownError
from bot.services.ticket_sides import TicketSides
from storage import jobs, ticket_files, ticket_messages, ticket_work, tickets

FETCH_FILE = "ticket.fetch_file"
LOOK = "ticket.look"
LOOK_BACK = "ticket.look_back"
REMOVE_SECRET = "ticket.remove_secret"  # noqa: S105 - a kind of job

# Looking at threads that sleep can wait until a start, or a server that came back, is over.
LOOK_AFTER = timedelta(minutes=5)
LOOK_EVERY = timedelta(seconds=2)
LOOKS_AT_ONCE = 1
# Most people change their words soon. Elsewhere somebody has to go on, or to close the ticket,
# before it is looked for what was changed.
LOOK_BACK_AFTER = timedelta(seconds=30)
RECENT_TALK = timedelta(hours=1)
RECENT_TALKS_AT_START = 100


class NotStoredError(Exception):
    """The store took nothing; the caller still has it."""


@contextmanager
def _or_not_stored() -> Iterator[None]:
    """Another try may help, except where the store will never take it."""
    try:
        yield
    except (DataError, IntegrityError):
        raise
    except (SQLAlchemyError, OSError, RolesUnknownError) as error:
        raise NotStoredError from error


class TicketRecordService:
    """Messages, edits, deletions and files of all tickets."""

    def __init__(self, context: Context, sides: TicketSides) -> None:
        """`sides` knows for whom somebody speaks."""
        self._context = context
        self._sides = sides

    async def capture(self, messages: Sequence[TicketMessage]) -> None:
        """Store messages as they come, several in one transaction; raises NotStoredError."""
        now = self._context.clock()
        with _or_not_stored():
            told = await self._sides.told(messages)
            async with self._context.database.write() as connection:
                added = await ticket_messages.add(connection, told)
                new = [each for each in told if each.message_id in added]
                await ticket_files.add(connection, new)
                await ticket_turns.messages(connection, self._context, new)
                following = [job for each in new for job in _following(each)]
                if following:
                    await jobs.add(connection, following, now=now)

    async def capture_edit(self, edit: MessageEdit) -> None:
        """Store what a message says after an edit, beside what it said before.

        Raises NotStoredError.
        """
        now = self._context.clock()
        with _or_not_stored():
            async with self._context.database.write() as connection:
                await ticket_messages.edit(connection, edit, now=now)
                if edit.secrets:
                    await jobs.add(connection, [_removal(edit)], now=now)

    async def capture_deletions(self, message_ids: Sequence[MessageId]) -> None:
        """Remember which messages were deleted; an answer that was taken back was none.

        Raises NotStoredError.
        """
        now = self._context.clock()
        with _or_not_stored():
            async with self._context.database.write() as connection:
                taken_back = await ticket_messages.delete(connection, message_ids, now=now)
                await ticket_turns.taken_back(connection, self._context, taken_back)

    async def still_there(self, talk: HeardChannel, *, most: int) -> frozenset[MessageId]:
        """The newest messages there, as far as is known: to be compared with what Discord has."""
        async with self._context.database.read() as connection:
            return await ticket_messages.still_there(connection, talk, most=most)

    async def left_behind(self, channel_ids: Collection[ChannelId]) -> dict[ChannelId, TicketId]:
        """Of these channels those whose ticket is closed, or about to be."""
        async with self._context.database.read() as connection:
            return await ticket_messages.left_behind(connection, channel_ids)

    async def heard(self, guild_id: GuildId | None = None) -> list[HeardChannel]:
        """Where people talk in open tickets, everywhere or in a server; in one query."""
        async with self._context.database.read() as connection:
            return await ticket_messages.heard(connection, guild_id)

    async def heard_in(self, *ticket_ids: TicketId) -> list[HeardChannel]:
        """The same of these tickets, without their notes."""
        async with self._context.database.read() as connection:
            talks = await ticket_messages.heard(connection, ticket_ids=ticket_ids)
        return [talk for talk in talks if not talk.internal]

    async def text_of(self, message_id: MessageId) -> str:
        """What is stored of a message; nothing when it is not known."""
        async with self._context.database.read() as connection:
            return await ticket_messages.text_of(connection, message_id)

    async def record(self, ticket_id: TicketId) -> TicketRecord:
        """The ticket with all that was said in it; raises NoSuchThing."""
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
            if ticket is None:
                raise NoSuchThing("ticket")
            messages = await ticket_messages.of_ticket(connection, ticket_id)
            merged = await ticket_work.merged_into(connection, ticket_id)
            return TicketRecord(ticket, messages, tuple(merged))

    async def check_channel(self, ticket_id: TicketId) -> None:
        """Have Discord asked whether the ticket's channel still exists."""
        await self._add_job("ticket.check_channel", ticket_id, {"ticket_id": ticket_id}, line=None)

    async def backfill(self, heard: HeardChannel, newest: MessageId) -> None:
        """Have the messages fetched that were written while nobody listened."""
        payload = {
            "ticket_id": heard.ticket_id,
            "channel_id": heard.channel_id,
            "after": heard.last_captured,
            "internal": heard.internal,
        }
        # In the ticket's line: a transcript that is asked for meanwhile waits for it.
        await self._add_job(
            "ticket.backfill", f"{heard.ticket_id}:{newest}", payload, line=heard.ticket_id
        )

    async def look_later(self, asleep: Sequence[HeardChannel]) -> None:
        """Have each of these threads looked at, one after another, long after this moment.

        The job keeps what was stored until now: what comes later must not hide the gap before it.
        One that still waits from an earlier start is enough.
        """
        first = self._context.clock() + LOOK_AFTER
        looks = [
            NewJob(
                LOOK,
                f"{LOOK}:{each.channel_id}:{each.last_captured}",
                {
                    "ticket_id": each.ticket_id,
                    "channel_id": each.channel_id,
                    "after": each.last_captured,
                    "internal": each.internal,
                },
                run_at=first + number * LOOK_EVERY,
            )
            for number, each in enumerate(asleep)
        ]
        async with self._context.database.write() as connection:
            await jobs.add(connection, looks, now=self._context.clock())

    async def look_back_later(self, talks: Sequence[HeardChannel]) -> None:
        """Have it looked for what was edited or deleted there while nobody listened."""
        first = self._context.clock() + LOOK_BACK_AFTER
        looks = [_look_back(each, first + number * LOOK_EVERY) for number, each in enumerate(talks)]
        async with self._context.database.write() as connection:
            await jobs.add(connection, looks, now=self._context.clock())

    async def look_back_now(self, talk: HeardChannel) -> None:
        """The same where somebody goes on; it may have been put off before."""
        look, now = _look_back(talk, None), self._context.clock()
        async with self._context.database.write() as connection:
            await jobs.add(connection, [look], now=now)
            await jobs.bring_forward(connection, kind=LOOK_BACK, key_prefix=look.key, now=now)

    async def look_now(self, channel_id: ChannelId) -> None:
        """A thread that was to be looked at later has woken up."""
        async with self._context.database.write() as connection:
            await jobs.bring_forward(
                connection, kind=LOOK, key_prefix=f"{LOOK}:{channel_id}:", now=self._context.clock()
            )

    async def waits_for_look(self, channel_id: ChannelId) -> bool:
        """Whether this thread slept when the bot came back, and nobody has looked at it since."""
        async with self._context.database.read() as connection:
            return await jobs.is_any_waiting(
                connection, kind=LOOK, key_prefix=f"{LOOK}:{channel_id}:"
            )

    async def looked(self, job: Job) -> None:
        """Leave no trace: after the next start there is to be looked again."""
        async with self._context.database.write() as connection:
            await jobs.forget(connection, job.id)

    async def _add_job(
        self, kind: str, key: str, payload: Mapping[str, object], *, line: str | None
    ) -> None:
        now = self._context.clock()
        # Asked again in a later minute, it is looked at again.
        job = NewJob(kind, f"{kind}:{key}:{int(now.timestamp()) // 60}", payload, line=line)
        async with self._context.database.write() as connection:
            await jobs.add(connection, [job], now=now)


def _look_back(talk: HeardChannel, at: datetime | None) -> NewJob:
    """One that still waits is enough, so that its key names the channel alone."""
    about = {"ticket_id": talk.ticket_id, "channel_id": talk.channel_id, "internal": talk.internal}
    return NewJob(LOOK_BACK, f"{LOOK_BACK}:{talk.channel_id}", about, run_at=at)


def _following(message: TicketMessage) -> list[NewJob]:
    fetches = [
        NewJob(
            FETCH_FILE,
            f"ticket-file:{each.id}",
            {
                "attachment_id": each.id,
                "channel_id": message.channel_id,
                "message_id": message.message_id,
                "url": each.url,
            },
        )
        for each in ticket_files.to_keep(message)
    ]
    # They are asked for first: they go with the message.
    return [*fetches, _removal(message)] if message.secrets else fetches


def _removal(message: TicketMessage | MessageEdit) -> NewJob:
    return NewJob(
        REMOVE_SECRET,
        f"ticket-secret:{message.message_id}",
        {
            "ticket_id": message.ticket_id,
            "channel_id": message.channel_id,
            "message_id": message.message_id,
            "author_id": message.author_id,
            "kinds": sorted(message.secrets),
        },
    )
