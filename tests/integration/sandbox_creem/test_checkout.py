"""Checkout: what can be sold how, the page, the way back, what a purchase makes."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.creem.pages import redirect_signature
from bot.sandbox.creem.wire import CreemError, Json

from .conftest import Client, Kinds, Shop

BACK = "https://vendor.example/thanks?from=bot"


async def press(client: Client, sandbox: CreemSandbox, made: Json, **form: str) -> tuple[int, str]:
    """Press a button of the checkout's page: the status, and where it leads or what it says."""
    url = sandbox.local_url(made["checkout_url"])
    async with client.session.post(url, data=form, allow_redirects=False) as response:
        return response.status, response.headers.get("Location") or await response.text()


async def test_a_subscription_is_bought_on_the_page(
    client: Client, sandbox: CreemSandbox, shop: Shop, new_events: Kinds
) -> None:
    made = await client.post(
        "/v1/checkouts",
        product_id=shop.pro,
        request_id="purchase-1",
        customer={"email": "new@example.com"},
        metadata={"discord": "1"},
        success_url=BACK,
    )
    assert (made["status"], made["product"]) == ("pending", shop.pro)
    assert made["checkout_url"] == f"https://checkout.creem.io/{made['id']}"
    async with client.session.get(sandbox.local_url(made["checkout_url"])) as page:
        shown = await page.text()
    assert "new@example.com" in shown
    assert "Subscribe $20.00" in shown
    status, back = await press(client, sandbox, made, action="pay")
    assert status == 303
    query = dict(parse_qsl(urlsplit(back).query))
    assert query.pop("from") == "bot"
    signature = query.pop("signature")
    assert signature == redirect_signature(sandbox.api_key, query)
    done = await client.get("/v1/checkouts", checkout_id=made["id"])
    assert query == {
        "checkout_id": made["id"],
        "customer_id": done["customer"],
        "subscription_id": done["subscription"],
        "product_id": shop.pro,
        "request_id": "purchase-1",
    }
    assert (done["status"], done["order"]["status"]) == ("completed", "paid")
    bought = sandbox.get(done["subscription"])
    assert (bought["status"], bought["metadata"]) == ("active", {"discord": "1"})
    assert sandbox.get(done["customer"])["email"] == "new@example.com"
    assert new_events() == ["checkout.completed", "subscription.active", "subscription.paid"]


async def test_something_bought_once_has_an_order_and_no_subscription(
    client: Client, sandbox: CreemSandbox, shop: Shop, new_events: Kinds
) -> None:
    made = await client.post(
        "/v1/checkouts",
        product_id=shop.topup,
        units=3,
        customer={"id": shop.lea},
        success_url=BACK,
    )
    _, back = await press(client, sandbox, made, action="pay")
    query = dict(parse_qsl(urlsplit(back).query))
    assert query["customer_id"] == shop.lea
    assert "subscription_id" not in query
    orders = await client.get(f"/v1/customers/{shop.lea}/orders")
    assert [order["id"] for order in orders["items"]] == [query["order_id"]]
    found = await client.get("/v1/transactions/search", order_id=query["order_id"])
    [paid] = found["items"]
    assert (paid["type"], paid["amount_paid"], paid["subscription"]) == ("payment", 1500, None)
    assert new_events() == ["checkout.completed"]


async def test_a_card_that_declines_leaves_the_session_open(
    client: Client, sandbox: CreemSandbox, shop: Shop, new_events: Kinds
) -> None:
    made = await client.post("/v1/checkouts", product_id=shop.pro, customer={"id": shop.lea})
    status, shown = await press(client, sandbox, made, action="decline")
    assert (status, "declined" in shown) == (402, True)
    sandbox.decline_payments(shop.lea, times=1)
    status, shown = await press(client, sandbox, made, action="pay")
    assert (status, "declined" in shown) == (402, True)
    assert new_events() == []
    status, shown = await press(client, sandbox, made, action="pay")
    assert (status, "you have paid" in shown) == (200, True)
    with pytest.raises(CreemError, match="completed"):
        sandbox.pay_checkout(made["id"])


async def test_a_buyer_that_nobody_named_types_an_address(
    client: Client, sandbox: CreemSandbox, shop: Shop
) -> None:
    made = await client.post("/v1/checkouts", product_id=shop.pro)
    status, shown = await press(client, sandbox, made, action="pay", email="")
    assert (status, "email address is required" in shown) == (402, True)
    await press(client, sandbox, made, action="pay", email="LEA@example.com")
    assert sandbox.get(made["id"])["customer"] == shop.lea


async def test_a_session_expires(client: Client, sandbox: CreemSandbox, shop: Shop) -> None:
    made = await client.post("/v1/checkouts", product_id=shop.pro)
    await sandbox.advance(days=1)
    assert sandbox.get(made["id"])["status"] == "expired"
    async with client.session.get(sandbox.local_url(made["checkout_url"])) as page:
        assert "expired" in await page.text()
    async with client.session.get("/ch_unknown") as page:
        assert page.status == 404


async def test_what_cannot_be_sold_like_this(client: Client, shop: Shop) -> None:
    said = await client.refused(
        "POST", "/v1/checkouts", json={"product_id": shop.pro, "custom_price": 900}
    )
    assert said == ["custom_price is only supported for one-time products"]
    both = {"id": shop.lea, "email": "lea@example.com"}
    said = await client.refused(
        "POST", "/v1/checkouts", json={"product_id": shop.pro, "customer": both}
    )
    assert said == ["You may only specify one of these parameters: id, email"]
    await client.refused("POST", "/v1/checkouts", status=404, json={"product_id": "prod_no"})


async def test_a_price_of_its_own_for_something_bought_once(
    client: Client, sandbox: CreemSandbox, shop: Shop
) -> None:
    made = await client.post(
        "/v1/checkouts", product_id=shop.topup, customer={"id": shop.lea}, custom_price=750
    )
    sandbox.pay_checkout(made["id"])
    assert sandbox.get(made["id"])["order"]["amount_paid"] == 750


async def test_a_trial_takes_nothing_until_it_ends(
    sandbox: CreemSandbox, shop: Shop, new_events: Kinds
) -> None:
    product = sandbox.add_product("Trial", price=1000, trial_days=7)["id"]
    made = sandbox.add_subscription(shop.lea, product)
    assert made["status"] == "trialing"
    assert "last_transaction_id" not in made
    assert new_events() == ["checkout.completed", "subscription.active", "subscription.trialing"]
    await sandbox.advance_to_period_end(made["id"])
    begun = sandbox.get(made["id"])
    assert (begun["status"], begun["last_transaction"]["amount_paid"]) == ("active", 1000)
    assert new_events() == ["subscription.paid"]


async def test_a_first_payment_that_never_comes(
    sandbox: CreemSandbox, shop: Shop, new_events: Kinds
) -> None:
    sandbox.decline_payments(shop.lea)
    made = sandbox.add_subscription(shop.lea, shop.pro)
    assert made["status"] == "incomplete"
    assert new_events() == []
    await sandbox.advance(seconds=23 * 3600)
    assert sandbox.get(made["id"])["status"] == "expired"
    assert new_events() == ["subscription.expired"]


async def test_discount_codes(client: Client, sandbox: CreemSandbox, shop: Shop) -> None:
    made = await client.post(
        "/v1/discounts",
        name="Welcome",
        code="HALF",
        type="percentage",
        percentage=50,
        duration="repeating",
        duration_in_months=2,
        applies_to_products=[shop.pro],
    )
    assert (await client.get("/v1/discounts", discount_code="HALF"))["id"] == made["id"]
    asked = {"customer": {"id": shop.lea}, "discount_code": "HALF"}
    said = await client.refused("POST", "/v1/checkouts", json={**asked, "product_id": shop.lite})
    assert said == ["Discount code is not valid for this product"]
    session = await client.post("/v1/checkouts", product_id=shop.pro, **asked)
    bought = sandbox.pay_checkout(session["id"])["subscription"]
    await sandbox.advance(days=70)
    found = await client.get("/v1/transactions/search", customer_id=shop.lea)
    paid = [one["amount_paid"] for one in found["items"] if one["subscription"] == bought]
    assert paid == [2000, 1000, 1000]
    assert sandbox.get(made["id"])["redeem_count"] == 1
    await client.ask("DELETE", f"/v1/discounts/{made['id']}/delete")
    await client.refused("POST", "/v1/checkouts", json={**asked, "product_id": shop.pro})
