"""What is said in tickets is stored once, without secrets, with what it said before."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import AttachmentId, ChannelId, MessageId, TicketId
from bot.domain.job import Job
from bot.domain.secrets_in_text import SecretKind
from bot.domain.ticket import Ticket
from bot.domain.ticket_record import (
    Attachment,
    HeardChannel,
    MessageEdit,
    RecordedMessage,
    TicketMessage,
    Version,
)
from bot.domain.topic import Place
from bot.services.context import Context
from bot.services.ticket_records import LOOK, LOOK_AFTER, LOOK_EVERY, TicketRecordService
from bot.services.tickets import TicketService
from storage import jobs
from storage.database import Database
from tests.integration.storage.records import records_over
from tests.integration.storage.samples import GUILD, MIA, NOW, Clock
from tests.integration.storage.test_tickets import CHANNEL, actor, open_ticket, opened, service_over

FILE = Attachment(AttachmentId(70), "shot.png", "image/png", 5, "https://cdn.example/shot.png")


@pytest.fixture
def service(context: Context) -> TicketService:
    return service_over(context)


@pytest.fixture
def records(context: Context) -> TicketRecordService:
    return records_over(context)


def message(number: int, ticket: Ticket, content: str = "Hello") -> TicketMessage:
    return TicketMessage(
        message_id=MessageId(number),
        ticket_id=ticket.id,
        channel_id=CHANNEL,
        author_id=MIA,
        author_name="Mia",
        from_bot=False,
        content=content,
        sent_at=NOW + timedelta(seconds=number),
    )


def edit(of: TicketMessage, content: str, *secrets: SecretKind) -> MessageEdit:
    return MessageEdit(of.message_id, of.ticket_id, CHANNEL, MIA, content, None, frozenset(secrets))


async def jobs_of(database: Database, *kinds: str, at: datetime = NOW) -> list[Job]:
    async with database.write() as connection:
        claimed = await jobs.claim(
            connection, now=at, lease=timedelta(seconds=1), token="t", most=50
        )
    return [job for job in claimed if job.kind in kinds]


def said(messages: tuple[RecordedMessage, ...]) -> list[str]:
    return [each.content for each in messages]


async def test_messages_are_captured_once_edited_and_deleted(
    service: TicketService, records: TicketRecordService, clock: Clock
) -> None:
    ticket = await opened(service)
    first, second = message(10, ticket, "One"), message(11, ticket, "Two")
    await records.capture([second, first])
    await records.capture([replace(first, content="changed by a backfill"), message(12, ticket)])
    clock.advance(minutes=1)
    await records.capture_edit(edit(first, "Uno"))
    await records.capture_deletions([second.message_id, MessageId(404)])
    clock.advance(minutes=1)
    await records.capture_edit(edit(first, "Uno"))
    await records.capture_edit(edit(replace(first, message_id=MessageId(404)), "unknown"))
    await records.capture_deletions([second.message_id])

    kept = (await records.record(ticket.id)).messages

    minute = NOW + timedelta(minutes=1)
    assert said(kept) == ["Uno", "Two", "Hello"]
    assert kept[0].versions == (Version("One", minute),)
    assert [each.edited_at for each in kept] == [minute, None, None]
    assert [each.deleted_at for each in kept] == [None, minute, None]
    assert [each.for_member for each in kept] == [True, False, True]


async def test_a_bots_screen_that_changes_has_no_earlier_versions(
    service: TicketService, records: TicketRecordService
) -> None:
    ticket = await opened(service)
    screen = replace(message(10, ticket, "Claim"), from_bot=True)
    await records.capture([screen])

    await records.capture_edit(edit(screen, "Claimed by Sam"))

    [kept] = (await records.record(ticket.id)).messages
    assert (kept.content, kept.edited_at, kept.versions) == ("Claimed by Sam", None, ())


async def test_s21_a_secret_is_taken_out_of_the_channel_once(
    database: Database, service: TicketService, records: TicketRecordService
) -> None:
    """Its files are kept; a later edit and a backfill change nothing of that."""
    ticket = await opened(service)
    secret = replace(
        message(10, ticket, "My card is [removed]"),
        secrets=frozenset({SecretKind.CARD_NUMBER}),
        rich={"removed": ["card number"]},
        attachments=(FILE, replace(FILE, id=AttachmentId(FILE.id + 1), filename="[removed].txt")),
    )
    await records.capture([secret])
    await records.capture([secret])
    await records.capture_edit(edit(secret, "[removed]!", SecretKind.CARD_NUMBER))
    await records.capture_edit(edit(message(11, ticket), "[removed]", SecretKind.PASSWORD))

    removals = await jobs_of(database, "ticket.remove_secret", "ticket.fetch_file")

    assert [
        (job.kind, job.payload["message_id"], job.payload.get("kinds")) for job in removals
    ] == [
        ("ticket.fetch_file", 10, None),
        ("ticket.remove_secret", 10, ["card number"]),
        ("ticket.remove_secret", 11, ["password"]),
    ]
    [kept] = (await records.record(ticket.id)).messages
    # The address of a file has its name in it.
    assert [file.failure for file in kept.files] == [None, "its name had a secret in it"]


async def test_notes_and_merged_tickets_are_in_the_record(
    database: Database, service: TicketService, records: TicketRecordService
) -> None:
    ticket = await opened(service)
    note = replace(message(13, ticket, "They are angry"), internal=True)
    await records.capture([message(10, ticket, "Help"), note])
    other = await open_ticket(service, topic="help")
    await records.capture([message(11, other, "The same again")])
    async with database.write() as connection:
        await connection.exec_driver_sql(
            f"UPDATE tickets SET merged_into = '{ticket.id}' WHERE id = '{other.id}'"  # noqa: S608
        )

    record = await records.record(ticket.id)

    assert said(record.messages) == ["Help", "The same again", "They are angry"]
    assert [each.for_member for each in record.messages] == [True, True, False]
    assert record.talks == (HeardChannel(ticket.id, GUILD, CHANNEL, MessageId(10)),)
    with pytest.raises(NoSuchThing):
        await records.record(TicketId("nothing"))


async def test_where_people_talk_with_the_newest_message_of_each(
    database: Database, service: TicketService, records: TicketRecordService
) -> None:
    await open_ticket(service, topic="help")  # still opening: it has no channel to listen in
    ticket = await open_ticket(service)
    assert await records.heard() == []
    await service.attach_channel(ticket.id, CHANNEL)
    assert await records.heard() == [HeardChannel(ticket.id, GUILD, CHANNEL, MessageId(0))]
    await service.opened(ticket.id, MessageId(1))

    note = replace(message(12, ticket), internal=True)
    await records.capture([message(10, ticket), message(11, ticket), note])
    async with database.write() as connection:
        await connection.exec_driver_sql(
            f"UPDATE tickets SET notes_thread_id = 901 WHERE id = '{ticket.id}'"  # noqa: S608
        )

    assert await records.heard(GUILD) == [
        HeardChannel(ticket.id, GUILD, CHANNEL, MessageId(11)),
        HeardChannel(
            ticket.id, GUILD, ChannelId(901), MessageId(12), internal=True, is_thread=True
        ),
    ]
    await service.attach_channel(ticket.id, CHANNEL, Place.THREAD)
    assert [each.is_thread for each in await records.heard()] == [True, True]
    await service.close(actor(MIA), ticket.id, reason=None)
    assert await records.heard() == []


async def test_threads_that_sleep_are_looked_at_one_after_another_and_once(
    database: Database, service: TicketService, records: TicketRecordService, clock: Clock
) -> None:
    """A second start adds nothing; one after everything was looked at begins again."""
    ticket = await opened(service)
    asleep = [
        HeardChannel(ticket.id, GUILD, ChannelId(number), MessageId(10), is_thread=True)
        for number in range(3)
    ]
    await records.look_later(asleep)
    clock.advance(minutes=1)
    await records.look_later(asleep)
    assert await jobs_of(database, LOOK, at=clock.now + timedelta(minutes=3)) == []

    at = NOW + LOOK_AFTER
    due = [await jobs_of(database, LOOK, at=at + number * LOOK_EVERY) for number in range(3)]

    assert [[job.payload["channel_id"] for job in each] for each in due] == [[0], [0, 1], [0, 1, 2]]
    for job in due[-1]:
        await records.looked(job)
    await records.look_later(asleep)
    later = await jobs_of(database, LOOK, at=clock.now + timedelta(hours=1))
    assert len(later) == 3


async def test_what_was_changed_while_nobody_listened_does_not_undo_what_was_heard_since(
    service: TicketService, records: TicketRecordService, clock: Clock
) -> None:
    """An older edit that comes late changes nothing."""
    ticket = await opened(service)
    first = message(10, ticket, "One")
    await records.capture([first])
    minute, later = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
    clock.advance(minutes=5)
    await records.capture_edit(replace(edit(first, "Three"), edited_at=later))

    await records.capture_edit(replace(edit(first, "Two"), edited_at=minute))

    [kept] = (await records.record(ticket.id)).messages
    assert (kept.content, kept.edited_at) == ("Three", later)


async def test_what_should_still_be_there_is_of_this_channel_and_not_deleted(
    service: TicketService, records: TicketRecordService
) -> None:
    """What was said before a reopening stood in another channel, whose number is older."""
    ticket = await opened(service)
    said_here = [message(CHANNEL + number, ticket) for number in (1, 2, 3, 4)]
    note = replace(message(CHANNEL + 5, ticket), internal=True)
    await records.capture([message(CHANNEL - 1, ticket), *said_here, note])
    await records.capture_deletions([said_here[3].message_id])
    talk = HeardChannel(ticket.id, GUILD, CHANNEL, MessageId(0))

    assert await records.still_there(talk, most=2) == {CHANNEL + 2, CHANNEL + 3}
    assert await records.still_there(talk, most=9) == {CHANNEL + 1, CHANNEL + 2, CHANNEL + 3}
    assert await records.still_there(replace(talk, internal=True), most=9) == {CHANNEL + 5}


async def test_channels_of_closed_tickets_are_known_until_they_are_forgotten(
    database: Database, service: TicketService, records: TicketRecordService
) -> None:
    ticket = await opened(service)
    named = {CHANNEL, ChannelId(404)}
    assert await records.left_behind(named) == {}
    await service.close(actor(MIA), ticket.id, reason=None)

    assert await records.left_behind(named) == {CHANNEL: ticket.id}

    async with database.write() as connection:
        await connection.exec_driver_sql("UPDATE tickets SET purged_at = 1")
    assert await records.left_behind(named) == {}
