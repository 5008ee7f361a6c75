"""Cancel attempts: one unfinished per subscription, and only the steps that there are."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.cancellation import ASKING, AttemptState
from bot.domain.errors import AttemptOver, NoSuchThing, NothingToCancel, NotYours
from bot.domain.identifiers import AttemptId, SubscriptionId
from bot.domain.subscription import Status
from bot.services.cancellations import CancellationService
from bot.services.context import Context
from bot.services.screens import Screen
from bot.services.subscriptions import SubscriptionService
from storage import audit, cancel_attempts, customers, jobs, subscriptions
from storage.database import Database
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    MIAS,
    NOOR,
    NOW,
    SUBSCRIPTION,
    Clock,
    add_customer,
    subscription,
)

SCREEN = Screen(1, "token")


@pytest.fixture
async def service(context: Context) -> CancellationService:
    """Mia is linked and pays for Pro."""
    await add_customer(context.database)
    async with context.database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
    return CancellationService(context)


async def start(service: CancellationService, context: Context) -> AttemptId:
    account = await SubscriptionService(context).account(MIA)
    return (await service.start(account, MIA, GUILD)).attempt.id


async def test_the_whole_way_to_the_request(service: CancellationService, context: Context) -> None:
    attempt_id = await start(service, context)
    assert await start(service, context) == attempt_id  # goes on, does not begin again
    with pytest.raises(AttemptOver):  # no confirmation before the reason
        await service.request(attempt_id, MIA, screen=SCREEN)
    await service.give_reason(attempt_id, MIA, reason_id="unused", comment=None)
    await service.give_reason(attempt_id, MIA, reason_id="other", comment="Bye")

    attempt = (await service.request(attempt_id, MIA, screen=SCREEN)).attempt

    assert (attempt.state, attempt.requested_at) == (AttemptState.REQUESTED, NOW)
    assert (attempt.reason_id, attempt.comment) == ("other", "Bye")
    assert attempt.receipt_reference == f"C-{attempt_id}"
    with pytest.raises(AttemptOver):  # a second click
        await service.request(attempt_id, MIA, screen=SCREEN)
    with pytest.raises(AttemptOver):  # too late to keep the plan by this button
        await service.abort(attempt_id, MIA)
    async with context.database.write() as connection:
        claimed = await jobs.claim(
            connection, now=NOW, lease=timedelta(seconds=1), token="t", most=9
        )
        assert await audit.first_broken_row(connection) is None
    assert [job.kind for job in claimed] == ["cancellation.carry_out"]


async def test_two_who_start_at_the_same_moment_go_on_with_one_attempt(
    service: CancellationService, context: Context
) -> None:
    """On two devices: the unique index decides, and nobody meets an error."""
    started = await asyncio.gather(*(start(service, context) for _ in range(5)))

    assert len(set(started)) == 1


@pytest.mark.parametrize("requested", [False, True])
async def test_s1_what_somebody_began_who_had_the_account_before_holds_up_nobody(
    service: CancellationService, context: Context, requested: bool
) -> None:
    before = await start(service, context)
    await service.give_reason(before, MIA, reason_id="unused", comment="Private")
    if requested:
        await service.request(before, MIA, screen=SCREEN)
    async with context.database.write() as connection:
        await customers.unlink(connection, MIA)
        await customers.link(connection, MIAS, NOOR, now=NOW)
    account = await SubscriptionService(context).account(NOOR)

    case = await service.start(account, NOOR, GUILD)

    if requested:  # it is carried out, and there is nothing to ask
        assert (case.attempt.id, case.attempt.state) == (before, AttemptState.REQUESTED)
        return
    assert (case.attempt.user_id, case.attempt.reason_id) == (NOOR, None)
    await service.give_reason(case.attempt.id, NOOR, reason_id="other", comment=None)
    left = await service.request(case.attempt.id, NOOR, screen=SCREEN)
    assert left.attempt.state is AttemptState.REQUESTED
    async with context.database.read() as connection:
        given_up = await cancel_attempts.find(connection, before)
    assert given_up is not None
    assert given_up.state is AttemptState.TIMED_OUT


async def test_only_ones_own_attempt_and_only_known_reasons(
    service: CancellationService, context: Context
) -> None:
    attempt_id = await start(service, context)
    with pytest.raises(NotYours):
        await service.give_reason(attempt_id, NOOR, reason_id="other", comment=None)
    with pytest.raises(NotYours):
        await service.abort(attempt_id, NOOR)
    with pytest.raises(NoSuchThing):
        await service.give_reason(attempt_id, MIA, reason_id="weather", comment=None)
    with pytest.raises(NoSuchThing):
        await service.find(AttemptId("nothing"), MIA)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.CANCELED, "ended_at": NOW},
        {"cancel_at": NOW + timedelta(days=3)},
        {"status": Status.INCOMPLETE},
    ],
)
async def test_nothing_to_cancel(
    service: CancellationService, context: Context, changes: dict[str, object]
) -> None:
    async with context.database.write() as connection:
        await subscriptions.save(connection, subscription(**changes), asked_at=NOW)
    with pytest.raises(NothingToCancel):
        await start(service, context)


async def test_an_attempt_that_nobody_goes_on_with_ends_and_makes_room(
    service: CancellationService, context: Context, clock: Clock
) -> None:
    first = await start(service, context)
    clock.advance(days=1, seconds=1)

    second = await start(service, context)

    assert second != first
    attempt = (await service.find(first, MIA)).attempt
    assert (attempt.state, attempt.finished_at) == (AttemptState.TIMED_OUT, clock())


async def test_a_confirmed_request_never_times_out(
    service: CancellationService, context: Context, clock: Clock
) -> None:
    """A provider may be away for longer than a day: the member has been promised the end."""
    attempt_id = await start(service, context)
    await service.give_reason(attempt_id, MIA, reason_id="other", comment=None)
    await service.request(attempt_id, MIA, screen=SCREEN)
    clock.advance(days=30)
    async with context.database.write() as connection:
        assert await cancel_attempts.time_out(connection, before=clock(), now=clock()) == 0

    assert (await service.find(attempt_id, MIA)).attempt.state is AttemptState.REQUESTED


async def test_s2_s3_the_end_that_is_promised_in_arrears_is_the_time_of_confirming(
    service: CancellationService, context: Context, clock: Clock
) -> None:
    """The payment fails after the date was shown: the new end is shown before it is confirmed."""
    attempt_id = await start(service, context)
    shown = await service.give_reason(attempt_id, MIA, reason_id="other", comment="Bye")
    assert shown.attempt.effective_at == SUBSCRIPTION.period_end
    async with context.database.write() as connection:
        await subscriptions.save(connection, subscription(status=Status.PAST_DUE), asked_at=clock())

    again = await service.request(attempt_id, MIA, screen=SCREEN)
    clock.advance(hours=20)
    requested = (await service.request(attempt_id, MIA, screen=SCREEN)).attempt

    assert again.attempt.state is AttemptState.REASON_GIVEN
    assert (again.attempt.effective_at, again.attempt.comment) == (NOW, "Bye")
    assert requested.state is AttemptState.REQUESTED
    assert requested.requested_at == requested.effective_at == clock()
    assert requested.is_to_end_at_once
    assert (await service.outcome(attempt_id)).attempt == requested


async def test_s3_of_several_plans_those_that_go_on_are_known(
    service: CancellationService, context: Context
) -> None:
    others: dict[str, dict[str, object]] = {
        "sub_renews": {},
        "sub_late": {"status": Status.PAST_DUE},
        "sub_late_and_ends": {"status": Status.PAST_DUE, "cancel_at": SUBSCRIPTION.period_end},
        "sub_ends_later": {"cancel_at": SUBSCRIPTION.period_end + timedelta(hours=1)},
        "sub_ends": {"cancel_at": NOW + timedelta(days=3)},
        "sub_ended": {"status": Status.CANCELED, "ended_at": NOW},
        "sub_never_began": {"status": Status.INCOMPLETE},
        "sub_requested": {},
    }
    async with context.database.write() as connection:
        for number, (name, changes) in enumerate(others.items(), start=1):
            older = SUBSCRIPTION.created_at - timedelta(days=number)
            other = subscription(id=SubscriptionId(name), created_at=older, **changes)
            await subscriptions.save(connection, other, asked_at=NOW)
        await cancel_attempts.add(
            connection,
            AttemptId("requested"),
            user_id=MIA,
            guild_id=None,
            customer_id=MIAS,
            subscription_id=SubscriptionId("sub_requested"),
            now=NOW,
        )
        await cancel_attempts.advance(
            connection, AttemptId("requested"), expected=ASKING, to=AttemptState.REQUESTED, now=NOW
        )

    case = await service.outcome(await start(service, context))

    assert case.subscription == SUBSCRIPTION
    assert {each.subscription.id: each.stays_until for each in case.others} == {
        "sub_renews": None,
        "sub_late": None,
        "sub_late_and_ends": None,
        "sub_ends_later": SUBSCRIPTION.period_end + timedelta(hours=1),
    }
    assert case.email == "mia@example.com"


async def test_the_index_holds_one_unfinished_attempt(
    service: CancellationService, database: Database
) -> None:
    async def add(attempt_id: str, subscription_id: SubscriptionId = SUBSCRIPTION.id) -> None:
        async with database.write() as connection:
            await cancel_attempts.add(
                connection,
                AttemptId(attempt_id),
                user_id=MIA,
                guild_id=None,
                customer_id=MIAS,
                subscription_id=subscription_id,
                now=NOW,
            )

    await add("first")
    await add("elsewhere", SubscriptionId("sub_other"))
    with pytest.raises(IntegrityError):
        await add("second")
    async with database.write() as connection:
        ended = await cancel_attempts.advance(
            connection,
            AttemptId("first"),
            expected=ASKING,
            to=AttemptState.CANCELLED,
            now=NOW,
            finished_at=NOW,
        )
        newest = await cancel_attempts.newest_cancelled(connection, SUBSCRIPTION.id)
    assert ended is not None
    assert newest == ended
    await add("second")
    async with database.read() as connection:
        unfinished = await cancel_attempts.unfinished(connection, SUBSCRIPTION.id)
    assert unfinished is not None
    assert unfinished.id == "second"
