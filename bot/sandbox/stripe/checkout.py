"""Checkout sessions: what is for sale, and what paying it sets up."""

from dataclasses import dataclass

from bot.sandbox.stripe import (
    catalogue,
    collection,
    customers,
    invoices,
    payments,
    signup,
)
from bot.sandbox.stripe.prorations import one_off_line
from bot.sandbox.stripe.shapes import checkout as shapes
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World

DAY = 86_400
SHORTEST, LONGEST = 1800, DAY
"""How long a session may stay open: 30 minutes to 24 hours."""


@dataclass(frozen=True, slots=True)
class Sale:
    """What a session sells and the parameters it was made with."""

    items: list[Json]
    given: Json


def create_session(world: World, given: Json) -> Json:
    mode = given["mode"]
    sold = _line_items(world, given, mode)
    if "customer" in given and "customer_email" in given:
        raise StripeError("You may only specify one of these parameters: customer, customer_email.")
    customer = None
    if "customer" in given:
        customer = world.store.named("customer", given["customer"], "customer")
    now = world.now()
    expires_at = given.get("expires_at", now + LONGEST)
    if not now + SHORTEST <= expires_at <= now + LONGEST:
        raise StripeError(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )
    subtotal = sum(item["amount_total"] for item in sold)
    session = shapes.checkout_session(
        f"cs_test_{new_id('', 58)[1:]}",
        mode=mode,
        currency=sold[0]["currency"],
        subtotal=subtotal,
        total=subtotal - _reduction(world, given, sold),
        created=now,
        expires_at=expires_at,
        email=customer["email"] if customer else given.get("customer_email"),
        given=given,
    )
    world.store.put(session)
    world.checkouts[session["id"]] = Sale(sold, given)
    world.agenda.add(expires_at, "checkout_expiry", session["id"])
    return session


def _line_items(world: World, given: Json, mode: str) -> list[Json]:
    sold = []
    for position, entry in enumerate(given["line_items"]):
        param = f"line_items[{position}][price]"
        price = world.store.named("price", entry["price"], param)
        product = world.store.get("product", price["product"])
        if mode == "payment" and price["recurring"]:
            raise StripeError(
                "You specified `payment` mode but passed a recurring price. Either switch to "
                "`subscription` mode or use only one-time prices.",
                param=param,
            )
        sold.append(
            shapes.checkout_item(
                new_id("li"),
                price=price,
                quantity=entry.get("quantity", 1),
                description=product["name"],
            )
        )
    if mode == "subscription" and not any(item["price"]["recurring"] for item in sold):
        raise StripeError(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices.",
            param="line_items",
        )
    return sold


def _reduction(world: World, given: Json, sold: list[Json]) -> int:
    total = 0
    for position, entry in enumerate(given.get("discounts", [])):
        coupon = world.store.named("coupon", entry["coupon"], f"discounts[{position}][coupon]")
        percent, amount = coupon["percent_off"], coupon["amount_off"]
        subtotal = sum(
            item["amount_total"]
            for item in sold
            if catalogue.takes_off(world, coupon["id"], item["price"]["product"])
        )
        total += round(subtotal * percent / 100) if percent else min(amount, subtotal - total)
    return total


def line_items(world: World, session: Json) -> list[Json]:
    return world.checkouts[session["id"]].items


def expire(world: World, session: Json) -> None:
    if session["status"] != "open":
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of `{session['status']}`."
        )
    session.update(status="expired", url=None)
    world.emit("checkout.session.expired", session)


def pay(world: World, session: Json, *, email: str | None = None) -> None:
    """What the Pay button does. Raises StripeError when the session is closed or the card
    refuses."""
    if session["status"] != "open":
        raise StripeError(f"This Checkout Session is {session['status']}.")
    sale = world.checkouts[session["id"]]
    customer, method = _buyer(world, session, email)
    payments.refuse_if_declined(world, customer, method)
    if session["mode"] == "subscription":
        _start_subscription(world, session, customer, method, sale)
    else:
        _take_payment(world, session, customer, method, sale)
    details = session["customer_details"]
    session["customer_details"] = details or shapes.customer_details(customer["email"])
    session.update(
        status="complete",
        payment_status="paid" if session["amount_total"] else "no_payment_required",
        customer=customer["id"],
        url=None,
    )
    world.emit("checkout.session.completed", session)


def _buyer(world: World, session: Json, email: str | None) -> tuple[Json, Json]:
    """The customer, made when the session names none, with the card typed into the page."""
    if session["customer"]:
        customer = world.store.get("customer", session["customer"])
    else:
        address = session["customer_email"] or email
        customer = customers.create_customer(world, {"email": address})
    method = customers.attach(world, "pm_card_visa", customer)
    return customer, method


def _start_subscription(
    world: World, session: Json, customer: Json, method: Json, sale: Sale
) -> None:
    data = dict(sale.given.get("subscription_data", {}))
    trial_days = data.pop("trial_period_days", None)
    trial_end = data.pop("trial_end", None) or (
        world.now() + trial_days * DAY if trial_days else None
    )
    data.update(default_payment_method=method["id"], discounts=sale.given.get("discounts"))
    recurring = [
        (item["price"], item["quantity"]) for item in sale.items if item["price"]["recurring"]
    ]
    extras = [
        (item["price"], item["quantity"]) for item in sale.items if not item["price"]["recurring"]
    ]
    subscription = signup.subscribe(
        world, customer, recurring, data, trial_end=trial_end, extras=extras
    )
    session.update(subscription=subscription["id"], invoice=subscription["latest_invoice"])


def _take_payment(world: World, session: Json, customer: Json, method: Json, sale: Sale) -> None:
    data = dict(sale.given.get("payment_intent_data", {}))
    if sale.given.get("invoice_creation", {}).get("enabled"):
        session["invoice"] = _paid_invoice(world, session, customer, method, sale)["id"]
        return
    for entry in sale.given.get("discounts", []):
        catalogue.redeem(
            world, entry["coupon"], customer=customer["id"], checkout_session=session["id"]
        )
    intent = payments.create_intent(
        world,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=customer["id"],
        given=data,
    )
    session["payment_intent"] = intent["id"]
    payments.confirm(world, intent, method)


def _paid_invoice(world: World, session: Json, customer: Json, method: Json, sale: Sale) -> Json:
    """A one-off purchase with an invoice (``invoice_creation``)."""
    discounts = [
        catalogue.redeem(
            world, entry["coupon"], customer=customer["id"], checkout_session=session["id"]
        )["id"]
        for entry in sale.given.get("discounts", [])
    ]
    invoice = invoices.build(
        world,
        customer,
        [one_off_line(world, item["price"], item["quantity"]) for item in sale.items],
        reason="manual",
        currency=session["currency"],
        discounts=discounts,
        given=sale.given["invoice_creation"].get("invoice_data", {}),
    )
    invoices.draft(world, invoice)
    invoices.finalize(world, invoice)
    intent = invoices.intent_of(world, invoice)
    if intent is not None:
        intent["metadata"] = dict(sale.given.get("payment_intent_data", {}).get("metadata", {}))
        session["payment_intent"] = intent["id"]
    collection.collect(world, invoice, method_id=method["id"])
    return invoice
