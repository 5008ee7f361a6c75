"""A change of a subscription's items: what it would cost, and carrying it out, at once or once
paid."""

from dataclasses import dataclass, replace

from bot.sandbox.stripe import invoices, subscriptions
from bot.sandbox.stripe.calendar import next_boundary
from bot.sandbox.stripe.prorations import change_line, period_line
from bot.sandbox.stripe.shapes.catalogue import plan
from bot.sandbox.stripe.shapes.invoice import invoice_item
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World, copy_of

PENDING_SECONDS = 23 * 3600
"""How long a pending update waits for its payment."""


@dataclass(frozen=True, slots=True)
class Change:
    """``items`` is the subscription's items afterwards, with ``before`` as they were; ``restarts``
    when the billing cycle starts anew; ``at`` is the moment the prorations count from."""

    before: list[Json]
    items: list[Json]
    restarts: bool
    prorates: bool
    invoices_now: bool
    at: int
    metadata: Json | None = None


def plan_change(world: World, subscription: Json, wanted: list[Json], given: Json) -> Change:
    """Work out the change that an update's ``items`` ask for. Raises StripeError for items that are
    not the subscription's, one-off prices and other currencies."""
    before = subscriptions.items(subscription)
    after = [copy_of(item) for item in before]
    by_id = {item["id"]: item for item in after}
    for position, entry in enumerate(wanted):
        _apply_entry(world, subscription, by_id, entry, f"items[{position}]")
    items = list(by_id.values())
    if not items:
        raise StripeError("A subscription must have at least one active plan.", param="items")
    behavior = given.get("proration_behavior", "create_prorations")
    anchor = (given.get("billing_cycle_anchor") or {}).get("type")
    intervals_before = {_interval(item) for item in before}
    restarts = anchor == "now" or {_interval(item) for item in items} != intervals_before
    now = world.now()
    if restarts and subscription["status"] != "trialing":
        _restart(items, now)
    trial = subscription["status"] == "trialing"
    return Change(
        before=[copy_of(item) for item in before],
        items=items,
        restarts=restarts and not trial,
        prorates=behavior != "none" and not trial,
        invoices_now=(behavior == "always_invoice" or restarts) and not trial,
        at=given.get("proration_date", now),
    )


def _interval(item: Json) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _restart(items: list[Json], now: int) -> None:
    for item in items:
        end = next_boundary(now, item["price"]["recurring"], now)
        item.update(current_period_start=now, current_period_end=end)


def _apply_entry(
    world: World, subscription: Json, by_id: dict[str, Json], entry: Json, name: str
) -> None:
    item_id = entry.get("id")
    if item_id is not None and item_id not in by_id:
        raise StripeError(
            f"No such subscription item: '{item_id}'",
            code="resource_missing",
            param=f"{name}[id]",
        )
    if entry.get("deleted"):
        del by_id[str(item_id)]
        return
    price = recurring_price(world, entry["price"], f"{name}[price]") if "price" in entry else None
    if price is not None and price["currency"] != subscription["currency"]:
        raise StripeError(
            f"The price specified only supports `{price['currency']}`. This doesn't match the "
            f"expected currency: `{subscription['currency']}`.",
            param=f"{name}[price]",
        )
    if item_id is None:
        if price is None:
            raise StripeError(
                f"Missing required param: {name}[price].",
                code="parameter_missing",
                param=f"{name}[price]",
            )
        start, end = subscriptions.period(subscription)
        made = subscriptions.new_item(
            world, subscription, price, quantity=entry.get("quantity", 1), start=start, end=end
        )
        by_id[made["id"]] = made
        return
    item = by_id[item_id]
    if price is not None:
        item.update(price=copy_of(price), plan=plan(price))
    item["quantity"] = entry.get("quantity", item["quantity"])


def recurring_price(world: World, price_id: str, param: str) -> Json:
    price = world.store.named("price", price_id, param)
    if not price["active"]:
        raise StripeError("The price specified is inactive.", param=param)
    if price["recurring"] is None:
        raise StripeError(
            "The price specified is set to `type=one_time` but this field only accepts prices with "
            "`type=recurring`.",
            param=param,
        )
    return price


def lines_of(world: World, change: Change) -> list[Json]:
    """What the change gives back and charges."""
    same = {item["id"]: item for item in change.items}
    lines: list[Json] = []
    if change.prorates:
        changed = [
            old
            for old in change.before
            if change.restarts or not _costs_the_same(old, same.get(old["id"]))
        ]
        lines += [change_line(world, old, at=change.at, credit=True) for old in changed]
    if change.restarts:
        return lines + [
            period_line(
                world,
                item,
                start=item["current_period_start"],
                end=item["current_period_end"],
            )
            for item in change.items
        ]
    if change.prorates:
        old_by_id = {old["id"]: old for old in change.before}
        lines += [
            change_line(world, item, at=change.at, credit=False)
            for item in change.items
            if not _costs_the_same(item, old_by_id.get(item["id"]))
        ]
    return lines


def _costs_the_same(one: Json, other: Json | None) -> bool:
    return (
        other is not None
        and one["price"]["id"] == other["price"]["id"]
        and one["quantity"] == other["quantity"]
    )


def with_metadata(change: Change, metadata: Json) -> Change:
    return replace(change, metadata=metadata)


def apply(world: World, subscription: Json, change: Change) -> None:
    if change.restarts:
        _restart(change.items, world.now())
        subscription["billing_cycle_anchor"] = world.now()
    subscription["items"]["data"] = change.items
    if change.metadata is not None:
        subscription["metadata"] = change.metadata
    start, end = subscriptions.period(subscription)
    subscriptions.set_period(world, subscription, start, end)
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = end
        world.agenda.add(end, "cancel", subscription["id"])


def keep_for_next_invoice(world: World, subscription: Json, lines: list[Json]) -> None:
    """Prorations that are not invoiced now become invoice items of the next invoice."""
    for line in lines:
        item_id = line["parent"]["subscription_item_details"]["invoice_item"]
        item = invoice_item(
            item_id, line=line, customer=subscription["customer"], created=world.now()
        )
        world.store.put(item)
        world.waiting_lines.setdefault(subscription["id"], []).append(line)
        world.emit("invoiceitem.created", item)


def take_waiting_lines(world: World, subscription: Json) -> list[Json]:
    """The prorations for the invoice that is made now; its draft claims their invoice items."""
    return world.waiting_lines.pop(subscription["id"], [])


def hold(world: World, subscription: Json, change: Change, invoice: Json) -> None:
    """Show the change as ``pending_update`` until the invoice is paid."""
    expires_at = world.now() + PENDING_SECONDS
    subscription["pending_update"] = {
        "billing_cycle_anchor": world.now() if change.restarts else None,
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": [],
        "expires_at": expires_at,
        "metadata": change.metadata,
        "subscription_items": [copy_of(item) for item in change.items],
        "trial_end": None,
        "trial_from_plan": None,
    }
    world.pending_changes[subscription["id"]] = (invoice["id"], change)
    world.agenda.add(expires_at, "pending_update_expiry", subscription["id"])


def apply_pending(world: World, subscription: Json, invoice: Json) -> bool:
    """Carry out the pending update that this invoice pays for, if it does."""
    held = world.pending_changes.get(subscription["id"])
    if held is None or held[0] != invoice["id"]:
        return False
    del world.pending_changes[subscription["id"]]
    subscription["pending_update"] = None
    apply(world, subscription, held[1])
    return True


def drop_pending(world: World, subscription: Json) -> None:
    """Discard the pending update and void its invoice."""
    invoice_id, _ = world.pending_changes.pop(subscription["id"])
    subscription["pending_update"] = None
    invoice = world.store.get("invoice", invoice_id)
    if invoice["status"] == "open":
        invoices.void(world, invoice)
