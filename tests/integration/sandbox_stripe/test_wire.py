"""The wire: authentication, unknown things, malformed parameters, pages of lists, expansion."""

import base64
from collections.abc import Callable

import aiohttp
import pytest
import stripe

from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.wire import Json

from .conftest import Shop


async def ask(
    sandbox: StripeSandbox, method: str, path: str, *, data: Json | None = None, auth: str = ""
) -> tuple[int, Json, dict[str, str]]:
    headers = {"Authorization": auth or f"Bearer {sandbox.api_key}"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, sandbox.api_url + path, data=data, headers=headers) as answer,
    ):
        return answer.status, await answer.json(), dict(answer.headers)


async def test_wrong_key_is_401(client_with: Callable[..., stripe.StripeClient]) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided"):
        await client_with(key="sk_test_wrong").v1.accounts.retrieve_current_async()


async def test_missing_key_is_401(sandbox: StripeSandbox) -> None:
    status, body, _ = await ask(sandbox, "GET", "/v1/account", auth="Nothing")
    assert status == 401
    assert body["error"]["type"] == "invalid_request_error"


async def test_basic_auth_works_as_with_curl(sandbox: StripeSandbox) -> None:
    credentials = base64.b64encode(f"{sandbox.api_key}:".encode()).decode()
    status, body, headers = await ask(sandbox, "GET", "/v1/account", auth=f"Basic {credentials}")
    assert (status, body["object"]) == (200, "account")
    assert headers["Stripe-Version"] == "2026-10-28.endive"
    assert headers["Request-Id"].startswith("req_")


async def test_unknown_url_is_404(sandbox: StripeSandbox) -> None:
    for method, path in (
        ("GET", "/v1/unicorns"),
        ("DELETE", "/v1/invoices/in_1/lines"),
        ("GET", "/v2/core/events"),
    ):
        status, body, _ = await ask(sandbox, method, path)
        assert status == 404
        assert body["error"]["message"].startswith(f"Unrecognized request URL ({method}: {path})")


@pytest.mark.parametrize(
    ("path", "data", "code", "param"),
    [
        ("/v1/customers", {"emial": "x"}, "parameter_unknown", "emial"),
        ("/v1/products", {}, "parameter_missing", "name"),
        ("/v1/customers", {"balance": "ten"}, "parameter_invalid_integer", "balance"),
        ("/v1/products", {"name": ""}, "parameter_invalid_empty", "name"),
        ("/v1/products", {"name": "x", "active": "yes"}, None, "active"),
        ("/v1/refunds", {"charge": "x", "reason": "because"}, None, "reason"),
        ("/v1/subscriptions", {"customer": "x", "items[0][prize]": "x"}, "parameter_unknown", None),
        ("/v1/customers", {"metadata[key]": "v" * 501}, None, "metadata[key]"),
        ("/v1/customers", {"metadata": "text"}, None, "metadata"),
        ("/v1/customers", {"name": "a", "name[b]": "c"}, None, None),
    ],
)
async def test_malformed_parameters_are_400(
    sandbox: StripeSandbox, path: str, data: Json, code: str | None, param: str | None
) -> None:
    status, body, _ = await ask(sandbox, "POST", path, data=data)
    assert status == 400
    assert body["error"]["type"] == "invalid_request_error"
    assert body["error"].get("code") == code
    assert param in (None, body["error"].get("param"))


async def test_another_api_version_is_refused(sandbox: StripeSandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.api_key}", "Stripe-Version": "2020-08-27"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox.api_url}/v1/account", headers=headers) as answer,
    ):
        assert answer.status == 400


async def test_missing_objects(client: stripe.StripeClient, shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_no'") as got:
        await client.v1.customers.retrieve_async("cus_no")
    assert (got.value.http_status, got.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError, match="No such price") as got:
        await client.v1.subscriptions.create_async(
            {"customer": shop.mia["id"], "items": [{"price": "price_no"}]}
        )
    assert (got.value.http_status, got.value.param) == (400, "items[0][price]")


async def test_pages_forwards_and_back(client: stripe.StripeClient, sandbox: StripeSandbox) -> None:
    made = [sandbox.add_customer(f"{number}@example.com")["id"] for number in range(7)][::-1]
    first = await client.v1.customers.list_async({"limit": 3})
    assert ([each.id for each in first.data], first.has_more) == (made[:3], True)
    back = await client.v1.customers.list_async({"limit": 2, "ending_before": made[4]})
    assert ([each.id for each in back.data], back.has_more) == (made[2:4], True)
    all_of_them = [each.id async for each in first.auto_paging_iter()]
    assert all_of_them == made
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.customers.list_async({"limit": 101})
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.customers.list_async({"starting_after": "cus_no"})


async def test_created_filter(client: stripe.StripeClient, sandbox: StripeSandbox) -> None:
    sandbox.add_customer("old@example.com")
    await sandbox.advance(days=2)
    new = sandbox.add_customer("new@example.com")
    found = await client.v1.customers.list_async({"created": {"gte": new["created"]}})
    assert [each.email for each in found.data] == ["new@example.com"]
    found = await client.v1.customers.list_async({"created": {"lt": new["created"]}})
    assert [each.email for each in found.data] == ["old@example.com"]


async def test_expansion(client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    got = await client.v1.subscriptions.retrieve_async(
        made["id"],
        {
            "expand": [
                "customer",
                "latest_invoice.payments.data.payment",
                "items.data.price.product",
            ]
        },
    )
    body = got.to_dict()
    assert body["customer"]["email"] == "mia@example.com"
    assert body["latest_invoice"]["payments"]["data"][0]["status"] == "paid"
    assert body["items"]["data"][0]["price"]["product"]["name"] == "Pro"
    listed = await client.v1.subscriptions.list_async(
        {"customer": shop.mia["id"], "expand": ["data.latest_invoice"]}
    )
    assert listed.to_dict()["data"][0]["latest_invoice"]["status"] == "paid"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("status", "This property cannot be expanded"),
        ("nothing", "This property cannot be expanded"),
        ("customer.email", "This property cannot be expanded"),
        ("items.data.price.product.default_price", "more than 4 levels"),
    ],
)
async def test_what_cannot_be_expanded_is_400(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, path: str, message: str
) -> None:
    made = sandbox.add_subscription(shop.mia["id"], shop.pro["id"])
    with pytest.raises(stripe.InvalidRequestError, match=message):
        await client.v1.subscriptions.retrieve_async(made["id"], {"expand": [path]})


async def test_faults_before_the_work(
    client: stripe.StripeClient,
    client_with: Callable[..., stripe.StripeClient],
    sandbox: StripeSandbox,
) -> None:
    sandbox.faults.add(method="POST", path="/v1/customers$", status=500, times=1)
    with pytest.raises(stripe.APIError):
        await client.v1.customers.create_async({"email": "a@example.com"})
    sandbox.faults.add(path="/v1/customers$", status=429, times=1)
    with pytest.raises(stripe.RateLimitError):
        await client.v1.customers.list_async()
    sandbox.faults.add(method="POST", path="/v1/customers$", drop=True, times=1)
    with pytest.raises(stripe.APIConnectionError):
        await client.v1.customers.create_async({"email": "a@example.com"})
    assert sandbox.objects("customer") == []
    sandbox.faults.add(method="POST", path="/v1/customers$", status=500, times=1)
    await client_with(retries=1).v1.customers.create_async({"email": "a@example.com"})
    assert len(sandbox.objects("customer")) == 1


async def test_request_log(client: stripe.StripeClient, sandbox: StripeSandbox) -> None:
    await client.v1.customers.create_async(
        {"email": "a@example.com", "metadata": {"discord": "1"}}, {"idempotency_key": "k"}
    )
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.invoices.retrieve_async("in_no")
    post, get = sandbox.requests.entries
    assert post.params == {"email": "a@example.com", "metadata": {"discord": "1"}}
    assert (post.idempotency_key, post.status, get.status) == ("k", 200, 404)
    assert sandbox.requests.count("POST", r"/customers$") == 1
    assert sandbox.requests.count(path="/v1/") == 2
    sandbox.requests.clear()
    assert sandbox.requests.count() == 0
