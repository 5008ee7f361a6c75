"""Invoices, payments, refunds, disputes: the money and its traces."""

import asyncio
from datetime import UTC, datetime

import pytest
import stripe

from bot.sandbox.money import money
from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.wire import Json, StripeError

from .conftest import Shop


@pytest.fixture
def charge(sandbox: StripeSandbox, shop: Shop) -> Json:
    return sandbox.add_charge(shop.mia["id"], 2000, description="Pro, charged twice")


async def test_an_invoice_leads_to_its_payment(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    listed = await client.v1.invoices.list_async(
        {"customer": shop.mia["id"], "expand": ["data.payments"]}
    )
    body = listed.data[0].to_dict()
    for gone in ("charge", "payment_intent", "paid", "subscription"):
        assert gone not in body
    assert body["parent"]["subscription_details"]["subscription"] == made["id"]
    payment = body["payments"]["data"][0]["payment"]
    assert payment["type"] == "payment_intent"
    found = await client.v1.invoice_payments.list_async(
        {"payment": {"type": "payment_intent", "payment_intent": payment["payment_intent"]}}
    )
    assert [each.invoice for each in found.data] == [body["id"]]
    found = await client.v1.invoice_payments.list_async({"invoice": body["id"], "status": "open"})
    assert found.data == []
    assert body["hosted_invoice_url"].startswith("https://invoice.stripe.com/i/acct_")
    assert body["invoice_pdf"].endswith("/pdf")
    filtered = await client.v1.invoices.list_async({"status": "open"})
    assert filtered.data == []


async def test_void(client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop) -> None:
    sandbox.decline_payments(shop.mia["id"])
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    voided = await client.v1.invoices.void_invoice_async(made["latest_invoice"])
    assert (voided.status, voided.amount_remaining) == ("void", 0)
    with pytest.raises(stripe.InvalidRequestError, match="isn't open"):
        await client.v1.invoices.void_invoice_async(made["latest_invoice"])


async def test_a_renewals_draft_can_be_finalized_early(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    end = made["items"]["data"][0]["current_period_end"]
    await sandbox.advance(to=end + 60)
    draft = sandbox.get(sandbox.get(made["id"])["latest_invoice"])
    assert draft["status"] == "draft"
    done = await client.v1.invoices.finalize_invoice_async(draft["id"])
    assert done.status == "paid"
    await sandbox.advance(days=1)
    assert len(sandbox.objects("charge")) == 2


async def test_one_off_payment(client: stripe.StripeClient, shop: Shop) -> None:
    made = await client.v1.payment_intents.create_async(
        {"amount": 500, "currency": "JPY", "customer": shop.mia["id"], "confirm": True}
    )
    assert (made.status, made.currency, made.amount_received) == ("succeeded", "jpy", 500)
    charges = await client.v1.charges.list_async({"payment_intent": made.id})
    assert [each.id for each in charges.data] == [made.latest_charge]
    with pytest.raises(stripe.InvalidRequestError, match="cannot be confirmed"):
        await client.v1.payment_intents.confirm_async(made.id)


async def test_a_declined_payment_is_a_card_error(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    sandbox.decline_payments(
        shop.mia["id"], code="expired_card", decline_code="expired_card", times=1
    )
    with pytest.raises(stripe.CardError, match="has expired") as refused:
        await client.v1.payment_intents.create_async(
            {"amount": 500, "currency": "usd", "customer": shop.mia["id"], "confirm": True}
        )
    assert refused.value.code == "expired_card"
    intent = sandbox.objects("payment_intent")[-1]
    assert intent["status"] == "requires_payment_method"
    again = await client.v1.payment_intents.confirm_async(intent["id"])
    assert again.status == "succeeded"
    refund = await client.v1.refunds.create_async({"payment_intent": intent["id"]})
    assert refund.charge == again.latest_charge


def test_amounts_are_written_in_their_currency() -> None:
    amounts = [money(-1234, "usd"), money(500, "jpy"), money(1234, "kwd"), money(5, "chf")]
    assert amounts == ["-$12.34", "JPY 500", "KWD 1.234", "CHF 0.05"]


async def test_full_refund(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json
) -> None:
    before = len(sandbox.events)
    refund = await client.v1.refunds.create_async(
        {
            "payment_intent": charge["payment_intent"],
            "reason": "duplicate",
            "metadata": {"by": "Max"},
        }
    )
    assert (refund.amount, refund.status, refund.reason) == (2000, "succeeded", "duplicate")
    got = await client.v1.charges.retrieve_async(charge["id"], {"expand": ["refunds"]})
    assert got.refunded
    assert got.to_dict()["refunds"]["data"][0]["id"] == refund.id
    kinds = [event["type"] for event in sandbox.events[before:]]
    assert kinds == ["refund.created", "charge.refunded"]
    assert sandbox.events[-1]["data"]["previous_attributes"] == {
        "amount_refunded": 0,
        "refunded": False,
    }
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.refunds.create_async({"charge": charge["id"]})
    assert refused.value.code == "charge_already_refunded"


async def test_a_refund_leaves_subscription_and_invoice_alone(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    intent = sandbox.objects("payment_intent")[-1]["id"]
    await client.v1.refunds.create_async({"payment_intent": intent})
    assert sandbox.get(made["id"])["status"] == "active"
    assert sandbox.get(made["latest_invoice"])["status"] == "paid"


async def test_never_more_than_what_is_left(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json
) -> None:
    await client.v1.refunds.create_async({"charge": charge["id"], "amount": 1500})
    with pytest.raises(stripe.InvalidRequestError, match=r"\$6.00\) is greater than .*\$5.00"):
        await client.v1.refunds.create_async({"charge": charge["id"], "amount": 600})
    last = await client.v1.refunds.create_async({"charge": charge["id"]})
    assert last.amount == 500
    listed = await client.v1.refunds.list_async({"charge": charge["id"]})
    assert sum(each.amount for each in listed.data) == 2000
    assert sandbox.get(charge["id"])["amount_refunded"] == 2000


async def test_a_race_refunds_no_more_than_the_charge(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json
) -> None:
    tries = [
        client.v1.refunds.create_async({"charge": charge["id"], "amount": 900}) for _ in range(5)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, stripe.Refund) for result in results) == 2
    assert sandbox.get(charge["id"])["amount_refunded"] == 1800


async def test_a_refund_can_fail_days_later(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json
) -> None:
    made = await client.v1.refunds.create_async({"charge": charge["id"]})
    await sandbox.advance(days=4)
    sandbox.fail_refund(made.id)
    got = await client.v1.refunds.retrieve_async(made.id)
    assert (got.status, got.failure_reason) == ("failed", "expired_or_canceled_card")
    assert [event["type"] for event in sandbox.events[-3:]] == [
        "refund.updated",
        "refund.failed",
        "charge.updated",
    ]
    again = await client.v1.refunds.create_async({"charge": charge["id"]})
    assert again.amount == 2000


async def test_refund_metadata(client: stripe.StripeClient, charge: Json) -> None:
    made = await client.v1.refunds.create_async({"charge": charge["id"]})
    got = await client.v1.refunds.update_async(made.id, {"metadata": {"ticket": "7"}})
    assert got.to_dict()["metadata"] == {"ticket": "7"}


async def test_a_disputed_charge_is_not_refunded(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json
) -> None:
    dispute = sandbox.open_dispute(charge["id"])
    listed = await client.v1.disputes.list_async({"charge": charge["id"]})
    assert [each.id for each in listed.data] == [dispute["id"]]
    assert (await client.v1.charges.retrieve_async(charge["id"])).disputed
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.refunds.create_async({"charge": charge["id"]})
    assert refused.value.code == "charge_disputed"


@pytest.mark.parametrize(
    ("status", "refundable"), [("won", True), ("warning_closed", True), ("lost", False)]
)
async def test_what_the_bank_does_not_hold_is_refunded(
    client: stripe.StripeClient,
    sandbox: StripeSandbox,
    charge: Json,
    status: str,
    refundable: bool,
) -> None:
    is_inquiry = status == "warning_closed"
    dispute = sandbox.open_dispute(charge["id"], is_inquiry=is_inquiry)
    assert dispute["is_charge_refundable"] == is_inquiry
    sandbox.close_dispute(dispute["id"], status=status)

    if refundable:
        await client.v1.refunds.create_async({"charge": charge["id"]})
        assert (await client.v1.charges.retrieve_async(charge["id"])).disputed
    else:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await client.v1.refunds.create_async({"charge": charge["id"]})
        assert refused.value.code == "charge_disputed"


async def test_refund_parameters(client: stripe.StripeClient, shop: Shop, charge: Json) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="payment_intent or charge"):
        await client.v1.refunds.create_async({})
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.refunds.create_async({"charge": charge["id"], "amount": 0})
    unpaid = await client.v1.payment_intents.create_async(
        {"amount": 500, "currency": "usd", "customer": shop.mia["id"]}
    )
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        await client.v1.refunds.create_async({"payment_intent": unpaid.id})


async def test_the_dashboard_charges_again_and_refunds(sandbox: StripeSandbox, shop: Shop) -> None:
    sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    [first] = sandbox.objects("charge")
    second = sandbox.charge_again(first["id"])
    paid = {one["payment"]["payment_intent"]: one for one in sandbox.objects("invoice_payment")}
    invoices = {paid[one["payment_intent"]]["invoice"] for one in (first, second)}
    assert len(invoices) == 1
    assert sandbox.refund(second["id"], amount=500)["amount"] == 500
    assert sandbox.refund(second["id"])["amount"] == 1500
    assert sandbox.get(second["id"])["refunded"]
    with pytest.raises(StripeError, match="no invoice"):
        sandbox.charge_again(sandbox.add_charge(shop.mia["id"], 700)["id"])


async def test_a_card_comes_to_its_last_month(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    card = sandbox.expire_card(shop.mia["id"])["card"]
    today = datetime.fromtimestamp(sandbox.clock.now(), UTC)
    assert (card["exp_month"], card["exp_year"]) == (today.month, today.year)
    assert sandbox.events[-1]["type"] == "payment_method.updated"
    without = await client.v1.customers.create_async({"email": "new@example.com"})
    with pytest.raises(StripeError, match="no attached payment source"):
        sandbox.expire_card(without.id)
