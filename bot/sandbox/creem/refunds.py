"""Money that goes back: refunds and disputes.

Documented: a refund by API is of the full remaining amount and answers with its status alone; there
is no idempotency key and no event about a later change; a dispute's transaction counts as given
back. Chosen: a pending refund counts as given back at once, one that fails does no more; a refund
leaves the subscription as it is, since the documentation tells of no effect on it.
"""

from bot.sandbox.creem.announcing import dispute_created, refund_created
from bot.sandbox.creem.records import Dispute, Refund, Transaction
from bot.sandbox.creem.wire import CreemError
from bot.sandbox.creem.world import World


def refund(world: World, payment: Transaction, *, amount: int | None = None) -> Refund:
    """``amount`` is the dashboard's: the API gives back all that is left. Raises CreemError when
    that is too much or nothing."""
    wanted = payment.refundable if amount is None else amount
    if payment.status not in ("paid", "partialRefund") or not 0 < wanted <= payment.refundable:
        raise CreemError("Transaction has no refundable amount left")
    made = world.make(
        Refund,
        transaction_id=payment.id,
        amount=wanted,
        currency=payment.currency,
        status=world.settings.refund_status,
    )
    payment.refunded_amount += wanted
    _set_status(payment)
    refund_created(world, made)
    return made


def settle(world: World, made: Refund, *, succeeds: bool) -> None:
    """A pending refund is decided. No event tells of it. Raises CreemError for one that was."""
    if made.status != "pending":
        raise CreemError(f"The refund is {made.status}")
    made.status = "succeeded" if succeeds else "failed"
    if not succeeds:
        payment = world.get(Transaction, made.transaction_id)
        payment.refunded_amount -= made.amount
        _set_status(payment)


def _set_status(payment: Transaction) -> None:
    if payment.refunded_amount == 0:
        payment.status = "paid"
    else:
        payment.status = "partialRefund" if payment.refundable else "refunded"


def open_dispute(world: World, payment: Transaction) -> Dispute:
    """Raises CreemError for a payment that was not made or is disputed already."""
    if payment.status in ("declined", "chargedBack"):
        raise CreemError(f"A transaction that is {payment.status} cannot be disputed")
    payment.status, payment.refunded_amount = "chargedBack", payment.amount_paid
    made = world.make(
        Dispute, transaction_id=payment.id, amount=payment.amount_paid, currency=payment.currency
    )
    dispute_created(world, made)
    return made
