"""What an adapter reads: accounts, subscriptions, payments, paid periods."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.billing.provider import PaidPeriod, Snapshot
from bot.domain.catalogue import Interval
from bot.domain.money import Money
from bot.domain.refund import PaymentPurpose, is_proven_duplicate
from bot.domain.subscription import Status, has_access
from tests.support.shops import Shop

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_an_account_is_read_whole(shop: Shop) -> None:
    snapshot = await shop.provider.fetch_account(shop.customer)

    [customer], [subscription] = snapshot.customers, snapshot.subscriptions
    assert (customer.id, customer.provider, customer.email) == (
        shop.customer,
        shop.name,
        shop.address,
    )
    assert (subscription.id, subscription.provider) == (shop.subscription, shop.name)
    assert (subscription.plan_id, subscription.price_id) == ("pro", shop.monthly)
    assert (subscription.status, subscription.customer_id) == (Status.ACTIVE, shop.customer)
    assert (subscription.interval, subscription.price) == (Interval.MONTH, Money(2000, "usd"))
    assert (subscription.cancel_at, subscription.ended_at) == (None, None)
    start, end = subscription.period_start, subscription.period_end
    assert timedelta(days=28) <= end - start <= timedelta(days=31)
    assert snapshot.paid_periods == (
        PaidPeriod(shop.customer, shop.subscription, shop.monthly, start, end),
    )
    [payment], [invoice] = snapshot.payments, snapshot.invoices
    assert (payment.purpose, payment.amount) == (PaymentPurpose.SUBSCRIPTION, Money(2000, "usd"))
    assert (payment.refunded, payment.disputed) == (Money(0, "usd"), False)
    assert (payment.subscription_id, payment.invoice_id) == (shop.subscription, invoice.id)
    assert (payment.period_start, payment.period_end) == (start, end)
    assert (invoice.status, invoice.total) == ("paid", Money(2000, "usd"))
    assert (invoice.subscription_id, invoice.customer_id) == (shop.subscription, shop.customer)
    assert invoice.number


async def test_a_subscription_is_read_as_its_account_shows_it(shop: Shop) -> None:
    account = await shop.provider.fetch_account(shop.customer)
    alone = await shop.provider.fetch_subscription(shop.subscription)

    assert alone.subscriptions == account.subscriptions
    assert [each.id for each in alone.customers] == [shop.customer]


async def test_a_price_that_is_no_longer_sold_has_no_plan(shop: Shop) -> None:
    old = shop.add_price(500, interval="year")
    noor = shop.add_customer("noor@example.com")
    shop.subscribe(noor, old)

    [subscription] = (await shop.provider.fetch_account(noor)).subscriptions

    assert (subscription.plan_id, subscription.price_id) == (None, old)
    assert (subscription.price, subscription.interval) == (Money(500, "usd"), Interval.YEAR)


async def test_somebody_with_two_subscriptions_has_two(shop: Shop) -> None:
    second = shop.subscribe(shop.customer, shop.yearly)

    snapshot = await shop.provider.fetch_account(shop.customer)

    assert {each.id for each in snapshot.subscriptions} == {shop.subscription, second}
    assert {each.subscription_id for each in snapshot.payments} == {shop.subscription, second}
    assert {each.subscription_id for each in snapshot.paid_periods} == {shop.subscription, second}


async def test_somebody_who_never_bought_is_read_too(shop: Shop) -> None:
    noor = shop.add_customer("noor@example.com")

    snapshot = await shop.provider.fetch_account(noor)

    [customer] = snapshot.customers
    assert (customer.id, customer.email) == (noor, "noor@example.com")
    assert snapshot == Snapshot(customers=(customer,))


async def test_customers_are_found_in_the_spelling_that_people_type(shop: Shop) -> None:
    async def found(address: str) -> list[str]:
        return [each.id for each in await shop.provider.customers_with_address(address)]

    assert await found(shop.address) == [shop.customer]
    assert await found(shop.address.upper()) == [shop.customer]
    for nobody in ("nobody@example.com", "a&email=mia@example.com", "ü+x@example.com", "?#/@x.y"):
        assert await found(nobody) == []


async def test_a_renewal_is_another_payment_for_the_next_period(shop: Shop) -> None:
    before = await shop.seen()
    await shop.advance_to_period_end(shop.subscription)

    snapshot = await shop.provider.fetch_account(shop.customer)

    [after] = snapshot.subscriptions
    assert (after.status, after.period_start) == (Status.ACTIVE, before.period_end)
    assert len(snapshot.payments) == 2
    assert {each.period_start for each in snapshot.paid_periods} == {
        before.period_start,
        after.period_start,
    }
    assert not any(is_proven_duplicate(each, snapshot.payments) for each in snapshot.payments)


async def test_a_failed_renewal_is_past_due_from_the_day_that_was_paid_to(shop: Shop) -> None:
    paid_to = (await shop.seen()).period_end
    shop.decline_payments(shop.customer)
    await shop.advance_to_period_end(shop.subscription)

    snapshot = await shop.provider.fetch_account(shop.customer)

    [subscription] = snapshot.subscriptions
    assert subscription.status is Status.PAST_DUE
    assert subscription.period_start == paid_to
    assert subscription.period_end > paid_to
    assert len(snapshot.payments) == len(snapshot.paid_periods) == 1
    assert await shop.seen() == subscription
    for days, on in ((0, True), (6, True), (8, False)):
        now = paid_to + timedelta(days=days)
        assert has_access(subscription, now=now, grace=timedelta(days=7)) is on


async def test_s28_the_newest_attempt_tells_whether_a_card_is_refused(shop: Shop) -> None:
    assert await shop.provider.last_failure(shop.customer) is None
    shop.decline_payments(shop.customer)
    await shop.advance_to_period_end(shop.subscription)

    failure = await shop.provider.last_failure(shop.customer)

    assert failure is not None
    assert failure.amount == Money(2000, "usd")
    noor = shop.add_customer("noor@example.com")
    assert await shop.provider.last_failure(noor) is None


async def test_a_trial_has_its_allowance_without_a_payment(shop: Shop) -> None:
    noor = shop.add_customer("noor@example.com")
    trial = shop.subscribe(noor, shop.monthly, trial_days=14)

    snapshot = await shop.provider.fetch_account(noor)

    [subscription] = snapshot.subscriptions
    assert (subscription.id, subscription.status) == (trial, Status.TRIALING)
    assert subscription.period_end - subscription.period_start == timedelta(days=14)
    assert snapshot.payments == ()
    assert snapshot.paid_periods == (
        PaidPeriod(noor, trial, shop.monthly, subscription.period_start, subscription.period_end),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("incomplete", Status.INCOMPLETE),
        ("active", Status.ACTIVE),
        ("unpaid", Status.UNPAID),
        ("paused", Status.PAUSED),
        ("half_price_heaven", Status.UNKNOWN),
        ("", Status.UNKNOWN),
    ],
)
async def test_statuses_known_and_unknown(shop: Shop, written: str, read: Status) -> None:
    shop.set_status(shop.subscription, written)
    assert (await shop.seen()).status is read


async def test_a_payment_comes_with_what_it_paid_for(shop: Shop) -> None:
    paid = await shop.payment()

    snapshot = await shop.provider.fetch_payment(paid.id)

    assert snapshot.payments == (paid,)
    assert [each.id for each in snapshot.customers] == [shop.customer]
    assert [each.id for each in snapshot.subscriptions] == [shop.subscription]
    assert [each.id for each in snapshot.invoices] == [paid.invoice_id]


async def test_s30_a_second_payment_for_the_same_period_is_a_proven_duplicate(shop: Shop) -> None:
    shop.charge_twice(shop.subscription)

    snapshot = await shop.provider.fetch_account(shop.customer)

    assert len(snapshot.payments) == 2
    assert len(snapshot.paid_periods) == 1
    for payment in snapshot.payments:
        assert is_proven_duplicate(payment, snapshot.payments)


async def test_a_dispute_is_no_refund(shop: Shop) -> None:
    paid = await shop.payment()
    shop.dispute(paid.id)

    disputed = await shop.payment()

    assert disputed.disputed
    assert disputed.refundable == paid.amount
    assert await shop.provider.find_refund(paid.id, reference="R") is None


async def test_everything_is_found_page_by_page(shop: Shop) -> None:
    noor = shop.add_customer("noor@example.com")
    bought = {shop.subscription, *(shop.subscribe(noor, shop.yearly) for _ in range(3))}
    pages = [await shop.provider.fetch_page(None, since=LONG_AGO)]

    while (cursor := pages[-1].next_cursor) is not None:
        pages.append(await shop.provider.fetch_page(cursor, since=LONG_AGO))

    found = [each.snapshot for each in pages]
    assert {each.id for one in found for each in one.customers} == {shop.customer, noor}
    assert {each.id for one in found for each in one.subscriptions} == bought
    assert {each.subscription_id for one in found for each in one.payments} == bought
    assert {each.subscription_id for one in found for each in one.paid_periods} == bought
    assert len({each.id for one in found for each in one.invoices}) == len(bought)


async def test_two_of_a_plan_cost_twice_as_much(shop: Shop) -> None:
    """And bring twice the allowance, which is granted for the quantity."""
    noor = shop.add_customer("noor@example.com")
    shop.subscribe(noor, shop.monthly, quantity=2)

    snapshot = await shop.provider.fetch_account(noor)

    [subscription], [period] = snapshot.subscriptions, snapshot.paid_periods
    assert (subscription.quantity, subscription.price) == (2, Money(4000, "usd"))
    assert (period.quantity, period.price_id) == (2, shop.monthly)
    assert [each.amount for each in snapshot.payments] == [Money(4000, "usd")]
