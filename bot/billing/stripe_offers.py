"""What Stripe makes of an accepted offer: a coupon on the subscription, or a pause.

Stripe's own pause goes on giving access. So the periods that are not charged are written into the
subscription's metadata, and read from there, whatever else its dashboard changes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from stripe.params import SubscriptionUpdateParams

from bot.billing.provider import Discount, Pause, ProviderRefusedError, Snapshot
from bot.billing.stripe_account import StripeAccount, translated_errors
from bot.billing.stripe_objects import (
    ACTED_ON,
    PAUSED_FROM,
    PAUSED_UNTIL,
    customer_record,
    subscription_of,
    utc,
)
from bot.domain.identifiers import SubscriptionId
from bot.domain.offer import OfferKind
from bot.domain.subscription import TOLERANCE

Json = Mapping[str, Any]

_OFFER = "mooring_offer"
_EXPAND = (*ACTED_ON, "discounts")
# Stripe leaves it out of a coupon unless asked: the products for which alone it is.
PRODUCTS = "applies_to"
# Collection goes on this long before the first renewal that is charged again, after the last one
# that is not.
_BEFORE_RENEWAL = timedelta(hours=1)


class StripeOffers(StripeAccount):
    """Each call looks first at what is there: the reference in the metadata says what is done."""

    offer_kinds = frozenset({OfferKind.DISCOUNT, OfferKind.PAUSE})

    async def apply_discount(
        self,
        subscription_id: SubscriptionId,
        discount: Discount,
        *,
        reference: str,
        idempotency_key: str,
    ) -> Snapshot:
        """Only as the one discount, and only with the coupon that the member was told of.

        The array of discounts overwrites: one that is there already would be lost, and the two
        together are not what was agreed.
        """
        current = await self._look(subscription_id)
        if _is_made(current, reference):
            return self._snapshot(current)
        _require_as_agreed(current, discount.starts_at)
        if current["discounts"]:
            raise ProviderRefusedError("discount_exists")
        async with translated_errors():
            found = await self._v1.coupons.retrieve_async(discount.coupon, {"expand": [PRODUCTS]})
        if not is_as_agreed(found.to_dict(), discount, product_id=_product_of(current)):
            raise ProviderRefusedError("coupon_differs")
        changed = await self._change(
            subscription_id,
            {"discounts": [{"coupon": discount.coupon}], "metadata": {_OFFER: reference}},
            idempotency_key,
        )
        if [_coupon_of(each) for each in changed["discounts"]] != [discount.coupon]:
            raise ProviderRefusedError("not_applied")
        return self._snapshot(changed)

    async def pause(
        self,
        subscription_id: SubscriptionId,
        pause: Pause,
        *,
        reference: str,
        idempotency_key: str,
    ) -> Snapshot:
        """Void what is invoiced until collection goes on, shortly before `resumes_at`."""
        current = await self._look(subscription_id)
        if _is_made(current, reference):
            return self._snapshot(current)
        _require_as_agreed(current, pause.starts_at)
        if current["pause_collection"]:
            raise ProviderRefusedError("paused_already")
        collects_at = pause.resumes_at - _BEFORE_RENEWAL
        changed = await self._change(
            subscription_id,
            {
                "pause_collection": {"behavior": "void", "resumes_at": _seconds(collects_at)},
                "metadata": {
                    _OFFER: reference,
                    PAUSED_FROM: str(_seconds(pause.starts_at)),
                    PAUSED_UNTIL: str(_seconds(pause.resumes_at)),
                },
            },
            idempotency_key,
        )
        if not changed["pause_collection"]:
            raise ProviderRefusedError("not_applied")
        return self._snapshot(changed)

    async def _look(self, subscription_id: SubscriptionId) -> Json:
        async with translated_errors():
            found = await self._v1.subscriptions.retrieve_async(
                subscription_id, {"expand": list(_EXPAND)}
            )
        return found.to_dict()

    async def _change(
        self, subscription_id: SubscriptionId, params: Mapping[str, Any], idempotency_key: str
    ) -> Json:
        body = cast(SubscriptionUpdateParams, {**params, "expand": list(_EXPAND)})
        async with translated_errors():
            updated = await self._v1.subscriptions.update_async(
                subscription_id, body, {"idempotency_key": idempotency_key}
            )
        return updated.to_dict()

    def _snapshot(self, subscription: Json) -> Snapshot:
        return Snapshot(
            customers=(customer_record(subscription["customer"], subscription),),
            subscriptions=(subscription_of(subscription, self._catalogue),),
        )


def is_as_agreed(coupon: Json, discount: Discount, *, product_id: str) -> bool:
    """Whether a coupon takes off so much of this product, for so many months."""
    return bool(
        coupon["valid"]
        and takes_off(coupon, product_id)
        and coupon["percent_off"] == discount.percent
        and coupon["duration"] == "repeating"
        and coupon["duration_in_months"] == discount.months
    )


def takes_off(coupon: Json, product_id: str) -> bool:
    """Whether a coupon, with `PRODUCTS` expanded, is for this product: for all, or for some."""
    only = coupon.get(PRODUCTS)
    return only is None or product_id in only["products"]


def _product_of(subscription: Json) -> str:
    return str(subscription["items"]["data"][0]["price"]["product"])


def _is_made(subscription: Json, reference: str) -> bool:
    return (subscription.get("metadata") or {}).get(_OFFER) == reference


def _coupon_of(discount: Json) -> str | None:
    coupon = discount["source"]["coupon"]
    return coupon if coupon is None or isinstance(coupon, str) else str(coupon["id"])


def _require_as_agreed(subscription: Json, starts_at: datetime) -> None:
    """Raise unless it runs, goes on, and renews next when the member was told that it does."""
    if subscription["status"] != "active" or subscription["cancel_at"] is not None:
        raise ProviderRefusedError("not_running")
    if subscription["cancel_at_period_end"]:
        raise ProviderRefusedError("not_running")
    renews_at = utc(subscription["items"]["data"][0]["current_period_end"])
    if abs(renews_at - starts_at) > TOLERANCE:
        raise ProviderRefusedError("renewed_meanwhile")


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
