"""Idempotency keys: replay, mismatch, conflict, and answers lost on the way."""

import asyncio
from collections.abc import Callable

import pytest
import stripe

from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.wire import Json
from tests.scenario.bad_luck import until

from .conftest import Shop


@pytest.fixture
def charge(sandbox: StripeSandbox, shop: Shop) -> Json:
    return sandbox.add_charge(shop.mia["id"], 2000)


async def test_replay(client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json) -> None:
    first = await client.v1.refunds.create_async(
        {"charge": charge["id"], "amount": 500}, {"idempotency_key": "refund-1"}
    )
    again = await client.v1.refunds.create_async(
        {"charge": charge["id"], "amount": 500}, {"idempotency_key": "refund-1"}
    )
    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(sandbox.objects("refund")) == 1
    assert [entry.replayed for entry in sandbox.requests.entries] == [False, True]
    event = sandbox.events[-1]
    assert event["request"]["idempotency_key"] == "refund-1"


async def test_errors_of_the_work_are_replayed(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop
) -> None:
    sandbox.decline_payments(shop.mia["id"], times=1)
    params: stripe.params.PaymentIntentCreateParams = {
        "amount": 500,
        "currency": "usd",
        "customer": shop.mia["id"],
        "confirm": True,
    }
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            await client.v1.payment_intents.create_async(params, {"idempotency_key": "pay-1"})
    assert len(sandbox.objects("charge")) == 1


async def test_validation_errors_are_not_saved(client: stripe.StripeClient, charge: Json) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.refunds.create_async(
            {"charge": charge["id"], "reason": "bad"}, {"idempotency_key": "r"}
        )
    made = await client.v1.refunds.create_async({"charge": charge["id"]}, {"idempotency_key": "r"})
    assert made.status == "succeeded"


async def test_other_parameters_under_the_same_key(
    client: stripe.StripeClient, charge: Json
) -> None:
    await client.v1.refunds.create_async(
        {"charge": charge["id"], "amount": 500}, {"idempotency_key": "r"}
    )
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        await client.v1.refunds.create_async(
            {"charge": charge["id"], "amount": 600}, {"idempotency_key": "r"}
        )


async def test_a_key_in_flight_is_409(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json
) -> None:
    fault = sandbox.faults.add(method="POST", path="/v1/refunds", hold=True, times=1)
    slow = asyncio.create_task(
        client.v1.refunds.create_async({"charge": charge["id"]}, {"idempotency_key": "r"})
    )
    await until(lambda: fault.struck)
    with pytest.raises(stripe.StripeError, match="in-progress") as refused:
        await client.v1.refunds.create_async({"charge": charge["id"]}, {"idempotency_key": "r"})
    assert refused.value.http_status == 409
    fault.remove()
    assert (await slow).status == "succeeded"


async def test_a_lost_answer_and_a_retry_make_one_refund(
    client_with: Callable[..., stripe.StripeClient], sandbox: StripeSandbox, charge: Json
) -> None:
    sandbox.faults.add(method="POST", path="/v1/refunds", drop=True, after_work=True, times=1)
    made = await client_with(retries=1).v1.refunds.create_async(
        {"charge": charge["id"]}, {"idempotency_key": "r"}
    )
    assert [each["id"] for each in sandbox.objects("refund")] == [made.id]
    assert sandbox.requests.count("POST", "/v1/refunds") == 2


async def test_a_500_after_the_work_is_replayed(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json
) -> None:
    sandbox.faults.add(method="POST", path="/v1/refunds", status=500, after_work=True, times=1)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await client.v1.refunds.create_async({"charge": charge["id"]}, {"idempotency_key": "r"})
    listed = await client.v1.refunds.list_async({"charge": charge["id"]})
    assert len(listed.data) == 1


async def test_a_500_before_the_work_is_not_saved(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json
) -> None:
    sandbox.faults.add(method="POST", path="/v1/refunds", status=500, times=1)
    with pytest.raises(stripe.APIError):
        await client.v1.refunds.create_async({"charge": charge["id"]}, {"idempotency_key": "r"})
    made = await client.v1.refunds.create_async({"charge": charge["id"]}, {"idempotency_key": "r"})
    assert made.status == "succeeded"


async def test_a_500_before_the_work_can_be_saved_too(
    client: stripe.StripeClient, sandbox: StripeSandbox, charge: Json
) -> None:
    """As Stripe does once the work has begun: the key is of no use for a day, another one is."""
    sandbox.faults.add(method="POST", path="/v1/refunds", status=500, saved=True, times=1)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await client.v1.refunds.create_async({"charge": charge["id"]}, {"idempotency_key": "r"})
    assert sandbox.objects("refund") == []
    assert [entry.replayed for entry in sandbox.requests.entries] == [False, True]
    made = await client.v1.refunds.create_async({"charge": charge["id"]}, {"idempotency_key": "s"})
    assert made.status == "succeeded"
