"""Who can open how many tickets, panels, and messages that a ticket is about; on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import NoSuchThing, NotPermitted, TicketExists
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, MessageId, RoleId, UserId
from bot.domain.opening_errors import NotBlocked, QuoteGone, TicketsBlocked, TopicGone
from bot.domain.panel import Panel, PanelLayout, PanelState
from bot.domain.topic import ABOUT_MESSAGE, Topic
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.panels import PanelService
from bot.services.screens import Screen
from bot.services.ticket_blocks import TicketBlockService
from bot.services.ticket_requests import KEEP_QUOTES, Asking, TicketRequestService
from bot.services.tickets import TicketService
from storage import erasure, jobs, panels, ticket_blocks, ticket_quotes
from storage.database import Database
from tests.integration.storage.samples import GUILD, MAX, MIA, NOOR, NOW, Clock, service_context

SCREEN = Screen(1, "token")
SUPPORT, MODERATORS = RoleId(5), RoleId(6)
SETTINGS = {GUILD: GuildSettings(SUPPORT, MODERATORS, ChannelId(7), ChannelId(8))}
SAM = Actor(UserId(77), GUILD, frozenset({SUPPORT}), manages_guild=False)
ADA = Actor(UserId(78), GUILD, frozenset(), manages_guild=True)
HERE = ChannelId(500)
MANY = Topic("many", "Many", "", (), max_open=3)
CARD = "4242 4242 4242 4242"


def with_many(context: Context) -> Context:
    """A member can have three tickets of one topic."""
    topics = (*context.policy.topics, MANY)
    return replace(
        context, policy=replace(context.policy, topics=topics, support_email="team@example.com")
    )


@pytest.fixture
def wide(context: Context) -> Context:
    return with_many(context)


@pytest.fixture
def guilds(wide: Context) -> GuildService:
    return GuildService(wide, SETTINGS)


async def open_one(
    service: TicketService, opener: UserId = MIA, *, asking: Asking | None = None
) -> int:
    ticket = await service.open(
        guild_id=GUILD,
        opener_id=opener,
        topic_id="many",
        answers={},
        screen=SCREEN,
        asking=asking,
    )
    return ticket.number


async def test_of_ten_submissions_at_once_a_topics_limit_is_kept(
    wide: Context, guilds: GuildService, database_url: str, clock: Clock
) -> None:
    """Also when they reach two processes."""
    far_database = Database(database_url)
    async with service_context(far_database, clock) as context:
        numbers = iter(range(1000))
        far_context = replace(with_many(context), new_id=lambda: f"FAR{next(numbers)}")
        near = TicketService(wide, guilds)
        far = TicketService(far_context, GuildService(far_context, SETTINGS))
        outcomes = await asyncio.gather(
            *(open_one(each) for each in (near, far) * 5), return_exceptions=True
        )
    await far_database.close()

    opened = [each for each in outcomes if isinstance(each, int)]
    refused = [each for each in outcomes if isinstance(each, TicketExists)]
    assert (len(opened), len(refused)) == (3, 7), outcomes
    assert len(set(opened)) == 3


async def test_a_place_that_became_free_is_taken_again(wide: Context, guilds: GuildService) -> None:
    service = TicketService(wide, guilds)
    first = await service.open(
        guild_id=GUILD, opener_id=MIA, topic_id="many", answers={}, screen=SCREEN
    )
    await open_one(service)
    assert await service.occupying(GUILD, MIA, "many") is None
    await open_one(service)
    assert await service.occupying(GUILD, MIA, "many") is not None
    await service.opening_failed(first.id, "no room")

    await open_one(service)

    with pytest.raises(TicketExists):
        await open_one(service)
    await open_one(service, NOOR)


async def test_a_block_counts_until_its_end_and_not_for_the_team(
    wide: Context, guilds: GuildService, clock: Clock
) -> None:
    service, blocks = TicketService(wide, guilds), TicketBlockService(wide, guilds)
    until = NOW + timedelta(days=7)
    await blocks.block(SAM, MIA, until=until, reason=f"sends {CARD}")
    with pytest.raises(TicketsBlocked) as refused:
        await open_one(service)
    assert (refused.value.until, refused.value.write_to) == (until, "team@example.com")
    await open_one(service, asking=Asking(by=SAM.user_id))
    await open_one(service, NOOR)
    [listed] = await blocks.in_force(SAM)
    assert listed.reason == "sends [removed]"

    clock.now = until

    await blocks.require_unblocked(GUILD, MIA)
    assert list(await blocks.in_force(SAM)) == []
    with pytest.raises(NotBlocked):
        await blocks.unblock(SAM, MIA)


async def test_a_second_block_replaces_the_first_and_who_is_not_of_the_team_blocks_nobody(
    wide: Context, guilds: GuildService
) -> None:
    blocks = TicketBlockService(wide, guilds)
    await blocks.block(SAM, MIA, until=NOW + timedelta(days=1), reason=None)
    await blocks.block(SAM, MIA, until=None, reason="again")

    [block] = await blocks.in_force(SAM)
    assert (block.until, block.reason) == (None, "again")
    stranger = replace(SAM, role_ids=frozenset())
    for attempt in (
        blocks.block(stranger, NOOR, until=None, reason=None),
        blocks.unblock(stranger, MIA),
        blocks.in_force(stranger),
    ):
        with pytest.raises(NotPermitted):
            await attempt
    await blocks.unblock(SAM, MIA)
    assert list(await blocks.in_force(SAM)) == []


async def test_erasure_leaves_a_block_in_force_without_its_reason(
    wide: Context, guilds: GuildService, database: Database
) -> None:
    blocks = TicketBlockService(wide, guilds)
    await blocks.block(SAM, MIA, until=None, reason="about Mia")
    async with database.write() as connection:
        await erasure.erase(connection, MIA, reference="E-1", now=NOW)
        assert await ticket_blocks.purge(connection, now=NOW) == 0

    [block] = await blocks.in_force(SAM)
    assert block.reason is None


async def test_s21_a_quoted_message_is_cleaned_and_goes_into_one_ticket_of_its_taker(
    wide: Context, guilds: GuildService, database: Database
) -> None:
    service, requests = TicketService(wide, guilds), TicketRequestService(wide, guilds)
    taker = Actor(MIA, GUILD, frozenset(), manages_guild=False)
    link = "https://discord.com/channels/123456789012345678/123456789012345679/12345678901234567"
    quote_id = await requests.quote(
        taker, author_id=MAX, author_name="Max", said=f"paid with {CARD}", link=link
    )
    with pytest.raises(QuoteGone):
        await open_one(service, NOOR, asking=Asking(quote_id=quote_id))

    ticket = await service.open(
        guild_id=GUILD,
        opener_id=MIA,
        topic_id="many",
        answers={"description": "this"},
        screen=SCREEN,
        asking=Asking(quote_id=quote_id),
    )

    assert ticket.answers[ABOUT_MESSAGE] == f"Max: paid with [removed]\n{link}"
    with pytest.raises(QuoteGone):
        await open_one(service, asking=Asking(quote_id=quote_id))
    await requests.quote(taker, author_id=MAX, author_name="Max", said="left", link=link)
    async with database.write() as connection:
        assert await ticket_quotes.purge(connection, before=NOW) == 0
        assert await ticket_quotes.purge(connection, before=NOW + KEEP_QUOTES) == 1


async def draft(service: PanelService, *topics: str) -> Panel:
    return await service.draft(
        ADA, HERE, title="Help", body="Text", topics=topics, layout=PanelLayout.BUTTONS
    )


async def kinds(database: Database) -> list[str]:
    """The jobs that wait."""
    async with database.write() as connection:
        claimed = await jobs.claim(
            connection, now=NOW, lease=timedelta(seconds=1), token="t", most=10
        )
        await jobs.finish(connection, [each.id for each in claimed], token="t", now=NOW)
    return sorted(each.kind for each in claimed)


async def test_a_panel_from_draft_to_removal(
    wide: Context, guilds: GuildService, database: Database
) -> None:
    service = PanelService(wide, guilds)
    panel = await draft(service, "many", "billing")
    assert panel.topics == ("billing", "many")
    assert list(await service.all_of(ADA)) == []
    await service.post(ADA, panel.id, SCREEN)
    await service.post(ADA, panel.id, SCREEN)
    assert await kinds(database) == ["panel.send"]
    sending = await service.to_send(panel.id)
    assert sending is not None
    await service.sent(sending, MessageId(1))
    assert await service.to_send(panel.id) is None

    await service.post(ADA, panel.id, SCREEN)
    assert await kinds(database) == ["panel.delete_message", "panel.send"]
    await service.sent(sending, MessageId(2))
    [posted] = await service.all_of(ADA)
    assert (posted.state, posted.message_id) == (PanelState.POSTED, 2)

    await service.remove(ADA, panel.id)
    assert await kinds(database) == ["panel.delete_message"]
    with pytest.raises(NoSuchThing):
        await service.remove(ADA, panel.id)


async def test_a_panel_that_is_removed_while_it_is_sent_leaves_no_message(
    wide: Context, guilds: GuildService, database: Database
) -> None:
    service = PanelService(wide, guilds)
    panel = await draft(service, "many")
    await service.post(ADA, panel.id, SCREEN)
    sending = await service.to_send(panel.id)
    assert sending is not None
    await service.remove(ADA, panel.id)
    assert await kinds(database) == ["panel.send"]

    await service.sent(sending, MessageId(3))

    assert await kinds(database) == ["panel.delete_message"]
    assert list(await service.all_of(ADA)) == []


async def test_only_topics_that_exist_and_only_for_administrators(
    wide: Context, guilds: GuildService, context: Context, database: Database
) -> None:
    service = PanelService(wide, guilds)
    for topics in ((), ("weather",), ("many", "weather")):
        with pytest.raises(TopicGone):
            await draft(service, *topics)
    panel = await draft(service, "many")
    for attempt in (
        service.post(SAM, panel.id, SCREEN),
        service.remove(SAM, panel.id),
        service.all_of(SAM),
    ):
        with pytest.raises(NotPermitted):
            await attempt
    later = PanelService(context, GuildService(context, SETTINGS))
    with pytest.raises(TopicGone):
        await later.post(ADA, panel.id, SCREEN)
    async with database.write() as connection:
        assert await panels.purge_drafts(connection, before=NOW + timedelta(days=1)) == 1
