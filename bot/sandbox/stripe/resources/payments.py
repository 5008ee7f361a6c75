"""/v1/payment_intents, /v1/charges, /v1/refunds, /v1/disputes and /v1/balance_transactions."""

from bot.sandbox.stripe import payments, refunds
from bot.sandbox.stripe.customers import method_for
from bot.sandbox.stripe.params import (
    RANGE,
    Boolean,
    Choice,
    Integer,
    Metadata,
    Text,
    body,
)
from bot.sandbox.stripe.resources.common import list_all, retrieve, update_fields
from bot.sandbox.stripe.routing import Call, Route
from bot.sandbox.stripe.wire import Json, StripeError


def _create_intent(call: Call) -> Json:
    given, world = call.params, call.world
    if "customer" in given:
        world.store.named("customer", given["customer"], "customer")
    intent = payments.create_intent(
        world,
        amount=given["amount"],
        currency=given["currency"].lower(),
        customer=given.get("customer"),
        given=given,
    )
    return _confirm(call, intent) if given.get("confirm") else intent


def _confirm(call: Call, intent: Json) -> Json:
    if intent["status"] in ("succeeded", "canceled"):
        raise StripeError(
            f"This PaymentIntent's status is {intent['status']}; it cannot be confirmed.",
            code="payment_intent_unexpected_state",
        )
    world = call.world
    wanted = call.params.get("payment_method") or intent["payment_method"]
    customer = world.store.find("customer", intent["customer"] or "")
    method = method_for(world, customer, wanted) if customer else None
    if method is None:
        raise StripeError(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    if not payments.confirm(world, intent, method):
        raise payments.card_error(intent)
    return intent


def _confirm_existing(call: Call) -> Json:
    return _confirm(
        call, call.world.store.get("payment_intent", call.path["intent"], param="intent")
    )


def _update_refund(call: Call) -> Json:
    refund = call.world.store.get("refund", call.path["refund"])
    with call.world.changing(refund, "refund.updated"):
        update_fields(refund, call.params, "metadata")
    return refund


ROUTES = [
    Route(
        "POST",
        "/v1/payment_intents",
        body(
            ("amount", "currency"),
            amount=Integer(minimum=1),
            confirm=Boolean(),
            currency=Text(3),
            customer=Text(),
            description=Text(1000),
            metadata=Metadata(),
            off_session=Boolean(),
            payment_method=Text(),
            receipt_email=Text(),
            setup_future_usage=Choice("off_session", "on_session"),
        ),
        _create_intent,
    ),
    list_all("/v1/payment_intents", "payment_intent", created=RANGE, customer=Text()),
    retrieve("/v1/payment_intents/{intent}", "payment_intent", param="intent"),
    Route(
        "POST",
        "/v1/payment_intents/{intent}/confirm",
        body(payment_method=Text(), off_session=Boolean()),
        _confirm_existing,
    ),
    list_all("/v1/charges", "charge", created=RANGE, customer=Text(), payment_intent=Text()),
    retrieve("/v1/charges/{charge}", "charge"),
    Route(
        "POST",
        "/v1/refunds",
        body(
            amount=Integer(minimum=1),
            charge=Text(),
            metadata=Metadata(),
            payment_intent=Text(),
            reason=Choice("duplicate", "fraudulent", "requested_by_customer"),
        ),
        lambda call: refunds.create_refund(call.world, call.params),
    ),
    list_all("/v1/refunds", "refund", charge=Text(), created=RANGE, payment_intent=Text()),
    retrieve("/v1/refunds/{refund}", "refund"),
    Route("POST", "/v1/refunds/{refund}", body(metadata=Metadata()), _update_refund),
    list_all("/v1/disputes", "dispute", charge=Text(), created=RANGE, payment_intent=Text()),
    retrieve("/v1/disputes/{dispute}", "dispute"),
    retrieve("/v1/balance_transactions/{id}", "balance_transaction"),
]
