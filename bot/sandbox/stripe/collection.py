"""Collecting an invoice, and what success or failure does to its subscription (dunning
included)."""

from bot.sandbox.stripe import changes, invoices, payments, subscriptions
from bot.sandbox.stripe.customers import method_for
from bot.sandbox.stripe.wire import Json
from bot.sandbox.stripe.world import World

DAY = 86_400
RETRY_AFTER_DAYS = (3, 5, 7)
"""Waits between the attempts at a failed renewal; after the last one the subscription is
canceled."""


def subscription_of(world: World, invoice: Json) -> Json | None:
    subscription_id = invoices.subscription_of(invoice)
    return world.store.find("subscription", subscription_id) if subscription_id else None


def collect(world: World, invoice: Json, *, method_id: str | None = None) -> bool:
    """Try to get an open invoice paid. True when it is paid now."""
    subscription = subscription_of(world, invoice)
    invoice["attempted"] = True
    intent = invoices.intent_of(world, invoice)
    if intent is not None:
        invoice["attempt_count"] += 1
        customer = world.store.get("customer", invoice["customer"])
        own = subscription["default_payment_method"] if subscription else None
        method = method_for(world, customer, method_id, invoice["default_payment_method"], own)
        if method is None or not payments.confirm(world, intent, method):
            _failed(world, invoice, subscription)
            return False
    paid(world, invoice)
    return True


def paid(world: World, invoice: Json) -> None:
    """The money is there (or none was due): settle, and let the subscription go on."""
    invoices.settle(world, invoice)
    customer = world.store.get("customer", invoice["customer"])
    with world.changing(customer, "customer.updated"):
        customer["delinquent"] = False
    subscription = subscription_of(world, invoice)
    if subscription is None or subscription["status"] not in subscriptions.LIVE:
        return
    applied = False
    with world.changing(subscription, subscriptions.UPDATED):
        applied = changes.apply_pending(world, subscription, invoice)
        status = subscription["status"]
        if status == "incomplete" or (status == "past_due" and not _owes(world, subscription)):
            subscription["status"] = "active"
    if applied:
        world.emit("customer.subscription.pending_update_applied", subscription)


def _owes(world: World, subscription: Json) -> bool:
    return any(
        invoice["status"] == "open" and not _is_awaited(world, subscription, invoice)
        for invoice in invoices.of_subscription(world, subscription)
    )


def _is_awaited(world: World, subscription: Json, invoice: Json) -> bool:
    """Whether a pending update waits for this invoice: its failure leaves the subscription as it
    is."""
    held = world.pending_changes.get(subscription["id"])
    return held is not None and held[0] == invoice["id"]


def _failed(world: World, invoice: Json, subscription: Json | None) -> None:
    renewing = subscription is not None and subscription["status"] in ("active", "past_due")
    if subscription is None or not renewing or _is_awaited(world, subscription, invoice):
        world.emit("invoice.payment_failed", invoice)
        return
    customer = world.store.get("customer", invoice["customer"])
    with world.changing(customer, "customer.updated"):
        customer["delinquent"] = True
    attempts = invoice["attempt_count"]
    if attempts <= len(RETRY_AFTER_DAYS):
        retry_at = world.now() + RETRY_AFTER_DAYS[attempts - 1] * DAY
        invoice["next_payment_attempt"] = retry_at
        world.agenda.add(retry_at, "retry_payment", invoice["id"])
        world.emit("invoice.payment_failed", invoice)
        with world.changing(subscription, subscriptions.UPDATED):
            subscription["status"] = "past_due"
        return
    invoice.update(next_payment_attempt=None, auto_advance=False)
    world.emit("invoice.payment_failed", invoice)
    subscriptions.end(world, subscription, reason="payment_failed")
