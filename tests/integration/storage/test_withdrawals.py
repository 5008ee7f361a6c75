"""Stating a withdrawal: once for each contract, by whose contract it is, in time."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.errors import NoSuchThing, NotLinked, TooLateToWithdraw, WithdrawalNotOffered
from bot.domain.identifiers import CustomerId, SubscriptionId
from bot.domain.subscription import Status
from bot.domain.withdrawal import WithdrawalPolicy, WithdrawalState
from bot.services.context import Context
from bot.services.screens import Screen
from bot.services.withdrawals import WithdrawalCase, WithdrawalService
from storage import audit, erasure, subscriptions, withdrawals
from storage.database import Database
from storage.schema import audit_log, jobs
from storage.schema import withdrawals as table
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    MIAS,
    NOOR,
    NOW,
    Clock,
    add_customer,
    subscription,
)

NOORS = CustomerId("cus_noor")
OLD = SubscriptionId("sub_old")
SCREEN = Screen(1, "token")
# NOW is a Sunday, and so would be the last day.
YOUNG = subscription(created_at=NOW - timedelta(days=14), cancel_at=NOW, status=Status.PAST_DUE)


@pytest.fixture
async def service(context: Context, database: Database) -> WithdrawalService:
    """Mia has a young contract and an old one, and Noor is linked too."""
    await add_customer(database)
    await add_customer(database, NOORS, user_id=NOOR)
    async with database.write() as connection:
        for each in (YOUNG, subscription(id=OLD)):
            await subscriptions.save(connection, each, asked_at=NOW)
    return WithdrawalService(context)


async def state(service: WithdrawalService) -> WithdrawalCase:
    return await service.request(MIA, YOUNG.id, name="Mia", guild_id=GUILD, screen=SCREEN)


async def kinds(database: Database) -> list[str]:
    async with database.read() as connection:
        return sorted(await connection.scalars(sa.select(jobs.c.kind)))


async def test_only_young_contracts_are_listed(service: WithdrawalService, clock: Clock) -> None:
    [listed] = await service.contracts(MIA)
    assert (listed.subscription.id, listed.withdrawal) == (YOUNG.id, None)
    assert await service.contracts(NOOR) == ()

    clock.advance(days=3)

    assert await service.contracts(MIA) == ()


async def test_the_statement_its_work_and_its_audit_row_are_one(
    service: WithdrawalService, database: Database
) -> None:
    case = await state(service)

    assert case.withdrawal is not None
    assert (case.withdrawal.requested_at, case.name, case.email) == (NOW, "Mia", "mia@example.com")
    async with database.read() as connection:
        assert await withdrawals.find(connection, case.withdrawal.id) == case.withdrawal
        [act] = (await connection.execute(sa.select(audit_log))).all()
    assert (act.action, act.actor_id, act.subject) == ("withdrawal.requested", MIA, YOUNG.id)
    assert "Mia" not in act.details
    assert await kinds(database) == [
        "withdrawal.acknowledge",
        "withdrawal.carry_out",
        "withdrawal.mail_acknowledgement",
        "withdrawal.tell_stuck",
        "withdrawal.tell_team",
    ]


async def test_however_often_it_is_clicked_it_is_stated_once(
    service: WithdrawalService, database: Database, clock: Clock
) -> None:
    first, *others = await asyncio.gather(*(state(service) for _ in range(3)))
    clock.advance(days=30)  # the time is over, the statement stays
    later = await state(service)

    assert {each.withdrawal for each in (*others, later)} == {first.withdrawal}
    assert len(await kinds(database)) == 5
    async with database.read() as connection:
        assert await audit.first_broken_row(connection) is None


async def test_nobody_withdraws_from_the_contract_of_another(
    service: WithdrawalService, database: Database
) -> None:
    """Checked with each click, by the store."""
    for user_id, refused in ((NOOR, NoSuchThing), (NOOR + 1, NotLinked)):
        with pytest.raises(refused):
            await service.request(
                type(MIA)(user_id), YOUNG.id, name="Noor", guild_id=None, screen=SCREEN
            )
    assert await kinds(database) == []


async def test_too_late_is_too_late_and_says_since_when(
    service: WithdrawalService, database: Database, clock: Clock
) -> None:
    with pytest.raises(TooLateToWithdraw):
        await service.look(MIA, OLD, name="Mia")
    clock.advance(days=2, hours=11, minutes=59)
    assert (await service.look(MIA, YOUNG.id, name="Mia")).withdrawal is None

    clock.advance(minutes=1)

    with pytest.raises(TooLateToWithdraw) as late:
        await state(service)
    assert late.value.ended_at == clock()
    assert await kinds(database) == []


async def test_where_it_is_not_offered_what_was_stated_before_is_still_shown(
    service: WithdrawalService, context: Context
) -> None:
    stated = await state(service)
    object.__setattr__(context.policy, "withdrawal", WithdrawalPolicy())

    with pytest.raises(WithdrawalNotOffered):
        await service.contracts(MIA)
    assert (await state(service)).withdrawal == stated.withdrawal


async def test_it_ends_once(service: WithdrawalService, database: Database) -> None:
    case = await state(service)
    assert case.withdrawal is not None
    async with database.write() as connection:
        done, again = [
            await withdrawals.advance(
                connection, case.withdrawal.id, to=WithdrawalState.DONE, finished_at=NOW
            )
            for _ in range(2)
        ]

    assert again is None
    assert done is not None
    assert done.state is WithdrawalState.DONE
    assert (await service.outcome(done.id)).withdrawal == done


async def test_while_it_waits_nothing_is_erased_and_then_it_stays_without_a_name(
    service: WithdrawalService, database: Database
) -> None:
    case = await state(service)
    assert case.withdrawal is not None
    async with database.write() as connection:
        in_the_way = await erasure.obstacles(connection, MIA)
        assert [each.value for each in in_the_way.under_way] == ["withdrawal"]
        await withdrawals.advance(
            connection, case.withdrawal.id, to=WithdrawalState.DONE, finished_at=NOW
        )
        assert (await erasure.obstacles(connection, MIA)).under_way == ()
        await erasure.erase(connection, MIA, reference="E-1", now=NOW)
        [row] = (await connection.execute(sa.select(table))).all()
    assert (row.user_id, row.name, row.customer_id) == (0, None, MIAS)
