"""The coupons of the offers: each has to take off what leaving members are told that it does."""

from collections.abc import AsyncIterator
from typing import Any

import stripe

from bot.checks.findings import Finding, fine, wrong
from bot.domain.identifiers import STRIPE
from bot.domain.offer import Offer, OfferKind, OfferPolicy


async def check_coupons(client: stripe.StripeClient, offers: OfferPolicy) -> AsyncIterator[Finding]:
    """One finding for each that is not as it should be, or one for all."""
    discounts = [each for each in offers.offers if each.kind is OfferKind.DISCOUNT]
    problems = [found for each in discounts if (found := await _check(client, each)) is not None]
    for problem in problems:
        yield problem
    if discounts and not problems:
        yield fine("Every coupon of the offers is in Stripe as mooring.toml has it.")


async def _check(client: stripe.StripeClient, offer: Offer) -> Finding | None:
    coupon_id = offer.coupons[STRIPE]
    try:
        coupon = (await client.v1.coupons.retrieve_async(coupon_id)).to_dict()
    except stripe.InvalidRequestError:
        return wrong(
            f"The coupon {coupon_id} of the offer {offer.id} is not in Stripe. Make it in the "
            f"dashboard (Product catalog, Coupons): {offer.percent} percent off, for "
            f"{offer.months} months."
        )
    except stripe.StripeError as error:
        return wrong(f"Stripe did not show the coupon {coupon_id} ({type(error).__name__}).")
    differences = _differences(coupon, offer)
    if not differences:
        return None
    return wrong(f"The coupon {coupon_id} of the offer {offer.id}: {'; '.join(differences)}.")


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
