"""Customers and their cards."""

from dataclasses import dataclass

from bot.sandbox.stripe.shapes import payment as shapes
from bot.sandbox.stripe.store import new_id, token
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import Decline, World


@dataclass(frozen=True, slots=True)
class TestCard:
    """One of Stripe's documented test payment methods; ``declines`` says how its charges fail."""

    brand: str
    last4: str
    declines: Decline | None = None


TEST_CARDS = {
    "pm_card_visa": TestCard("visa", "4242"),
    "pm_card_mastercard": TestCard("mastercard", "4444"),
    "pm_card_chargeCustomerFail": TestCard(
        "visa", "0341", Decline("card_declined", "generic_decline", None)
    ),
    "pm_card_visa_chargeDeclinedInsufficientFunds": TestCard(
        "visa", "9995", Decline("card_declined", "insufficient_funds", None)
    ),
}


def create_customer(world: World, given: Json, *, customer_id: str | None = None) -> Json:
    """A customer without a card unless ``given`` names one. Raises StripeError for a taken id."""
    made_id = customer_id or new_id("cus", 14)
    if world.store.find("customer", made_id):
        raise StripeError("Customer already exists.", code="resource_already_exists")
    customer = shapes.customer(
        made_id, created=world.now(), invoice_prefix=token(8).upper(), given=given
    )
    world.store.put(customer)
    default = (given.get("invoice_settings") or {}).get("default_payment_method")
    if method := given.get("payment_method"):
        attached = attach(world, method, customer)
        if default in (method, attached["id"]):
            set_default(customer, attached)
    world.emit("customer.created", customer)
    return customer


def set_default(customer: Json, method: Json) -> None:
    customer["invoice_settings"]["default_payment_method"] = method["id"]


def create_method(world: World, card: TestCard, given: Json, customer: str | None) -> Json:
    method = shapes.payment_method(
        new_id("pm", 25),
        created=world.now(),
        last4=card.last4,
        brand=card.brand,
        given=given,
        customer=customer,
    )
    if card.declines:
        world.declines[method["id"]] = card.declines
    return world.store.put(method)


def attach(world: World, method_id: str, customer: Json) -> Json:
    """Attach a payment method, or a fresh copy of one of Stripe's test methods, to the customer."""
    if card := TEST_CARDS.get(method_id):
        owner = {"email": customer["email"], "name": customer["name"]}
        method = create_method(world, card, owner, customer["id"])
    else:
        method = world.store.named("payment_method", method_id, "payment_method")
        if method["customer"] not in (None, customer["id"]):
            raise StripeError(
                "The payment method you provided has already been attached to a customer.",
                code="payment_method_unexpected_state",
            )
        method["customer"] = customer["id"]
    world.emit("payment_method.attached", method)
    return method


def method_for(world: World, customer: Json, *preferred: str | None) -> Json | None:
    """The payment method a charge uses: the first preferred one, else the customer's default."""
    default = customer["invoice_settings"]["default_payment_method"]
    chosen = next((method for method in (*preferred, default) if method), None)
    return world.store.find("payment_method", chosen) if chosen else None


def delete_customer(world: World, customer: Json) -> Json:
    """Stripe keeps a stub that says so, and the customer's history; subscriptions are cancelled by
    the caller first."""
    world.emit("customer.deleted", customer)
    stub = {"id": customer["id"], "object": "customer", "deleted": True}
    return world.store.put(stub)
