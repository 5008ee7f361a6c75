"""`mooring check` and the payment providers: keys, rights, prices, webhook endpoints."""

import pytest
import stripe

from bot.sandbox.stripe.restrictions import Right
from bot.settings import Configuration
from tests.integration.checks.desk import Desk


async def test_a_key_that_stripe_does_not_know(desk: Desk) -> None:
    desk.variables["stripe_api_key"] = "sk_test_somebody_elses_key"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Stripe does not know the key in STRIPE_API_KEY")


async def test_stripe_is_out_of_reach(desk: Desk) -> None:
    desk.variables["stripe_api_url"] = "http://127.0.0.1:1"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Stripe does not answer")


async def test_prices_that_differ(desk: Desk) -> None:
    plans = [plan.model_dump() for plan in desk.configuration.catalogue.plans]
    plans[0]["prices"][0]["id"] = "price_of_nothing"
    plans[0]["prices"][1]["amount"] = 9100
    plans[1]["prices"][0]["currency"] = "eur"
    plans[1]["prices"][1]["interval"] = "month"
    desk.configuration = Configuration.model_validate(
        {
            **desk.configuration.model_dump(exclude_unset=True),
            "catalogue": {"plans": plans},
            "refunds": {},
        }
    )
    await desk.stripe_client().v1.prices.update_async("price_max_month", {"active": False})

    complaints = await desk.complaints()

    assert len(complaints) == 5
    assert "price_of_nothing of the plan Lite is not in Stripe" in complaints[0]
    assert "Stripe's amount is 9000, mooring.toml has 9100" in complaints[1]
    assert "Stripe's currency is usd, mooring.toml has eur" in complaints[2]
    assert "Stripe's interval is year, mooring.toml has month" in complaints[3]
    assert "archived" in complaints[4]


async def test_fairness_7_coupons_that_differ(desk: Desk) -> None:
    """Members are told what an offer takes off, and for how long: Stripe has to do just that."""
    given = desk.configuration.model_dump(exclude_unset=True)
    half = given["retention"]["offers"][0]
    more = {**half, "id": "more", "percent": 60, "months": 6}
    gone = {**half, "id": "gone", "coupon": "of_nothing"}
    given["retention"]["offers"] = [half, more, gone]
    desk.configuration = Configuration.model_validate(given)

    differs, missing = await desk.complaints()

    assert "The coupon half_price_3 of the offer more: Stripe's percentage is 50.0" in differs
    assert "Stripe's months are 3, mooring.toml has 6" in differs
    assert "The coupon of_nothing of the offer gone is not in Stripe" in missing


async def test_fairness_7_a_coupon_for_other_products(desk: Desk) -> None:
    """It takes nothing off the plans that it is not for, though its percentage is right."""
    client = desk.stripe_client()
    lite = (await client.v1.prices.retrieve_async("price_lite_month")).to_dict()["product"]
    await client.v1.coupons.create_async(
        {
            "id": "for_lite",
            "percent_off": 50,
            "duration": "repeating",
            "duration_in_months": 3,
            "applies_to": {"products": [lite]},
        }
    )
    given = desk.configuration.model_dump(exclude_unset=True)
    half = {**given["retention"]["offers"][0], "coupon": "for_lite"}
    given["retention"]["offers"] = [
        {**half, "id": "everybody", "plans": []},
        {**half, "id": "lite", "plans": ["lite"]},
        {**half, "id": "pro", "plans": ["pro", "lite"]},
    ]
    desk.configuration = Configuration.model_validate(given)

    everybody, pro = await desk.complaints()

    assert "The coupon for_lite of the offer everybody" in everybody
    assert "Stripe takes nothing off the plans Pro, Max by it" in everybody
    assert "The coupon for_lite of the offer pro" in pro
    assert "Stripe takes nothing off the plan Pro by it" in pro


async def test_a_price_that_is_paid_and_that_the_file_does_not_have(desk: Desk) -> None:
    """S15: the vendor has put another price in its place; those who pay the old one keep it."""
    await desk.pays("sub_1", "price_pro_month")
    assert await desk.complaints() == []
    await desk.pays("sub_2", "price_pro_2025")

    [complaint] = await desk.complaints()

    assert complaint.startswith("⚠ 1 subscription has the price price_pro_2025, which mooring.toml")


async def test_a_key_that_creem_does_not_know(desk: Desk) -> None:
    desk.variables["creem_api_key"] = "creem_test_somebody_elses_key"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Creem does not know the key in CREEM_API_KEY")


async def test_creem_is_out_of_reach(desk: Desk) -> None:
    desk.variables["creem_api_url"] = "http://127.0.0.1:1"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Creem does not answer")


async def test_products_that_differ(desk: Desk) -> None:
    given = desk.configuration.model_dump(exclude_unset=True)
    plans, top_ups = given["catalogue"]["plans"], given["catalogue"]["top_ups"]
    lite, pro = (
        [each for each in plan["prices"] if each.get("provider") == "creem"] for plan in plans[:2]
    )
    lite[0]["id"] = "prod_of_nothing"
    lite[1]["amount"] = 9100
    pro[0]["currency"] = "eur"
    pro[1]["interval"] = "month"
    top_ups[0]["prices"][1]["amount"] = 999
    desk.scene.creem.add_product("Rented", price=4000, id="prod_rented")
    top_ups[1]["prices"][1]["id"] = "prod_rented"
    given["refunds"] = {}  # its limits are in dollars
    desk.configuration = Configuration.model_validate(given)

    complaints = await desk.complaints()

    assert len(complaints) == 6
    assert "prod_of_nothing of the plan Lite is not in Creem" in complaints[0]
    assert "Creem's price is 9000, mooring.toml has 9100" in complaints[1]
    assert "Creem's currency is usd, mooring.toml has eur" in complaints[2]
    assert "Creem's billing period is every-year, mooring.toml has every-month" in complaints[3]
    assert "prod_top_up_500 of the top-up small: Creem's price is 1000" in complaints[4]
    assert "Creem's billing period is every-month, mooring.toml has once" in complaints[5]


async def test_creem_falls_silent_half_way(desk: Desk) -> None:
    desk.scene.creem.faults.add(path="/v1/products$", status=503, times=3)

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Creem did not show the product prod_lite_month")


async def test_webhook_endpoints(desk: Desk) -> None:
    client = desk.stripe_client()
    for endpoint in (await client.v1.webhook_endpoints.list_async({"limit": 100})).data:
        await client.v1.webhook_endpoints.delete_async(endpoint.id)
    assert [line.split(". ")[0] for line in await desk.complaints()] == [
        "⚠ No webhook endpoint in Stripe leads to /webhooks/stripe"
    ]

    few = await desk.add_endpoint(["invoice.paid"])
    [lacking] = await desk.complaints()
    assert lacking.startswith("✗ The webhook endpoint to /webhooks/stripe lacks events. Add: ")
    assert "customer.subscription.deleted" in lacking
    assert "invoice.paid" not in lacking

    await client.v1.webhook_endpoints.update_async(few.id, {"disabled": True})
    assert "is disabled" in (await desk.complaints())[0]

    await desk.add_endpoint(["*"])
    assert await desk.complaints() == []


@pytest.mark.parametrize(
    ("resource", "right", "told"),
    [
        ("customers", "read", "read customers"),
        ("subscriptions", "read", "read subscriptions"),
        ("payment_methods", "read", "read payment methods"),
        ("invoices", "read", "read invoices"),
        ("payment_intents", "read", "read payment intents"),
        ("charges", "read", "read charges"),
        ("disputes", "read", "read disputes"),
        ("subscriptions", "write", "write subscriptions"),
        ("refunds", "write", "write refunds"),
        ("checkout", "write", "write checkout sessions"),
        ("billing_portal", "write", "write customer portal sessions"),
    ],
)
async def test_each_right_that_a_restricted_key_lacks_is_named(
    desk: Desk, resource: str, right: Right, told: str
) -> None:
    desk.scene.stripe.restrictions.forbid(resource, right)

    status, lines = await desk.check()

    complaints = [line for line in lines if line[0] in "⚠✗"]
    assert status == 1
    named = f"✗ The key in STRIPE_API_KEY may not {told}. Give it that permission: without it "
    assert complaints[0].startswith(named)
    # Who may not read may not write.
    assert len(complaints) == 1 + (right == "read" and resource in ("subscriptions", "invoices"))
    assert not any("may do everything" in line for line in lines)


async def test_fairness_7_without_a_right_to_previews_reminders_know_less(desk: Desk) -> None:
    """Not every vendor wants to give a right to write for that: Mooring runs without it."""
    desk.scene.stripe.restrictions.forbid("invoices", "write")

    status, lines = await desk.check()

    [told] = [line for line in lines if line[0] in "⚠✗"]
    assert status == 0
    assert told.startswith("⚠ The key in STRIPE_API_KEY may not write invoices, which is what a")
    assert "tell the price of the plan" in told
    assert "Stripe's name for it is rak_invoice_write." in told
    assert not any("may do everything" in line for line in lines)


async def test_rights_that_stripe_does_not_tell_are_doubts(desk: Desk) -> None:
    desk.scene.stripe.faults.add(method="POST", path="/v1/refunds/", status=500)

    assert "⚠ Stripe did not say whether the key may write refunds" in (await desk.complaints())[0]


async def test_a_restricted_key_need_not_list_endpoints(desk: Desk) -> None:
    desk.scene.stripe.faults.add(path="/v1/webhook_endpoints", status=403)

    status, lines = await desk.check()

    assert status == 0
    assert any(line.startswith("⚠ The key may not list webhook endpoints") for line in lines)


async def test_the_customer_portal_without_settings_and_with_plan_switching(desk: Desk) -> None:
    """S9: who switches plans to and fro there would get a new allowance each time."""
    portal = desk.stripe_client().v1.billing_portal
    await portal.configurations.update_async(
        "bpc_default",
        {
            "features": {
                "subscription_update": {"enabled": True, "default_allowed_updates": ["price"]}
            }
        },
    )
    [told] = await desk.complaints()
    assert told.startswith("⚠ Stripe's customer portal lets people switch plans.")

    desk.scene.stripe.forget_portal_settings()

    status, lines = await desk.check()
    [told] = [line for line in lines if line[0] in "⚠✗"]
    assert status == 1
    assert told.startswith("✗ The settings of Stripe's customer portal were never saved")
    customer = desk.scene.mia_customer
    with pytest.raises(stripe.InvalidRequestError, match="default configuration has not been"):
        await portal.sessions.create_async({"customer": customer})


async def test_portal_settings_that_stripe_does_not_show_are_a_doubt(desk: Desk) -> None:
    desk.scene.stripe.faults.add(path="/v1/billing_portal/configurations", status=403)

    [told] = await desk.complaints()

    assert told.startswith("⚠ Stripe did not show the settings of the customer portal.")
