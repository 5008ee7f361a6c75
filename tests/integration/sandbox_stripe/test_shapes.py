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

OMITTED: dict[str, set[str]] = {}
EXTRA: dict[str, set[str]] = {}


@pytest.fixture(scope="module")
def examples() -> dict[str, Json]:
    if not FIXTURES.exists():
        pytest.skip(f"{FIXTURES.name} is not beside the repository; shapes are not compared")
    resources: dict[str, Json] = json.loads(FIXTURES.read_text())["resources"]
    return resources


def differences(ours: object, theirs: object, where: str, kind: str) -> list[str]:
    if ours is None or theirs is None:
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if where.endswith("metadata") or not theirs:
            return []
        kind = str(ours.get("object", kind))
        at = where if "object" not in ours else kind
        found = [f"{at}.{key} is missing" for key in sorted(theirs.keys() - ours.keys())]
        found += [f"{at}.{key} is extra" for key in sorted(ours.keys() - theirs.keys())]
        for key in ours.keys() & theirs.keys():
            found += differences(ours[key], theirs[key], f"{at}.{key}", kind)
        return found
    if isinstance(ours, list) and isinstance(theirs, list):
        if ours and theirs:
            return differences(ours[0], theirs[0], f"{where}[]", kind)
        return []
    if type(ours) is not type(theirs) and {type(ours), type(theirs)} != {int, float}:
        return [f"{where} is {type(ours).__name__}, not {type(theirs).__name__}"]
    return []


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
        "balance_transaction charge checkout.session coupon customer discount dispute event "
        "invoice invoice_payment invoiceitem payment_intent payment_method price product refund "
        "subscription webhook_endpoint"
    )
    stored = [obj for kind in kinds.split() for obj in sandbox.objects(kind)]
    return [
        *stored,
        pending,
        account.to_dict(),
        items.data[0].to_dict(),
        portal.to_dict(),
        endpoint.to_dict(),
    ]


async def test_shapes(
    client: stripe.StripeClient, sandbox: StripeSandbox, shop: Shop, examples: dict[str, Json]
) -> None:
    found: set[str] = set()
    seen = set()
    for specimen in await specimens(client, sandbox, shop):
        kind = str(specimen["object"])
        seen.add(kind)
        if kind == "event":
            specimen = {**specimen, "data": None}
        found |= set(differences(specimen, examples[kind], kind, kind))
    assert len(seen) == 21
    assert not found, "\n".join(sorted(found))
