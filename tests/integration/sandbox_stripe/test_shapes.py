"""Every object against Stripe's official example of it: the same fields, of the same types.

The examples fill every optional group, so what one side has null says nothing; fields the example
lacks or the API leaves out unless expanded are listed below, each with its reason.
"""

import json
from pathlib import Path

import pytest
import stripe

from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.wire import Json

from .conftest import Shop

FIXTURES = Path(__file__).parents[4] / "shared" / "reference" / "stripe-fixtures.json"

OMITTED = {
    "charge.refunds is missing",  # since 2022-11-15 only when expanded
    "invoice.subscription is missing",  # moved to parent.subscription_details in basil
}
EXTRA = {
    # Optional fields that the generated example happens to leave out; the SDK's models have them.
    "invoice_payment.payment.payment_intent is extra",
    "invoiceitem.parent.subscription_details.subscription_item is extra",
    "invoiceitem.pricing.price_details is extra",
    "line_item.pricing.price_details is extra",
    "payment_intent.last_payment_error.charge is extra",
    "payment_intent.last_payment_error.code is extra",
    "payment_intent.last_payment_error.decline_code is extra",
    "payment_intent.last_payment_error.doc_url is extra",
    "payment_intent.last_payment_error.message is extra",
    "payment_intent.last_payment_error.payment_method is extra",
    "subscription.pending_update.cancel_at_period_end is extra",
    "webhook_endpoint.secret is extra",  # only in the answer that creates the endpoint
}


@pytest.fixture(scope="module")
def examples() -> dict[str, Json]:
    if not FIXTURES.exists():
        pytest.skip(f"{FIXTURES.name} is not beside the repository; shapes are not compared")
    resources: dict[str, Json] = json.loads(FIXTURES.read_text())["resources"]
    return resources


def differences(ours: object, theirs: object, where: str) -> list[str]:
    """What differs, named from the nearest object on (``charge.outcome.type``)."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if where.endswith("metadata") or not theirs:
            return []
        at = ours.get("object", where)
        found = [f"{at}.{key} is missing" for key in theirs.keys() - ours.keys()]
        found += [f"{at}.{key} is extra" for key in ours.keys() - theirs.keys()]
        for key in ours.keys() & theirs.keys():
            found += differences(ours[key], theirs[key], f"{at}.{key}")
        return found
    if isinstance(ours, list) and isinstance(theirs, list):
        return differences(ours[0], theirs[0], f"{where}[]") if ours and theirs else []
    types = {type(ours), type(theirs)}
    if None in (ours, theirs) or len(types) == 1 or types == {int, float}:
        return []
    return [f"{where} is {type(ours).__name__}, not {type(theirs).__name__}"]


async def specimens(client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop) -> list[Json]:
    """One object of each kind, with as many fields filled as a story fills."""
    coupon = await client.v1.coupons.create_async({"percent_off": 10, "duration": "forever"})
    made = sandbox.add_subscription(shop.mia["id"], shop.lite["id"], trial_days=7)
    await client.v1.subscriptions.update_async(made["id"], {"discounts": [{"coupon": coupon.id}]})
    await sandbox.advance_to_period_end(made["id"])
    sandbox.decline_payments(shop.mia["id"], times=1)
    item = made["items"]["data"][0]["id"]
    await client.v1.subscriptions.update_async(
        made["id"],
        {
            "items": [{"id": item, "price": shop.pro["id"]}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
    )
    pending = sandbox.get(made["id"])
    sandbox.portal_cancel(made["id"], feedback="unused", comment="bye")
    waiting = sandbox.add_subscription(shop.mia["id"], shop.lite["id"])
    await client.v1.subscriptions.update_async(
        waiting["id"],
        {"items": [{"id": waiting["items"]["data"][0]["id"], "price": shop.pro["id"]}]},
    )
    charge = sandbox.add_charge(shop.mia["id"], 900)
    await client.v1.refunds.create_async({"charge": charge["id"], "reason": "duplicate"})
    sandbox.open_dispute(sandbox.add_charge(shop.mia["id"], 700)["id"])
    session = await client.v1.checkout.sessions.create_async(
        {
            "mode": "subscription",
            "line_items": [{"price": shop.pro["id"]}],
            "success_url": "https://bot.example/done",
            "customer": shop.mia["id"],
        }
    )
    items = await client.v1.checkout.sessions.line_items.list_async(session.id)
    sandbox.pay_checkout(session.id)
    portal = await client.v1.billing_portal.sessions.create_async({"customer": shop.mia["id"]})
    endpoint = await client.v1.webhook_endpoints.create_async(
        {"url": "https://bot.example/hook", "enabled_events": ["*"]}
    )
    account = await client.v1.accounts.retrieve_current_async()
    kinds = (
        "balance_transaction billing_portal.configuration charge checkout.session coupon customer "
        "discount dispute event "
        "invoice invoice_payment invoiceitem payment_intent payment_method price product refund "
        "subscription webhook_endpoint"
    )
    stored = [obj for kind in kinds.split() for obj in sandbox.objects(kind)]
    return [
        *stored,
        pending,
        *(json.loads(str(answer)) for answer in (account, items.data[0], portal, endpoint)),
    ]


async def test_shapes(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, examples: dict[str, Json]
) -> None:
    found: set[str] = set()
    seen = set()
    for specimen in await specimens(client, sandbox, shop):
        kind = str(specimen["object"])
        seen.add(kind)
        # What an event is about differs from event to event, and is compared on its own.
        compared = {**specimen, "data": None} if kind == "event" else specimen
        found |= set(differences(compared, examples[kind], kind))
    assert len(seen) == 22
    unexpected = sorted(found - OMITTED - EXTRA)
    assert not unexpected, "\n".join(unexpected)
    assert found == OMITTED | EXTRA
