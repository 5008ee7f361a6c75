"""/v1: the vendor's backend reports usage, links customers, and asks how they stand (S4, S16)."""

import asyncio
import gzip
import json
import time
from datetime import UTC, datetime

import aiohttp

from bot.web.signing import HEADER
from tests.scenario.bad_luck import until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.vendor import Answer, account, ask, report, send, signed

ENTRY = {"key": "k", "customer_id": "cus_x", "amount": 1}


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


async def test_what_is_reported_is_off_the_balance_at_once(stage: Stage) -> None:
    await stage.link_mia()
    mia = stage.mia.user.id

    statuses = await report(
        stage,
        {"key": "render/1", "customer_id": stage.scene.mia_customer, "amount": 200},
        {"key": "render/2", "discord_user_id": mia, "amount": 50},
        {"key": "render/1", "customer_id": stage.scene.mia_customer, "amount": 200},
        {"key": "render/3", "customer_id": "cus_nobody", "amount": 1},
    )

    assert statuses == ["recorded", "recorded", "duplicate", "unknown_customer"]
    assert "750 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text


async def test_an_account_by_customer_and_by_user(stage: Stage) -> None:
    await stage.link_mia()
    await report(stage, {"key": "a", "customer_id": stage.scene.mia_customer, "amount": 250})

    found = await account(stage, stage.scene.mia_customer)

    item = stage.subscription["items"]["data"][0]
    end = iso(item["current_period_end"])
    assert found == {
        "customer_id": stage.scene.mia_customer,
        "provider": "stripe",
        "discord_user_id": stage.mia.user.id,
        "has_access": True,
        "plan": {"id": "pro", "name": "Pro", "interval": "month"},
        "status": "active",
        "renews_at": end,
        "cancel_at": None,
        "balance": {
            "unit": "credits",
            "granted": 1000,
            "topped_up": 0,
            "used": 250,
            "remaining": 750,
            "refills_at": end,
        },
    }
    assert await account(stage, f"discord:{stage.mia.user.id}") == found
    assert await account(stage, f"discord%3A{stage.mia.user.id}") == found
    for unknown in (
        "cus_nobody",
        "discord:1",
        "discord:",
        "discord:x",
        "%2F",
        "a%20b",
        "%C3%A9",
        "%FF",
    ):
        answer = await ask(stage, "GET", f"/v1/accounts/{unknown}")
        assert (answer.status, answer.code) == (404, "not_found"), unknown


async def test_s4_after_the_end_there_is_no_access_and_no_balance(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await jobs_done(stage)
    end = iso(stage.subscription["items"]["data"][0]["current_period_end"])

    leaving = await account(stage, stage.scene.mia_customer)
    assert (leaving["has_access"], leaving["cancel_at"]) == (True, end)
    assert (leaving["renews_at"], leaving["balance"]["refills_at"]) == (None, None)

    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)
    over = await account(stage, stage.scene.mia_customer)
    assert (over["has_access"], over["plan"], over["status"]) == (False, None, "canceled")
    assert over["balance"]["remaining"] == 0


async def test_s16_after_a_renewal_usage_counts_in_the_new_cycle(stage: Stage) -> None:
    """The provider's clock is ahead of the bot's here."""
    await stage.link_mia()
    mia = stage.scene.mia_customer
    await report(stage, {"key": "a", "customer_id": mia, "amount": 400})
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await jobs_done(stage)

    just_now = datetime.now(UTC).isoformat()
    await report(
        stage,
        {"key": "b", "customer_id": mia, "amount": 30},
        {"key": "late", "customer_id": mia, "amount": 500, "at": just_now},
    )

    assert "970 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text
    assert (await account(stage, mia))["balance"]["used"] == 30


async def test_s16_what_is_left_goes_on_until_the_renewal_is_paid(stage: Stage) -> None:
    """Stripe charges an hour after the period has begun."""
    await stage.link_mia()
    mia, stripe = stage.scene.mia_customer, stage.scene.stripe
    await report(stage, {"key": "a", "customer_id": mia, "amount": 400})
    [item] = stage.subscription["items"]["data"]
    await stripe.advance(to=item["current_period_end"] + 60)
    await jobs_done(stage)
    await report(stage, {"key": "b", "customer_id": mia, "amount": 30})

    waiting = await account(stage, mia)
    shown = await stage.balance_of(stage.mia)

    assert waiting["has_access"]
    assert (waiting["balance"]["remaining"], waiting["balance"]["refills_at"]) == (570, None)
    assert "570 of 1,000 credits left of the last period" in shown.text
    refused = await stage.mia.slash("topup", channel=stage.here)
    assert refused.message is not None
    assert "You still have 570" in refused.message.text
    await stripe.advance(seconds=2 * 3600)
    await jobs_done(stage)
    assert (await account(stage, mia))["balance"]["remaining"] == 970
    assert "970 of 1,000 credits left\n" in (await stage.balance_of(stage.mia)).text


async def test_when_nothing_is_left_the_member_is_told_once(stage: Stage) -> None:
    await stage.link_mia()
    mia = stage.scene.mia_customer
    await report(stage, {"key": "a", "customer_id": mia, "amount": 999})
    await jobs_done(stage)
    assert told(stage) == 0

    await asyncio.gather(
        *(
            report(stage, {"key": f"b{number}", "customer_id": mia, "amount": 5})
            for number in range(8)
        )
    )
    await until(lambda: told(stage))
    await jobs_done(stage)

    assert told(stage) == 1
    assert (await account(stage, mia))["balance"]["remaining"] == 0


def told(stage: Stage) -> int:
    """How many notices that nothing is left were handed over."""
    return len(
        stage.rows("SELECT id FROM jobs WHERE kind = 'notice.send' AND key LIKE '%allowance_used%'")
    )


async def test_a_killed_process_loses_nothing_and_counts_nothing_twice(stage: Stage) -> None:
    await stage.link_mia()
    entries = [
        {"key": f"k{number}", "customer_id": stage.scene.mia_customer, "amount": 1}
        for number in range(300)
    ]
    under_way = [
        asyncio.create_task(report(stage, *entries[start : start + 100]))
        for start in range(0, 300, 100)
    ]
    await until(lambda: stage.rows("SELECT id FROM ledger WHERE kind = 'usage'"))
    await stage.kill_and_restart()
    await asyncio.gather(*under_way, return_exceptions=True)

    statuses = await report(stage, *entries)

    assert set(statuses) <= {"recorded", "duplicate"}
    assert "700 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text


async def test_a_full_batch_is_taken_and_a_larger_one_refused(stage: Stage) -> None:
    await stage.link_mia()
    entries: list[dict[str, object]] = [
        {"key": f"{'k' * 190}{number}", "customer_id": stage.scene.mia_customer, "amount": 1}
        for number in range(1000)
    ]
    assert set(await report(stage, *entries)) == {"recorded"}

    one_more = await ask(stage, "POST", "/v1/usage", {"entries": [*entries, entries[0]]})
    assert (one_more.status, one_more.body["error"]["field"]) == (422, "entries")
    huge = await ask(stage, "POST", "/v1/usage", {"entries": entries, "more": "x" * (1 << 20)})
    assert (huge.status, huge.code) == (413, "too_large")


async def test_the_vendor_links_a_customer(stage: Stage) -> None:
    """The provider is asked, so that everything is there when the member looks."""
    order = {
        "customer_id": stage.scene.mia_customer,
        "provider": "stripe",
        "discord_user_id": stage.mia.user.id,
    }

    answer = await ask(stage, "POST", "/v1/links", order)

    assert (answer.status, answer.body) == (
        200,
        {
            "customer_id": stage.scene.mia_customer,
            "discord_user_id": stage.mia.user.id,
        },
    )
    assert "1,000 of 1,000 credits left" in (await stage.balance_of(stage.mia)).text
    again = await ask(stage, "POST", "/v1/links", order)
    assert again.status == 200
    [row] = stage.rows(
        "SELECT actor_id, subject, details FROM audit_log WHERE action = 'account.linked'"
    )
    assert tuple(row) == (
        int(stage.mia.user.id),
        stage.scene.mia_customer,
        '{"by": "vendor"}',
    )


async def test_one_customer_one_user(stage: Stage) -> None:
    await stage.link_mia()
    noors = stage.scene.stripe.add_customer("noor@example.com")["id"]
    mia, noor = stage.mia.user.id, stage.noor.user.id

    async def link(customer_id: str, user_id: str, provider: str = "stripe") -> Answer:
        order = {"customer_id": customer_id, "provider": provider, "discord_user_id": user_id}
        return await ask(stage, "POST", "/v1/links", order)

    taken = await link(stage.scene.mia_customer, noor)
    assert (taken.status, taken.code) == (409, "customer_taken")
    other = await link(noors, mia)
    assert (other.status, other.code) == (409, "user_taken")
    nobody = await link("cus_nobody", noor)
    assert (nobody.status, nobody.code) == (404, "not_found")
    assert (await link(noors, noor)).status == 200
    assert (await account(stage, f"discord:{noor}"))["customer_id"] == noors


async def test_a_provider_that_is_away_is_named(stage: Stage) -> None:
    outage = stage.scene.stripe.faults.add(path="/v1/", status=503)
    order = {
        "customer_id": stage.scene.mia_customer,
        "provider": "stripe",
        "discord_user_id": stage.mia.user.id,
    }

    answer = await ask(stage, "POST", "/v1/links", order)

    assert (answer.status, answer.code) == (503, "provider_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert stage.rows("SELECT id FROM customers WHERE user_id IS NOT NULL") == []
    outage.remove()
    assert (await ask(stage, "POST", "/v1/links", order)).status == 200


async def test_what_is_not_signed_is_refused(stage: Stage) -> None:
    body = json.dumps({"entries": [ENTRY]}).encode()
    path = "/v1/usage"
    good = signed("POST", path, body)[HEADER]
    refused = {
        "no header": ({}, "missing"),
        "empty": ({HEADER: ""}, "invalid"),
        "another secret": (signed("POST", path, body, secret="another secret"), "invalid"),
        "another method": (signed("PUT", path, body), "invalid"),
        "another path": (signed("POST", "/v1/links", body), "invalid"),
        "another body": (signed("POST", path, body + b" "), "invalid"),
        "too old": (signed("POST", path, body, at=time.time() - 310), "expired"),
        "too early": (signed("POST", path, body, at=time.time() + 900), "expired"),
        "not ASCII": ({HEADER: good + "é"}, "invalid"),
    }
    for what, (headers, code) in refused.items():
        answer = await send(stage, "POST", path, body, headers)
        assert (answer.status, answer.code) == (401, f"signature_{code}"), what
    for method, other in (("POST", "/v1/links"), ("GET", "/v1/accounts/cus_x")):
        assert (await send(stage, method, other)).status == 401
    assert stage.rows("SELECT signature FROM used_signatures") == []
    assert (await send(stage, "POST", path, body, {HEADER: good})).status == 200


async def test_no_signature_is_taken_twice_even_after_a_restart(stage: Stage) -> None:
    body = json.dumps({"entries": [ENTRY]}).encode()
    headers = signed("POST", "/v1/usage", body)

    answers = await asyncio.gather(
        *(send(stage, "POST", "/v1/usage", body, headers) for _ in range(5))
    )
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]
    await stage.kill_and_restart()
    after = await send(stage, "POST", "/v1/usage", body, headers)
    assert (after.status, after.code) == (409, "replayed")

    assert (await ask(stage, "POST", "/v1/usage", {"entries": [ENTRY]})).status == 200


async def test_a_body_that_is_not_what_is_expected(stage: Stage) -> None:
    for body, status, field in (
        (b"", 400, None),
        (b"{", 400, None),
        (b"\xff", 400, None),
        (b'{"entries": "\\ud800"}', 400, None),
        (b"[" * 100_000, 400, None),
        (b"[]", 422, None),
        (b"null", 422, None),
        (b"{}", 422, "entries"),
        (b'{"entries": []}', 422, "entries"),
        (b'{"entries": [1]}', 422, "entries.0"),
        (b'{"entries": [], "dry_run": true}', 422, "entries"),
    ):
        answer = await send(stage, "POST", "/v1/usage", body, signed("POST", "/v1/usage", body))
        assert answer.status == status, body[:40]
        assert answer.body["error"].get("field") == field, body[:40]

    for change, field in (
        ({"key": ""}, "key"),
        ({"key": "a b"}, "key"),
        ({"key": "a\x00"}, "key"),
        ({"key": "é"}, "key"),
        ({"key": "k" * 201}, "key"),
        ({"customer_id": "../cus"}, "customer_id"),
        ({"customer_id": None}, "customer_id"),
        ({"discord_user_id": "1"}, "customer_id"),
        ({"amount": 0}, "amount"),
        ({"amount": "1"}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 10**12 + 1}, "amount"),
        ({"amount": -(10**12) - 1}, "amount"),
        ({"amount": 10**400}, "amount"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-11-22T12:00:00"}, "at"),
        ({"at": 1_700_000_000}, "at"),
        ({"note": "x"}, "note"),
    ):
        answer = await ask(stage, "POST", "/v1/usage", {"entries": [ENTRY, {**ENTRY, **change}]})
        assert (answer.status, answer.code) == (422, "invalid"), change
        assert answer.body["error"]["field"] == f"entries.1.{field}", change
    assert stage.rows("SELECT id FROM ledger WHERE kind = 'usage'") == []

    for change, field in (
        ({"provider": "paypal"}, "provider"),
        ({"discord_user_id": "0"}, "discord_user_id"),
        ({"discord_user_id": str(2**63)}, "discord_user_id"),
        ({"discord_user_id": 80351110224678912}, "discord_user_id"),
    ):
        order = {"customer_id": "cus_x", "provider": "stripe", "discord_user_id": "1", **change}
        answer = await ask(stage, "POST", "/v1/links", order)
        assert (answer.status, answer.body["error"]["field"]) == (422, field), change


async def test_every_refusal_is_json(stage: Stage) -> None:
    for method, path, status, code in (
        ("GET", "/v1/", 404, "not_found"),
        ("GET", "/v1/other", 404, "not_found"),
        ("GET", "/v1/usage", 405, "method_not_allowed"),
        ("DELETE", "/v1/accounts/cus_x", 405, "method_not_allowed"),
    ):
        answer = await ask(stage, method, path)
        assert (answer.status, answer.code) == (status, code), path
    assert (await ask(stage, "GET", "/v1/usage")).headers["Allow"] == "POST"
    query = await ask(stage, "GET", "/v1/accounts/cus_x?verbose=1")
    assert (query.status, query.body["error"]["field"]) == (422, "query")


async def test_a_compressed_body_is_not_unpacked(stage: Stage) -> None:
    """What is signed are the bytes as they are sent."""
    body = json.dumps({"entries": [ENTRY]}).encode()
    for sent in (gzip.compress(body), body[:-1], gzip.compress(b" " * (64 << 20))[:9_000]):
        headers = {**signed("POST", "/v1/usage", sent), "Content-Encoding": "gzip"}
        answer = await send(stage, "POST", "/v1/usage", sent, headers)
        assert (answer.status, answer.code) == (400, "invalid_json")


async def test_a_defect_is_answered_with_a_reference(stage: Stage) -> None:
    stage.expect_error("api_request_failed")
    await stage.link_mia()
    await jobs_done(stage)
    change_store(stage, "ALTER TABLE ledger RENAME TO away")

    answer = await ask(
        stage,
        "POST",
        "/v1/usage",
        {"entries": [{**ENTRY, "customer_id": stage.scene.mia_customer}]},
    )

    assert (answer.status, answer.code) == (500, "internal")
    reference = answer.body["error"]["message"].rpartition(" ")[2]
    assert f'"reference": "{reference}"' in stage.bot.log.read_text()


async def test_without_a_secret_there_is_no_usage_api(stage: Stage) -> None:
    await stage.bot.stop()
    del stage.bot.environment["API_SECRET"]
    await stage.bot.start()

    async with aiohttp.ClientSession(stage.bot.web_url) as session:
        for method, path in (
            ("POST", "/v1/usage"),
            ("POST", "/v1/links"),
            ("GET", "/v1/accounts/cus_x"),
            ("GET", "/v1/openapi.json"),
        ):
            async with session.request(method, path) as response:
                assert response.status == 404, path
