"""The state of a subscription: its periods, its scheduled cancellation, its end, its discounts."""

from bot.sandbox.stripe import catalogue, invoices
from bot.sandbox.stripe.calendar import next_boundary
from bot.sandbox.stripe.shapes.subscription import NO_DETAILS, subscription_item
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World

LIVE = ("active", "trialing", "past_due", "unpaid", "paused", "incomplete")
"""Statuses from which a subscription can still change; the others are terminal."""

UPDATED = "customer.subscription.updated"


def items(subscription: Json) -> list[Json]:
    found: list[Json] = subscription["items"]["data"]
    return found


def period_end(subscription: Json) -> int:
    return min(int(item["current_period_end"]) for item in items(subscription))


def period(subscription: Json) -> tuple[int, int]:
    first = items(subscription)[0]
    return int(first["current_period_start"]), int(first["current_period_end"])


def new_item(
    world: World, subscription: Json, price: Json, *, quantity: int, start: int, end: int
) -> Json:
    return subscription_item(
        new_id("si", 14),
        subscription=subscription["id"],
        price=price,
        quantity=quantity,
        created=world.now(),
        start=start,
        end=end,
    )


def set_period(world: World, subscription: Json, start: int, end: int) -> None:
    """Give every item the period and ask for attention at its end."""
    for item in items(subscription):
        item.update(current_period_start=start, current_period_end=end)
    world.agenda.add(end, "period_end", subscription["id"])


def roll_period(world: World, subscription: Json) -> None:
    start = period_end(subscription)
    recurring = items(subscription)[0]["price"]["recurring"]
    end = next_boundary(subscription["billing_cycle_anchor"], recurring, start)
    set_period(world, subscription, start, end)


def schedule_cancel(
    world: World, subscription: Json, at: int, *, at_period_end: bool, details: Json
) -> None:
    """Both encodings exist: ``at_period_end`` (API, dashboard) and a bare ``cancel_at`` (the
    customer portal on flexible billing)."""
    if at <= world.now():
        raise StripeError("`cancel_at` must be a timestamp in the future.", param="cancel_at")
    subscription.update(cancel_at=at, cancel_at_period_end=at_period_end, canceled_at=world.now())
    subscription["cancellation_details"].update(details, reason="cancellation_requested")
    world.agenda.add(at, "cancel", subscription["id"])


def unschedule_cancel(subscription: Json) -> None:
    subscription.update(cancel_at=None, cancel_at_period_end=False, canceled_at=None)
    subscription["cancellation_details"] = dict(NO_DETAILS)


def end(world: World, subscription: Json, *, reason: str | None, status: str = "canceled") -> None:
    """Terminal. Stripe stops collecting every finalized invoice of the customer, those of other
    subscriptions included, and finalizes no draft of this one."""
    subscription.update(status=status, ended_at=world.now(), pending_update=None)
    subscription["canceled_at"] = subscription["canceled_at"] or world.now()
    if reason:
        subscription["cancellation_details"]["reason"] = reason
    drafts = [
        invoice
        for invoice in invoices.of_subscription(world, subscription)
        if invoice["status"] == "draft"
    ]
    for invoice in [*drafts, *invoices.open_of_customer(world, subscription["customer"])]:
        invoice.update(auto_advance=False, next_payment_attempt=None)
    kind = UPDATED if status == "incomplete_expired" else "customer.subscription.deleted"
    world.emit(kind, subscription)


def set_discounts(world: World, subscription: Json, wanted: list[Json] | None) -> None:
    """The array overwrites: what is not in it is gone."""
    kept = []
    for entry in wanted or []:
        if known := entry.get("discount"):
            if known not in subscription["discounts"]:
                raise StripeError(f"No such discount: '{known}'", code="resource_missing")
            kept.append(known)
        elif "coupon" in entry:
            kept.append(
                catalogue.redeem(
                    world,
                    entry["coupon"],
                    customer=subscription["customer"],
                    subscription=subscription["id"],
                )["id"]
            )
    for gone in set(subscription["discounts"]) - set(kept):
        drop_discount(world, gone)
    subscription["discounts"] = kept


def drop_discount(world: World, discount_id: str) -> None:
    discount = world.store.get("discount", discount_id)
    world.emit("customer.discount.deleted", discount)


def take_discounts(world: World, subscription: Json) -> list[str]:
    """The discounts of an invoice made now. One-time ones are used up by it, ended ones are
    dropped."""
    applied, kept = [], []
    for discount_id in subscription["discounts"]:
        discount = world.store.get("discount", discount_id)
        coupon = world.store.get("coupon", discount["source"]["coupon"])
        if discount["end"] is not None and discount["end"] <= world.now():
            drop_discount(world, discount_id)
            continue
        applied.append(discount_id)
        if coupon["duration"] == "once":
            drop_discount(world, discount_id)
        else:
            kept.append(discount_id)
    subscription["discounts"] = kept
    return applied
