"""What was paid twice for one period: told once, listed for moderators (S30)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.billing.provider import Snapshot
from bot.domain.errors import NoSuchThing, NotPermitted
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import InvoiceId, PaymentId, RoleId, SubscriptionId
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose
from bot.services.context import Context
from bot.services.duplicates import NEWS_FOR, PAGE, TELL, DuplicateService
from bot.services.guilds import Actor, GuildService
from bot.services.mirror import apply
from bot.services.self_help import SelfHelpService
from bot.services.subscriptions import SubscriptionService
from storage import payments
from storage.database import Database
from storage.schema import jobs
from tests.integration.storage.at_once import learn_at_once
from tests.integration.storage.samples import (
    GUILD,
    MAX,
    MIA,
    NOW,
    SUBSCRIPTION,
    add_customer,
    payment,
)

MODERATOR = RoleId(6)
DESK = Actor(MAX, GUILD, frozenset({MODERATOR}), manages_guild=False)


@pytest.fixture
async def service(context: Context) -> DuplicateService:
    """Mia has paid for Pro once, and that is known."""
    await add_customer(context.database)
    await see(context, paid(1))
    settings = {GUILD: GuildSettings(moderator_role_id=MODERATOR)}
    return DuplicateService(context, GuildService(context, settings))


async def see(context: Context, *payments: Payment) -> None:
    """The provider shows these payments."""
    snapshot = Snapshot(subscriptions=(SUBSCRIPTION,), payments=payments)
    async with context.database.write() as connection:
        await apply(connection, context, snapshot, asked_at=context.clock())


def paid(number: int, *, days_ago: float = 1, **changes: object) -> Payment:
    return payment(id=PaymentId(f"pi_{number}"), paid_at=NOW - timedelta(days=days_ago), **changes)


async def told(database: Database) -> list[list[str]]:
    """The payments of each message to the team."""
    async with database.read() as connection:
        rows = await connection.scalars(sa.select(jobs.c.payload).where(jobs.c.kind == TELL))
        return [payload["payment_ids"] for payload in rows]


async def test_s30_the_team_is_told_once_when_the_second_payment_comes_to_light(
    context: Context, service: DuplicateService
) -> None:
    assert await told(context.database) == []
    for _ in range(2):
        await see(context, paid(2, days_ago=0.5))
    assert await told(context.database) == [["pi_1", "pi_2"]]
    found = await service.find([PaymentId("pi_1"), PaymentId("pi_2")])
    assert found is not None
    assert found.member_id == MIA

    # The member asks about the same payments: nobody is told a second time.
    helping = SelfHelpService(context, SubscriptionService(context))
    await helping.ask_team(MIA, GUILD, [found.payments])
    async with context.database.read() as connection:
        asked = await connection.scalar(
            sa.select(sa.func.count()).where(jobs.c.key.startswith("duplicate:"))
        )
    assert asked == 1

    await see(context, paid(2, days_ago=0.5, refunded=Money(2000, "usd")))
    assert await service.find([PaymentId("pi_1"), PaymentId("pi_2")]) is None
    assert (await service.page(DESK, 0)).duplicates == ()


async def test_s30_two_payments_that_are_learned_of_at_the_same_moment(
    context: Context, service: DuplicateService
) -> None:
    """On PostgreSQL neither transaction sees what the other one has not committed yet."""
    start = SUBSCRIPTION.period_end
    period = {"period_start": start, "period_end": start + timedelta(days=30)}
    shown = [Snapshot(payments=(paid(each, days_ago=0.5, **period),)) for each in (2, 3)]

    await learn_at_once(context, *shown)

    assert await told(context.database) == [["pi_2", "pi_3"]]
    [found] = (await service.page(DESK, 0)).duplicates
    assert {each.id for each in found.payments} == {"pi_2", "pi_3"}


async def test_s30_an_invoice_that_is_paid_in_parts_is_not_paid_twice(
    context: Context, service: DuplicateService
) -> None:
    start = SUBSCRIPTION.period_end
    part = {
        "amount": Money(1000, "usd"),
        "invoice_id": InvoiceId("in_parts"),
        "period_start": start,
        "period_end": start + timedelta(days=30),
    }
    await see(context, *(paid(each, days_ago=0.5, **part) for each in (2, 3)))
    assert await told(context.database) == []
    assert (await service.page(DESK, 0)).duplicates == ()
    async with context.database.read() as connection:
        assert await payments.of_periods_paid_twice(connection, most=6) == []

    await see(context, paid(4, days_ago=0.4, **part))

    assert await told(context.database) == [["pi_2", "pi_3", "pi_4"]]
    [found] = (await service.page(DESK, 0)).duplicates
    assert {each.id for each in found.payments} == {"pi_2", "pi_3", "pi_4"}


async def test_s30_what_was_paid_long_ago_is_listed_and_is_no_news(
    context: Context, service: DuplicateService
) -> None:
    await see(context, paid(2, days_ago=NEWS_FOR.days + 1))
    assert await told(context.database) == []
    [found] = (await service.page(DESK, 0)).duplicates
    assert [each.id for each in found.payments] == ["pi_2", "pi_1"]


@pytest.mark.parametrize(
    "other",
    [
        # A switch within the period: what is left of it is a period of its own, or none.
        paid(2, period_start=SUBSCRIPTION.period_start + timedelta(days=3)),
        paid(2, period_start=None, period_end=None),
        # A switch through Checkout begins another subscription with the same period.
        paid(2, subscription_id=SubscriptionId("sub_other")),
        paid(
            2,
            subscription_id=None,
            purpose=PaymentPurpose.TOP_UP,
            period_start=None,
            period_end=None,
        ),
        paid(2, disputed=True),
    ],
)
async def test_s30_switches_top_ups_and_what_the_bank_has_are_no_duplicates(
    context: Context, service: DuplicateService, other: Payment
) -> None:
    await see(context, other)
    assert await told(context.database) == []
    assert (await service.page(DESK, 0)).duplicates == ()


async def test_moderators_turn_pages_newest_first(
    context: Context, service: DuplicateService
) -> None:
    for month in range(PAGE + 1):
        start = NOW - timedelta(days=30 * (month + 2))
        period = {"period_start": start, "period_end": start + timedelta(days=30)}
        for number in (1, 2):
            await see(context, paid(100 + month * 10 + number, days_ago=month + 5, **period))

    first, second = await service.page(DESK, 0), await service.page(DESK, 1)

    assert (len(first.duplicates), first.is_last) == (PAGE, False)
    assert (len(second.duplicates), second.is_last) == (1, True)
    newest = [each.payments[-1].paid_at for each in (*first.duplicates, *second.duplicates)]
    assert newest == sorted(newest, reverse=True)


async def test_only_moderators_see_them(context: Context, service: DuplicateService) -> None:
    other = Actor(MIA, GUILD, frozenset(), manages_guild=True)
    with pytest.raises(NotPermitted):
        await service.page(other, 0)
    with pytest.raises(NotPermitted):
        await service.member_of(other, PaymentId("pi_1"))
    assert await service.member_of(DESK, PaymentId("pi_1")) == MIA
    with pytest.raises(NoSuchThing):
        await service.member_of(DESK, PaymentId("pi_9"))


async def test_the_list_is_read_from_its_index(
    context: Context, service: DuplicateService, backend: str
) -> None:
    """Every payment ever made is in the table; only what was paid twice is in the index."""
    if backend != "sqlite":
        return  # PostgreSQL's planner reads a small table whole, whatever its indexes
    statements: list[str] = []
    engine = context.database._reader.sync_engine

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    await service.page(DESK, 0)
    [listing] = [each for each in statements if "GROUP BY" in each]
    async with context.database.read() as connection:
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {listing}", (1, 2, 0))).all()
    assert any("ix_payments_paid_twice" in str(row) for row in plan), plan


async def test_s30_a_refund_that_came_back_is_listed_again(
    context: Context, service: DuplicateService
) -> None:
    """When the second was first seen, it was refunded."""
    await see(context, paid(2, refunded=Money(2000, "usd")))
    assert (await service.page(DESK, 0)).duplicates == ()

    await see(context, paid(2))

    [found] = (await service.page(DESK, 0)).duplicates
    assert len(found.payments) == 2
