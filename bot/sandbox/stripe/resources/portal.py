"""/v1/billing_portal: sessions, and the configuration that they show."""

from bot.sandbox.stripe.params import Boolean, Choice, Clearable, Group, Many, Text, body
from bot.sandbox.stripe.resources.common import list_all, matching, retrieve
from bot.sandbox.stripe.routing import Call, Route
from bot.sandbox.stripe.shapes.platform import portal_session
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json, StripeError

CONFIGURATION = "billing_portal.configuration"


def _create_session(call: Call) -> Json:
    given = call.params
    call.world.store.named("customer", given["customer"], "customer")
    configuration = next(iter(matching(call, CONFIGURATION, {"is_default": True})), None)
    if configuration is None:
        raise StripeError(
            "No configuration provided and your test mode default configuration has not been "
            "created. Provide a configuration or create your default by saving your customer "
            "portal settings in test mode at "
            "https://dashboard.stripe.com/test/settings/billing/portal."
        )
    session_id = new_id("bps")
    session = portal_session(
        session_id,
        configuration=configuration["id"],
        customer=given["customer"],
        created=call.world.now(),
        return_url=given.get("return_url"),
        url=f"https://billing.stripe.com/p/session/{session_id}",
        flow=None,
    )
    return call.world.store.put(session)


def _update_configuration(call: Call) -> Json:
    configuration = call.world.store.get(CONFIGURATION, call.path["configuration"])
    for name, feature in call.params.get("features", {}).items():
        configuration["features"][name] |= feature
    configuration["updated"] = call.world.now()
    return configuration


_CONFIGURATION = "/v1/billing_portal/configurations/{configuration}"
_SWITCHING = Group(
    {
        "default_allowed_updates": Clearable(Many(Choice("price", "promotion_code", "quantity"))),
        "enabled": Boolean(),
        "proration_behavior": Choice("always_invoice", "create_prorations", "none"),
    }
)

ROUTES = [
    Route(
        "POST",
        "/v1/billing_portal/sessions",
        body(("customer",), customer=Text(), locale=Text(), return_url=Text()),
        _create_session,
    ),
    list_all(
        "/v1/billing_portal/configurations",
        CONFIGURATION,
        active=Boolean(),
        is_default=Boolean(),
    ),
    retrieve(_CONFIGURATION, CONFIGURATION),
    Route(
        "POST",
        _CONFIGURATION,
        body(features=Group({"subscription_update": _SWITCHING})),
        _update_configuration,
    ),
]
