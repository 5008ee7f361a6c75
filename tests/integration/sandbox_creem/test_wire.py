"""The wire itself: keys, errors, parameters, pages, shapes, faults, the request log."""

import re

import aiohttp
import pytest

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem.wire import Json

from .conftest import Client, Shop

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "creem_test_wrong"}])
async def test_a_wrong_key_is_forbidden_without_a_message(
    sandbox: CreemSandbox, headers: dict[str, str]
) -> None:
    async with (
        aiohttp.ClientSession(sandbox.api_url, headers=headers) as session,
        session.get("/v1/products/search") as answer,
    ):
        body = await answer.json()
    assert answer.status == 403
    assert body.keys() == {"trace_id", "status", "error", "timestamp"}
    assert (body["status"], body["error"]) == (403, "Forbidden")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/licenses"),
        ("GET", "/v2/products"),
        ("DELETE", "/v1/subscriptions/sub_x"),
        ("PATCH", "/v1/refunds"),
        ("GET", "/"),
    ],
)
async def test_unknown_routes_and_methods(client: Client, method: str, path: str) -> None:
    assert await client.refused(method, path, status=404) == [f"Cannot {method} {path}"]


async def test_every_complaint_about_parameters_at_once(client: Client) -> None:
    wrong = {"units": 0, "coupon": "X", "success_url": "nowhere", "customer": {"phone": "1"}}
    assert await client.refused("POST", "/v1/checkouts", json=wrong) == [
        "property coupon should not exist",
        "product_id must be a string",
        "units must not be less than 1",
        "property customer.phone should not exist",
        "success_url must be a URL address",
    ]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/v1/refunds", {}, "transaction_id must be a string"),
        ("/v1/refunds", {"transaction_id": ""}, "transaction_id should not be empty"),
        ("/v1/refunds", {"transaction_id": "t", "amount": 5}, "property amount should not exist"),
        ("/v1/subscriptions/s/cancel", {"mode": "now"}, "mode must be one of the following"),
        ("/v1/subscriptions/s/pause", {"until": "x"}, "property until should not exist"),
        ("/v1/checkouts", {"product_id": "p", "units": True}, "units must be an integer number"),
        ("/v1/checkouts", {"product_id": "p", "metadata": []}, "metadata must be an object"),
        ("/v1/subscriptions/s", {"items": {}}, "items must be an array"),
        ("/v1/subscriptions/s", {"items": [3]}, "items.0 must be an object"),
        ("/v1/customers", {"email": "nobody", "name": "N"}, "email must be an email"),
    ],
)
async def test_refused_parameters(client: Client, path: str, body: Json, message: str) -> None:
    [said] = await client.refused("POST", path, json=body)
    assert message in said


async def test_bodies_that_are_no_objects(client: Client) -> None:
    said = await client.refused("POST", "/v1/refunds", data="{")
    assert said == ["The body is not valid JSON"]
    said = await client.refused("POST", "/v1/refunds", json=["tran_1"])
    assert said == ["The body must be an object"]


@pytest.mark.parametrize(
    ("path", "query", "noun"),
    [
        ("/v1/products", "product_id", "Product"),
        ("/v1/customers", "customer_id", "Customer"),
        ("/v1/customers", "email", "Customer"),
        ("/v1/subscriptions", "subscription_id", "Subscription"),
        ("/v1/transactions", "transaction_id", "Transaction"),
        ("/v1/checkouts", "checkout_id", "Checkout"),
        ("/v1/discounts", "discount_code", "Discount"),
    ],
)
async def test_unknown_objects(client: Client, path: str, query: str, noun: str) -> None:
    said = await client.refused("GET", path, status=404, params={query: "no@where"})
    assert said == [f"{noun} not found"]


async def test_pages(client: Client, sandbox: CreemSandbox) -> None:
    made = [sandbox.add_customer(f"{number}@example.com")["id"] for number in range(7)][::-1]
    first = await client.get("/v1/customers/list", page_size="3")
    assert [one["id"] for one in first["items"]] == made[:3]
    assert first["pagination"] == {
        "total_records": 7,
        "total_pages": 3,
        "current_page": 1,
        "next_page": 2,
        "prev_page": None,
    }
    last = await client.get("/v1/customers/list", page_size="3", page_number="3")
    assert [one["id"] for one in last["items"]] == made[6:]
    assert (last["pagination"]["next_page"], last["pagination"]["prev_page"]) == (None, 2)
    beyond = await client.get("/v1/customers/list", page_number="9")
    assert beyond["items"] == []
    for query in ({"page_size": "101"}, {"page_number": "0"}, {"page_number": "x"}):
        await client.refused("GET", "/v1/customers/list", params=query)


async def test_the_search_for_subscriptions_takes_no_filter(
    client: Client, sandbox: CreemSandbox, shop: Shop, subscription: Json
) -> None:
    other = sandbox.add_customer("other@example.com")["id"]
    sandbox.add_subscription(other, shop.lite)
    found = await client.get("/v1/subscriptions/search")
    assert found["pagination"]["total_records"] == 2
    said = await client.refused("GET", "/v1/subscriptions/search", params={"customer_id": shop.lea})
    assert said == ["property customer_id should not exist"]
    theirs = await client.get(f"/v1/customers/{shop.lea}/subscriptions")
    assert [one["id"] for one in theirs["items"]] == [subscription["id"]]


async def test_shapes_of_a_subscription_and_its_transaction(
    client: Client, shop: Shop, subscription: Json
) -> None:
    got = await client.get("/v1/subscriptions", subscription_id=subscription["id"])
    assert got == subscription
    assert (got["object"], got["mode"], got["status"]) == ("subscription", "test", "active")
    assert got["product"]["billing_period"] == "every-month"
    assert got["customer"]["email"] == "lea@example.com"
    assert got["items"][0]["product_id"] == shop.pro
    for name in ("created_at", "current_period_start_date", "next_transaction_date"):
        assert ISO.fullmatch(got[name]), name
    paid = await client.get("/v1/transactions", transaction_id=got["last_transaction_id"])
    assert paid == got["last_transaction"]
    assert (paid["type"], paid["status"], paid["amount_paid"]) == ("invoice", "paid", 2000)
    assert paid["currency"] == "USD"
    assert paid["refunded_amount"] is None
    assert (paid["subscription"], paid["customer"]) == (got["id"], shop.lea)
    length = paid["period_end"] - paid["period_start"]
    assert length in [days * 86_400_000 for days in (28, 29, 30, 31)]


async def test_ids_have_prefixes_and_a_length_of_their_own(sandbox: CreemSandbox) -> None:
    product = sandbox.add_product("Pro", price=2000)["id"]
    customer = sandbox.add_customer("lea@example.com")["id"]
    bought = sandbox.add_subscription(customer, product)
    paid = bought["last_transaction"]
    event = sandbox.events[0]
    session = event["object"]["id"]
    ids = (product, customer, bought["id"], paid["id"], paid["order"], event["id"], session)
    prefixes = [each.partition("_")[0] for each in ids]
    assert prefixes == ["prod", "cust", "sub", "tran", "ord", "evt", "ch"]
    assert {len(each.partition("_")[2]) for each in ids} == {22}


async def test_faults(client: Client, sandbox: CreemSandbox) -> None:
    body = {"email": "a@example.com", "name": "A"}
    sandbox.faults.add(method="POST", path="/v1/customers$", status=500, times=1)
    await client.refused("POST", "/v1/customers", status=500, json=body)
    sandbox.faults.add(method="POST", path="/v1/customers$", drop=True, times=1)
    with pytest.raises(aiohttp.ClientError):
        await client.post("/v1/customers", **body)
    assert sandbox.objects("customer") == []
    sandbox.faults.add(method="POST", path="/v1/customers$", status=502, times=1, after_work=True)
    await client.refused("POST", "/v1/customers", status=502, json=body)
    assert len(sandbox.objects("customer")) == 1
    sandbox.faults.add(path="/v1/customers/list", status=429, latency=0.01)
    await client.refused("GET", "/v1/customers/list", status=429)
    sandbox.faults.clear()
    await client.get("/v1/customers/list")


async def test_request_log(client: Client, sandbox: CreemSandbox) -> None:
    await client.post("/v1/customers", email="a@example.com", name="A")
    await client.refused("GET", "/v1/products", status=404, params={"product_id": "no"})
    post, get = sandbox.requests.entries
    assert (post.method, post.path, post.status) == ("POST", "/v1/customers", 200)
    assert post.params == {"email": "a@example.com", "name": "A"}
    assert (get.params, get.status) == ({"product_id": "no"}, 404)
    assert sandbox.requests.count("POST", r"/customers$") == 1
