"""Refunds and disputes: money that goes back. Neither touches the subscription or the invoice."""

from bot.sandbox.money import money
from bot.sandbox.stripe.payments import record_balance
from bot.sandbox.stripe.shapes import payment as shapes
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World

DAY = 86_400
EVIDENCE_DAYS = 21


def create_refund(world: World, given: Json) -> Json:
    """Refund (part of) a charge. Never more than what is left of it, never what the bank holds."""
    charge = _charge_to_refund(world, given)
    disputes = world.store.where("dispute", "charge", charge["id"])
    if not all(each["is_charge_refundable"] for each in disputes):
        raise StripeError(
            f"The charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left <= 0:
        raise StripeError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = given.get("amount", left)
    if amount > left:
        currency = charge["currency"]
        raise StripeError(
            f"Refund amount ({money(amount, currency)}) is greater than unrefunded amount on "
            f"charge ({money(left, currency)})",
            param="amount",
        )
    refund = shapes.refund(
        new_id("re"), charge=charge, amount=amount, created=world.now(), given=given
    )
    refund["balance_transaction"] = record_balance(world, refund, amount=-amount, kind="refund")
    world.store.put(refund)
    world.emit("refund.created", refund)
    with world.changing(charge, "charge.refunded"):
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    return refund


def _charge_to_refund(world: World, given: Json) -> Json:
    if ("charge" in given) == ("payment_intent" in given):
        raise StripeError(
            "One of the following params should be provided for this request: payment_intent or "
            "charge.",
            code="parameter_missing",
        )
    if "charge" in given:
        charge = world.store.named("charge", given["charge"], "charge")
        if charge["status"] != "succeeded":
            raise StripeError(
                f"Charge {charge['id']} has not succeeded; it cannot be refunded.",
                code="charge_not_refundable",
            )
        return charge
    intent = world.store.named("payment_intent", given["payment_intent"], "payment_intent")
    for charge in world.store.where("charge", "payment_intent", intent["id"]):
        if charge["status"] == "succeeded":
            return charge
    raise StripeError(
        f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
        code="payment_intent_unexpected_state",
    )


def fail_refund(world: World, refund: Json) -> None:
    """The bank sends the money back days later; the charge counts as unrefunded again."""
    charge = world.store.get("charge", refund["charge"])
    with world.changing(refund, "refund.updated"):
        refund["status"] = "failed"
        refund["failure_reason"] = "expired_or_canceled_card"
        refund["failure_balance_transaction"] = record_balance(
            world, refund, amount=refund["amount"], kind="refund_failure"
        )
    world.emit("refund.failed", refund)
    with world.changing(charge, "charge.updated"):
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False


def open_dispute(world: World, charge: Json, *, reason: str, is_inquiry: bool) -> Json:
    """Raises StripeError when the charge is disputed already. An inquiry holds no money."""
    if charge["disputed"]:
        raise StripeError(f"Charge {charge['id']} is already disputed.")
    dispute = shapes.dispute(
        new_id("dp"),
        charge=charge,
        created=world.now(),
        due_by=world.now() + EVIDENCE_DAYS * DAY,
        reason=reason,
    )
    if is_inquiry:
        dispute |= {"status": "warning_needs_response", "is_charge_refundable": True}
    world.store.put(dispute)
    charge["disputed"] = True
    world.emit("charge.dispute.created", dispute)
    return dispute


def close_dispute(world: World, dispute: Json, *, status: str) -> None:
    """The bank's word. The charge counts as disputed for ever, whatever it was.

    Only what was lost can never be refunded.
    """
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise StripeError(f"Dispute {dispute['id']} is closed.")
    dispute |= {"status": status, "is_charge_refundable": status != "lost"}
    world.emit("charge.dispute.closed", dispute)


def escalate_inquiry(world: World, dispute: Json) -> None:
    """The cardholder insists: the bank takes the money until it has decided."""
    with world.changing(dispute, "charge.dispute.updated"):
        dispute |= {"status": "needs_response", "is_charge_refundable": False}
