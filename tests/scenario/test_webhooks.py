"""POST /webhooks/stripe: nothing is lost, nothing is applied twice (issue item 6, S8, S23)."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from bot.sandbox.discord.interactions import RESPONSE_SECONDS
from bot.sandbox.scene import WEBHOOK_SECRET
from bot.sandbox.stripe.webhooks import signature
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.stage import Stage

PATH = "/webhooks/stripe"


def event(kind: str, about: Mapping[str, Any], *, event_id: str = "evt_test_1") -> bytes:
    """An event's body as Stripe writes it."""
    envelope = {"id": event_id, "object": "event", "type": kind, "data": {"object": about}}
    return json.dumps(envelope, indent=2).encode()


def signed(body: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> dict[str, str]:
    """The headers that Stripe sends with a body."""
    return {
        "Stripe-Signature": signature(secret, body, int(time.time()) - age),
        "Content-Type": "application/json; charset=utf-8",
    }


async def post(stage: Stage, body: bytes, headers: Mapping[str, str]) -> int:
    """What the bot answers."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(stage.bot.web_url + PATH, data=body, headers=headers) as response,
    ):
        text = await response.text()
        assert "Traceback" not in text
        return response.status


def received(stage: Stage) -> list[str]:
    """The types of the events in the store."""
    return [row["type"] for row in stage.rows("SELECT type FROM events ORDER BY received_at, id")]


def apply_jobs(stage: Stage) -> list[str]:
    """The keys of the jobs that apply events."""
    return [row["key"] for row in stage.rows("SELECT key FROM jobs WHERE kind = 'event.apply'")]


async def test_s23_what_stripe_did_not_sign_is_refused(stage: Stage) -> None:
    body = event("customer.subscription.updated", {"id": stage.scene.mia_subscription})
    right = signed(body)["Stripe-Signature"]
    refused = {
        "no signature": {},
        "empty": {"Stripe-Signature": ""},
        "another secret": signed(body, secret="whsec_another"),
        "another body": signed(body + b" "),
        "too old": signed(body, age=301),
        "without a time": {"Stripe-Signature": right.partition(",")[2]},
        "another scheme": {"Stripe-Signature": right.replace("v1=", "v0=")},
        "not ASCII": {"Stripe-Signature": right.replace("v1=", "v1=ü")},
        "no number": {"Stripe-Signature": "t=now,v1=0"},
        "garbage": {"Stripe-Signature": "=,=,,t"},
    }
    for what, headers in refused.items():
        assert await post(stage, body, headers) == 400, what

    assert received(stage) == []
    assert apply_jobs(stage) == []
    assert await post(stage, body, signed(body, age=290)) == 200


async def test_s23_a_signed_body_that_is_no_event_is_refused(stage: Stage) -> None:
    bodies = (
        b"\xff\xfe\xfa",
        event("x.y", {"id": "x"}).replace(b"evt_test_1", b"evt_\xe9"),
        b"",
        b"{",
        b"[]",
        b'"event"',
        b"null",
        b"{}",
        b'{"id": "evt_1", "type": "x.y"}',
        b'{"id": "evt_1", "type": "x.y", "data": {"object": []}}',
        b'{"id": "evt_1", "type": "x.y", "data": {"object": {"customer": 7}}}',
    )
    for body in bodies:
        assert await post(stage, body, signed(body)) == 400, body

    assert received(stage) == []


async def test_an_oversized_body_is_refused_before_it_is_read(stage: Stage) -> None:
    body = event("customer.updated", {"id": "cus_1", "note": "x" * (1 << 20)})
    assert await post(stage, body, signed(body)) == 413

    async def in_chunks() -> Any:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    async with (
        aiohttp.ClientSession() as session,
        session.post(stage.bot.web_url + PATH, data=in_chunks(), headers=signed(body)) as response,
    ):
        assert response.status == 413
    assert received(stage) == []
    large = event("customer.updated", {"id": stage.scene.mia_customer, "note": "x" * 500_000})
    assert await post(stage, large, signed(large)) == 200


async def test_other_methods_and_paths_are_not_there(stage: Stage) -> None:
    async with aiohttp.ClientSession(stage.bot.web_url) as session:
        for method, path, status in (
            ("GET", PATH, 405),
            ("PUT", PATH, 405),
            ("POST", "/webhooks/other", 404),
            ("GET", "/", 404),
        ):
            async with session.request(method, path) as response:
                assert response.status == status, (method, path)


async def test_an_unknown_type_is_taken_and_asks_stripe_nothing(stage: Stage) -> None:
    await jobs_done(stage)
    stage.scene.stripe.requests.clear()
    body = event("weather.changed", {"id": "sunny"})

    assert await post(stage, body, signed(body)) == 200

    await jobs_done(stage)
    assert received(stage) == ["weather.changed"]
    assert stage.scene.stripe.requests.entries == []


async def test_a_duplicate_is_taken_and_applied_once(stage: Stage) -> None:
    body = event("customer.subscription.updated", {"id": stage.scene.mia_subscription})
    await jobs_done(stage)
    stage.scene.stripe.requests.clear()

    statuses = await asyncio.gather(*(post(stage, body, signed(body)) for _ in range(5)))
    await jobs_done(stage)
    statuses.append(await post(stage, body, signed(body)))
    await jobs_done(stage)

    assert set(statuses) == {200}
    assert len(received(stage)) == len(apply_jobs(stage)) == 1
    assert stage.scene.stripe.requests.count("GET", "/v1/subscriptions/") == 1


async def test_an_event_and_its_job_are_stored_together_or_not_at_all(stage: Stage) -> None:
    """While the store refuses jobs the sender gets no 200, and sends the event again."""
    stage.expect_error("Error handling request from 127.0.0.1")
    await stage.link_mia()
    change_store(
        stage,
        "CREATE TRIGGER no_jobs BEFORE INSERT ON jobs WHEN NEW.kind = 'event.apply' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await until(lambda: [each for each in stage.scene.stripe.deliveries if each.status == 500])
    assert received(stage) == []

    change_store(stage, "DROP TRIGGER no_jobs")
    await stage.scene.stripe.drain(20, retries=True)

    assert len(received(stage)) == len(apply_jobs(stage)) > 0
    await stage.balance_saying(stage.mia, "Cancelled. Stays on until")


async def test_kill_9_right_after_the_200_loses_nothing(stage: Stage) -> None:
    await stage.link_mia()
    silence = stage.scene.stripe.faults.add(method="GET", path="/v1/subscriptions/", hold=True)
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await stage.scene.stripe.drain()
    assert {each.status for each in stage.scene.stripe.deliveries} == {200}

    await stage.bot.kill()
    silence.remove()
    await stage.bot.start()

    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    balance = await stage.balance_saying(stage.mia, "Cancelled. Stays on until")
    assert "Resume" in [button.label for button in balance.buttons]


async def test_events_wait_for_the_provider_to_come_back(stage: Stage) -> None:
    await stage.link_mia()
    outage = stage.scene.stripe.faults.add(path="/v1/", status=503)
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await until(
        lambda: stage.rows(
            "SELECT id FROM jobs WHERE kind = 'event.apply' AND last_error IS NOT NULL"
        ),
        seconds=20,
    )
    assert "Cancelled" not in (await stage.balance_of(stage.mia)).text

    outage.remove()

    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    await stage.balance_saying(stage.mia, "Cancelled. Stays on until")


async def test_an_event_about_something_that_is_gone_holds_nothing_up(stage: Stage) -> None:
    await stage.link_mia()
    for number, (kind, about) in enumerate(
        (
            ("customer.subscription.updated", {"id": "sub_gone"}),
            ("invoice.paid", {"id": "in_gone", "customer": stage.scene.mia_customer}),
            ("charge.refunded", {"id": "ch_gone", "payment_intent": "pi_gone"}),
            ("customer.updated", {"id": "cus_gone"}),
            ("checkout.session.completed", {"id": "cs_gone"}),
        )
    ):
        body = event(kind, about, event_id=f"evt_gone_{number}")
        assert await post(stage, body, signed(body)) == 200
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)

    await jobs_done(stage)

    assert stage.rows("SELECT id FROM jobs WHERE kind = 'event.apply' AND attempts > 1") == []
    assert "Cancelled. Stays on until" in (await stage.balance_of(stage.mia)).text


async def test_a_deleted_customer_is_no_obstacle(stage: Stage) -> None:
    await stage.link_mia()
    await call_stripe(stage, "DELETE", f"/v1/customers/{stage.scene.mia_customer}")
    await jobs_done(stage)

    balance = await stage.balance_saying(stage.mia, "Free plan")

    answer = await stage.mia.click(balance, "Refresh")
    assert "Free plan" in (await answer.settled()).text


async def test_two_hundred_events_at_once_are_all_kept(stage: Stage) -> None:
    await stage.link_mia()
    bodies = [
        event(
            "customer.subscription.updated" if number % 2 else "weather.changed",
            {"id": stage.scene.mia_subscription},
            event_id=f"evt_storm_{number}",
        )
        for number in range(200)
    ]

    statuses = await asyncio.gather(*(post(stage, body, signed(body)) for body in bodies))

    assert set(statuses) == {200}
    assert len(received(stage)) == len(apply_jobs(stage)) == 200
    answer = await stage.mia.slash("balance", channel=stage.here)
    assert answer.first_response_seconds is not None
    assert answer.first_response_seconds < RESPONSE_SECONDS
    await jobs_done(stage, seconds=30)


@pytest.mark.parametrize("attempt", range(2))
async def test_order_repetition_and_delay_do_not_matter(stage: Stage, attempt: int) -> None:
    """S8: after it all, the store shows what Stripe shows."""
    stripe, subscription = stage.scene.stripe, stage.scene.mia_subscription
    await stage.link_mia()
    stripe.hold_webhooks()
    stripe.portal_cancel(subscription)
    await call_stripe(stage, "POST", f"/v1/subscriptions/{subscription}", {"cancel_at": ""})
    await stripe.advance_to_period_end(subscription)
    stripe.add_charge(stage.scene.mia_customer, 500, description="A top-up")
    stripe.decline_payments(stage.scene.mia_customer)
    await stripe.advance_to_period_end(subscription)
    stripe.accept_payments(stage.scene.mia_customer)
    await stripe.advance(days=4)
    intent = stripe.objects("payment_intent")[0]
    await call_stripe(
        stage, "POST", "/v1/refunds", {"payment_intent": intent["id"], "amount": "700"}
    )
    stripe.portal_cancel(subscription)
    early = [each["id"] for each in stripe.events[:8]]

    stripe.release_webhooks(shuffle=True)
    await stripe.drain(20)
    for event_id in [*reversed([each["id"] for each in stripe.events]), *early]:
        stripe.deliver_again(event_id)
    await jobs_done(stage, seconds=40)

    assert_mirror(stage)
    assert len(received(stage)) == len(set(apply_jobs(stage)))


async def test_s8_the_late_end_of_the_old_subscription_takes_nothing_away(stage: Stage) -> None:
    stripe, old = stage.scene.stripe, stage.scene.mia_subscription
    await stage.link_mia()
    stripe.hold_webhooks()
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{old}")
    stripe.add_subscription(stage.scene.mia_customer, "price_max_month")
    [ended] = [each for each in stripe.events if each["type"] == "customer.subscription.deleted"]
    stripe.release_webhooks()
    await jobs_done(stage)
    await stage.balance_saying(stage.mia, "Max · $60.00 monthly")

    stripe.deliver_again(ended["id"])
    await jobs_done(stage)

    balance = await stage.balance_of(stage.mia)
    assert "5,000 of 5,000 credits left" in balance.text
    assert "Cancel subscription" in [button.label for button in balance.buttons]
    assert_mirror(stage)


def assert_mirror(stage: Stage) -> None:
    """The store's subscriptions, invoices, payments and grants equal Stripe's objects."""
    stripe = stage.scene.stripe
    assert {
        row["id"]: tuple(row)[1:]
        for row in stage.rows(
            "SELECT id, status, period_start / 1000, period_end / 1000, cancel_at / 1000, price_id "
            "FROM subscriptions WHERE provider = 'stripe'"
        )
    } == {
        each["id"]: (
            each["status"],
            each["items"]["data"][0]["current_period_start"],
            each["items"]["data"][0]["current_period_end"],
            each["cancel_at"],
            each["items"]["data"][0]["price"]["id"],
        )
        for each in stripe.objects("subscription")
    }
    assert {
        row["id"]: (row["status"], row["amount"])
        for row in stage.rows(
            "SELECT i.id, i.status, i.amount FROM invoices i"
            " JOIN customers c ON c.id = i.customer_id WHERE c.provider = 'stripe'"
        )
    } == {each["id"]: (each["status"], each["total"]) for each in stripe.objects("invoice")}
    charges = {each["payment_intent"]: each for each in stripe.objects("charge") if each["paid"]}
    assert {
        row["id"]: (row["amount"], row["refunded"])
        for row in stage.rows("SELECT id, amount, refunded FROM payments WHERE provider = 'stripe'")
    } == {
        intent: (charge["amount"], charge["amount_refunded"]) for intent, charge in charges.items()
    }
    paid = [each for each in stripe.objects("invoice") if each["status"] == "paid"]
    grants = stage.rows(
        "SELECT l.id FROM ledger l JOIN customers c ON c.id = l.customer_id"
        " WHERE c.provider = 'stripe' AND l.kind = 'grant'"
    )
    assert len(grants) == len(paid)
