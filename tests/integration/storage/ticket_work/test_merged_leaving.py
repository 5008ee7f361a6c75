"""A merge takes along that its member was about to cancel (R1, R4), on both databases."""

from datetime import timedelta

import pytest

from bot.domain.cancellation import AttemptState, CancelAttempt
from bot.domain.identifiers import AttemptId, SubscriptionId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.housekeeping import HousekeepingService
from bot.services.ticket_merges import MERGED
from bot.services.tickets import TicketService
from storage import cancel_attempts, tickets
from storage.database import Database
from tests.integration.storage.samples import GUILD, MIA, MIAS, NOW, Clock, add_customer
from tests.integration.storage.ticket_work.team import (
    SAM_ACTS,
    SETTINGS,
    Open,
    merging_over,
    payloads,
)

TOLD = "cancellation.tell_ticket_closed"
PRO, LITE = AttemptId("A1"), AttemptId("A2")


@pytest.fixture(autouse=True)
async def leaving(database: Database) -> None:
    """Mia has two plans, and has begun to leave both."""
    await add_customer(database)
    async with database.write() as connection:
        for attempt_id in (PRO, LITE):
            await cancel_attempts.add(
                connection,
                attempt_id,
                user_id=MIA,
                guild_id=GUILD,
                customer_id=MIAS,
                subscription_id=SubscriptionId(f"sub_{attempt_id}"),
                now=NOW,
            )


async def merge(context: Context, source: Ticket, target: Ticket) -> None:
    await merging_over(context).merge(SAM_ACTS, source.id, into=target.id)


async def close(context: Context, ticket: Ticket) -> None:
    service = TicketService(context, GuildService(context, SETTINGS))
    assert await service.channel_gone(ticket.id)
    await service.closed(ticket.id)


async def attempt(database: Database, attempt_id: AttemptId = PRO) -> CancelAttempt:
    async with database.read() as connection:
        found = await cancel_attempts.find(connection, attempt_id)
    assert found is not None
    return found


async def decide(database: Database, attempt_id: AttemptId) -> None:
    """Mia stays with this plan."""
    async with database.write() as connection:
        await cancel_attempts.advance(
            connection,
            attempt_id,
            expected=(AttemptState.STARTED,),
            to=AttemptState.ABORTED,
            now=NOW,
        )


async def told(database: Database) -> list[str]:
    """For which attempts both ways on are offered, in order."""
    return [str(each["attempt_id"]) for each in await payloads(database, TOLD)]


async def brought(database: Database) -> list[list[str]]:
    """What each merge shows of leaving, in the ticket that goes on."""
    return [each["attempts"] for each in await payloads(database, MERGED)]


async def test_both_ways_are_offered_when_the_ticket_that_goes_on_is_closed(
    context: Context, opened: Open, database: Database, clock: Clock
) -> None:
    """Through a chain of merges. Until then the attempt waits, and a day longer."""
    source, target = await opened(topic="help", attempt=PRO), await opened()
    await merge(context, source, target)
    await TicketService(context, GuildService(context, SETTINGS)).closed(source.id)
    last = await opened(topic="help")
    await merge(context, target, last)
    assert (await told(database), await brought(database)) == ([], [[PRO], [PRO]])
    assert (await attempt(database)).ticket_id == last.id

    clock.advance(days=3)
    hourly = Job(1, "housekeeping.end_attempts", "k", {}, 1)
    await HousekeepingService(context).end_attempts(hourly)
    assert (await attempt(database)).state is AttemptState.STARTED

    await close(context, last)
    assert await told(database) == [PRO]
    clock.advance(days=1)
    await HousekeepingService(context).end_attempts(hourly)
    assert (await attempt(database)).state is AttemptState.STARTED
    clock.now += timedelta(seconds=1)
    await HousekeepingService(context).end_attempts(hourly)
    assert (await attempt(database)).state is AttemptState.TIMED_OUT


async def test_a_decision_before_the_merge_or_after_it_is_left_alone(
    context: Context, opened: Open, database: Database
) -> None:
    decided, target = await opened(topic="help", attempt=LITE), await opened()
    await decide(database, LITE)
    await merge(context, decided, target)
    source = await opened(topic="help", attempt=PRO)
    await merge(context, source, target)
    await decide(database, PRO)

    await close(context, target)

    assert (await told(database), await brought(database)) == ([], [[], [PRO]])


async def test_an_attempt_of_its_own_that_is_over_is_not_in_the_way(
    context: Context, opened: Open, database: Database
) -> None:
    """Also where both ways were offered for that one, before the ticket was opened again."""
    source, target = await opened(topic="help", attempt=PRO), await opened(attempt=LITE)
    await close(context, target)
    await decide(database, LITE)
    async with database.write() as connection:
        await tickets.advance(
            connection,
            target.id,
            expected=(TicketState.CLOSED,),
            to=TicketState.OPEN,
            reopened_at=NOW,
        )

    await merge(context, source, target)
    assert await told(database) == [LITE]
    await close(context, target)

    assert await told(database) == [LITE, PRO]


async def test_where_another_plan_is_asked_about_each_stays_with_its_ticket(
    context: Context, opened: Open, database: Database
) -> None:
    source, target = await opened(topic="help", attempt=PRO), await opened(attempt=LITE)

    await merge(context, source, target)
    assert (await told(database), await brought(database)) == ([PRO], [[]])
    await close(context, target)

    assert await told(database) == [PRO, LITE]


@pytest.mark.parametrize("into_the_newer", [False, True])
async def test_two_tickets_of_one_attempt_are_one(
    context: Context, opened: Open, database: Database, *, into_the_newer: bool
) -> None:
    older, newer = await opened(topic="help", attempt=PRO), await opened(attempt=PRO)
    source, target = (older, newer) if into_the_newer else (newer, older)

    await merge(context, source, target)
    assert await told(database) == []
    await close(context, target)

    assert await told(database) == [PRO]
