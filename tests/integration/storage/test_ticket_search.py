"""The team finds what was said, and only where it may look; text is never a query's language."""

from dataclasses import replace

import pytest

from bot.domain.errors import NothingToSearch, NotPermitted, ServerNotTrusted
from bot.domain.identifiers import GuildId, RoleId
from bot.domain.ticket import Ticket
from bot.domain.ticket_search import PAGE, FoundPage
from bot.domain.topic import Topic
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_records import TicketRecordService
from bot.services.ticket_search import TicketSearchService
from bot.services.tickets import TicketService
from storage import ticket_purge, ticket_search
from storage.database import Database
from tests.integration.storage.records import records_over
from tests.integration.storage.samples import GUILD, MIA, NOOR, NOW
from tests.integration.storage.test_ticket_records import edit, message
from tests.integration.storage.test_tickets import (
    SCREEN,
    SETTINGS,
    SUPPORT,
    actor,
    open_ticket,
    opened,
    service_over,
)

MODERATOR = RoleId(6)
BILLING_TEAM = RoleId(77)
OTHER_GUILD = GuildId(7002)


def with_billing_team(topic: Topic) -> Topic:
    return replace(topic, staff_role_id=BILLING_TEAM) if topic.id == "billing" else topic


@pytest.fixture
def service(context: Context) -> TicketService:
    return service_over(context)


@pytest.fixture
def records(context: Context) -> TicketRecordService:
    return records_over(context)


def search_over(context: Context) -> TicketSearchService:
    access = TicketAccess(context, GuildService(context, SETTINGS))
    return TicketSearchService(context, access)


@pytest.fixture
def search(context: Context) -> TicketSearchService:
    return search_over(context)


async def found(search: TicketSearchService, typed: str, *roles: RoleId) -> list[str]:
    page = await search.search(actor(NOOR, *(roles or (SUPPORT,))), typed, offset=0)
    return [each.said for each in page.found]


async def said(records: TicketRecordService, ticket: Ticket, *texts: str, start: int = 10) -> None:
    await records.capture(
        [message(number, ticket, text) for number, text in enumerate(texts, start)]
    )


async def test_words_are_found_at_their_beginning_whatever_their_case(
    service: TicketService, records: TicketRecordService, search: TicketSearchService
) -> None:
    ticket = await opened(service)
    await said(records, ticket, "My Refund for in_123 is missing", "ask mia@example.com, please")

    assert await found(search, "refund") == ["My Refund for in_123 is missing"]
    assert await found(search, "REFU missing") == ["My Refund for in_123 is missing"]
    assert await found(search, "in_123") == ["My Refund for in_123 is missing"]
    assert await found(search, "mia@example.com") == ["ask mia@example.com, please"]
    assert await found(search, "fund") == []
    assert await found(search, "refund please") == []


async def test_answers_are_found_and_what_bots_show_is_not(
    service: TicketService, records: TicketRecordService, search: TicketSearchService
) -> None:
    ticket = await opened(service)
    await records.capture([replace(message(10, ticket, "Never send a password"), from_bot=True)])

    assert await found(search, "declined") == ["Card [removed] declined"]
    assert await found(search, "password") == []
    assert await found(search, "description") == []


@pytest.mark.parametrize(
    "typed",
    [
        '" OR body:x',
        "NEAR(refund, 2)",
        "refund* -missing ^x",
        "a' & !b | 'c':*",
        "refund); DROP TABLE tickets; --",
        "%_\\",
        "()",
        "日本",
    ],
)
async def test_text_is_never_a_language(
    service: TicketService, records: TicketRecordService, search: TicketSearchService, typed: str
) -> None:
    ticket = await opened(service)
    await said(records, ticket, f"somebody wrote {typed} here")

    if not any(sign.isalnum() for sign in typed):
        with pytest.raises(NothingToSearch):
            await found(search, typed)
    else:
        assert await found(search, typed) == [f"somebody wrote {typed} here"]
        assert await found(search, f"{typed} elsewhere") == []


async def test_edits_purges_and_other_servers(
    database: Database,
    service: TicketService,
    records: TicketRecordService,
    search: TicketSearchService,
) -> None:
    ticket = await opened(service)
    await said(records, ticket, "first words", "other words")
    await records.capture_edit(edit(message(10, ticket), "changed words"))
    assert await found(search, "first") == []
    assert await found(search, "changed") == ["changed words"]
    stranger = replace(actor(NOOR, SUPPORT), guild_id=type(GUILD)(1))
    with pytest.raises(ServerNotTrusted):
        await search.search(stranger, "words", offset=0)

    async with database.write() as connection:
        await ticket_purge.purge(connection, [ticket.id], now=NOW)

    assert await found(search, "words") == await found(search, "declined") == []


async def test_only_topics_that_the_actor_answers(context: Context) -> None:
    policy = context.policy
    topics = tuple(with_billing_team(each) for each in policy.topics)
    context = replace(context, policy=replace(policy, topics=topics))
    await GuildService(context, SETTINGS).note_roles(GUILD, {BILLING_TEAM})
    service, records, search = (
        service_over(context),
        records_over(context),
        search_over(context),
    )
    billing = await opened(service)
    help_ticket = await open_ticket(service, topic="help")
    await said(records, billing, "secret of billing")
    await said(records, help_ticket, "secret of help", start=20)

    assert await found(search, "secret", SUPPORT) == ["secret of help"]
    assert await found(search, "secret", BILLING_TEAM) == ["secret of billing"]
    assert len(await found(search, "secret", BILLING_TEAM, SUPPORT)) == 2
    assert len(await found(search, "secret", MODERATOR)) == 2
    for nobody in ((), (RoleId(99),)):
        with pytest.raises(NotPermitted):
            await search.search(actor(MIA, *nobody), "secret", offset=0)


async def test_a_busy_server_or_topic_hides_nothing_of_another(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many newer messages have the word where the actor may not look."""
    monkeypatch.setattr(ticket_search, "MOST_HITS", 3)
    topics = tuple(with_billing_team(each) for each in context.policy.topics)
    context = replace(context, policy=replace(context.policy, topics=topics))
    await GuildService(context, SETTINGS).note_roles(GUILD, {BILLING_TEAM})
    service, records = service_over(context), records_over(context)
    own = await open_ticket(service, topic="help")
    await said(records, own, "again and again")
    elsewhere = await open_ticket(service, topic="help", guild=OTHER_GUILD)
    await said(records, elsewhere, *("again 1",) * 5, start=100)
    billing = await opened(service)
    await said(records, billing, *("again 2",) * 5, start=200)

    assert await found(search_over(context), "again", SUPPORT) == ["again and again"]
    assert await found(search_over(context), "again", BILLING_TEAM) == ["again 2"]
    assert await found(search_over(context), str(OTHER_GUILD), SUPPORT) == []


async def test_pages_have_one_line_for_each_ticket_newest_first(
    database: Database,
    service: TicketService,
    records: TicketRecordService,
    search: TicketSearchService,
) -> None:
    numbers = range(1, PAGE + 3)
    for number in numbers:
        ticket = await service.open(
            guild_id=GUILD,
            opener_id=type(MIA)(5000 + number),
            topic_id="help",
            answers={},
            screen=SCREEN,
        )
        await said(records, ticket, f"again {number}", "again", start=number * 10)

    first = await search.search(actor(NOOR, SUPPORT), "again", offset=0)
    second = await search.search(actor(NOOR, SUPPORT), "again", offset=PAGE)

    assert shown(first) + shown(second) == list(reversed(numbers))
    assert (first.more, second.more) == (True, False)
    assert {each.messages for each in first.found} == {2}


def shown(page: FoundPage) -> list[int]:
    return [each.ticket.number for each in page.found]
