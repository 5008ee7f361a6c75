"""Files of tickets: within their limits, whole or not at all, and gone with what was said."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.identifiers import AttachmentId, MessageId
from bot.domain.job import Job
from bot.domain.ticket import Ticket
from bot.domain.ticket_record import Attachment, KeptFile, RecordPolicy
from bot.services.context import Context
from bot.services.housekeeping import HousekeepingService
from bot.services.ticket_files import DELETE_FILES, TicketFileService
from bot.services.ticket_records import FETCH_FILE, TicketRecordService
from storage import ticket_purge, tickets
from storage.database import Database
from storage.file_folder import FileFolder
from tests.integration.storage.records import records_over
from tests.integration.storage.samples import MIA, NOW, Clock
from tests.integration.storage.test_ticket_records import jobs_of, message, said
from tests.integration.storage.test_tickets import actor, opened, service_over

LIMITS = RecordPolicy(keep_days=30, largest_file=10, largest_ticket=25)


@pytest.fixture
def limited(context: Context) -> Context:
    return replace(context, policy=replace(context.policy, records=LIMITS))


@pytest.fixture
def files(limited: Context, tmp_path: Path) -> TicketFileService:
    return TicketFileService(limited, FileFolder(tmp_path / "files"))


@pytest.fixture
def records(limited: Context) -> TicketRecordService:
    return records_over(limited)


@pytest.fixture
async def ticket(limited: Context) -> Ticket:
    return await opened(service_over(limited))


def attachment(number: int, size: int, name: str = "../../x.png") -> Attachment:
    return Attachment(AttachmentId(number), name, "image/png", size, f"https://cdn/{number}")


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def came_with(
    records: TicketRecordService, ticket: Ticket, *attachments: Attachment
) -> list[KeptFile]:
    await records.capture([replace(message(10, ticket), attachments=attachments)])
    return list((await records.record(ticket.id)).files)


async def test_a_file_is_fetched_once_and_kept_under_a_name_of_ours(
    database: Database,
    records: TicketRecordService,
    files: TicketFileService,
    ticket: Ticket,
    tmp_path: Path,
) -> None:
    await came_with(records, ticket, attachment(70, 6))
    [job] = await jobs_of(database, FETCH_FILE)
    assert job.payload["url"] == "https://cdn/70"
    assert await files.is_any_awaited(ticket.id)
    wanted = await files.wanted(AttachmentId(70))
    assert wanted is not None

    await files.keep(wanted, chunks(b"abc", b"def"))

    assert await files.wanted(AttachmentId(70)) is None
    assert not await files.is_any_awaited(ticket.id)
    [kept] = (await records.record(ticket.id)).files
    path = files.path(kept)
    assert path is not None
    assert path.read_bytes() == b"abcdef"
    assert path == tmp_path / "files" / ticket.id / "70"
    await files.give_up(kept, "too late")
    assert (await records.record(ticket.id)).files == (kept,)


async def test_limits_do_not_depend_on_the_order_in_which_files_come(
    records: TicketRecordService, files: TicketFileService, ticket: Ticket
) -> None:
    """20 fit into the ticket's 25; the large one counts for nothing."""
    sizes = {70: 10, 71: 11, 72: 10, 73: 6, 74: 5}
    await came_with(records, ticket, *(attachment(*each) for each in sizes.items()))

    wanted = [number for number in (74, 73, 72, 71, 70) if await files.wanted(AttachmentId(number))]

    assert wanted == [72, 70]
    reasons = {each.id: each.failure for each in (await records.record(ticket.id)).files}
    assert reasons[AttachmentId(71)] == "files of more than 10 bytes are not kept"
    assert reasons[AttachmentId(73)] == "a ticket's files are kept up to 25 bytes"


async def test_more_than_was_announced_and_a_broken_line_leave_nothing(
    records: TicketRecordService, files: TicketFileService, ticket: Ticket, tmp_path: Path
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ConnectionResetError

    large, cut = await came_with(records, ticket, attachment(70, 5), attachment(71, 5))
    await files.keep(large, chunks(b"x" * 6, b"x" * 6))
    with pytest.raises(ConnectionResetError):
        await files.keep(cut, broken())

    assert [each for each in (tmp_path / "files").rglob("*") if each.is_file()] == []
    failures = [each.failure for each in (await records.record(ticket.id)).files]
    assert failures == ["it was larger than Discord had said", None]


async def test_a_file_that_comes_after_its_ticket_was_forgotten_is_not_kept(
    database: Database,
    records: TicketRecordService,
    files: TicketFileService,
    ticket: Ticket,
    tmp_path: Path,
) -> None:
    [file] = await came_with(records, ticket, attachment(70, 3))
    async with database.write() as connection:
        await ticket_purge.purge(connection, [ticket.id], now=NOW)

    await files.keep(file, chunks(b"abc"))

    assert [each for each in (tmp_path / "files").rglob("*") if each.is_file()] == []


async def test_what_was_said_is_deleted_when_its_time_is_over(
    database: Database,
    limited: Context,
    ticket: Ticket,
    clock: Clock,
    tmp_path: Path,
) -> None:
    """Messages, files, answers and the reason go; the ticket stays for the figures."""
    records = records_over(limited)
    files = TicketFileService(limited, FileFolder(tmp_path / "files"))
    service, housekeeping = service_over(limited), HousekeepingService(limited)
    [file] = await came_with(records, ticket, attachment(70, 3))
    await files.keep(file, chunks(b"abc"))
    await service.close(actor(MIA), ticket.id, reason="Solved")
    await service.closed(ticket.id)
    for days, remaining in ((30, ["Hello"]), (0.1, [])):
        clock.advance(days=days)
        await housekeeping.run(Job(1, "housekeeping.run", "k", {}, 1))
        assert said((await records.record(ticket.id)).messages) == remaining

    for job in await jobs_of(database, DELETE_FILES, at=clock.now):
        await files.delete(job)

    async with database.read() as connection:
        left = await tickets.find(connection, ticket.id)
    assert left is not None
    assert (left.answers, left.close_reason, left.number) == ({}, None, ticket.number)
    assert not (tmp_path / "files" / ticket.id).exists()


async def test_zero_days_are_for_ever(
    limited: Context, records: TicketRecordService, ticket: Ticket, clock: Clock
) -> None:
    forever = replace(limited, policy=replace(limited.policy, records=replace(LIMITS, keep_days=0)))
    service = service_over(limited)
    await records.capture([message(10, ticket)])
    await service.close(actor(MIA), ticket.id, reason=None)
    await service.closed(ticket.id)
    clock.advance(days=5000)

    await HousekeepingService(forever).run(Job(1, "housekeeping.run", "k", {}, 1))

    [talk] = (await records.record(ticket.id)).talks
    assert talk.last_captured == MessageId(10)
