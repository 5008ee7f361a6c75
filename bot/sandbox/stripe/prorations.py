"""Invoice lines: what a period of a price costs, and what changing it in the middle gives back or
adds."""

from bot.sandbox.money import money
from bot.sandbox.stripe.catalogue import takes_off
from bot.sandbox.stripe.shapes.invoice import line_item
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json
from bot.sandbox.stripe.world import World


def _name(world: World, price: Json) -> str:
    product = world.store.find("product", price["product"])
    return str(product["name"]) if product else price["id"]


def period_line(world: World, item: Json, *, start: int, end: int, trial: bool = False) -> Json:
    """A full period of a subscription item; free while ``trial``."""
    price, quantity = item["price"], item["quantity"]
    name = _name(world, price)
    unit = money(price["unit_amount"], price["currency"])
    every = price["recurring"]["interval"]
    return line_item(
        new_id("il"),
        amount=0 if trial else price["unit_amount"] * quantity,
        description=f"Trial period for {name}"
        if trial
        else f"{quantity} x {name} (at {unit} / {every})",
        price=price,
        quantity=quantity,
        start=start,
        end=end,
        proration=False,
        subscription=item["subscription"],
        subscription_item=item["id"],
    )


def one_off_line(world: World, price: Json, quantity: int) -> Json:
    return line_item(
        new_id("il"),
        amount=price["unit_amount"] * quantity,
        description=_name(world, price),
        price=price,
        quantity=quantity,
        start=world.now(),
        end=world.now(),
        proration=False,
        subscription=None,
        subscription_item=None,
        invoice_item=new_id("ii"),
    )


def change_line(world: World, item: Json, *, at: int, credit: bool) -> Json:
    """The rest of the item's current period from ``at``: given back (``credit``) or charged."""
    start, end = item["current_period_start"], item["current_period_end"]
    price, quantity = item["price"], item["quantity"]
    share = (end - at) / (end - start) if end > start else 0.0
    amount = round(price["unit_amount"] * quantity * share)
    wording = "Unused time on" if credit else "Remaining time on"
    return line_item(
        new_id("il"),
        amount=-amount if credit else amount,
        description=f"{wording} {_name(world, price)}",
        price=price,
        quantity=quantity,
        start=at,
        end=end,
        proration=True,
        subscription=item["subscription"],
        subscription_item=item["id"],
        invoice_item=new_id("ii"),
    )


def apply_discounts(world: World, lines: list[Json], discount_ids: list[str]) -> list[Json]:
    """Write the discounts into the lines. Returns the invoice's ``total_discount_amounts``."""
    totals: list[Json] = []
    for discount_id in discount_ids:
        discount = world.store.get("discount", discount_id)
        coupon = world.store.get("coupon", discount["source"]["coupon"])
        left = coupon["amount_off"] or 0
        total = 0
        for line in lines:
            product_id = line["pricing"]["price_details"]["product"]
            if not takes_off(world, coupon["id"], product_id):
                continue
            room = line["amount"] - sum(cut["amount"] for cut in line["discount_amounts"])
            if coupon["percent_off"]:
                cut = round(room * coupon["percent_off"] / 100)
            else:
                cut = max(0, min(left, room))
                left -= cut
            line["discounts"].append(discount_id)
            line["discount_amounts"].append({"amount": cut, "discount": discount_id})
            total += cut
        totals.append({"amount": total, "discount": discount_id})
    return totals
