"""Notes are kept from those whom the ticket is about, whichever roles they have."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from bot.domain.desk_errors import NotesNotForYou
from bot.domain.errors import NotPermitted
from bot.domain.identifiers import ChannelId, GuildId, MessageId, RoleId, TicketId, UserId
from bot.domain.ticket import Ticket
from bot.domain.ticket_record import TicketMessage
from bot.domain.transcript import Copy, LinkClosedError, TranscriptLink
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_files import TicketFileService
from bot.services.ticket_notes import KEEP_OUT, OPEN, WRITE, TicketNotesService
from bot.services.ticket_people import TicketPeople
from bot.services.ticket_search import TicketSearchService
from bot.services.ticket_work import TicketWorkService
from bot.services.transcript_links import TranscriptLinks
from bot.services.transcripts import TranscriptService
from storage.file_folder import FileFolder
from tests.integration.storage.records import records_over
from tests.integration.storage.samples import MIA, NOOR, NOW
from tests.integration.storage.ticket_work.team import (
    MIA_ACTS,
    SAM,
    SAM_ACTS,
    SETTINGS,
    SUPPORT,
    Open,
    actor,
    acts_on,
    merging_over,
    payloads,
)

SCREEN = Screen(1, "token")
NOTES = ChannelId(4_000)
# Both have come to the team since.
MIA_OF_THE_TEAM, NOOR_OF_THE_TEAM = actor(MIA, SUPPORT), actor(NOOR, SUPPORT)


class Everybody:
    """Discord, where all that are asked about have the role."""

    async def roles(self, _guild_id: GuildId, _user_id: UserId) -> frozenset[RoleId]:
        return frozenset({SUPPORT})


class Desk:
    """What shows notes."""

    def __init__(self, context: Context, work: TicketWorkService, folder: Path) -> None:
        access = TicketAccess(context, GuildService(context, SETTINGS))
        self.context = context
        self.notes = TicketNotesService(context, work)
        self.people = TicketPeople(context, access)
        self.records = records_over(context)
        self.search = TicketSearchService(context, access)
        self.transcripts = TranscriptService(
            context,
            self.records,
            TicketFileService(context, FileFolder(folder)),
            access,
        )
        self.links = TranscriptLinks(
            context, access, Everybody(), public_url="https://bot.example", key=b"key"
        )

    async def note(self, ticket: Ticket, said: str, *, number: int = 50) -> None:
        """Sam writes it into the thread."""
        note = TicketMessage(
            message_id=MessageId(number),
            ticket_id=ticket.id,
            channel_id=NOTES,
            author_id=SAM,
            author_name="Sam",
            from_bot=False,
            content=said,
            sent_at=NOW + timedelta(seconds=number),
            internal=True,
        )
        await self.records.capture([note])

    async def copy_for(self, person: Actor, ticket: Ticket) -> Copy:
        return (await self.transcripts.asked_for(person, ticket.id))[1]

    async def found_by(self, person: Actor, words: str) -> Sequence[str]:
        page = await self.search.search(person, words, offset=0)
        return [each.said for each in page.found]

    async def opens(self, address: str) -> bool:
        """Whether a link to a transcript leads to it."""
        given = {name: values[0] for name, values in parse_qs(address.split("?")[1]).items()}
        ticket_id = address.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
        link = TranscriptLink(
            TicketId(ticket_id),
            UserId(int(given["for"])),
            Copy(given["copy"]),
            int(given["expires"]),
        )
        try:
            await self.links.open(link, given["signature"], reader="")
        except LinkClosedError:
            return False
        return True


@pytest.fixture
def desk(context: Context, work: TicketWorkService, tmp_path: Path) -> Desk:
    return Desk(context, work, tmp_path / "files")


async def test_neither_the_opener_nor_who_was_added_comes_to_the_notes(
    desk: Desk, opened: Open
) -> None:
    """Nothing is kept of it, and nothing is on its way."""
    ticket = await opened()
    await desk.people.add(SAM_ACTS, ticket.id, actor(NOOR), SCREEN)
    for person in (MIA_OF_THE_TEAM, NOOR_OF_THE_TEAM):
        with pytest.raises(NotesNotForYou):
            await desk.notes.write(person, ticket.id, "Let me see", screen=SCREEN)
        with pytest.raises(NotesNotForYou):
            await desk.notes.open(person, ticket.id, screen=SCREEN)
    with pytest.raises(NotPermitted):
        await desk.notes.open(MIA_ACTS, ticket.id, screen=SCREEN)
    database = desk.context.database
    assert await payloads(database, OPEN) == await payloads(database, WRITE) == []
    assert "noted" not in await acts_on(database, ticket)

    await desk.notes.open(SAM_ACTS, ticket.id, screen=SCREEN)
    await desk.people.remove(SAM_ACTS, ticket.id, actor(NOOR), SCREEN)
    await desk.notes.open(NOOR_OF_THE_TEAM, ticket.id, screen=SCREEN)
    assert [each["by"] for each in await payloads(database, OPEN)] == [SAM, NOOR]


async def test_whoever_is_added_leaves_the_notes(desk: Desk, opened: Open) -> None:
    """They were of the team before, and may be in the thread. Colleagues are left alone."""
    ticket = await opened()
    await desk.notes.keep_out(ticket.id, "1", [SAM])
    assert await payloads(desk.context.database, KEEP_OUT) == []

    await desk.people.add(SAM_ACTS, ticket.id, actor(NOOR), SCREEN)
    await desk.notes.keep_out(ticket.id, "2", [SAM, MIA])
    await desk.notes.keep_out(ticket.id, "3", None)

    suspected = [each["suspected"] for each in await payloads(desk.context.database, KEEP_OUT)]
    assert [sorted(each) for each in suspected] == [[NOOR], [MIA], [MIA, NOOR]]


async def test_their_transcript_and_their_search_have_no_notes(desk: Desk, opened: Open) -> None:
    ticket = await opened()
    await desk.note(ticket, "They are angry")
    await desk.people.add(SAM_ACTS, ticket.id, actor(NOOR), SCREEN)

    assert await desk.copy_for(SAM_ACTS, ticket) is Copy.STAFF
    assert await desk.found_by(SAM_ACTS, "angry") == ["They are angry"]
    for person in (MIA_OF_THE_TEAM, NOOR_OF_THE_TEAM):
        assert await desk.copy_for(person, ticket) is Copy.MEMBER
        assert await desk.found_by(person, "angry") == []

    theirs = await desk.links.make(ticket.id, NOOR, Copy.STAFF)
    sams = await desk.links.make(ticket.id, SAM, Copy.STAFF)
    assert theirs is not None
    assert sams is not None
    assert not await desk.opens(theirs)
    assert await desk.opens(sams)


async def test_what_was_merged_into_a_ticket_keeps_its_notes_from_its_own_people(
    desk: Desk, opened: Open
) -> None:
    """Noor was added to the one that went, and is of the other one's team."""
    first, second = await opened(), await opened(topic="help")
    await desk.people.add(SAM_ACTS, second.id, actor(NOOR), SCREEN)
    await desk.note(second, "They are angry")
    await merging_over(desk.context).merge(SAM_ACTS, second.id, into=first.id)

    assert await desk.copy_for(NOOR_OF_THE_TEAM, first) is Copy.MEMBER
    with pytest.raises(NotesNotForYou):
        await desk.notes.open(NOOR_OF_THE_TEAM, first.id, screen=SCREEN)
