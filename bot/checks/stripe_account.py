"""The Stripe account: key, rights, prices and webhook endpoint."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import stripe

from bot.checks.findings import Finding, doubtful, fine, wrong
from bot.checks.stripe_coupons import check_coupons
from bot.checks.stripe_portal import check_portal
from bot.checks.stripe_rights import check_rights
from bot.domain.catalogue import Catalogue, Offering
from bot.domain.identifiers import STRIPE
from bot.domain.offer import OfferPolicy
from bot.settings import ProviderKeys

TIMEOUT_SECONDS = 20
WEBHOOK_PATH = "/webhooks/stripe"
# What the mirror cannot do without: the rest of an event's family only brings it forward.
NEEDED_EVENTS = frozenset(
    {
        "checkout.session.completed",
        # Bank debits and the like are paid days after the page was left.
        "checkout.session.async_payment_succeeded",
        "customer.updated",
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.deleted",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_failed",
        "charge.refunded",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
    }
)
Json = dict[str, Any]


async def check_stripe(
    keys: ProviderKeys, catalogue: Catalogue, offers: OfferPolicy
) -> AsyncIterator[Finding]:
    """Try the key's rights, ask for each price of the catalogue and each coupon of the offers, then
    for webhook endpoints."""
    async with aiohttp.ClientSession() as session:
        client = stripe.StripeClient(
            keys.api_key.get_secret_value(),
            http_client=stripe.AIOHTTPClient(timeout=TIMEOUT_SECONDS, session=session),
            base_addresses={"api": keys.api_url},
            max_network_retries=1,
        )
        refusal = await _key_problem(client)
        if refusal is not None:
            yield refusal
            return
        key = keys.api_key.get_secret_value()
        mode = "test mode" if "_test_" in key else "live mode"
        yield fine(f"Stripe accepts the key ({mode}).")
        async for finding in check_rights(client):
            yield finding
        problems = [each for each in await _price_problems(client, catalogue) if each is not None]
        for problem in problems:
            yield problem
        if not problems:
            yield fine("Every price of the catalogue is in Stripe as mooring.toml has it.")
        async for finding in check_coupons(client, catalogue, offers):
            yield finding
        yield await _check_endpoints(client)
        yield await check_portal(client)


async def _key_problem(client: stripe.StripeClient) -> Finding | None:
    try:
        await client.v1.prices.list_async({"limit": 1})
    except stripe.AuthenticationError:
        return wrong(
            "Stripe does not know the key in STRIPE_API_KEY. Copy it again from the dashboard: "
            "Developers, API keys."
        )
    except stripe.PermissionError:
        return wrong("The key in STRIPE_API_KEY may not read prices. Give it that permission.")
    except stripe.StripeError as error:
        return wrong(
            f"Stripe does not answer ({type(error).__name__}). Check the network and "
            "STRIPE_API_URL, then try again."
        )
    return None


async def _price_problems(
    client: stripe.StripeClient, catalogue: Catalogue
) -> list[Finding | None]:
    return [await _check_price(client, offering) for offering in catalogue.offerings(STRIPE)]


async def _check_price(client: stripe.StripeClient, offering: Offering) -> Finding | None:
    price_id = offering.price.id
    try:
        found = (await client.v1.prices.retrieve_async(price_id)).to_dict()
    except stripe.InvalidRequestError:
        return wrong(
            f"The price {price_id} of the plan {offering.plan.name} is not in Stripe. Put the id "
            "of an existing price into mooring.toml."
        )
    except stripe.StripeError as error:
        return wrong(f"Stripe did not show the price {price_id} ({type(error).__name__}).")
    differences = _differences(found, offering)
    if not differences:
        return None
    return wrong(f"The price {price_id} of the plan {offering.plan.name}: {differences}.")


def _differences(found: Json, offering: Offering) -> str:
    wanted = offering.price
    interval = (found.get("recurring") or {}).get("interval") or "none: it is paid once"
    each = (found.get("recurring") or {}).get("interval_count", 1)
    compared = (
        ("amount", found["unit_amount"], wanted.money.amount),
        ("currency", found["currency"], wanted.money.currency),
        ("interval", interval if each == 1 else f"{each} times {interval}", wanted.interval.value),
    )
    told = [
        f"Stripe's {name} is {theirs}, mooring.toml has {ours}"
        for name, theirs, ours in compared
        if theirs != ours
    ]
    if not found["active"]:
        told.append("it is archived in Stripe, so nobody can buy it")
    return "; ".join(told)


async def _check_endpoints(client: stripe.StripeClient) -> Finding:
    try:
        listed = await client.v1.webhook_endpoints.list_async({"limit": 100})
    except stripe.StripeError:
        return doubtful(
            "The key may not list webhook endpoints, so whether one leads here is not known. "
            f"It must lead to {WEBHOOK_PATH} of Mooring's web server."
        )
    ours = [
        endpoint
        for endpoint in (each.to_dict() for each in listed.data)
        if urlsplit(endpoint["url"]).path.rstrip("/") == WEBHOOK_PATH
    ]
    return _judge_endpoints(ours)


def _judge_endpoints(endpoints: Sequence[Json]) -> Finding:
    """The best of them counts: old ones may stand beside it."""
    enabled = [each for each in endpoints if each["status"] == "enabled"]
    if not endpoints:
        return doubtful(
            f"No webhook endpoint in Stripe leads to {WEBHOOK_PATH}. Add one (Developers, "
            "Webhooks), unless something forwards the events."
        )
    if not enabled:
        return wrong(f"The webhook endpoint to {WEBHOOK_PATH} is disabled in Stripe. Enable it.")
    missing = min((_missing_events(each) for each in enabled), key=len)
    if missing:
        return wrong(
            f"The webhook endpoint to {WEBHOOK_PATH} lacks events. Add: {', '.join(missing)}."
        )
    return fine("Stripe has a webhook endpoint with every event that Mooring needs.")


def _missing_events(endpoint: Json) -> list[str]:
    events = set(endpoint["enabled_events"])
    return [] if "*" in events else sorted(NEEDED_EVENTS - events)
