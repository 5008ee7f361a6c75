"""The sandbox's parameters against stripe-python's own: what it accepts, the SDK can send.

A parameter, type or enumeration value that the SDK does not know would let a test pass for a
request that Stripe refuses. (The other direction is meant: what the sandbox does not implement, it
refuses.)
"""

import re
import typing
from collections.abc import Mapping
from pathlib import Path

import pytest
import stripe
import stripe.params
import typing_extensions

from bot.sandbox.stripe.params import (
    Boolean,
    Choice,
    Clearable,
    Either,
    Group,
    Integer,
    Many,
    Metadata,
    Number,
    Param,
    Text,
)
from bot.sandbox.stripe.resources import ROUTES
from bot.sandbox.stripe.routing import Route

SDK_PARAMS = {
    "POST /v1/customers": "CustomerCreateParams",
    "GET /v1/customers": "CustomerListParams",
    "GET /v1/customers/search": "CustomerSearchParams",
    "GET /v1/customers/{}": "CustomerRetrieveParams",
    "POST /v1/customers/{}": "CustomerUpdateParams",
    "DELETE /v1/customers/{}": "CustomerDeleteParams",
    "GET /v1/customers/{}/payment_methods": "CustomerPaymentMethodListParams",
    "POST /v1/payment_methods": "PaymentMethodCreateParams",
    "GET /v1/payment_methods": "PaymentMethodListParams",
    "GET /v1/payment_methods/{}": "PaymentMethodRetrieveParams",
    "POST /v1/payment_methods/{}": "PaymentMethodUpdateParams",
    "POST /v1/payment_methods/{}/attach": "PaymentMethodAttachParams",
    "POST /v1/payment_methods/{}/detach": "PaymentMethodDetachParams",
    "POST /v1/products": "ProductCreateParams",
    "GET /v1/products": "ProductListParams",
    "GET /v1/products/{}": "ProductRetrieveParams",
    "POST /v1/products/{}": "ProductUpdateParams",
    "POST /v1/prices": "PriceCreateParams",
    "GET /v1/prices": "PriceListParams",
    "GET /v1/prices/{}": "PriceRetrieveParams",
    "POST /v1/prices/{}": "PriceUpdateParams",
    "POST /v1/coupons": "CouponCreateParams",
    "GET /v1/coupons": "CouponListParams",
    "GET /v1/coupons/{}": "CouponRetrieveParams",
    "DELETE /v1/coupons/{}": "CouponDeleteParams",
    "POST /v1/subscriptions": "SubscriptionCreateParams",
    "GET /v1/subscriptions": "SubscriptionListParams",
    "GET /v1/subscriptions/{}": "SubscriptionRetrieveParams",
    "POST /v1/subscriptions/{}": "SubscriptionUpdateParams",
    "DELETE /v1/subscriptions/{}": "SubscriptionCancelParams",
    "POST /v1/subscriptions/{}/pause": "SubscriptionPauseParams",
    "POST /v1/subscriptions/{}/resume": "SubscriptionResumeParams",
    "GET /v1/subscription_items": "SubscriptionItemListParams",
    "POST /v1/invoices/create_preview": "InvoiceCreatePreviewParams",
    "GET /v1/invoices": "InvoiceListParams",
    "GET /v1/invoices/{}": "InvoiceRetrieveParams",
    "GET /v1/invoices/{}/lines": "InvoiceLineItemListParams",
    "POST /v1/invoices/{}/pay": "InvoicePayParams",
    "POST /v1/invoices/{}/finalize": "InvoiceFinalizeInvoiceParams",
    "POST /v1/invoices/{}/void": "InvoiceVoidInvoiceParams",
    "GET /v1/invoice_payments": "InvoicePaymentListParams",
    "GET /v1/invoice_payments/{}": "InvoicePaymentRetrieveParams",
    "POST /v1/payment_intents": "PaymentIntentCreateParams",
    "GET /v1/payment_intents": "PaymentIntentListParams",
    "GET /v1/payment_intents/{}": "PaymentIntentRetrieveParams",
    "POST /v1/payment_intents/{}/confirm": "PaymentIntentConfirmParams",
    "GET /v1/charges": "ChargeListParams",
    "GET /v1/charges/{}": "ChargeRetrieveParams",
    "POST /v1/refunds": "RefundCreateParams",
    "GET /v1/refunds": "RefundListParams",
    "GET /v1/refunds/{}": "RefundRetrieveParams",
    "POST /v1/refunds/{}": "RefundUpdateParams",
    "GET /v1/disputes": "DisputeListParams",
    "GET /v1/disputes/{}": "DisputeRetrieveParams",
    "GET /v1/balance_transactions/{}": "BalanceTransactionRetrieveParams",
    "POST /v1/checkout/sessions": "checkout.SessionCreateParams",
    "GET /v1/checkout/sessions": "checkout.SessionListParams",
    "GET /v1/checkout/sessions/{}": "checkout.SessionRetrieveParams",
    "POST /v1/checkout/sessions/{}/expire": "checkout.SessionExpireParams",
    "GET /v1/checkout/sessions/{}/line_items": "checkout.SessionLineItemListParams",
    "POST /v1/billing_portal/sessions": "billing_portal.SessionCreateParams",
    "GET /v1/billing_portal/configurations": "billing_portal.ConfigurationListParams",
    "GET /v1/billing_portal/configurations/{}": "billing_portal.ConfigurationRetrieveParams",
    "POST /v1/billing_portal/configurations/{}": "billing_portal.ConfigurationUpdateParams",
    "GET /v1/account": "AccountRetrieveCurrentParams",
    "GET /v1/events": "EventListParams",
    "GET /v1/events/{}": "EventRetrieveParams",
    "POST /v1/webhook_endpoints": "WebhookEndpointCreateParams",
    "GET /v1/webhook_endpoints": "WebhookEndpointListParams",
    "GET /v1/webhook_endpoints/{}": "WebhookEndpointRetrieveParams",
    "POST /v1/webhook_endpoints/{}": "WebhookEndpointUpdateParams",
    "DELETE /v1/webhook_endpoints/{}": "WebhookEndpointDeleteParams",
}


def normal(template: str) -> str:
    return re.sub(r"\{\w+\}", "{}", template)


def name_of(route: Route) -> str:
    return f"{route.method} {normal(route.template)}"


def hints(of: type) -> dict[str, object]:
    module = __import__(of.__module__, fromlist=["_"])
    return typing.get_type_hints(of, vars(module), {"StripeContext": str, "Mapping": Mapping})


def options(hint: object) -> list[object]:
    """The members of a union, without NotRequired."""
    origin = typing.get_origin(hint)
    if origin in (typing.NotRequired, typing_extensions.NotRequired):
        return options(typing.get_args(hint)[0])
    if origin is typing.Union or type(hint).__name__ == "UnionType":
        return [each for member in typing.get_args(hint) for each in options(member)]
    return [hint]


def mismatches(param: Param, allowed: list[object], where: str) -> list[str]:
    wrong = [f"{where}: {param} is not among {allowed}"]
    found: list[str] = []
    match param:
        case Either(first, second):
            found = mismatches(first, allowed, where) + mismatches(second, allowed, where)
        case Clearable(of):
            unset = "" in literals_of(allowed) or str in allowed
            found = mismatches(of, allowed, where) + ([] if unset else wrong)
        case Choice():
            known = literals_of(allowed)
            found = wrong if known and not set(param.values) <= known else []
        case Many(of):
            lists = [hint for hint in allowed if typing.get_origin(hint) is list]
            inner = options(typing.get_args(lists[0])[0]) if lists else []
            found = mismatches(of, inner, where) if lists else wrong
        case Group():
            typed = [hint for hint in allowed if typing_extensions.is_typeddict(hint)]
            found = group_mismatches(param, typed[0], where) if typed else wrong
        case _:
            found = [] if scalar_fits(param, allowed) else wrong
    return found


def literals_of(allowed: list[object]) -> set[object]:
    return {
        value
        for hint in allowed
        if typing.get_origin(hint) is typing.Literal
        for value in typing.get_args(hint)
    }


def scalar_fits(param: Param, allowed: list[object]) -> bool:
    if isinstance(param, Text):
        return str in allowed or bool(literals_of(allowed) - {""})
    if isinstance(param, Metadata):
        return any(typing.get_origin(hint) is dict for hint in allowed)
    wanted = {Integer: int, Number: float, Boolean: bool}[type(param)]
    return wanted in allowed


def group_mismatches(group: Group, typed: object, where: str) -> list[str]:
    assert isinstance(typed, type)
    known = hints(typed)
    found = []
    for key, param in group.fields.items():
        if key not in known:
            found.append(f"{where}: {key} unknown to the SDK")
        else:
            found += mismatches(param, options(known[key]), f"{where}: {key}")
    return found


def test_every_route_is_compared() -> None:
    assert {name_of(route) for route in ROUTES} == SDK_PARAMS.keys()


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_the_sdk_can_send_what_is_accepted(route: Route) -> None:
    typed: object = stripe.params
    for part in SDK_PARAMS[name_of(route)].split("."):
        typed = getattr(typed, part)
    assert group_mismatches(route.params, typed, name_of(route)) == []


def test_the_sdk_has_every_path() -> None:
    services = Path(stripe.__file__).parent.rglob("_*_service.py")
    paths = {
        normal(path)
        for service in services
        for path in re.findall(r'"(/v1/[^"]+)"', service.read_text())
    }
    assert {normal(route.template) for route in ROUTES} <= paths
