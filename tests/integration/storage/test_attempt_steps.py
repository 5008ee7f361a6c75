"""Every step of a cancel attempt with its time, what ends one, and who is left alone (R1, R4)."""

from datetime import timedelta

import pytest

from bot.domain.cancellation import AttemptState, Outcome, Step, outcome_of
from bot.domain.errors import AttemptOver, NotYours
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ERASED_USER, AttemptId, ChannelId, PlanId, RoleId
from bot.domain.job import Job, NewJob
from bot.domain.money import Money
from bot.domain.ticket import Ticket
from bot.services.cancellations import CancelCase, CancellationService
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.housekeeping import HousekeepingService
from bot.services.screens import Screen
from bot.services.subscriptions import SubscriptionService
from bot.services.tickets import TicketService
from storage import cancel_attempts, erasure, jobs, privacy, subscriptions
from storage.database import Database
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    NOOR,
    NOW,
    SUBSCRIPTION,
    Clock,
    add_customer,
    subscription,
)

SCREEN = Screen(1, "token")
SETTINGS = {GUILD: GuildSettings(RoleId(5), RoleId(6), ChannelId(7), ChannelId(8))}
A_DAY = timedelta(days=1)


@pytest.fixture
async def service(context: Context) -> CancellationService:
    """Mia is linked and pays for Pro."""
    await add_customer(context.database)
    async with context.database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
    return CancellationService(context)


@pytest.fixture
def desk(context: Context) -> TicketService:
    return TicketService(context, GuildService(context, SETTINGS))


async def start(service: CancellationService, context: Context) -> CancelCase:
    return await service.start(await SubscriptionService(context).account(MIA), MIA, GUILD)


async def steps(database: Database, attempt_id: AttemptId) -> list[tuple[Step, float]]:
    """What happened, each with the hours since the beginning."""
    async with database.read() as connection:
        found = await cancel_attempts.steps_of(connection, attempt_id)
    return [(step, (at - NOW).total_seconds() / 3600) for step, at in found]


async def open_ticket(desk: TicketService, attempt_id: AttemptId) -> Ticket:
    return await desk.open(
        guild_id=GUILD,
        opener_id=MIA,
        topic_id="help",
        answers={},
        screen=SCREEN,
        attempt_id=attempt_id,
    )


async def close(desk: TicketService, ticket: Ticket) -> None:
    assert await desk.channel_gone(ticket.id)


async def waiting(database: Database, clock: Clock) -> list[Job]:
    """What is due, in its order."""
    async with database.write() as connection:
        return await jobs.claim(
            connection, now=clock(), lease=timedelta(seconds=1), token="t", most=99
        )


async def hourly(context: Context) -> None:
    await HousekeepingService(context).end_attempts(Job(1, "housekeeping.end_attempts", "k", {}, 1))


async def test_the_whole_way_out_is_recorded_step_by_step(
    service: CancellationService, context: Context, database: Database, clock: Clock
) -> None:
    attempt_id = (await start(service, context)).attempt.id
    clock.advance(hours=1)
    await service.give_reason(attempt_id, MIA, reason_id="prefer_not_to_say", comment=None)
    clock.advance(hours=1)
    await service.answer(attempt_id, MIA, "my key is sk_live_51HqT0123456789abcdefABCDEF")
    clock.advance(hours=1)
    requested = (await service.request(attempt_id, MIA, screen=SCREEN)).attempt

    assert await steps(database, attempt_id) == [
        (Step.STARTED, 0),
        (Step.REASON_GIVEN, 1),
        (Step.FOLLOW_UP_GIVEN, 2),
        (Step.REQUESTED, 3),
    ]
    assert requested.follow_up == "my key is [removed]"
    assert outcome_of(requested) is Outcome.REQUEST_RECORDED


async def test_what_reports_count_with_is_frozen_at_the_start(
    service: CancellationService, context: Context
) -> None:
    attempt_id = (await start(service, context)).attempt.id
    changed = subscription(plan_id=PlanId("lite"), price=Money(900, "usd"))
    async with context.database.write() as connection:
        await subscriptions.save(connection, changed, asked_at=NOW + timedelta(seconds=1))

    attempt = (await service.find(attempt_id, MIA)).attempt

    assert (attempt.plan_id, attempt.monthly) == (PlanId("pro"), Money(2000, "usd"))


async def test_an_attempt_is_given_up_a_day_after_the_last_click(
    service: CancellationService, context: Context, database: Database, clock: Clock
) -> None:
    """Nobody is nagged: no job tells anybody."""
    attempt_id = (await start(service, context)).attempt.id
    clock.advance(hours=20)
    await service.require_asking(attempt_id, MIA)
    clock.advance(hours=20)
    await hourly(context)
    assert (await service.find(attempt_id, MIA)).attempt.state is AttemptState.STARTED

    clock.advance(hours=5)
    await hourly(context)

    attempt = (await service.find(attempt_id, MIA)).attempt
    assert outcome_of(attempt) is Outcome.TIMED_OUT
    assert await steps(database, attempt_id) == [(Step.STARTED, 0), (Step.TIMED_OUT, 45)]
    kinds = {job.kind for job in await waiting(database, clock)}
    assert kinds == {"housekeeping.end_attempts"}  # the next hour's


async def test_whoever_waits_for_an_answer_has_not_given_up(
    service: CancellationService,
    desk: TicketService,
    context: Context,
    database: Database,
    clock: Clock,
) -> None:
    """R1: the attempt outlives its ticket by a day, and its closing is told once."""
    attempt_id = (await start(service, context)).attempt.id
    ticket = await open_ticket(desk, attempt_id)
    assert outcome_of((await service.find(attempt_id, MIA)).attempt) is Outcome.TICKET_OPENED
    clock.advance(days=9)
    await hourly(context)
    assert (await service.find(attempt_id, MIA)).attempt.state is AttemptState.STARTED

    await close(desk, ticket)

    clock.advance(hours=23)
    await hourly(context)
    assert (await service.find(attempt_id, MIA)).attempt.state is AttemptState.STARTED
    told = [
        job
        for job in await told_of_closing(database, clock)
        if job.payload["attempt_id"] == attempt_id
    ]
    assert len(told) == 1
    await desk.closed(ticket.id)
    clock.advance(hours=2)
    await hourly(context)
    assert (await service.find(attempt_id, MIA)).attempt.state is AttemptState.TIMED_OUT


async def told_of_closing(database: Database, clock: Clock) -> list[Job]:
    """The messages that wait behind the closing, in the ticket's line."""
    found: list[Job] = []
    while due := await waiting(database, clock):
        async with database.write() as connection:
            await jobs.finish(connection, [job.id for job in due], token="t", now=clock())
        found += [job for job in due if job.kind == "cancellation.tell_ticket_closed"]
    return found


async def test_whoever_has_decided_is_not_asked_again_when_the_ticket_is_closed(
    service: CancellationService,
    desk: TicketService,
    context: Context,
    database: Database,
    clock: Clock,
) -> None:
    attempt_id = (await start(service, context)).attempt.id
    ticket = await open_ticket(desk, attempt_id)
    await service.give_reason(attempt_id, MIA, reason_id="other", comment=None)
    await service.request(attempt_id, MIA, screen=SCREEN)  # R4: an open ticket blocks nothing

    await close(desk, ticket)

    assert await told_of_closing(database, clock) == []


async def test_somebody_elses_attempt_is_not_told_of_in_a_ticket(
    service: CancellationService, desk: TicketService, context: Context
) -> None:
    attempt_id = (await start(service, context)).attempt.id

    ticket = await desk.open(
        guild_id=GUILD,
        opener_id=NOOR,
        topic_id="help",
        answers={},
        screen=SCREEN,
        attempt_id=attempt_id,
    )

    assert ticket.attempt_id is None


async def test_whoever_comes_back_late_begins_anew_where_they_are(
    service: CancellationService, context: Context, clock: Clock
) -> None:
    """The buttons of an old message work: "Continue to cancel" cancels, "Keep" keeps."""
    account = await SubscriptionService(context).account(MIA)
    old = (await start(service, context)).attempt.id
    assert (await service.go_on(account, old, MIA)).attempt.id == old
    clock.advance(days=2)
    await hourly(context)
    assert (await service.abort(old, MIA)).state is AttemptState.TIMED_OUT

    anew = (await service.go_on(account, old, MIA)).attempt

    assert (anew.id != old, anew.state) == (True, AttemptState.STARTED)
    with pytest.raises(NotYours):
        await service.go_on(account, old, NOOR)
    await service.give_reason(anew.id, MIA, reason_id="other", comment=None)
    await service.request(anew.id, MIA, screen=SCREEN)
    with pytest.raises(AttemptOver):
        await service.answer(anew.id, MIA, "too late")
    assert (await service.go_on(account, anew.id, MIA)).attempt.state is AttemptState.REQUESTED


async def test_an_answer_to_one_reasons_question_goes_with_the_reason(
    service: CancellationService, context: Context
) -> None:
    attempt_id = (await start(service, context)).attempt.id
    await service.give_reason(attempt_id, MIA, reason_id="missing_features", comment=None)
    await service.answer(attempt_id, MIA, "Dark mode")

    same = await service.give_reason(attempt_id, MIA, reason_id="missing_features", comment="x")
    other = await service.give_reason(attempt_id, MIA, reason_id="unused", comment=None)

    assert (same.attempt.follow_up, other.attempt.follow_up) == ("Dark mode", None)


@pytest.mark.parametrize("in_hand", [False, True])
async def test_an_offer_that_waits_for_the_provider_never_delays_leaving(
    service: CancellationService,
    context: Context,
    database: Database,
    clock: Clock,
    in_hand: bool,
) -> None:
    """Fairness 5: confirming calls the offer off, or stands in line right behind it."""
    attempt_id = (await start(service, context)).attempt.id
    await service.give_reason(attempt_id, MIA, reason_id="other", comment=None)
    applying = NewJob("offer.apply", f"offer:{attempt_id}", {}, line=SUBSCRIPTION.id)
    async with database.write() as connection:
        await cancel_attempts.advance(
            connection,
            attempt_id,
            expected=(AttemptState.REASON_GIVEN,),
            to=AttemptState.ACCEPTING,
            now=clock(),
            accepted_at=clock(),
        )
        await jobs.add(connection, [applying], now=clock())
    with pytest.raises(AttemptOver):
        await service.abort(attempt_id, MIA)
    if in_hand:
        await waiting(database, clock)

    requested = (await service.request(attempt_id, MIA, screen=SCREEN)).attempt

    assert (requested.state, requested.requested_at) == (AttemptState.REQUESTED, clock())
    due = {job.kind for job in await waiting(database, clock)}
    assert due == ({"offer.call_off"} if in_hand else {"cancellation.carry_out"})
    clock.advance(seconds=2)  # the lease is over: the offer finds that it is not wanted
    assert {job.kind for job in await waiting(database, clock)} == (
        {"offer.apply", "offer.call_off"} if in_hand else {"cancellation.carry_out"}
    )
    assert [step for step, _ in await steps(database, attempt_id)][-2:] == [
        Step.OFFER_ACCEPTED,
        Step.REQUESTED,
    ]


async def test_a_replaced_subscription_ends_its_attempt_with_a_step(
    service: CancellationService, context: Context, database: Database
) -> None:
    attempt_id = (await start(service, context)).attempt.id
    async with database.write() as connection:
        await cancel_attempts.end_unfinished(
            connection, SUBSCRIPTION.id, failure="replaced", now=NOW
        )

    assert [step for step, _ in await steps(database, attempt_id)] == [
        Step.STARTED,
        Step.TIMED_OUT,
    ]


async def test_fairness_8_what_is_kept_of_leaving_is_copied_and_forgotten(
    service: CancellationService, context: Context, database: Database
) -> None:
    """With its steps; erased, the steps tell of nobody."""
    attempt_id = (await start(service, context)).attempt.id
    await service.give_reason(attempt_id, MIA, reason_id="missing_features", comment="Bye")
    await service.answer(attempt_id, MIA, "Dark mode")
    async with database.read() as connection:
        mine, theirs = await privacy.copy(connection, MIA), await privacy.copy(connection, NOOR)
    assert [each["step"] for each in mine["cancel_steps"]] == [
        step.value for step, _ in await steps(database, attempt_id)
    ]
    [copied] = mine["cancel_attempts"]
    assert (copied["comment"], copied["follow_up"]) == ("Bye", "Dark mode")
    assert (theirs["cancel_attempts"], theirs["cancel_steps"]) == ([], [])

    async with database.write() as connection:
        await erasure.erase(connection, MIA, reference="E-1", now=NOW)
        erased = await cancel_attempts.find(connection, attempt_id)

    assert erased is not None
    assert (erased.user_id, erased.comment, erased.follow_up) == (ERASED_USER, None, None)
