"""Starting a subscription: the first period, the first invoice and its payment."""

from bot.sandbox.stripe import collection, invoices, payments, subscriptions
from bot.sandbox.stripe.calendar import next_boundary
from bot.sandbox.stripe.customers import method_for
from bot.sandbox.stripe.prorations import one_off_line, period_line
from bot.sandbox.stripe.shapes.subscription import subscription as shape
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World, copy_of

DAY = 86_400
TRIAL_NOTICE = 3 * DAY
INCOMPLETE_SECONDS = 23 * 3600
"""How long a first payment may take before the subscription expires."""


def subscribe(
    world: World,
    customer: Json,
    wanted: list[tuple[Json, int]],
    given: Json,
    *,
    trial_end: int | None = None,
    extras: list[tuple[Json, int]] | None = None,
) -> Json:
    """A new subscription to ``wanted`` (recurring prices with quantities); ``extras`` are one-off
    prices on its first invoice. ``given["payment_behavior"]`` decides what a failed first payment
    does."""
    behavior = given.get("payment_behavior", "allow_incomplete")
    method = method_for(world, customer, given.get("default_payment_method"))
    free = trial_end is not None and not extras
    if method is None and behavior != "default_incomplete" and not free:
        raise payments.no_payment_method()
    if behavior == "error_if_incomplete" and not free:
        payments.refuse_if_declined(world, customer, method)
    subscription = _record(world, customer, wanted, given, trial_end)
    subscriptions.set_discounts(world, subscription, given.get("discounts"))
    lines = _first_lines(world, subscription, extras or [])
    world.emit("customer.subscription.created", subscription)
    with world.changing(subscription, subscriptions.UPDATED):
        invoice = invoices.build(
            world,
            customer,
            lines,
            reason="subscription_create",
            currency=subscription["currency"],
            subscription=subscription,
            discounts=subscriptions.take_discounts(world, subscription),
            period=(world.now(), world.now()),
        )
        invoices.draft(world, invoice)
        subscription["latest_invoice"] = invoice["id"]
        invoices.finalize(world, invoice)
        if behavior != "default_incomplete" or not invoice["amount_due"]:
            collection.collect(world, invoice)
    if subscription["status"] == "incomplete":
        world.agenda.add(world.now() + INCOMPLETE_SECONDS, "incomplete_expiry", subscription["id"])
    return subscription


def _first_lines(world: World, subscription: Json, extras: list[tuple[Json, int]]) -> list[Json]:
    start, end = subscriptions.period(subscription)
    trial = subscription["status"] == "trialing"
    periods = [
        period_line(world, item, start=start, end=end, trial=trial)
        for item in subscriptions.items(subscription)
    ]
    return periods + [one_off_line(world, price, quantity) for price, quantity in extras]


def _record(
    world: World,
    customer: Json,
    wanted: list[tuple[Json, int]],
    given: Json,
    trial_end: int | None,
) -> Json:
    now = world.now()
    currency = wanted[0][0]["currency"]
    if customer["currency"] not in (None, currency):
        raise StripeError(
            f"You cannot combine currencies on a single customer. This customer has an active "
            f"subscription or invoice in {customer['currency']}."
        )
    with world.changing(customer, "customer.updated"):
        customer["currency"] = currency
    anchor = trial_end or now
    subscription = shape(
        new_id("sub"),
        customer=customer["id"],
        currency=currency,
        created=now,
        anchor=anchor,
        given=given,
    )
    end = trial_end or next_boundary(anchor, wanted[0][0]["recurring"], now)
    subscription["items"]["data"] = [
        subscriptions.new_item(
            world, subscription, copy_of(price), quantity=quantity, start=now, end=end
        )
        for price, quantity in wanted
    ]
    if trial_end is not None:
        subscription.update(status="trialing", trial_start=now, trial_end=trial_end)
        notice = max(now, trial_end - TRIAL_NOTICE)
        world.agenda.add(notice, "trial_will_end", subscription["id"])
    if given.get("trial_settings"):
        subscription["trial_settings"] = given["trial_settings"]
    world.store.put(subscription)
    world.agenda.add(end, "period_end", subscription["id"])
    return subscription
