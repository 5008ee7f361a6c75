"""The life of an invoice by itself: drafted, finalized, settled, voided."""

from bot.sandbox.stripe import payments
from bot.sandbox.stripe.prorations import apply_discounts
from bot.sandbox.stripe.shapes import invoice as shapes
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World

HOUR = 3600
"""A renewal's draft stays open for changes this long before Stripe finalizes and charges it."""


def build(
    world: World,
    customer: Json,
    lines: list[Json],
    *,
    reason: str,
    currency: str,
    subscription: Json | None = None,
    discounts: list[str] | None = None,
    period: tuple[int, int] | None = None,
    given: Json | None = None,
    invoice_id: str | None = None,
) -> Json:
    """A draft that is not kept yet (a preview ends here)."""
    made_id = invoice_id or new_id("in")
    draft = shapes.invoice(
        made_id,
        customer=customer,
        subscription=subscription,
        lines=lines,
        currency=currency,
        reason=reason,
        created=world.now(),
        period=period or (world.now(), world.now()),
        given=given or {},
    )
    for line in lines:
        line["invoice"] = made_id
    draft["discounts"] = list(discounts or [])
    draft["total_discount_amounts"] = apply_discounts(world, lines, draft["discounts"])
    _sum_up(draft, balance=customer["balance"])
    return draft


def _sum_up(invoice: Json, *, balance: int) -> None:
    """Set the amounts. A negative customer balance is credit that pays first."""
    subtotal = sum(line["amount"] for line in invoice["lines"]["data"])
    total = subtotal - sum(cut["amount"] for cut in invoice["total_discount_amounts"])
    due = max(0, total + balance)
    invoice.update(
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal,
        total=total,
        total_excluding_tax=total,
        starting_balance=balance,
        amount_due=due,
        amount_remaining=due - invoice["amount_paid"],
    )


def draft(world: World, invoice: Json) -> Json:
    """Keep the draft; it takes over the invoice items that its lines come from."""
    world.store.put(invoice)
    for line in invoice["lines"]["data"]:
        details = line["parent"]["subscription_item_details"] or {}
        item = world.store.find("invoiceitem", details.get("invoice_item") or "")
        if item is not None:
            item["invoice"] = invoice["id"]
    world.emit("invoice.created", invoice)
    return invoice


def finalize(world: World, invoice: Json) -> None:
    """Number the invoice, apply the customer's balance and open it for payment."""
    customer = world.store.get("customer", invoice["customer"])
    _sum_up(invoice, balance=customer["balance"])
    left = invoice["total"] + customer["balance"]
    invoice["ending_balance"] = min(0, left)
    with world.changing(customer, "customer.updated"):
        customer["balance"] = invoice["ending_balance"]
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    customer["next_invoice_sequence"] += 1
    page = f"{world.account_id}/{world.hosted_token(invoice['id'])}"
    invoice.update(
        number=number,
        status="open",
        automatically_finalizes_at=None,
        effective_at=world.now(),
        hosted_invoice_url=f"https://invoice.stripe.com/i/{page}",
        invoice_pdf=f"https://pay.stripe.com/invoice/{page}/pdf",
        webhooks_delivered_at=world.now(),
    )
    invoice["status_transitions"]["finalized_at"] = world.now()
    world.emit("invoice.finalized", invoice)
    if invoice["amount_due"]:
        intent = payments.create_intent(
            world,
            amount=invoice["amount_due"],
            currency=invoice["currency"],
            customer=customer["id"],
            given={"description": _purpose(invoice), "setup_future_usage": "off_session"},
        )
        world.store.put(
            shapes.invoice_payment(
                new_id("inpay"), invoice=invoice, intent=intent["id"], created=world.now()
            )
        )


def _purpose(invoice: Json) -> str:
    return {
        "subscription_create": "Subscription creation",
        "subscription_cycle": "Subscription update",
        "subscription_update": "Subscription update",
    }.get(invoice["billing_reason"], f"Payment for Invoice {invoice['number']}")


def payments_of(world: World, invoice_id: str) -> list[Json]:
    return list(world.store.where("invoice_payment", "invoice", invoice_id))


def intent_of(world: World, invoice: Json) -> Json | None:
    """The payment intent that collects this invoice; None when there is nothing to pay."""
    found = payments_of(world, invoice["id"])
    if not found:
        return None
    return world.store.get("payment_intent", found[0]["payment"]["payment_intent"])


def pay_again(world: World, invoice: Json) -> Json:
    """One payment too many for an invoice that is paid. Returns the intent."""
    intent, _ = payments.pay_now(
        world,
        world.store.get("customer", invoice["customer"]),
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        given={"description": _purpose(invoice)},
    )
    payment = shapes.invoice_payment(
        new_id("inpay"), invoice=invoice, intent=intent["id"], created=world.now()
    )
    payment.update(status="paid", amount_paid=payment["amount_requested"], is_default=False)
    payment["status_transitions"]["paid_at"] = world.now()
    world.store.put(payment)
    world.emit("invoice_payment.paid", payment)
    return intent


def settle(world: World, invoice: Json) -> None:
    """Mark as paid. The payment, if any, has succeeded already."""
    now = world.now()
    for payment in payments_of(world, invoice["id"]):
        payment.update(status="paid", amount_paid=payment["amount_requested"])
        payment["status_transitions"]["paid_at"] = now
        world.emit("invoice_payment.paid", payment)
    invoice.update(
        status="paid",
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        auto_advance=False,
        next_payment_attempt=None,
    )
    invoice["status_transitions"]["paid_at"] = now
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)


def void(world: World, invoice: Json) -> None:
    """Raises StripeError unless the invoice is open or uncollectible."""
    if invoice["status"] not in ("open", "uncollectible"):
        raise StripeError(
            "You can only pass in open or uncollectible invoices. This invoice isn't open.",
            code="invoice_not_editable",
        )
    for payment in payments_of(world, invoice["id"]):
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = world.now()
        intent = world.store.get("payment_intent", payment["payment"]["payment_intent"])
        intent.update(
            status="canceled", canceled_at=world.now(), cancellation_reason="void_invoice"
        )
        world.emit("payment_intent.canceled", intent)
    invoice.update(status="void", amount_remaining=0, auto_advance=False, next_payment_attempt=None)
    invoice["status_transitions"]["voided_at"] = world.now()
    world.emit("invoice.voided", invoice)


def leave_out(world: World, draft: Json) -> None:
    """A draft that nobody is to pay: void, without a number or a payment."""
    draft.update(
        status="void", amount_remaining=0, auto_advance=False, automatically_finalizes_at=None
    )
    draft["status_transitions"].update(finalized_at=world.now(), voided_at=world.now())
    world.emit("invoice.voided", draft)


def open_of_customer(world: World, customer_id: str) -> list[Json]:
    """Newest first."""
    known = world.store.where("invoice", "customer", customer_id)
    return [invoice for invoice in known if invoice["status"] == "open"]


def of_subscription(world: World, subscription: Json) -> list[Json]:
    """Newest first."""
    return [
        invoice
        for invoice in world.store.where("invoice", "customer", subscription["customer"])
        if subscription_of(invoice) == subscription["id"]
    ]


def subscription_of(invoice: Json) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None
