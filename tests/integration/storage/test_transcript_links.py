"""Links to transcripts in the audit log: once each, whatever runs again."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.identifiers import GuildId, RoleId, UserId
from bot.domain.transcript import Copy, LinkClosedError, TranscriptLink, WhyClosed
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.membership import RolesUnknownError
from bot.services.ticket_access import TicketAccess
from bot.services.tickets import TicketService
from bot.services.transcript_links import TranscriptLinks
from storage import ticket_people
from storage.database import Database
from storage.schema import audit_log
from tests.integration.storage.samples import MIA, NOOR, NOW, Clock
from tests.integration.storage.test_tickets import SETTINGS, SUPPORT, opened, service_over

KEY = b"key"


class Discord:
    """Says who has which roles, or does not answer."""

    def __init__(self) -> None:
        self.members: dict[UserId, frozenset[RoleId]] = {NOOR: frozenset({SUPPORT})}
        self.answers = True

    async def roles(self, _guild_id: GuildId, user_id: UserId) -> frozenset[RoleId] | None:
        if not self.answers:
            raise RolesUnknownError
        return self.members.get(user_id)


@pytest.fixture
def service(context: Context) -> TicketService:
    return service_over(context)


@pytest.fixture
def discord() -> Discord:
    return Discord()


@pytest.fixture
def links(context: Context, discord: Discord) -> TranscriptLinks:
    access = TicketAccess(context, GuildService(context, SETTINGS))
    return TranscriptLinks(context, access, discord, public_url="https://x.example/bot", key=KEY)


async def noted(database: Database) -> list[tuple[int, str]]:
    async with database.read() as connection:
        rows = await connection.execute(
            sa.select(audit_log.c.actor_id, audit_log.c.action)
            .where(audit_log.c.action.contains("_link_"))
            .order_by(audit_log.c.id)
        )
        return [(row.actor_id, row.action) for row in rows]


def signature(link: TranscriptLink) -> str:
    return link.query(KEY).rsplit("=", 1)[1]


async def test_a_closing_that_runs_again_makes_the_same_link(
    database: Database, service: TicketService, links: TranscriptLinks, clock: Clock
) -> None:
    ticket = await opened(service)

    first = await links.make(ticket.id, MIA, Copy.MEMBER, at=NOW)
    clock.advance(hours=1)
    again = await links.make(ticket.id, MIA, Copy.MEMBER, at=NOW)
    later = await links.make(ticket.id, MIA, Copy.MEMBER)

    assert first == again != later
    assert first is not None
    assert first.startswith(f"https://x.example/bot/transcripts/{ticket.id}?")
    assert await noted(database) == [(MIA, "ticket.member_link_made")] * 2


async def test_only_what_opens_counts_as_opened(
    database: Database, service: TicketService, links: TranscriptLinks, discord: Discord
) -> None:
    ticket = await opened(service)
    link = TranscriptLink.made(ticket.id, NOOR, Copy.STAFF, now=NOW)
    members = TranscriptLink.made(ticket.id, NOOR, Copy.MEMBER, now=NOW)
    discord.answers = False
    with pytest.raises(RolesUnknownError):
        await links.open(link, signature(link), reader="")
    discord.answers = True
    for nobodys in (link, members):
        with pytest.raises(LinkClosedError) as refused:
            await links.open(nobodys, signature(nobodys)[:-1], reader="")
        assert (refused.value.why, refused.value.number) == (WhyClosed.NOT_OURS, None)
    with pytest.raises(LinkClosedError) as refused:
        await links.open(members, signature(members), reader="")
    assert refused.value.why is WhyClosed.NOT_THEIRS
    with pytest.raises(LinkClosedError) as refused:
        await links.require_opened(link, signature(link), reader="")
    assert refused.value.why is WhyClosed.OPENED_ELSEWHERE
    assert await noted(database) == []

    await links.open(link, signature(link), reader="")
    await links.open(link, signature(link), reader=links.reader_of(link))
    await links.require_opened(link, signature(link), reader=links.reader_of(link))

    assert await noted(database) == [(NOOR, "ticket.staff_link_opened")]
    assert links.path_of(link) == f"/bot/transcripts/{ticket.id}"


async def test_the_teams_link_closes_for_whoever_the_ticket_is_about(
    context: Context, service: TicketService, links: TranscriptLinks
) -> None:
    """Noor has the role, and was added to the ticket before: the copy with the notes is not hers.

    Her own copy opens.
    """
    ticket = await opened(service)
    link = TranscriptLink.made(ticket.id, NOOR, Copy.STAFF, now=NOW)
    await links.open(link, signature(link), reader="")
    async with context.database.write() as connection:
        await ticket_people.add(connection, ticket.id, NOOR, added_by=MIA, now=NOW)

    for opening in (links.open, links.require_opened):
        with pytest.raises(LinkClosedError) as refused:
            await opening(link, signature(link), reader=links.reader_of(link))
        assert refused.value.why is WhyClosed.NOT_THEIRS
    members = TranscriptLink.made(ticket.id, NOOR, Copy.MEMBER, now=NOW)
    await links.open(members, signature(members), reader="")


async def test_a_link_ends_with_its_time(
    service: TicketService, links: TranscriptLinks, clock: Clock
) -> None:
    ticket = await opened(service)
    link = TranscriptLink.made(ticket.id, NOOR, Copy.STAFF, now=NOW)
    await links.open(link, signature(link), reader="")
    clock.advance(minutes=15)

    with pytest.raises(LinkClosedError) as refused:
        await links.open(link, signature(link), reader=links.reader_of(link))

    assert (refused.value.why, refused.value.number) == (WhyClosed.EXPIRED, ticket.number)
    assert link.expires_at == NOW + timedelta(minutes=15)
