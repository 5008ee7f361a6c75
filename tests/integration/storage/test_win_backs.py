"""One message after leaving: agreed to, taken back, due, wanted, once."""

import asyncio
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.cancellation import AttemptState
from bot.domain.errors import NothingToAgreeTo, NotYours
from bot.domain.identifiers import AttemptId, SubscriptionId, WithdrawalId
from bot.domain.job import Job
from bot.domain.subscription import Status
from bot.domain.withdrawal import Withdrawal, WithdrawalState
from bot.services.context import Context
from bot.services.links import unlink
from bot.services.win_backs import WinBackMessage, WinBackService
from storage import erasure, privacy, subscriptions, win_backs, withdrawals
from storage.database import Database
from storage.schema import audit_log, cancel_attempts, jobs
from tests.integration.storage.samples import (
    MIA,
    MIAS,
    NOOR,
    NOW,
    SUBSCRIPTION,
    Clock,
    add_customer,
    subscription,
)

ATTEMPT, SECOND = AttemptId("A1"), AttemptId("A2")
SUB_2 = SubscriptionId("sub_2")
END = NOW + timedelta(days=20)
# The configuration of the local world: 30 days for this reason.
REASON, DELAY = "missing_features", timedelta(days=30)


async def leave(
    database: Database,
    attempt_id: AttemptId = ATTEMPT,
    subscription_id: SubscriptionId = SUBSCRIPTION.id,
    *,
    reason_id: str = REASON,
    state: AttemptState = AttemptState.CANCELLED,
) -> None:
    """Mia has cancelled, and the provider has confirmed."""
    async with database.write() as connection:
        ending = subscription(id=subscription_id, cancel_at=END)
        await subscriptions.save(connection, ending, asked_at=NOW)
        await connection.execute(
            sa.insert(cancel_attempts).values(
                id=attempt_id,
                user_id=MIA,
                customer_id=MIAS,
                subscription_id=subscription_id,
                state=state.value,
                reason_id=reason_id,
                started_at=NOW,
                active_at=NOW,
                requested_at=NOW,
                finished_at=NOW,
                effective_at=END,
            )
        )


async def save(database: Database, clock: Clock, **changes: object) -> None:
    async with database.write() as connection:
        await subscriptions.save(connection, subscription(**changes), asked_at=clock())


@pytest.fixture
async def service(context: Context, database: Database) -> WinBackService:
    """Mia's plan is to end in 20 days."""
    await add_customer(database)
    await leave(database)
    return WinBackService(context)


async def waiting(database: Database) -> list[tuple[str, datetime]]:
    async with database.read() as connection:
        rows = await connection.execute(
            sa.select(jobs.c.key, jobs.c.run_at).where(jobs.c.kind == "win_back.send")
        )
        return [(row.key, row.run_at) for row in rows]


async def run(
    service: WinBackService,
    database: Database,
    *,
    attempt_id: AttemptId = ATTEMPT,
    attempts: int = 1,
) -> WinBackMessage | None:
    async with database.read() as connection:
        row = (
            await connection.execute(sa.select(jobs).where(jobs.c.key == f"win-back:{attempt_id}"))
        ).one()
    return await service.prepare(Job(row.id, row.kind, row.key, row.payload, attempts))


async def test_it_waits_until_some_days_after_the_end_and_is_sent_once(
    service: WinBackService, database: Database, clock: Clock
) -> None:
    agreement = await service.agree(ATTEMPT, MIA)
    assert agreement.comes_at == END + DELAY
    assert await waiting(database) == [(f"win-back:{ATTEMPT}", END + DELAY)]

    clock.advance(days=50)
    told = await run(service, database)

    assert told is not None
    assert (told.user_id, told.consented_at, told.message.days_after) == (MIA, NOW, 30)
    assert await run(service, database) is None  # another job of the same
    cut_short = await run(service, database, attempts=2)
    assert cut_short == told  # under the same nonce
    with pytest.raises(NothingToAgreeTo):
        await service.agree(ATTEMPT, MIA)


async def test_a_second_click_takes_it_back_and_the_log_proves_each(
    service: WinBackService, database: Database, clock: Clock
) -> None:
    assert (await service.toggle(ATTEMPT, MIA)).comes_at is not None
    assert (await service.toggle(ATTEMPT, MIA)).comes_at is None
    clock.advance(days=50)

    assert await run(service, database) is None

    async with database.read() as connection:
        acts = list(await connection.scalars(sa.select(audit_log.c.action).order_by("id")))
    assert acts == ["win_back.agreed", "win_back.taken_back"]


async def test_who_agrees_again_in_time_is_told_after_all(
    service: WinBackService, database: Database, clock: Clock
) -> None:
    await service.agree(ATTEMPT, MIA)
    await service.take_back(ATTEMPT, MIA)
    await service.agree(ATTEMPT, MIA)
    clock.advance(days=50)
    assert await run(service, database) is not None


async def test_nobody_agrees_for_another_or_to_what_would_not_come(
    service: WinBackService, database: Database, clock: Clock
) -> None:
    await leave(database, SECOND, SUB_2, reason_id="unused")
    with pytest.raises(NotYours):
        await service.agree(ATTEMPT, NOOR)
    with pytest.raises(NotYours):
        await service.take_back(ATTEMPT, NOOR)
    with pytest.raises(NothingToAgreeTo):
        await service.agree(SECOND, MIA)  # the vendor says nothing about this reason
    clock.advance(days=50)
    with pytest.raises(NothingToAgreeTo):
        await service.agree(ATTEMPT, MIA)  # its time has come and gone
    assert await waiting(database) == []


async def test_a_resumed_plan_leaves_nothing_to_say(
    service: WinBackService, database: Database, clock: Clock
) -> None:
    """By Mooring's own resume, and by the provider's portal."""
    await service.agree(ATTEMPT, MIA)
    clock.advance(days=50)
    await save(database, clock, cancel_at=None)
    assert await run(service, database) is None
    await save(database, clock, cancel_at=END)
    async with database.write() as connection:
        await connection.execute(sa.update(cancel_attempts).values(state="resumed"))
    assert await run(service, database) is None


async def test_a_later_end_puts_it_off(
    service: WinBackService, database: Database, clock: Clock
) -> None:
    await service.agree(ATTEMPT, MIA)
    clock.advance(days=50)
    ended = END + timedelta(days=3)
    await save(database, clock, status=Status.CANCELED, ended_at=ended)

    assert await run(service, database) is None

    assert await waiting(database) == [(f"win-back:{ATTEMPT}", ended + DELAY)]
    clock.advance(days=3)
    assert await run(service, database) is not None


@pytest.mark.parametrize("why", ["subscribed", "withdrawn", "unlinked", "erased", "stopped"])
async def test_it_is_not_sent_to_whoever_must_not_hear(
    service: WinBackService, database: Database, clock: Clock, why: str
) -> None:
    await service.agree(ATTEMPT, MIA)
    clock.advance(days=50)
    async with database.write() as connection:
        if why == "subscribed":
            await subscriptions.save(connection, subscription(id=SUB_2), asked_at=clock())
        elif why == "withdrawn":
            await withdrawals.add(connection, _withdrawal())
        elif why == "unlinked":
            await unlink(connection, MIA, MIAS, now=clock())
        elif why == "erased":
            await erasure.erase(connection, MIA, reference="E-1", now=clock())
    if why == "stopped":
        await service.stop(MIA)

    assert await run(service, database) is None

    async with database.read() as connection:
        kept = await win_backs.find(connection, ATTEMPT)
    assert (kept is None) is (why in ("unlinked", "erased", "stopped"))


def _withdrawal() -> Withdrawal:
    return Withdrawal(
        WithdrawalId("W1"),
        MIA,
        None,
        MIAS,
        SUBSCRIPTION.id,
        "Mia",
        WithdrawalState.DONE,
        NOW,
        NOW,
        None,
    )


async def test_of_two_at_the_same_moment_one_is_sent_and_none_within_the_cooldown(
    service: WinBackService, database: Database, clock: Clock
) -> None:
    await leave(database, SECOND, SUB_2)
    for attempt_id in (ATTEMPT, SECOND):
        await service.agree(attempt_id, MIA)
    clock.advance(days=50)
    for each in (SUBSCRIPTION.id, SUB_2):
        await save(database, clock, id=each, status=Status.CANCELED, ended_at=END)

    sent = await asyncio.gather(
        *(run(service, database, attempt_id=each) for each in (ATTEMPT, SECOND))
    )

    assert sum(each is not None for each in sent) == 1
    left = ATTEMPT if sent[0] is None else SECOND
    clock.advance(days=179)
    assert await run(service, database, attempt_id=left) is None
    clock.advance(days=2)
    assert await run(service, database, attempt_id=left) is not None


async def test_the_consent_is_in_a_members_copy(
    service: WinBackService, database: Database
) -> None:
    await service.agree(ATTEMPT, MIA)
    async with database.read() as connection:
        [row] = (await privacy.copy(connection, MIA))["win_backs"]
    assert (row["attempt_id"], row["consented_at"], row["sent_at"]) == (ATTEMPT, NOW, None)
