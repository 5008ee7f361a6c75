"""``invoices.create_preview``: what would be charged, with nothing kept."""

from bot.sandbox.stripe import changes, invoices, subscriptions
from bot.sandbox.stripe.calendar import next_boundary
from bot.sandbox.stripe.prorations import period_line
from bot.sandbox.stripe.shapes.subscription import subscription_item
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World, copy_of


def preview(world: World, given: Json) -> Json:
    """The next invoice of a subscription, with or without a change, or the first one of a new
    one."""
    details = given.get("subscription_details", {})
    if "subscription" in given:
        subscription = world.store.named("subscription", given["subscription"], "subscription")
        if subscription["status"] not in subscriptions.LIVE:
            raise StripeError(
                "No upcoming invoices for customer", status=404, code="invoice_upcoming_none"
            )
        return _of_subscription(world, subscription, details)
    if "customer" not in given:
        raise StripeError(
            "You must provide one of `customer` or `subscription`.", code="parameter_missing"
        )
    customer = world.store.named("customer", given["customer"], "customer")
    return _of_new(world, customer, details)


def _of_subscription(world: World, subscription: Json, details: Json) -> Json:
    customer = world.store.get("customer", subscription["customer"])
    waiting = [copy_of(line) for line in world.waiting_lines.get(subscription["id"], [])]
    after = subscriptions.items(subscription)
    lines: list[Json] = []
    if "items" in details or "billing_cycle_anchor" in details:
        change = changes.plan_change(world, subscription, details.get("items", []), details)
        lines, after = changes.lines_of(world, change), change.items
        if change.invoices_now:
            return _build(world, customer, subscription, lines)
    ending = details.get("cancel_at_period_end", subscription["cancel_at"] is not None)
    if ending and not lines and not waiting:
        raise StripeError(
            "No upcoming invoices for customer", status=404, code="invoice_upcoming_none"
        )
    if not ending:
        end = subscriptions.period_end(subscription)
        lines = lines + [
            period_line(
                world,
                item,
                start=end,
                end=next_boundary(
                    subscription["billing_cycle_anchor"], item["price"]["recurring"], end
                ),
            )
            for item in after
        ]
    return _build(world, customer, subscription, waiting + lines)


def _of_new(world: World, customer: Json, details: Json) -> Json:
    now = world.now()
    lines = []
    for position, entry in enumerate(details.get("items", [])):
        param = f"subscription_details[items][{position}][price]"
        price = changes.recurring_price(world, entry.get("price", ""), param)
        end = next_boundary(now, price["recurring"], now)
        item = subscription_item(
            new_id("si", 14),
            subscription="",
            price=price,
            quantity=entry.get("quantity", 1),
            created=now,
            start=now,
            end=end,
        )
        lines.append(period_line(world, item, start=now, end=end))
    if not lines:
        raise StripeError(
            "No upcoming invoices for customer", status=404, code="invoice_upcoming_none"
        )
    return _build(world, customer, None, lines)


def _build(world: World, customer: Json, subscription: Json | None, lines: list[Json]) -> Json:
    return invoices.build(
        world,
        customer,
        lines,
        reason="upcoming",
        currency=lines[0]["currency"] if lines else customer["currency"],
        subscription=subscription,
        discounts=subscription["discounts"] if subscription else None,
        period=subscriptions.period(subscription) if subscription else None,
        invoice_id=f"upcoming_{new_id('in')}",
    )
