"""/v1/invoices and /v1/invoice_payments."""

from bot.sandbox.stripe import collection, invoices, payments
from bot.sandbox.stripe.listing import page
from bot.sandbox.stripe.params import (
    RANGE,
    Boolean,
    Choice,
    Clearable,
    Group,
    Integer,
    Many,
    Text,
    body,
    listing,
)
from bot.sandbox.stripe.preview import preview
from bot.sandbox.stripe.resources.common import retrieve
from bot.sandbox.stripe.routing import Call, Route
from bot.sandbox.stripe.wire import Json, StripeError


def _get(call: Call) -> Json:
    return call.world.store.get("invoice", call.path["invoice"])


def _list(call: Call) -> Json:
    given = call.params
    candidates = call.world.store.candidates("invoice", given)

    def fits(invoice: Json) -> bool:
        return (
            given.get("customer") in (None, invoice["customer"])
            and given.get("status") in (None, invoice["status"])
            and given.get("subscription") in (None, invoices.subscription_of(invoice))
        )

    return page(call, filter(fits, candidates))


def _pay(call: Call) -> Json:
    invoice = _get(call)
    if invoice["status"] == "draft":
        invoices.finalize(call.world, invoice)
    if invoice["status"] != "open":
        wording = "already paid" if invoice["status"] == "paid" else invoice["status"]
        raise StripeError(
            f"Invoice is {wording}",
            code="invoice_already_paid" if invoice["status"] == "paid" else "invoice_not_editable",
        )
    if call.params.get("paid_out_of_band"):
        invoice["attempted"] = True
        collection.paid(call.world, invoice)
        return invoice
    method = call.params.get("payment_method")
    if collection.collect(call.world, invoice, method_id=method):
        return invoice
    intent = invoices.intent_of(call.world, invoice)
    if intent is None or intent["last_payment_error"] is None:
        raise payments.no_payment_method()
    raise payments.card_error(intent)


def _finalize(call: Call) -> Json:
    invoice = _get(call)
    if invoice["status"] != "draft":
        raise StripeError(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    invoices.finalize(call.world, invoice)
    if call.params.get("auto_advance", invoice["auto_advance"]):
        collection.collect(call.world, invoice)
    return invoice


def _void(call: Call) -> Json:
    invoice = _get(call)
    invoices.void(call.world, invoice)
    return invoice


def _lines(call: Call) -> Json:
    return page(call, _get(call)["lines"]["data"])


def _list_payments(call: Call) -> Json:
    given = call.params
    intent = given.get("payment", {}).get("payment_intent")

    def fits(payment: Json) -> bool:
        return (
            given.get("invoice") in (None, payment["invoice"])
            and intent in (None, payment["payment"]["payment_intent"])
            and given.get("status") in (None, payment["status"])
        )

    candidates = call.world.store.candidates("invoice_payment", given)
    return page(call, filter(fits, candidates))


_ONE = "/v1/invoices/{invoice}"
_PREVIEW = body(
    customer=Text(),
    subscription=Text(),
    discounts=Clearable(Many(Group({"coupon": Text(), "discount": Text()}))),
    subscription_details=Group(
        {
            "billing_cycle_anchor": Group({"type": Choice("now", "unchanged")}, ("type",)),
            "cancel_at_period_end": Boolean(),
            "items": Many(
                Group(
                    {
                        "id": Text(),
                        "price": Text(),
                        "quantity": Integer(minimum=0),
                        "deleted": Boolean(),
                    }
                )
            ),
            "proration_behavior": Choice("always_invoice", "create_prorations", "none"),
            "proration_date": Integer(),
        }
    ),
)

ROUTES = [
    Route(
        "POST",
        "/v1/invoices/create_preview",
        _PREVIEW,
        lambda call: preview(call.world, call.params),
    ),
    Route(
        "GET",
        "/v1/invoices",
        listing(
            created=RANGE,
            customer=Text(),
            status=Choice("draft", "open", "paid", "uncollectible", "void"),
            subscription=Text(),
        ),
        _list,
    ),
    Route("GET", _ONE, body(), _get),
    Route("GET", f"{_ONE}/lines", listing(), _lines),
    Route(
        "POST",
        f"{_ONE}/pay",
        body(off_session=Boolean(), paid_out_of_band=Boolean(), payment_method=Text()),
        _pay,
    ),
    Route("POST", f"{_ONE}/finalize", body(auto_advance=Boolean()), _finalize),
    Route("POST", f"{_ONE}/void", body(), _void),
    Route(
        "GET",
        "/v1/invoice_payments",
        listing(
            created=RANGE,
            invoice=Text(),
            payment=Group({"payment_intent": Text(), "type": Choice("payment_intent")}, ("type",)),
            status=Choice("canceled", "open", "paid"),
        ),
        _list_payments,
    ),
    retrieve("/v1/invoice_payments/{invoice_payment}", "invoice_payment"),
]
