"""/v1/customers and /v1/payment_methods."""

import re
from collections.abc import Callable

from bot.sandbox.stripe import customers, switching
from bot.sandbox.stripe.customers import TEST_CARDS
from bot.sandbox.stripe.listing import page
from bot.sandbox.stripe.params import (
    RANGE,
    Choice,
    Clearable,
    Group,
    Integer,
    Many,
    Metadata,
    Param,
    Text,
    body,
    listing,
)
from bot.sandbox.stripe.resources.common import list_all, retrieve, update_fields
from bot.sandbox.stripe.routing import Call, Route
from bot.sandbox.stripe.subscriptions import LIVE
from bot.sandbox.stripe.wire import Json, StripeError

_ADDRESS = Group(
    {name: Text() for name in ["city", "country", "line1", "line2", "postal_code", "state"]}
)
_INVOICE_SETTINGS = Group({"default_payment_method": Text()})
_CLAUSE = re.compile(
    r"""(email|name|metadata\[["'](?P<key>[^"']+)["']\]):["'](?P<value>[^"']*)["']"""
)


def _create(call: Call) -> Json:
    return customers.create_customer(call.world, call.params)


def _retrieve(call: Call) -> Json:
    stub = call.world.store.find("customer", call.path["customer"])
    return stub if stub else call.world.store.get("customer", call.path["customer"])


def _update(call: Call) -> Json:
    customer = call.world.store.get("customer", call.path["customer"])
    with call.world.changing(customer, "customer.updated"):
        update_fields(
            customer,
            call.params,
            "balance description email metadata name phone address preferred_locales",
        )
        method_id = call.params.get("invoice_settings", {}).get("default_payment_method")
        if method_id:
            param = "invoice_settings[default_payment_method]"
            method = call.world.store.named("payment_method", method_id, param)
            customers.set_default(customer, method)
    return customer


def _delete(call: Call) -> Json:
    """Deleting a customer cancels their subscriptions at once."""
    customer = call.world.store.get("customer", call.path["customer"])
    for subscription in call.world.store.where("subscription", "customer", customer["id"]):
        if subscription["status"] in LIVE:
            switching.cancel_now(call.world, subscription, {})
    return customers.delete_customer(call.world, customer)


def _search(call: Call) -> Json:
    """``email``, ``name`` and ``metadata`` clauses joined with AND; strings compare without
    case."""
    tests = [_test_of(clause) for clause in re.split(r"\s+AND\s+", call.params["query"].strip())]
    found = [
        customer
        for customer in call.world.store.newest_first("customer")
        if all(test(customer) for test in tests)
    ]
    limit = call.params.get("limit", 10)
    return {
        "object": "search_result",
        "data": found[:limit],
        "has_more": len(found) > limit,
        "next_page": None,
        "url": call.url,
    }


def _test_of(clause: str) -> Callable[[Json], bool]:
    parsed = _CLAUSE.fullmatch(clause)
    if parsed is None:
        raise StripeError(f"We were unable to parse your search query: {clause}", param="query")
    name, key, value = parsed[1], parsed["key"], parsed["value"].casefold()

    def test(customer: Json) -> bool:
        actual = customer["metadata"].get(key) if key else customer[name]
        return (actual or "").casefold() == value

    return test


def _method_create(call: Call) -> Json:
    """A card by one of Stripe's test tokens only: the sandbox takes no card numbers."""
    token = call.params["card"]["token"].replace("tok_", "pm_card_")
    if token not in TEST_CARDS:
        raise StripeError("Use one of Stripe's test tokens, as tok_visa.", param="card[token]")
    return customers.create_method(call.world, TEST_CARDS[token], {}, None)


def _method_update(call: Call) -> Json:
    """A new date on the same card, as banks send one before the old one is over."""
    method = call.world.store.get("payment_method", call.path["payment_method"])
    if not 1 <= call.params.get("card", {}).get("exp_month", 1) <= 12:
        raise StripeError(
            "Your card's expiration month is invalid.",
            code="invalid_expiry_month",
            param="card[exp_month]",
        )
    with call.world.changing(method, "payment_method.updated"):
        update_fields(method, call.params, "metadata")
        update_fields(method["card"], call.params.get("card", {}), "exp_month exp_year")
    return method


def _method_attach(call: Call) -> Json:
    customer = call.world.store.named("customer", call.params["customer"], "customer")
    return customers.attach(call.world, call.path["payment_method"], customer)


def _method_detach(call: Call) -> Json:
    method = call.world.store.get("payment_method", call.path["payment_method"])
    owner = call.world.store.find("customer", method["customer"] or "")
    with call.world.changing(method, "payment_method.detached"):
        method["customer"] = None
    if owner and owner["invoice_settings"]["default_payment_method"] == method["id"]:
        owner["invoice_settings"]["default_payment_method"] = None
    return method


def _methods_of(call: Call) -> Json:
    owner = call.path.get("customer") or call.params.get("customer")
    kept = (
        method
        for method in call.world.store.newest_first("payment_method")
        if method["customer"] is not None and owner in (None, method["customer"])
    )
    return page(call, kept)


_FIELDS: dict[str, Param] = {
    "address": Clearable(_ADDRESS),
    "balance": Integer(),
    "description": Clearable(Text()),
    "email": Clearable(Text(512)),
    "invoice_settings": _INVOICE_SETTINGS,
    "metadata": Metadata(),
    "name": Clearable(Text(256)),
    "phone": Clearable(Text(20)),
    "preferred_locales": Many(Text()),
}
_METHOD = "/v1/payment_methods/{payment_method}"

ROUTES = [
    Route("POST", "/v1/customers", body(payment_method=Text(), **_FIELDS), _create),
    list_all("/v1/customers", "customer", email=Text(512), created=RANGE),
    Route(
        "GET",
        "/v1/customers/search",
        body(("query",), query=Text(), limit=Integer(minimum=1)),
        _search,
    ),
    Route("GET", "/v1/customers/{customer}", body(), _retrieve),
    Route("POST", "/v1/customers/{customer}", body(**_FIELDS), _update),
    Route("DELETE", "/v1/customers/{customer}", Group(), _delete),
    Route(
        "GET",
        "/v1/customers/{customer}/payment_methods",
        listing(type=Choice("card")),
        _methods_of,
    ),
    Route(
        "POST",
        "/v1/payment_methods",
        body(
            ("type", "card"),
            type=Choice("card"),
            card=Group({"token": Text()}, ("token",)),
            metadata=Metadata(),
        ),
        _method_create,
    ),
    Route("GET", "/v1/payment_methods", listing(customer=Text(), type=Choice("card")), _methods_of),
    retrieve(_METHOD, "payment_method", param="payment_method"),
    Route(
        "POST",
        _METHOD,
        body(
            card=Group({"exp_month": Integer(), "exp_year": Integer()}),
            metadata=Metadata(),
        ),
        _method_update,
    ),
    Route("POST", f"{_METHOD}/attach", body(("customer",), customer=Text()), _method_attach),
    Route("POST", f"{_METHOD}/detach", body(), _method_detach),
]
