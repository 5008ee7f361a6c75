"""The coupons of the offers: each has to take off what leaving members are told that it does."""

from collections.abc import AsyncIterator
from typing import Any

import stripe

from bot.billing.stripe_offers import PRODUCTS, takes_off
from bot.checks.findings import Finding, fine, wrong
from bot.domain.catalogue import Catalogue, Interval
from bot.domain.identifiers import STRIPE
from bot.domain.offer import Offer, OfferKind, OfferPolicy


async def check_coupons(
    client: stripe.StripeClient, catalogue: Catalogue, offers: OfferPolicy
) -> AsyncIterator[Finding]:
    """One finding for each that is not as it should be, or one for all."""
    discounts = [each for each in offers.offers if each.kind is OfferKind.DISCOUNT]
    problems = [
        found for each in discounts if (found := await _check(client, catalogue, each)) is not None
    ]
    for problem in problems:
        yield problem
    if discounts and not problems:
        yield fine("Every coupon of the offers is in Stripe as mooring.toml has it.")


async def _check(client: stripe.StripeClient, catalogue: Catalogue, offer: Offer) -> Finding | None:
    coupon_id = offer.coupons[STRIPE]
    try:
        found = await client.v1.coupons.retrieve_async(coupon_id, {"expand": [PRODUCTS]})
        coupon = found.to_dict()
        left_out = await _left_out(client, coupon, catalogue, offer)
    except stripe.InvalidRequestError:
        return wrong(
            f"The coupon {coupon_id} of the offer {offer.id} is not in Stripe. Make it in the "
            f"dashboard (Product catalog, Coupons): {offer.percent} percent off, for "
            f"{offer.months} months."
        )
    except stripe.StripeError as error:
        return wrong(f"Stripe did not show the coupon {coupon_id} ({type(error).__name__}).")
    differences = _differences(coupon, offer)
    if left_out:
        plans = "plan" if len(left_out) == 1 else "plans"
        differences.append(
            f"Stripe takes nothing off the {plans} {', '.join(left_out)} by it, as it is for other "
            "products only: make one for every product, or name the plans that it is for"
        )
    if not differences:
        return None
    return wrong(f"The coupon {coupon_id} of the offer {offer.id}: {'; '.join(differences)}.")


async def _left_out(
    client: stripe.StripeClient, coupon: dict[str, Any], catalogue: Catalogue, offer: Offer
) -> list[str]:
    """The names of the plans that are offered the coupon, and of whose products it is not."""
    if coupon.get(PRODUCTS) is None:
        return []
    left_out: dict[str, None] = {}
    for offering in catalogue.offerings(STRIPE):
        plan, months = offering.plan, 12 if offering.price.interval is Interval.YEAR else 1
        if offer.months % months or (offer.plans and plan.id not in offer.plans):
            continue
        try:
            price = (await client.v1.prices.retrieve_async(offering.price.id)).to_dict()
        except stripe.InvalidRequestError:
            continue  # that it is missing is said of the price itself
        if not takes_off(coupon, str(price["product"])):
            left_out[plan.name] = None
    return list(left_out)


def _differences(coupon: dict[str, Any], offer: Offer) -> list[str]:
    told = []
    if coupon["percent_off"] != offer.percent:
        told.append(
            f"Stripe's percentage is {coupon['percent_off']}, mooring.toml has {offer.percent}"
        )
    if coupon["duration"] != "repeating" or coupon["duration_in_months"] != offer.months:
        lasts = coupon["duration_in_months"] or coupon["duration"]
        told.append(f"Stripe's months are {lasts}, mooring.toml has {offer.months}")
    if not coupon["valid"]:
        told.append("it is used up or expired in Stripe, so nobody can get it")
    return told
