"""Creem's own ways, over the local Creem. What holds at every provider is in provider_contract."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.billing.provider import (
    ProviderRefusedError,
    Snapshot,
)
from bot.domain.catalogue import Interval
from bot.domain.identifiers import (
    CREEM,
    CustomerId,
    PaymentId,
)
from bot.domain.money import Money
from bot.domain.refund import Ground, Payment, PaymentPurpose
from bot.domain.subscription import Status, Subscription
from bot.sandbox.creem import records
from bot.sandbox.scene import LEA_ADDRESS
from tests.support.shops import CreemShop, open_shop

PAID_ONCE = "prod_top_up_500"


@pytest.fixture
async def shop() -> AsyncIterator[CreemShop]:
    async with open_shop(CREEM) as opened:
        assert isinstance(opened, CreemShop)
        yield opened


def only(snapshot: Snapshot) -> Subscription:
    [subscription] = snapshot.subscriptions
    return subscription


async def schedule(shop: CreemShop) -> Subscription:
    return only(
        await shop.provider.schedule_cancellation(
            shop.subscription, feedback="unused", comment="Bye", idempotency_key="k"
        )
    )


async def refund(shop: CreemShop, payment: Payment, amount: Money | None = None) -> str:
    receipt = await shop.provider.refund(
        payment.id,
        amount=amount or payment.refundable,
        ground=Ground.OUR_ERROR,
        reference="R1",
        idempotency_key="k",
    )
    return receipt.status


# --- cancelling ---


@pytest.mark.parametrize("store_setting", ["immediate", "scheduled"])
async def test_the_stores_own_cancel_mode_decides_nothing(
    shop: CreemShop, store_setting: str
) -> None:
    shop.creem.settings.cancel_mode = store_setting

    assert (await schedule(shop)).status is Status.ACTIVE
    ended = await shop.provider.end_subscription(shop.subscription, idempotency_key="k")

    assert only(ended).status is Status.CANCELED
    asked = [each.params for each in shop.requests.entries if each.path.endswith("/cancel")]
    assert asked == [{"mode": "scheduled", "onExecute": "cancel"}, {"mode": "immediate"}]


async def test_the_portals_button_ends_at_once(shop: CreemShop) -> None:
    shop.creem.portal_cancel(shop.subscription)

    seen = await shop.seen()

    assert seen.status is Status.CANCELED
    assert seen.ended_at is not None
    assert seen.ended_at < seen.period_end


async def test_s1_what_is_paused_can_be_cancelled_too(shop: CreemShop) -> None:
    """It charges nothing and gives no access, and Creem has no end to schedule for it."""
    await shop.call(f"/v1/subscriptions/{shop.subscription}/pause", {})
    assert (await shop.seen()).status is Status.PAUSED

    assert (await schedule(shop)).status is Status.CANCELED


async def test_resuming_what_is_paused_is_not_ours_to_do(shop: CreemShop) -> None:
    await shop.call(f"/v1/subscriptions/{shop.subscription}/pause", {})

    undone = only(await shop.provider.undo_cancellation(shop.subscription, idempotency_key="k"))

    assert undone.status is Status.PAUSED


async def test_every_failed_attempt_owes_the_same_period_and_the_last_one_ends_it(
    shop: CreemShop,
) -> None:
    """Creem's "expired" is no end: the card may be tried again."""
    paid_to = (await shop.seen()).period_end
    shop.decline_payments(shop.customer)
    await shop.advance_to_period_end(shop.subscription)
    found = []
    while (seen := await shop.seen()).status is not Status.CANCELED:
        found.append((shop.status(shop.subscription), seen.status, seen.is_live))
        assert seen.period_start == paid_to
        await shop.creem.advance(days=7)

    assert found == [
        ("past_due", Status.PAST_DUE, True),
        ("expired", Status.UNPAID, True),
        ("unpaid", Status.UNPAID, True),
    ]


@pytest.mark.parametrize("last_transaction", ["paid", "newest"])
async def test_s4_what_is_owed_begins_where_paid_time_ended_whichever_payment_is_shown(
    shop: CreemShop, last_transaction: str
) -> None:
    """A refund of an older payment is told together with the subscription's last transaction."""
    shop.creem.settings.last_transaction = last_transaction
    older = await shop.payment()
    await shop.advance_to_period_end(shop.subscription)
    paid_to = (await shop.seen()).period_end
    shop.decline_payments(shop.customer)
    await shop.advance_to_period_end(shop.subscription)

    by_payment = only(await shop.provider.fetch_payment(older.id))
    in_account = only(await shop.provider.fetch_account(shop.customer))

    for seen in (by_payment, in_account, await shop.seen()):
        assert (seen.status, seen.period_start) == (Status.PAST_DUE, paid_to)


@pytest.mark.parametrize("last_transaction", ["paid", "newest"])
async def test_a_period_that_has_moved_unpaid_is_the_one_that_is_owed(
    shop: CreemShop, last_transaction: str
) -> None:
    """Creem says that a failed renewal moves nothing; one that did is read as it is."""
    shop.creem.settings.last_transaction = last_transaction
    shop.decline_payments(shop.customer)
    await shop.advance_to_period_end(shop.subscription)
    paid_to = (await shop.seen()).period_start
    record = shop.creem._world.get(records.Subscription, shop.subscription)
    length = record.period_end - record.period_start
    record.period_start, record.period_end = record.period_end, record.period_end + length

    for found in (
        await shop.provider.fetch_account(shop.customer),
        await shop.provider.fetch_subscription(shop.subscription),
    ):
        assert only(found).period_start == paid_to


async def test_a_retry_that_succeeds_pays_for_the_period_that_was_owed(shop: CreemShop) -> None:
    paid_to = (await shop.seen()).period_end
    shop.creem.decline_payments(shop.customer, times=2)
    await shop.advance_to_period_end(shop.subscription)
    await shop.creem.advance(days=3)
    assert (await shop.seen()).status is Status.UNPAID
    await shop.creem.advance(days=5)

    snapshot = await shop.provider.fetch_account(shop.customer)

    recovered = only(snapshot)
    assert (recovered.status, recovered.period_start) == (Status.ACTIVE, paid_to)
    assert len(snapshot.payments) == len(snapshot.invoices) == len(snapshot.paid_periods) == 2


async def test_a_trial_that_is_not_paid_for_owes_the_first_period(shop: CreemShop) -> None:
    noor = shop.add_customer("noor@example.com")
    trial = shop.subscribe(noor, shop.monthly, trial_days=14)
    ends = only(await shop.provider.fetch_subscription(trial)).period_end
    shop.decline_payments(noor)
    await shop.advance_to_period_end(trial)

    seen = only(await shop.provider.fetch_subscription(trial))

    assert (seen.status, seen.period_start) == (Status.PAST_DUE, ends)


async def test_a_trial_that_is_cancelled_keeps_its_allowance(shop: CreemShop) -> None:
    noor = shop.add_customer("noor@example.com")
    trial = shop.subscribe(noor, shop.monthly, trial_days=14)
    await shop.cancel_elsewhere(trial)

    snapshot = await shop.provider.fetch_subscription(trial)

    assert only(snapshot).cancel_at == only(snapshot).period_end
    assert [each.period_end for each in snapshot.paid_periods] == [only(snapshot).period_end]


# --- reading ---


async def test_references_may_be_ids_everywhere(shop: CreemShop) -> None:
    """The API's description allows ids wherever its examples show whole objects."""
    whole = await shop.provider.fetch_account(shop.customer)
    scheduled = await schedule(shop)
    await shop.provider.undo_cancellation(shop.subscription, idempotency_key="k")
    shop.creem.settings.references = "ids"

    assert await shop.provider.fetch_account(shop.customer) == whole
    assert await shop.provider.fetch_subscription(shop.subscription) == whole
    assert await schedule(shop) == scheduled
    page = await shop.provider.fetch_page(None, since=datetime(2020, 1, 1, tzinfo=UTC))
    assert [each.id for each in page.snapshot.subscriptions] == [shop.subscription]
    for event in shop.creem.events:
        body = json.dumps(event).encode()
        hint = shop.provider.read_event(body, shop.signed(body))
        assert await shop.provider.fetch_event_objects(hint) is not None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("every-three-months", Interval.QUARTER),
        ("every-six-months", Interval.HALF_YEAR),
        ("every-year", Interval.YEAR),
        ("every-second-sunday", Interval.MONTH),
    ],
)
async def test_intervals_known_and_unknown(shop: CreemShop, written: str, read: Interval) -> None:
    shop.creem._world.get(records.Product, shop.monthly).billing_period = written
    assert (await shop.seen()).interval is read


async def test_seats_are_paid_for_each(shop: CreemShop) -> None:
    shop.creem._world.get(records.Subscription, shop.subscription).units = 3
    assert (await shop.seen()).price == Money(6000, "usd")


async def test_a_payment_is_what_left_the_account_tax_included(shop: CreemShop) -> None:
    shop.creem.settings.tax_percent = 20
    product = shop.creem.add_product("Net", price=1000, tax_mode="exclusive")
    noor = shop.add_customer("noor@example.com")
    shop.creem.add_subscription(noor, product["id"])

    [payment] = (await shop.provider.fetch_account(noor)).payments

    assert payment.amount == Money(1200, "usd")
    assert await refund(shop, payment) == "succeeded"
    assert shop.given_back() == 1200


async def test_milliseconds_between_a_payment_and_its_period_make_no_difference(
    shop: CreemShop,
) -> None:
    """A grant is looked for by the subscription's own dates."""
    paid = shop.creem._world.all(records.Transaction)[0]
    paid.period_start = (paid.period_start or 0) + 1

    snapshot = await shop.provider.fetch_account(shop.customer)

    [period], subscription = snapshot.paid_periods, only(snapshot)
    assert (period.period_start, period.period_end) == (
        subscription.period_start,
        subscription.period_end,
    )


async def test_what_was_bought_once_and_is_no_top_up_is_something_else(shop: CreemShop) -> None:
    shirt = shop.creem.add_product("Shirt", price=1500, interval=None)
    bought = shop.creem.add_charge(shop.customer, shirt["id"])
    topped_up = shop.creem.add_charge(shop.customer, PAID_ONCE)

    payments = (await shop.provider.fetch_account(shop.customer)).payments

    purposes = {each.id: each.purpose for each in payments}
    assert purposes[bought["id"]] is PaymentPurpose.OTHER
    assert purposes[topped_up["id"]] is PaymentPurpose.TOP_UP


async def test_s18_a_late_event_shows_the_payment_that_it_tells_of(shop: CreemShop) -> None:
    """It is not the subscription's last one any more."""
    [told] = [each for each in shop.events if each["eventType"] == "subscription.paid"]
    await shop.advance_to_period_end(shop.subscription)
    body = json.dumps(told).encode()

    hint = shop.provider.read_event(body, shop.signed(body))
    snapshot = await shop.provider.fetch_event_objects(hint)

    assert snapshot is not None
    paid = {each["id"] for each in shop.creem.objects("transaction")}
    assert len(paid) == 2
    assert {each.id for each in snapshot.payments} == paid
    assert {each.id for each in snapshot.invoices} == paid
    assert len(snapshot.paid_periods) == 2


async def test_a_payment_that_creem_does_not_know_hides_no_subscription(shop: CreemShop) -> None:
    [told] = [each for each in shop.events if each["eventType"] == "subscription.paid"]
    told["object"]["last_transaction_id"] = "tran_of_another_store"
    body = json.dumps(told).encode()

    hint = shop.provider.read_event(body, shop.signed(body))
    snapshot = await shop.provider.fetch_event_objects(hint)

    assert snapshot is not None
    assert only(snapshot).id == shop.subscription


async def test_s18_there_are_no_pages_for_invoices_and_the_number_is_the_transactions(
    shop: CreemShop,
) -> None:
    snapshot = await shop.provider.fetch_account(shop.customer)
    [invoice], [payment] = snapshot.invoices, snapshot.payments
    assert (invoice.page_url, invoice.pdf_url, invoice.number) == (None, None, payment.id)


async def test_an_address_that_creem_answers_with_another_is_nobodys(shop: CreemShop) -> None:
    shop.creem._world.get(records.Customer, shop.customer).email = "someone@else.example"
    assert await shop.provider.customers_with_address(LEA_ADDRESS) == ()


# --- refunding ---


async def test_a_part_given_back_in_the_dashboard_leaves_the_rest(shop: CreemShop) -> None:
    payment = await shop.payment()
    shop.creem.refund(payment.id, amount=500)
    rest = await shop.payment()
    assert rest.refundable == Money(1500, "usd")

    with pytest.raises(ProviderRefusedError):
        await refund(shop, payment, amount=payment.amount)
    assert await shop.provider.find_refund(payment.id, reference="R1") is None
    assert await refund(shop, rest) == "succeeded"

    assert shop.given_back() == 2000


async def test_a_refund_from_the_dashboard_counts_as_the_one_that_was_asked_for(
    shop: CreemShop,
) -> None:
    payment = await shop.payment()
    shop.creem.refund(payment.id)

    with pytest.raises(ProviderRefusedError) as refused:
        await refund(shop, payment)

    assert refused.value.code == "already_refunded"
    found = await shop.provider.find_refund(payment.id, reference="R1")
    assert found is not None
    assert found.status == "pending"
    assert shop.given_back() == 2000


async def test_a_refund_that_the_bank_decides_later_is_pending(shop: CreemShop) -> None:
    shop.creem.settings.refund_status = "pending"
    payment = await shop.payment()
    assert await refund(shop, payment) == "pending"

    [made] = shop.creem.objects("refund")
    shop.creem.settle_refund(made["id"], succeeds=False)

    assert await shop.provider.find_refund(payment.id, reference="R1") is None
    assert (await shop.payment()).refundable == payment.amount


async def test_a_refusal_has_a_code_that_can_be_read(shop: CreemShop) -> None:
    with pytest.raises(ProviderRefusedError) as refused:
        await shop.provider.portal_url(CustomerId(""), return_url="")
    assert refused.value.code == "customer_id_should_not_be_empty"
    with pytest.raises(ProviderRefusedError) as refused:
        await shop.provider.fetch_payment(PaymentId("tran_nothing"))
    assert refused.value.code == "not_found"
