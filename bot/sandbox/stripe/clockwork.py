"""What happens by itself as time passes: renewals, retries, ends and expiries."""

from collections.abc import Callable

from bot.sandbox.stripe import changes, collection, customers, invoices, pausing, subscriptions
from bot.sandbox.stripe.prorations import period_line
from bot.sandbox.stripe.wire import Json
from bot.sandbox.stripe.world import World


def run_next(world: World, until: float) -> bool:
    """Handle the earliest thing due at ``until``. False when nothing is."""
    due = world.agenda.pop(until)
    if due is None:
        return False
    kind, handler = _HANDLERS[due.action]
    obj = world.store.find(kind, due.object_id)
    if obj is not None and not obj.get("deleted"):
        with world.frozen(due.at):
            handler(world, obj, due.at)
    return True


def catch_up(world: World) -> None:
    """Handle everything that real time has made due."""
    while run_next(world, world.clock.now()):
        pass


def _period_end(world: World, subscription: Json, at: int) -> None:
    if subscription["status"] not in ("active", "trialing", "past_due"):
        return
    if subscriptions.period_end(subscription) != at:
        return
    cancel_at = subscription["cancel_at"]
    if cancel_at is not None and cancel_at <= at:
        subscriptions.end(world, subscription, reason=None)
        return
    with world.changing(subscription, subscriptions.UPDATED):
        if subscription["status"] == "trialing" and not _leave_trial(world, subscription):
            return
        subscriptions.roll_period(world, subscription)
        subscription["latest_invoice"] = _renewal_draft(world, subscription, at)["id"]


def _leave_trial(world: World, subscription: Json) -> bool:
    """False when the trial ends without a card and the subscription does not go on."""
    customer = world.store.get("customer", subscription["customer"])
    method = customers.method_for(world, customer, subscription["default_payment_method"])
    ending = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if method is None and ending == "cancel":
        subscriptions.end(world, subscription, reason=None)
        return False
    if method is None and ending == "pause":
        subscription["status"] = "paused"
        world.emit("customer.subscription.paused", subscription)
        return False
    subscription["status"] = "active"
    return True


def _renewal_draft(world: World, subscription: Json, at: int) -> Json:
    customer = world.store.get("customer", subscription["customer"])
    start, end = subscriptions.period(subscription)
    lines = [
        period_line(world, item, start=start, end=end) for item in subscriptions.items(subscription)
    ]
    draft = invoices.build(
        world,
        customer,
        [*changes.take_waiting_lines(world, subscription), *lines],
        reason="subscription_cycle",
        currency=subscription["currency"],
        subscription=subscription,
        discounts=subscriptions.take_discounts(world, subscription),
        period=(start, at),
    )
    finalizes_at = at + invoices.HOUR
    draft["automatically_finalizes_at"] = finalizes_at
    world.agenda.add(finalizes_at, "finalize_invoice", draft["id"])
    invoices.draft(world, draft)
    pausing.leave_out(world, subscription, draft)
    return draft


def _resume_collection(world: World, subscription: Json, at: int) -> None:
    with world.changing(subscription, subscriptions.UPDATED):
        pausing.go_on(subscription, at)


def _cancel(world: World, subscription: Json, at: int) -> None:
    if subscription["status"] in subscriptions.LIVE and subscription["cancel_at"] == at:
        subscriptions.end(world, subscription, reason=None)


def _finalize(world: World, invoice: Json, _at: int) -> None:
    if invoice["status"] == "draft" and invoice["auto_advance"]:
        invoices.finalize(world, invoice)
        collection.collect(world, invoice)


def _retry(world: World, invoice: Json, at: int) -> None:
    if invoice["status"] == "open" and invoice["next_payment_attempt"] == at:
        collection.collect(world, invoice)


def _trial_will_end(world: World, subscription: Json, _at: int) -> None:
    if subscription["status"] == "trialing":
        world.emit("customer.subscription.trial_will_end", subscription)


def _incomplete_expiry(world: World, subscription: Json, _at: int) -> None:
    if subscription["status"] != "incomplete":
        return
    for invoice in invoices.of_subscription(world, subscription):
        if invoice["status"] == "open":
            invoices.void(world, invoice)
    subscriptions.end(world, subscription, reason=None, status="incomplete_expired")


def _pending_update_expiry(world: World, subscription: Json, at: int) -> None:
    pending = subscription["pending_update"]
    if not pending or pending["expires_at"] != at:
        return
    with world.changing(subscription, subscriptions.UPDATED):
        changes.drop_pending(world, subscription)
    world.emit("customer.subscription.pending_update_expired", subscription)


def _checkout_expiry(world: World, session: Json, _at: int) -> None:
    if session["status"] == "open":
        session.update(status="expired", url=None)
        world.emit("checkout.session.expired", session)


_Handler = Callable[[World, Json, int], None]
_HANDLERS: dict[str, tuple[str, _Handler]] = {
    "period_end": ("subscription", _period_end),
    "cancel": ("subscription", _cancel),
    "resume_collection": ("subscription", _resume_collection),
    "finalize_invoice": ("invoice", _finalize),
    "retry_payment": ("invoice", _retry),
    "trial_will_end": ("subscription", _trial_will_end),
    "incomplete_expiry": ("subscription", _incomplete_expiry),
    "pending_update_expiry": ("subscription", _pending_update_expiry),
    "checkout_expiry": ("checkout.session", _checkout_expiry),
}
