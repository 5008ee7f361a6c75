"""Money that goes back: refunds, disputes, taxes, payments made twice."""

import aiohttp
import pytest

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem.wire import CreemError, Json

from .conftest import Client, Kinds, Shop


async def test_a_refund_is_of_everything_and_cancels_nothing(
    client: Client, sandbox: CreemSandbox, subscription: Json, new_events: Kinds
) -> None:
    new_events()
    payment = subscription["last_transaction_id"]
    assert await client.post("/v1/refunds", transaction_id=payment) == {"status": "succeeded"}
    refunded = await client.get("/v1/transactions", transaction_id=payment)
    assert (refunded["status"], refunded["refunded_amount"]) == ("refunded", 2000)
    assert new_events() == ["refund.created"]
    content = sandbox.events[-1]["object"]
    assert (content["refund_amount"], content["refund_currency"]) == (2000, "USD")
    assert content["transaction"]["id"] == payment
    assert sandbox.get(subscription["id"])["status"] == "active"
    said = await client.refused("POST", "/v1/refunds", json={"transaction_id": payment})
    assert said == ["Transaction has no refundable amount left"]
    assert len(sandbox.objects("refund")) == 1


async def test_the_rest_after_a_partial_refund_of_the_dashboard(
    client: Client, sandbox: CreemSandbox, subscription: Json
) -> None:
    payment = subscription["last_transaction_id"]
    sandbox.refund(payment, amount=500)
    assert sandbox.get(payment)["status"] == "partialRefund"
    with pytest.raises(CreemError, match="no refundable amount"):
        sandbox.refund(payment, amount=1501)
    await client.post("/v1/refunds", transaction_id=payment)
    assert [one["refund_amount"] for one in sandbox.objects("refund")] == [500, 1500]


async def test_no_key_protects_from_a_second_try(
    client: Client, sandbox: CreemSandbox, subscription: Json
) -> None:
    payment = subscription["last_transaction_id"]
    sandbox.faults.add(path="/v1/refunds", drop=True, after_work=True, times=1)
    with pytest.raises(aiohttp.ClientError):
        await client.post("/v1/refunds", transaction_id=payment)
    known = await client.get("/v1/transactions", transaction_id=payment)
    assert known["refunded_amount"] == 2000
    await client.refused(
        "POST",
        "/v1/refunds",
        json={"transaction_id": payment},
        headers={"Idempotency-Key": "one"},
    )


@pytest.mark.parametrize(("succeeds", "left"), [(True, 2000), (False, None)])
async def test_a_pending_refund_is_decided_without_an_event(
    client: Client, sandbox: CreemSandbox, subscription: Json, succeeds: bool, left: int | None
) -> None:
    sandbox.settings.refund_status = "pending"
    payment = subscription["last_transaction_id"]
    assert await client.post("/v1/refunds", transaction_id=payment) == {"status": "pending"}
    assert sandbox.get(payment)["refunded_amount"] == 2000
    told = len(sandbox.events)
    made = sandbox.objects("refund")[0]["id"]
    decided = sandbox.settle_refund(made, succeeds=succeeds)
    assert decided["status"] == ("succeeded" if succeeds else "failed")
    assert sandbox.get(payment)["refunded_amount"] == left
    assert len(sandbox.events) == told
    with pytest.raises(CreemError, match="The refund is"):
        sandbox.settle_refund(made)


async def test_declined_payments_cannot_be_refunded(
    client: Client, sandbox: CreemSandbox, shop: Shop, subscription: Json
) -> None:
    sandbox.decline_payments(shop.lea)
    await sandbox.advance_to_period_end(subscription["id"])
    declined = sandbox.objects("transaction")[-1]["id"]
    await client.refused("POST", "/v1/refunds", json={"transaction_id": declined})
    with pytest.raises(CreemError, match="declined cannot be disputed"):
        sandbox.open_dispute(declined)


async def test_a_dispute(
    client: Client, sandbox: CreemSandbox, subscription: Json, new_events: Kinds
) -> None:
    new_events()
    payment = subscription["last_transaction_id"]
    made = sandbox.open_dispute(payment)
    assert made["transaction"]["status"] == "chargeback"
    assert new_events() == ["dispute.created"]
    disputed = await client.get("/v1/transactions", transaction_id=payment)
    assert (disputed["status"], disputed["refunded_amount"]) == ("chargedBack", 2000)
    await client.refused("POST", "/v1/refunds", json={"transaction_id": payment})
    assert sandbox.get(subscription["id"])["status"] == "active"


@pytest.mark.parametrize(
    ("tax_mode", "amounts"),
    [("exclusive", (1000, 210, 1210)), ("inclusive", (1000, 174, 1000))],
)
async def test_taxes(
    client: Client, sandbox: CreemSandbox, shop: Shop, tax_mode: str, amounts: tuple[int, ...]
) -> None:
    sandbox.settings.tax_percent = 21
    product = sandbox.add_product("Taxed", price=1000, tax_mode=tax_mode)["id"]
    paid = sandbox.add_subscription(shop.lea, product)["last_transaction"]
    assert (paid["amount"], paid["tax_amount"], paid["amount_paid"]) == amounts
    await client.post("/v1/refunds", transaction_id=paid["id"])
    assert sandbox.get(paid["id"])["refunded_amount"] == amounts[2]


async def test_transactions_are_found_by_customer_order_and_product(
    client: Client, sandbox: CreemSandbox, shop: Shop, subscription: Json
) -> None:
    once = sandbox.add_charge(shop.lea, shop.topup)
    twice = sandbox.add_duplicate_payment(once["id"])
    other = sandbox.add_subscription(sandbox.add_customer("o@example.com")["id"], shop.pro)
    paid = subscription["last_transaction"]

    async def found(**query: str) -> list[str]:
        body = await client.get("/v1/transactions/search", **query)
        return [one["id"] for one in body["items"]]

    assert await found(customer_id=shop.lea) == [twice["id"], once["id"], paid["id"]]
    assert await found(order_id=paid["order"]) == [paid["id"]]
    assert await found(product_id=shop.pro) == [other["last_transaction_id"], paid["id"]]
    assert await found(product_id=shop.pro, customer_id=shop.lea) == [paid["id"]]
    assert await found(customer_id=shop.lea, page_size="1", page_number="2") == [once["id"]]
    assert twice["order"] == once["order"]
