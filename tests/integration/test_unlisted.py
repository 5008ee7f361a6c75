"""What no event has told and no list shows is found by asking for it, at every provider."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.billing.provider import Purchase
from bot.domain.checkout import Checkout, CheckoutState
from bot.domain.identifiers import CREEM, STRIPE, CheckoutId, PaymentId, UserId
from bot.domain.refund import Ground, PaymentPurpose
from bot.services import unlisted
from bot.services.context import Context
from bot.services.mirror import apply
from bot.services.reconciliation import RESTED, ReconciliationService
from storage import checkouts, customers, ledger, payments
from tests.integration.lives.life import run_jobs
from tests.support.contexts import open_context
from tests.support.shops import CreemShop, Shop, open_shop

BUYER = UserId(1001)


@dataclass(slots=True)
class World:
    """A shop, and a store that knows its member. `ahead` moves our clock."""

    shop: Shop
    context: Context
    ahead: timedelta = timedelta()

    async def sync(self) -> None:
        """Take the member's account over, as on linking."""
        snapshot = await self.shop.provider.fetch_account(self.shop.customer)
        async with self.context.database.write() as connection:
            await apply(connection, self.context, snapshot, asked_at=self.context.clock())

    async def reconcile(self) -> None:
        """One whole run, some time after the last."""
        self.ahead += RESTED
        service = ReconciliationService(self.context)
        await service.schedule()
        await run_jobs(self.context, {"reconciliation.page": service.take_page})

    async def start_top_up(self, state: CheckoutState = CheckoutState.OPEN) -> Checkout:
        """The member has been led to a page."""
        seen, reference = await self.shop.seen(), CheckoutId(self.context.new_id())
        purchase = Purchase(
            reference,
            self.shop.top_up,
            PaymentPurpose.TOP_UP,
            self.shop.customer,
            "https://discord.com/channels/1/2",
        )
        page = await self.shop.provider.open_checkout(purchase, idempotency_key=reference)
        started = Checkout(
            id=reference,
            user_id=BUYER,
            guild_id=None,
            provider=self.shop.name,
            customer_id=self.shop.customer,
            price_id=self.shop.top_up,
            purpose=PaymentPurpose.TOP_UP,
            state=CheckoutState.OPENING,
            created_at=self.context.clock(),
            tops_up=seen.id,
            cycle_start=seen.period_start,
            units=500,
        )
        async with self.context.database.write() as connection:
            await checkouts.add(connection, started, screen={})
            opened = await checkouts.open_page(
                connection, reference, page_id=page.id, page_url=page.url
            )
            if state is CheckoutState.CLOSED:
                await checkouts.close(connection, reference)
        assert opened is not None
        return opened

    async def is_credited(self, checkout: Checkout) -> bool:
        async with self.context.database.read() as connection:
            return await ledger.find(connection, checkout.ledger_key) is not None

    async def given_back(self, payment_id: PaymentId) -> int:
        async with self.context.database.read() as connection:
            found = await payments.find(connection, payment_id)
        assert found is not None
        return found.refunded.amount


@pytest.fixture(params=[STRIPE, CREEM])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with (
        open_shop(request.param) as shop,
        open_context(shop, tmp_path, clock=lambda: datetime.now(UTC) + opened.ahead) as context,
    ):
        opened = World(shop, context)
        await opened.sync()
        async with context.database.write() as connection:
            await customers.link(connection, shop.customer, BUYER, now=context.clock())
        yield opened


@pytest.mark.parametrize(
    ("world", "state"),
    [
        (STRIPE, CheckoutState.OPEN),
        (CREEM, CheckoutState.OPEN),
        # Stripe's pages can be closed, and then nobody pays on them.
        (CREEM, CheckoutState.CLOSED),
    ],
    indirect=["world"],
)
async def test_s16_a_paid_top_up_whose_event_is_lost_is_credited(
    world: World, state: CheckoutState
) -> None:
    """Creem lists neither checkouts nor what was bought once on them."""
    checkout = await world.start_top_up(state)
    world.shop.pay(str(checkout.page_id), "")

    await world.reconcile()

    assert await world.is_credited(checkout)


async def test_more_than_one_portion_of_pages_is_asked_for(world: World) -> None:
    started = [await world.start_top_up(CheckoutState.CLOSED) for _ in range(unlisted.PORTION + 1)]
    for each in started:
        if world.shop.name == CREEM:
            world.shop.pay(str(each.page_id), "")

    await world.reconcile()

    paid = [await world.is_credited(each) for each in started]
    assert paid == [world.shop.name == CREEM] * len(started)


async def test_a_page_that_the_provider_does_not_know_holds_nothing_up(world: World) -> None:
    gone, paid = await world.start_top_up(CheckoutState.CLOSED), await world.start_top_up()
    world.shop.pay(str(paid.page_id), "")
    world.shop.faults.add(path=f"{gone.page_id}$", status=404)

    await world.reconcile()

    assert await world.is_credited(paid)


async def test_what_was_given_back_of_an_old_payment_is_found(world: World) -> None:
    """Ninety days ago; its event is lost, and since then others were paid."""
    first = await world.shop.payment()
    for _ in range(3):
        await world.shop.advance_to_period_end(world.shop.subscription)
    world.ahead = timedelta(days=92)
    await world.sync()
    await world.reconcile()
    assert await world.given_back(first.id) == 0

    await refund(world.shop, first.id)
    await world.reconcile()

    assert await world.given_back(first.id) == 2000


@pytest.mark.parametrize("world", [CREEM], indirect=True)
async def test_payments_are_read_in_turn_also_after_one_that_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where refunds are not listed, each run reads a portion; the next one goes on behind it."""
    monkeypatch.setattr(unlisted, "PORTION", 1)
    monkeypatch.setattr(unlisted, "PORTIONS_OF_PAYMENTS", 1)
    for _ in range(4):
        await world.shop.advance_to_period_end(world.shop.subscription)
    world.ahead = timedelta(days=118)
    await world.sync()
    async with world.context.database.read() as connection:
        newest_first = await payments.of_customer(connection, world.shop.customer)
    first, second = newest_first[-2:][::-1]
    await refund(world.shop, second.id)
    world.shop.faults.add(path=r"/v1/transactions$", status=404, times=1)

    for _ in range(len(newest_first) + 1):
        await world.reconcile()

    assert await world.given_back(second.id) == 2000
    assert await world.given_back(first.id) == 0


async def refund(shop: Shop, payment_id: PaymentId) -> None:
    """In the provider's dashboard."""
    if isinstance(shop, CreemShop):
        shop.creem.refund(payment_id)
        return
    payment = next(
        each
        for each in (await shop.provider.fetch_account(shop.customer)).payments
        if each.id == payment_id
    )
    await shop.provider.refund(
        payment_id,
        amount=payment.refundable,
        ground=Ground.OUR_ERROR,
        reference="R1",
        idempotency_key="k",
    )
