"""Payment intents and the charges they make."""

from bot.sandbox.stripe.customers import method_for
from bot.sandbox.stripe.shapes import payment as shapes
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import Decline, World

_MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
}


def decline_message(decline: Decline) -> str:
    default = "Your card was declined."
    return _MESSAGES.get(decline.decline_code or "") or _MESSAGES.get(decline.code) or default


def create_intent(
    world: World, *, amount: int, currency: str, customer: str | None, given: Json
) -> Json:
    intent = shapes.payment_intent(
        new_id("pi", 25),
        amount=amount,
        currency=currency,
        customer=customer,
        created=world.now(),
        given=given,
    )
    if intent["payment_method"]:
        intent["status"] = "requires_confirmation"
    world.store.put(intent)
    world.emit("payment_intent.created", intent)
    return intent


def record_balance(world: World, source: Json, *, amount: int, kind: str) -> str:
    transaction = shapes.balance_transaction(
        new_id("txn", 25),
        amount=amount,
        currency=source["currency"],
        source=source["id"],
        kind=kind,
        created=world.now(),
    )
    world.store.put(transaction)
    return str(transaction["id"])


def confirm(world: World, intent: Json, method: Json) -> bool:
    """Charge the method. True when the money came; the intent carries the error otherwise."""
    charge = shapes.charge(
        new_id("ch", 25),
        intent=intent,
        method=method,
        created=world.now(),
        receipt_url=f"https://pay.stripe.com/receipts/{world.hosted_token(intent['id'])}",
    )
    world.store.put(charge)
    intent["latest_charge"] = charge["id"]
    decline = world.decline_for(intent["customer"], method["id"])
    if decline:
        _refuse(world, intent, charge, decline, method)
        return False
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        payment_method=method["id"],
        last_payment_error=None,
    )
    charge["balance_transaction"] = record_balance(
        world, charge, amount=charge["amount"], kind="charge"
    )
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    return True


def _refuse(world: World, intent: Json, charge: Json, decline: Decline, method: Json) -> None:
    message = decline_message(decline)
    charge.update(
        amount_captured=0,
        captured=False,
        failure_code=decline.code,
        failure_message=message,
        paid=False,
        status="failed",
        receipt_url=None,
    )
    charge["outcome"].update(
        network_status="declined_by_network",
        reason=decline.decline_code or decline.code,
        seller_message="The bank did not return any further details with this decline.",
        type="issuer_declined",
    )
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        last_payment_error={
            "charge": charge["id"],
            "code": decline.code,
            "decline_code": decline.decline_code,
            "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
            "message": message,
            "payment_method": method,
            "type": "card_error",
        },
    )
    world.emit("charge.failed", charge)
    world.emit("payment_intent.payment_failed", intent)


def card_error(intent: Json) -> StripeError:
    """The 402 that answers a request whose payment was refused."""
    error = dict(intent["last_payment_error"])
    return StripeError(
        error.pop("message"),
        status=402,
        kind="card_error",
        code=error.pop("code"),
        charge=error["charge"],
        decline_code=error["decline_code"],
        payment_intent=intent,
        payment_method=error["payment_method"],
    )


def refuse_if_declined(world: World, customer: Json, method: Json | None) -> None:
    """Raise the card error a charge would end in, before any object is made
    (``error_if_incomplete``)."""
    decline = world.decline_for(customer["id"], method["id"] if method else None)
    if decline:
        raise StripeError(
            decline_message(decline),
            status=402,
            kind="card_error",
            code=decline.code,
            decline_code=decline.decline_code,
        )


def pay_now(
    world: World, customer: Json, *, amount: int, currency: str, given: Json
) -> tuple[Json, bool]:
    """A one-off payment with the customer's card. Returns the intent and whether it succeeded."""
    method = method_for(world, customer, given.get("payment_method"))
    if method is None:
        raise no_payment_method()
    intent = create_intent(
        world, amount=amount, currency=currency, customer=customer["id"], given=given
    )
    return intent, confirm(world, intent, method)


def no_payment_method() -> StripeError:
    return StripeError(
        "This customer has no attached payment source or default payment method. Please consider "
        "adding a default payment method.",
        code="resource_missing",
    )
