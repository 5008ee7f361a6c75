"""/v1/checkout/sessions."""

from bot.sandbox.stripe import checkout
from bot.sandbox.stripe.listing import page
from bot.sandbox.stripe.params import (
    RANGE,
    Boolean,
    Choice,
    Group,
    Integer,
    Many,
    Metadata,
    Text,
    body,
    listing,
)
from bot.sandbox.stripe.resources.common import list_all, retrieve
from bot.sandbox.stripe.routing import Call, Route
from bot.sandbox.stripe.wire import Json


def _session(call: Call) -> Json:
    return call.world.store.get("checkout.session", call.path["session"], param="session")


def _expire(call: Call) -> Json:
    session = _session(call)
    checkout.expire(call.world, session)
    return session


def _line_items(call: Call) -> Json:
    return page(call, checkout.line_items(call.world, _session(call)))


_SESSION = "/v1/checkout/sessions/{session}"
_PAYMENT_DATA = Group(
    {
        "description": Text(1000),
        "metadata": Metadata(),
        "receipt_email": Text(),
        "setup_future_usage": Choice("off_session", "on_session"),
    }
)
_SUBSCRIPTION_DATA = Group(
    {
        "billing_mode": Group({"type": Choice("flexible")}, ("type",)),
        "description": Text(500),
        "metadata": Metadata(),
        "trial_end": Integer(),
        "trial_period_days": Integer(minimum=1),
    }
)

ROUTES = [
    Route(
        "POST",
        "/v1/checkout/sessions",
        body(
            ("line_items", "mode", "success_url"),
            allow_promotion_codes=Boolean(),
            cancel_url=Text(),
            client_reference_id=Text(200),
            customer=Text(),
            customer_email=Text(800),
            discounts=Many(Group({"coupon": Text()}, ("coupon",))),
            expires_at=Integer(),
            invoice_creation=Group(
                {
                    "enabled": Boolean(),
                    "invoice_data": Group({"description": Text(), "metadata": Metadata()}),
                },
                ("enabled",),
            ),
            line_items=Many(Group({"price": Text(), "quantity": Integer(minimum=1)}, ("price",))),
            locale=Text(),
            metadata=Metadata(),
            mode=Choice("payment", "subscription"),
            payment_intent_data=_PAYMENT_DATA,
            submit_type=Choice("auto", "book", "donate", "pay", "subscribe"),
            subscription_data=_SUBSCRIPTION_DATA,
            success_url=Text(),
            ui_mode=Choice("hosted_page"),
        ),
        lambda call: checkout.create_session(call.world, call.params),
    ),
    list_all(
        "/v1/checkout/sessions",
        "checkout.session",
        created=RANGE,
        customer=Text(),
        payment_intent=Text(),
        status=Choice("complete", "expired", "open"),
        subscription=Text(),
    ),
    retrieve(_SESSION, "checkout.session", param="session"),
    Route("POST", f"{_SESSION}/expire", body(), _expire),
    Route("GET", f"{_SESSION}/line_items", listing(), _line_items),
]
