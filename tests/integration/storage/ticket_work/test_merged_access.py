"""What was merged into a ticket is read only by those who could read it before, on both databases.

Mia reported Sam, whom moderators do not count among theirs, in a topic with a team of its own; Max
is of both teams and merges that into her billing ticket, to which Noor was added.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.desk_errors import NothingToMerge
from bot.domain.errors import NoSuchThing, NotPermitted
from bot.domain.identifiers import (
    AttachmentId,
    ChannelId,
    GuildId,
    MessageId,
    RoleId,
    UserId,
)
from bot.domain.ticket import Priority, Ticket
from bot.domain.ticket_record import Attachment, TicketMessage, TicketRecord
from bot.domain.transcript import Copy, TranscriptLink
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_files import TicketFileService
from bot.services.ticket_merges import TicketMergeService
from bot.services.ticket_notes import KEEP_OUT
from bot.services.ticket_people import TicketPeople
from bot.services.ticket_search import TicketSearchService
from bot.services.ticket_work import TicketWorkService
from bot.services.transcript_links import TranscriptLinks
from bot.services.transcripts import TranscriptService
from storage.file_folder import FileFolder
from tests.integration.storage.records import records_over
from tests.integration.storage.samples import GUILD, MAX, MIA, NOOR, NOW
from tests.integration.storage.ticket_work.team import (
    MAX_ACTS,
    MIA_ACTS,
    SAM,
    SAM_ACTS,
    SETTINGS,
    SUPPORT,
    Open,
    actor,
    now_is,
    payloads,
)

TRUSTEES = RoleId(77)
KIM = UserId(1020)
KIM_ACTS = actor(KIM, TRUSTEES)
BOTH = actor(MAX, TRUSTEES, SUPPORT)
SCREEN = Screen(1, "token")
KEY = b"key"
BILL, REPORT = "I was charged twice", "Sam threatened me"


class Everybody:
    """Discord, which says who has which role."""

    async def roles(self, _guild_id: GuildId, user_id: UserId) -> frozenset[RoleId]:
        return {SAM: frozenset({SUPPORT}), MAX: BOTH.role_ids}.get(user_id, frozenset())


class Desk:
    """What shows what was said in tickets."""

    def __init__(self, context: Context, folder: Path) -> None:
        self.context = context
        self.guilds = GuildService(context, SETTINGS)
        self.access = access = TicketAccess(context, self.guilds)
        self.work = TicketWorkService(context, access)
        self.merging = TicketMergeService(context, self.work, access)
        self.people = TicketPeople(context, access)
        self.records = records_over(context)
        self.search = TicketSearchService(context, access)
        files = TicketFileService(context, FileFolder(folder))
        self.transcripts = TranscriptService(context, self.records, files, access)
        self.links = TranscriptLinks(
            context, access, Everybody(), public_url="https://bot.example", key=KEY
        )

    async def say(self, ticket: Ticket, said: str, *, number: int, internal: bool = False) -> None:
        """With a file, so that both can be asked for."""
        file = Attachment(AttachmentId(number), "a.txt", "text/plain", 3, "https://cdn.example/a")
        message = TicketMessage(
            message_id=MessageId(number),
            ticket_id=ticket.id,
            channel_id=ticket.channel_id or ChannelId(1),
            author_id=MIA,
            author_name="Mia",
            from_bot=False,
            content=said,
            sent_at=NOW + timedelta(seconds=number),
            attachments=(file,),
            internal=internal,
        )
        await self.records.capture([message])

    async def read_by(self, person: Actor, ticket: Ticket) -> list[str]:
        """What `/ticket transcript` gives them."""
        return said((await self.transcripts.asked_for(person, ticket.id))[0])

    async def page_for(self, user_id: UserId, copy: Copy, ticket: Ticket) -> tuple[str, list[int]]:
        """What a link of theirs leads to, and which of the two files it hands out."""
        link = TranscriptLink.made(ticket.id, user_id, copy, now=self.context.clock())
        signature = link.query(KEY).rsplit("=", 1)[1]
        reader = await self.links.open(link, signature, reader="")
        again = await self.links.require_opened(link, signature, reader=self.links.reader_of(link))
        assert again == reader
        handed_out = []
        for number in (10, 20):
            try:
                await self.transcripts.file_at(link, AttachmentId(number), reader)
            except NoSuchThing:
                continue
            handed_out.append(number)
        return await self.transcripts.page(link, reader, query=""), handed_out


@dataclass(frozen=True, slots=True)
class Merged:
    """The report is now part of the bill."""

    bill: Ticket
    report: Ticket


def said(record: TicketRecord) -> list[str]:
    return [each.content for each in record.messages]


@pytest.fixture
async def desk(context: Context, tmp_path: Path) -> Desk:
    topics = tuple(
        replace(each, staff_role_id=TRUSTEES) if each.id == "help" else each
        for each in context.policy.topics
    )
    with_team = replace(context, policy=replace(context.policy, topics=topics))
    desk = Desk(with_team, tmp_path / "files")
    await desk.guilds.note_roles(GUILD, {SUPPORT, TRUSTEES})
    return desk


@pytest.fixture
async def merged(desk: Desk, opened: Open) -> Merged:
    bill, report = await opened(), await opened(topic="help")
    await desk.say(bill, BILL, number=10)
    await desk.say(report, REPORT, number=20)
    await desk.people.add(SAM_ACTS, bill.id, actor(NOOR), SCREEN)
    await desk.merging.merge(BOTH, report.id, into=bill.id)
    return Merged(bill, report)


async def test_a_team_reads_of_a_merged_ticket_what_it_answered_itself(
    desk: Desk, merged: Merged
) -> None:
    """Who may read both reads both; what is left out is named."""
    assert await desk.read_by(SAM_ACTS, merged.bill) == [BILL]
    for reader in (BOTH, MAX_ACTS, MIA_ACTS):
        assert await desk.read_by(reader, merged.bill) == [BILL, REPORT]
    with pytest.raises(NotPermitted):
        await desk.read_by(KIM_ACTS, merged.bill)
    assert await desk.read_by(KIM_ACTS, merged.report) == [REPORT]
    record, copy = await desk.transcripts.asked_for(SAM_ACTS, merged.bill.id)
    assert [each.number for each in record.left_out] == [merged.report.number]
    assert "ticket 0002 is not in it" in await desk.transcripts.file(record, copy)


async def test_who_was_added_to_one_of_both_reads_that_one(desk: Desk, merged: Merged) -> None:
    """Whenever they were added, and also where they are of the other one's team by now."""
    await desk.people.add(SAM_ACTS, merged.bill.id, actor(KIM), SCREEN)
    for reader in (actor(NOOR), actor(NOOR, TRUSTEES), actor(KIM), KIM_ACTS):
        assert await desk.read_by(reader, merged.bill) == [BILL]


async def test_links_and_their_files_show_no_more(desk: Desk, merged: Merged) -> None:
    sams, sams_files = await desk.page_for(SAM, Copy.STAFF, merged.bill)
    noors, noors_files = await desk.page_for(NOOR, Copy.MEMBER, merged.bill)
    maxs, maxs_files = await desk.page_for(MAX, Copy.STAFF, merged.bill)
    mias, mias_files = await desk.page_for(MIA, Copy.MEMBER, merged.bill)

    pages = (sams, noors, maxs, mias)
    assert [BILL in page for page in pages] == [True] * 4
    assert [REPORT in page for page in pages] == [False, False, True, True]
    assert [sams_files, noors_files, maxs_files, mias_files] == [[10], [10], [10, 20], [10, 20]]


async def test_the_log_channel_gets_nothing_of_a_topic_with_a_team_of_its_own(
    desk: Desk, merged: Merged, opened: Open
) -> None:
    record = await desk.records.record(merged.bill.id)
    shown = await desk.access.for_log(record)
    assert shown is not None
    assert said(shown) == [BILL]

    assert await desk.access.for_log(await desk.records.record(merged.report.id)) is None
    bill, report = await opened(opener=NOOR), await opened(opener=NOOR, topic="help")
    await desk.merging.merge(BOTH, bill.id, into=report.id)
    assert await desk.access.for_log(await desk.records.record(report.id)) is None


async def found_by(desk: Desk, person: Actor, words: str) -> Sequence[str]:
    return [each.said for each in (await desk.search.search(person, words, offset=0)).found]


async def test_search_finds_what_each_may_read(desk: Desk, opened: Open, merged: Merged) -> None:
    """Also of the notes: who was added to the one that went is kept from the other one's."""
    assert await found_by(desk, SAM_ACTS, "threatened") == []
    assert await found_by(desk, KIM_ACTS, "threatened") == [REPORT]

    bill, report = await opened(opener=NOOR), await opened(opener=NOOR, topic="help")
    await desk.people.add(KIM_ACTS, report.id, SAM_ACTS, SCREEN)
    await desk.say(bill, "Is it Sam again?", number=30, internal=True)
    assert await found_by(desk, SAM_ACTS, "again") == ["Is it Sam again?"]
    await desk.merging.merge(BOTH, report.id, into=bill.id)
    assert await found_by(desk, SAM_ACTS, "again") == []
    assert await found_by(desk, BOTH, "again") == ["Is it Sam again?"]


async def test_whoever_is_of_one_team_neither_merges_nor_hears_of_the_other_ticket(
    desk: Desk, opened: Open
) -> None:
    bill, report = await opened(), await opened(topic="help")
    for person, ticket in ((SAM_ACTS, bill), (KIM_ACTS, report)):
        with pytest.raises(NothingToMerge):
            await desk.merging.candidates(person, ticket.id)
    for person in (SAM_ACTS, KIM_ACTS):
        with pytest.raises(NotPermitted):
            await desk.merging.merge(person, report.id, into=bill.id)
    await desk.people.add(SAM_ACTS, bill.id, actor(NOOR), SCREEN)

    choice = await desk.merging.candidates(BOTH, report.id)

    assert (choice.source.ticket.id, choice.source.team) == (report.id, TRUSTEES)
    [other] = choice.others
    assert (other.ticket.id, other.team, other.people) == (bill.id, SUPPORT, (NOOR,))


async def test_another_team_takes_over_how_pressing_it_is_and_nothing_else(
    desk: Desk, opened: Open
) -> None:
    """Tags and who had it belong to the team that gave them."""
    bill, report = await opened(), await opened(topic="help")
    await desk.work.tag(KIM_ACTS, report.id, "about-sam")
    await desk.work.claim(KIM_ACTS, report.id)
    await desk.work.set_priority(KIM_ACTS, report.id, Priority.HIGH)

    await desk.merging.merge(BOTH, report.id, into=bill.id)

    worked = await desk.work.look(SAM_ACTS, bill.id)
    assert (worked.ticket.priority, worked.ticket.assignee_id) == (Priority.HIGH, None)
    assert worked.tags == ()


async def test_whoever_a_merge_makes_a_part_of_it_has_it_no_more(desk: Desk, opened: Open) -> None:
    """Sam has the bill and may be in its notes; the report to which he was added becomes a part."""
    bill, report = await opened(), await opened(topic="help")
    await desk.work.claim(SAM_ACTS, bill.id)
    await desk.people.add(KIM_ACTS, report.id, SAM_ACTS, SCREEN)

    await desk.merging.merge(BOTH, report.id, into=bill.id)

    database = desk.context.database
    assert (await now_is(database, bill)).assignee_id is None
    looked_for = [
        each["suspected"]
        for each in await payloads(database, KEEP_OUT)
        if each["ticket_id"] == bill.id
    ]
    assert looked_for == [[SAM]]
