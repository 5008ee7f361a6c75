"""/v1/account, /v1/events and /v1/webhook_endpoints."""

from bot.sandbox.stripe.listing import page
from bot.sandbox.stripe.params import (
    RANGE,
    Boolean,
    Clearable,
    Group,
    Many,
    Metadata,
    Text,
    body,
    listing,
)
from bot.sandbox.stripe.resources.common import list_all, retrieve, update_fields
from bot.sandbox.stripe.routing import Call, Route
from bot.sandbox.stripe.shapes import platform as shapes
from bot.sandbox.stripe.store import new_id, token
from bot.sandbox.stripe.wire import Json


def _account(call: Call) -> Json:
    world = call.world
    return shapes.account(world.account_id, created=world.started_at, name="Sandbox")


def _list_events(call: Call) -> Json:
    given = call.params
    kinds = given.get("types") or ([given["type"]] if "type" in given else None)
    wanted = given.get("delivery_success")

    def fits(event: Json) -> bool:
        delivered = event["pending_webhooks"] == 0
        return (kinds is None or _matches(event["type"], kinds)) and wanted in (None, delivered)

    return page(call, filter(fits, call.world.store.newest_first("event")))


def _matches(kind: str, wanted: list[str]) -> bool:
    """Stripe takes a trailing ``*`` for a family of types."""
    return any(
        kind == want or (want.endswith("*") and kind.startswith(want[:-1])) for want in wanted
    )


def _create_endpoint(call: Call) -> Json:
    given = call.params
    endpoint = shapes.webhook_endpoint(
        new_id("we"),
        url=given["url"],
        enabled_events=given["enabled_events"],
        created=call.world.now(),
        given=given,
    )
    call.world.store.put(endpoint)
    secret = f"whsec_{token(32)}"
    call.world.endpoint_secrets[endpoint["id"]] = secret
    return {**endpoint, "secret": secret}


def _update_endpoint(call: Call) -> Json:
    endpoint = call.world.store.get("webhook_endpoint", call.path["webhook_endpoint"])
    if "disabled" in call.params:
        endpoint["status"] = "disabled" if call.params["disabled"] else "enabled"
    update_fields(endpoint, call.params, "description enabled_events metadata url")
    return endpoint


def _delete_endpoint(call: Call) -> Json:
    endpoint = call.world.store.get("webhook_endpoint", call.path["webhook_endpoint"])
    call.world.store.remove("webhook_endpoint", endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


_ENDPOINT = "/v1/webhook_endpoints/{webhook_endpoint}"

ROUTES = [
    Route("GET", "/v1/account", body(), _account),
    Route(
        "GET",
        "/v1/events",
        listing(created=RANGE, delivery_success=Boolean(), type=Text(), types=Many(Text())),
        _list_events,
    ),
    retrieve("/v1/events/{id}", "event"),
    Route(
        "POST",
        "/v1/webhook_endpoints",
        body(
            ("enabled_events", "url"),
            api_version=Text(),
            description=Clearable(Text()),
            enabled_events=Many(Text()),
            metadata=Metadata(),
            url=Text(),
        ),
        _create_endpoint,
    ),
    list_all("/v1/webhook_endpoints", "webhook_endpoint"),
    retrieve(_ENDPOINT, "webhook_endpoint"),
    Route(
        "POST",
        _ENDPOINT,
        body(
            description=Clearable(Text()),
            disabled=Boolean(),
            enabled_events=Many(Text()),
            metadata=Metadata(),
            url=Text(),
        ),
        _update_endpoint,
    ),
    Route("DELETE", _ENDPOINT, Group(), _delete_endpoint),
]
