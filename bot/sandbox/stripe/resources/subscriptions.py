"""/v1/subscriptions and /v1/subscription_items."""

from bot.sandbox.stripe import changes, pausing, signup, subscriptions, switching
from bot.sandbox.stripe.listing import in_range, page
from bot.sandbox.stripe.params import (
    RANGE,
    Boolean,
    Choice,
    Clearable,
    Either,
    Group,
    Integer,
    Many,
    Metadata,
    Param,
    Text,
    body,
    listing,
)
from bot.sandbox.stripe.resources.common import update_fields
from bot.sandbox.stripe.routing import Call, Route
from bot.sandbox.stripe.wire import Json, StripeError

DAY = 86_400
_TERMINAL = ("canceled", "incomplete_expired")
_AFTER_THE_END = {"cancellation_details", "metadata", "expand"}


def _create(call: Call) -> Json:
    given = call.params
    if given.get("payment_behavior") == "pending_if_incomplete":
        raise StripeError(
            "`payment_behavior=pending_if_incomplete` can only be used when updating a "
            "subscription.",
            param="payment_behavior",
        )
    customer = call.world.store.named("customer", given["customer"], "customer")
    wanted = [
        (
            changes.recurring_price(call.world, item["price"], f"items[{position}][price]"),
            item.get("quantity", 1),
        )
        for position, item in enumerate(given["items"])
    ]
    extras = [
        (call.world.store.named("price", item["price"], "add_invoice_items"), 1)
        for item in given.get("add_invoice_items", [])
    ]
    subscription = signup.subscribe(
        call.world, customer, wanted, given, trial_end=_trial_end(call), extras=extras
    )
    if given.get("cancel_at_period_end") or given.get("cancel_at"):
        with call.world.changing(subscription, subscriptions.UPDATED):
            _set_cancellation(call, subscription)
    return subscription


def _trial_end(call: Call) -> int | None:
    given = call.params
    if days := given.get("trial_period_days"):
        return call.world.now() + int(days) * DAY
    wanted = given.get("trial_end")
    return None if wanted in (None, "now") else int(wanted)


def _get(call: Call) -> Json:
    return call.world.store.get("subscription", call.path["subscription"])


def _list(call: Call) -> Json:
    given = call.params
    candidates = call.world.store.candidates("subscription", given)

    def fits(subscription: Json) -> bool:
        prices = [item["price"]["id"] for item in subscriptions.items(subscription)]
        start, end = subscriptions.period(subscription)
        return (
            _status_fits(subscription["status"], given.get("status"))
            and given.get("customer") in (None, subscription["customer"])
            and ("price" not in given or given["price"] in prices)
            and in_range(end, given.get("current_period_end"))
            and in_range(start, given.get("current_period_start"))
            and given.get("collection_method") in (None, subscription["collection_method"])
        )

    return page(call, filter(fits, candidates))


def _status_fits(status: str, wanted: str | None) -> bool:
    """Without a filter Stripe leaves out canceled subscriptions; ``ended`` is both terminal
    statuses."""
    if wanted is None:
        return status not in _TERMINAL
    if wanted == "ended":
        return status in _TERMINAL
    return wanted in ("all", status)


def _update(call: Call) -> Json:
    subscription, given, world = _get(call), call.params, call.world
    if subscription["status"] in _TERMINAL and given.keys() - _AFTER_THE_END:
        raise StripeError(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    switching.check_pending_params(given)
    with world.changing(subscription, subscriptions.UPDATED):
        if given.get("payment_behavior") != "pending_if_incomplete":
            update_fields(subscription, given, "metadata description default_payment_method")
        if "trial_end" in given:
            switching.move_trial_end(world, subscription, given["trial_end"], given)
        if "discounts" in given:
            subscriptions.set_discounts(world, subscription, given["discounts"])
        if "pause_collection" in given:
            pausing.set_pause(world, subscription, given["pause_collection"])
        if "items" in given or "billing_cycle_anchor" in given:
            switching.switch(world, subscription, given)
        _set_cancellation(call, subscription)
        subscription["cancellation_details"].update(given.get("cancellation_details", {}))
    return subscription


def _set_cancellation(call: Call, subscription: Json) -> None:
    given, world = call.params, call.world
    if "cancel_at" in given and "cancel_at_period_end" in given:
        raise StripeError(
            "You may only specify one of these parameters: cancel_at, cancel_at_period_end.",
            param="cancel_at",
        )
    end = subscriptions.period_end(subscription)
    details = given.get("cancellation_details", {})
    if "cancel_at" in given:
        wanted = given["cancel_at"]
        if wanted is None:
            subscriptions.unschedule_cancel(subscription)
            return
        at = end if wanted in ("min_period_end", "max_period_end") else int(wanted)
        subscriptions.schedule_cancel(world, subscription, at, at_period_end=False, details=details)
    elif given.get("cancel_at_period_end"):
        subscriptions.schedule_cancel(world, subscription, end, at_period_end=True, details=details)
    elif "cancel_at_period_end" in given and subscription["cancel_at_period_end"]:
        # False undoes only its own encoding: a bare cancel_at stays until it is cleared itself.
        subscriptions.unschedule_cancel(subscription)


def _cancel(call: Call) -> Json:
    subscription = _get(call)
    if subscription["status"] in _TERMINAL:
        raise StripeError(
            f"No such subscription: '{subscription['id']}'",
            status=404,
            code="resource_missing",
            param="id",
        )
    switching.cancel_now(call.world, subscription, call.params)
    return subscription


def _pause(call: Call) -> Json:
    subscription = _get(call)
    with call.world.changing(subscription, subscriptions.UPDATED):
        switching.pause(subscription)
    call.world.emit("customer.subscription.paused", subscription)
    return subscription


def _resume(call: Call) -> Json:
    subscription = _get(call)
    with call.world.changing(subscription, subscriptions.UPDATED):
        switching.resume(call.world, subscription)
    call.world.emit("customer.subscription.resumed", subscription)
    return subscription


def _list_items(call: Call) -> Json:
    subscription = call.world.store.named(
        "subscription", call.params["subscription"], "subscription"
    )
    return page(call, reversed(subscriptions.items(subscription)))


_DETAILS = Group(
    {
        "comment": Clearable(Text()),
        "feedback": Clearable(
            Choice(
                "customer_service",
                "low_quality",
                "missing_features",
                "other",
                "switched_service",
                "too_complex",
                "too_expensive",
                "unused",
            )
        ),
    }
)
_BEHAVIOR = Choice(
    "allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"
)
_PRORATION = Choice("always_invoice", "create_prorations", "none")
_DISCOUNTS = Clearable(Many(Group({"coupon": Text(), "discount": Text()})))
_PAUSE = Group({"behavior": Choice("void"), "resumes_at": Integer()}, ("behavior",))
_CANCEL_AT = Either(Choice("min_period_end", "max_period_end"), Integer())
_TRIAL_SETTINGS = Group(
    {
        "end_behavior": Group(
            {"missing_payment_method": Choice("cancel", "create_invoice", "pause")},
            ("missing_payment_method",),
        )
    },
    ("end_behavior",),
)
_CHANGED_ITEM = Group(
    {"id": Text(), "price": Text(), "quantity": Integer(minimum=0), "deleted": Boolean()}
)
_ANCHOR = Group({"type": Choice("now", "unchanged")}, ("type",))
_SHARED: dict[str, Param] = {
    "cancel_at_period_end": Boolean(),
    "collection_method": Choice("charge_automatically"),
    "default_payment_method": Text(),
    "discounts": _DISCOUNTS,
    "metadata": Metadata(),
    "off_session": Boolean(),
    "payment_behavior": _BEHAVIOR,
    "proration_behavior": _PRORATION,
    "trial_end": Either(Choice("now"), Integer()),
}
_ONE = "/v1/subscriptions/{subscription}"

ROUTES = [
    Route(
        "POST",
        "/v1/subscriptions",
        body(
            ("customer", "items"),
            customer=Text(),
            items=Many(Group({"price": Text(), "quantity": Integer(minimum=1)}, ("price",))),
            add_invoice_items=Many(Group({"price": Text()}, ("price",))),
            billing_mode=Group({"type": Choice("flexible")}, ("type",)),
            cancel_at=_CANCEL_AT,
            description=Text(500),
            trial_period_days=Integer(minimum=1),
            trial_settings=_TRIAL_SETTINGS,
            **_SHARED,
        ),
        _create,
    ),
    Route(
        "GET",
        "/v1/subscriptions",
        listing(
            collection_method=Choice("charge_automatically", "send_invoice"),
            created=RANGE,
            current_period_end=RANGE,
            current_period_start=RANGE,
            customer=Text(),
            price=Text(),
            status=Choice(
                "active",
                "all",
                "canceled",
                "ended",
                "incomplete",
                "incomplete_expired",
                "past_due",
                "paused",
                "trialing",
                "unpaid",
            ),
        ),
        _list,
    ),
    Route("GET", _ONE, body(), _get),
    Route(
        "POST",
        _ONE,
        body(
            billing_cycle_anchor=_ANCHOR,
            cancel_at=Clearable(_CANCEL_AT),
            cancellation_details=_DETAILS,
            description=Clearable(Text(500)),
            items=Many(_CHANGED_ITEM),
            pause_collection=Clearable(_PAUSE),
            proration_date=Integer(),
            **_SHARED,
        ),
        _update,
    ),
    Route(
        "DELETE",
        _ONE,
        body(cancellation_details=_DETAILS, invoice_now=Boolean(), prorate=Boolean()),
        _cancel,
    ),
    Route("POST", f"{_ONE}/pause", body(type=Choice("subscription")), _pause),
    Route("POST", f"{_ONE}/resume", body(), _resume),
    Route(
        "GET",
        "/v1/subscription_items",
        listing(("subscription",), subscription=Text()),
        _list_items,
    ),
]
