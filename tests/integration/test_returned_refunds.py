"""A refund that the provider fails days later: found, told, and open for another (S11)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.audit import AuditFilter
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import CREEM, STRIPE, GuildId, RoleId, UserId
from bot.domain.refund import Consequence, Ground, Refund, RefundState
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.links import link
from bot.services.mirror import apply
from bot.services.reconciliation import RESTED, ReconciliationService
from bot.services.refund_saga import RefundSaga
from bot.services.refunds import RefundService
from bot.services.returned_refunds import ReturnedRefundsService
from bot.services.screens import Screen
from storage import audit, jobs, payments, refunds
from tests.integration.lives.life import run_jobs
from tests.support.contexts import open_context
from tests.support.shops import Shop, open_shop

MIA, MAX, GUILD, ROLE = UserId(1001), UserId(1003), GuildId(7001), RoleId(6)
DESK = Actor(MAX, GUILD, frozenset({ROLE}), manages_guild=False)


@dataclass(slots=True)
class World:
    """A shop, a desk, and a store that knows its member. `ahead` moves our clock."""

    shop: Shop
    context: Context
    ahead: timedelta = timedelta()

    async def sync(self) -> None:
        snapshot = await self.shop.provider.fetch_account(self.shop.customer)
        async with self.context.database.write() as connection:
            await apply(connection, self.context, snapshot, asked_at=self.context.clock())

    async def refund(self) -> Refund:
        """From the draft to the end."""
        desk = RefundService(
            self.context,
            GuildService(self.context, {GUILD: GuildSettings(moderator_role_id=ROLE)}),
        )
        [payment] = await desk.payments(DESK, MIA)
        drafted = await desk.draft(DESK, MIA, payment.id)
        await desk.set_ground(DESK, drafted.refund.id, Ground.OUR_ERROR)
        await desk.confirm(DESK, drafted.refund.id, screen=Screen(1, "token"))
        await self.work()
        return await self.seen(drafted.refund)

    async def work(self) -> None:
        saga = RefundSaga(self.context)
        await run_jobs(
            self.context,
            {
                "refund.carry_out": saga.carry_out,
                "refund.end": saga.end,
                "refund.look_returned": ReturnedRefundsService(self.context).look,
            },
        )

    async def reconcile(self) -> None:
        """One whole run, some time after the last."""
        self.ahead += RESTED
        service = ReconciliationService(self.context)
        await service.schedule()
        await run_jobs(self.context, {"reconciliation.page": service.take_page})
        await self.work()

    async def seen(self, refund: Refund) -> Refund:
        async with self.context.database.read() as connection:
            found = await refunds.find(connection, refund.id)
        assert found is not None
        return found

    async def told(self, refund: Refund) -> bool:
        async with self.context.database.read() as connection:
            return await jobs.exists(connection, f"refund-returned-log:{refund.id}")


@pytest.fixture(params=[STRIPE, CREEM])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with (
        open_shop(request.param) as shop,
        open_context(shop, tmp_path, clock=lambda: datetime.now(UTC) + opened.ahead) as context,
    ):
        opened = World(shop, context)
        shop.leave_refunds_pending()
        await opened.sync()
        async with context.database.write() as connection:
            await link(connection, shop.customer, MIA, by="test", now=context.clock())
        yield opened


async def test_s11_a_refund_that_came_back_is_found_without_an_event(world: World) -> None:
    """Weeks later, which is when banks send back what they cannot book."""
    refund = await world.refund()
    assert refund.state is RefundState.DONE
    world.ahead = timedelta(days=20)
    world.shop.fail_refund(refund.payment_id)

    await world.reconcile()

    back = await world.seen(refund)
    assert (back.state, back.failure) == (RefundState.RETURNED, "returned")
    assert await world.told(refund)
    assert world.shop.status(world.shop.subscription) == "canceled"
    async with world.context.database.read() as connection:
        [newest] = await audit.search(
            connection, AuditFilter(action="refund"), before=None, limit=1
        )
        assert await audit.first_broken_row(connection) is None
        payment = await payments.find(connection, refund.payment_id)
    assert (newest.action, newest.subject) == ("refund.returned", refund.payment_id)
    assert payment is not None
    assert payment.refundable == payment.amount


async def test_s11_what_came_back_can_be_refunded_again(world: World) -> None:
    first = await world.refund()
    world.shop.fail_refund(first.payment_id)
    await world.reconcile()

    second = await world.refund()

    assert second.state is RefundState.DONE
    assert second.consequence is Consequence.ALREADY_ENDED
    assert (await world.seen(first)).state is RefundState.RETURNED
    world.shop.fail_refund(second.payment_id)
    await world.reconcile()
    assert (await world.seen(second)).state is RefundState.RETURNED
    assert await world.told(second)


async def test_a_refund_that_stays_is_left_alone(world: World) -> None:
    refund = await world.refund()
    world.ahead = timedelta(days=20)
    await world.reconcile()
    assert (await world.seen(refund)).state is RefundState.DONE
    assert not await world.told(refund)
