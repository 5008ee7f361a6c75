"""Changing what a running subscription is for: plan switches, trials, pauses and early ends."""

from bot.sandbox.stripe import changes, collection, invoices, payments, subscriptions
from bot.sandbox.stripe.calendar import next_boundary
from bot.sandbox.stripe.customers import method_for
from bot.sandbox.stripe.params import merge_metadata
from bot.sandbox.stripe.prorations import change_line, period_line
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World

PENDING_ALLOWED = frozenset(
    (
        "billing_cycle_anchor",
        "expand",
        "items",
        "metadata",
        "off_session",
        "payment_behavior",
        "proration_behavior",
        "proration_date",
    )
)
"""What an update may carry beside ``payment_behavior=pending_if_incomplete``, as far as it is
implemented here."""


def switch(world: World, subscription: Json, given: Json) -> None:
    """Change the items. Money due at once is collected as ``payment_behavior`` says; by default the
    change stands even when its payment fails."""
    behavior = given.get("payment_behavior", "allow_incomplete")
    if subscription["pending_update"]:
        changes.drop_pending(world, subscription)
    change = changes.plan_change(world, subscription, given.get("items", []), given)
    lines = changes.lines_of(world, change)
    if not change.invoices_now or not lines:
        changes.apply(world, subscription, change)
        changes.keep_for_next_invoice(world, subscription, lines)
        return
    customer = world.store.get("customer", subscription["customer"])
    invoice = _invoice(world, customer, subscription, lines)
    if behavior == "error_if_incomplete" and invoice["amount_due"]:
        own = method_for(world, customer, subscription["default_payment_method"])
        payments.refuse_if_declined(world, customer, own)
    invoices.draft(world, invoice)
    invoices.finalize(world, invoice)
    subscription["latest_invoice"] = invoice["id"]
    if behavior == "pending_if_incomplete":
        if "metadata" in given:
            metadata = merge_metadata(subscription["metadata"], given["metadata"])
            change = changes.with_metadata(change, metadata)
        changes.hold(world, subscription, change, invoice)
    else:
        changes.apply(world, subscription, change)
    collection.collect(world, invoice)


def _invoice(world: World, customer: Json, subscription: Json, lines: list[Json]) -> Json:
    return invoices.build(
        world,
        customer,
        lines,
        reason="subscription_update",
        currency=subscription["currency"],
        subscription=subscription,
        discounts=subscriptions.take_discounts(world, subscription),
        period=subscriptions.period(subscription),
    )


def check_pending_params(given: Json) -> None:
    """Pending updates take only some parameters. Raises StripeError for the others."""
    extra = sorted(given.keys() - PENDING_ALLOWED)
    if given.get("payment_behavior") == "pending_if_incomplete" and extra:
        raise StripeError(
            "When `payment_behavior` is set to `pending_if_incomplete`, the following parameters "
            f"are not supported: {', '.join(extra)}.",
            param=extra[0],
        )


def move_trial_end(world: World, subscription: Json, wanted: int | str, given: Json) -> None:
    """End a trial now, or give free time until ``wanted`` (only without prorations)."""
    now = world.now()
    if wanted == "now":
        if subscription["status"] == "trialing":
            subscription["trial_end"] = now
            subscriptions.set_period(world, subscription, subscription["trial_start"], now)
        return
    if int(wanted) <= now:
        raise StripeError("`trial_end` must be in the future.", param="trial_end")
    if subscription["status"] != "trialing" and given.get("proration_behavior") != "none":
        raise StripeError(
            "The sandbox gives a trial to a running subscription only with "
            "`proration_behavior=none`.",
            param="proration_behavior",
        )
    start = subscription["trial_start"] or now
    subscription.update(
        status="trialing", trial_start=start, trial_end=wanted, billing_cycle_anchor=wanted
    )
    subscriptions.set_period(world, subscription, now, int(wanted))


def cancel_now(world: World, subscription: Json, given: Json) -> None:
    """End at once. ``prorate`` credits the unused time; ``invoice_now`` invoices what waits, else
    it stays for an invoice that never comes."""
    if given.get("cancellation_details"):
        subscription["cancellation_details"].update(given["cancellation_details"])
    now = world.now()
    if given.get("prorate") and subscription["status"] in ("active", "past_due"):
        lines = [
            change_line(world, item, at=now, credit=True)
            for item in subscriptions.items(subscription)
        ]
        changes.keep_for_next_invoice(world, subscription, lines)
    if given.get("invoice_now"):
        _final_invoice(world, subscription)
    if subscription["pending_update"]:
        changes.drop_pending(world, subscription)
    subscriptions.end(world, subscription, reason="cancellation_requested")


def _final_invoice(world: World, subscription: Json) -> None:
    lines = changes.take_waiting_lines(world, subscription)
    if not lines:
        return
    customer = world.store.get("customer", subscription["customer"])
    invoice = _invoice(world, customer, subscription, lines)
    invoices.draft(world, invoice)
    invoices.finalize(world, invoice)
    subscription["latest_invoice"] = invoice["id"]
    collection.collect(world, invoice)


def pause(subscription: Json) -> None:
    if subscription["status"] not in ("active", "trialing", "past_due"):
        raise StripeError(f"You cannot pause a subscription that is {subscription['status']}.")
    subscription["status"] = "paused"


def resume(world: World, subscription: Json) -> None:
    """Start a new period now and collect it. Raises StripeError unless the subscription is
    paused."""
    if subscription["status"] != "paused":
        raise StripeError(
            f"You cannot resume this subscription because its status is "
            f"`{subscription['status']}`, not `paused`."
        )
    now = world.now()
    end = next_boundary(now, subscriptions.items(subscription)[0]["price"]["recurring"], now)
    subscription.update(status="active", billing_cycle_anchor=now)
    subscriptions.set_period(world, subscription, now, end)
    customer = world.store.get("customer", subscription["customer"])
    lines = [
        period_line(world, item, start=now, end=end) for item in subscriptions.items(subscription)
    ]
    invoice = _invoice(world, customer, subscription, lines)
    invoices.draft(world, invoice)
    invoices.finalize(world, invoice)
    subscription["latest_invoice"] = invoice["id"]
    collection.collect(world, invoice)
