"""Creem's objects read into domain values."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.billing.provider import CustomerRecord, PaidPeriod
from bot.domain.catalogue import Catalogue, Interval
from bot.domain.identifiers import (
    CREEM,
    CustomerId,
    InvoiceId,
    PaymentId,
    PriceId,
    SubscriptionId,
)
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.payment_failure import PaymentFailure
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.subscription import Status, Subscription

Json = Mapping[str, Any]
Period = tuple[datetime, datetime]

SCHEDULED = "scheduled_cancel"
CANCELED = "canceled"
PAUSED = "paused"
TRIALING = "trialing"
INCOMPLETE = "incomplete"
_WITHOUT_PERIOD = (INCOMPLETE, CANCELED)

_STATUS = {
    INCOMPLETE: Status.INCOMPLETE,
    TRIALING: Status.TRIALING,
    "active": Status.ACTIVE,
    # It is paid for and runs; `cancel_at` says that it ends.
    SCHEDULED: Status.ACTIVE,
    "past_due": Status.PAST_DUE,
    "unpaid": Status.UNPAID,
    # Its time is over without a payment, so nothing is owed to the member. But it is no end: Creem
    # may still try the card, and whoever is sold a second plan would then pay for two.
    "expired": Status.UNPAID,
    PAUSED: Status.PAUSED,
    CANCELED: Status.CANCELED,
}
_IN_ARREARS = ("past_due", "unpaid", "expired")
_INTERVAL = {
    "every-month": Interval.MONTH,
    "every-three-months": Interval.QUARTER,
    "every-six-months": Interval.HALF_YEAR,
    "every-year": Interval.YEAR,
}
# The money has moved, whatever became of it later.
_MOVED = ("paid", "partialRefund", "refunded", "chargedBack")
_CHARGED_BACK = "chargedBack"
_FAILED = ("declined", "uncollectible")


def id_of(reference: str | Json) -> str:
    """References are ids or whole objects, as it pleases Creem."""
    return reference if isinstance(reference, str) else str(reference["id"])


def id_or_none(reference: str | Json | None) -> str | None:
    """The id of a reference that need not be there."""
    return id_of(reference) if reference else None


def moment(written: str | int | float) -> datetime:
    """Most objects write times as text, transactions as milliseconds since 1970."""
    if isinstance(written, str):
        read = datetime.fromisoformat(written)
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    return datetime.fromtimestamp(written / 1000, UTC)


def customer_record(customer: Json) -> CustomerRecord:
    """Creem shows nothing of a customer's card."""
    return CustomerRecord(CustomerId(customer["id"]), CREEM, customer.get("email"))


def subscription_of(
    subscription: Json, transactions: Iterable[Json], catalogue: Catalogue
) -> Subscription:
    """A subscription with its product and customer whole.

    A renewal that fails does not move Creem's period. Where one has failed, the period that it was
    to pay for is the one that counts, as with other providers: paid time ended where it begins.
    """
    product = subscription["product"]
    offering = catalogue.offering(PriceId(product["id"]))
    start, end = period_of(subscription)
    status = subscription["status"]
    if status in _IN_ARREARS and not _has_moved_unpaid(subscription, transactions):
        start, end = end, end + (end - start)
    ended = subscription.get("canceled_at") or subscription["updated_at"]
    return Subscription(
        id=SubscriptionId(subscription["id"]),
        provider=CREEM,
        customer_id=CustomerId(id_of(subscription["customer"])),
        plan_id=offering.plan.id if offering else None,
        price_id=PriceId(product["id"]),
        interval=_INTERVAL.get(product["billing_period"], Interval.MONTH),
        price=Money(product["price"] * _units(subscription), product["currency"].lower()),
        status=_STATUS.get(status, Status.UNKNOWN),
        created_at=moment(subscription["created_at"]),
        period_start=start,
        period_end=end,
        cancel_at=end if status == SCHEDULED else None,
        ended_at=moment(ended) if status == CANCELED else None,
        quantity=_units(subscription),
    )


def _units(subscription: Json) -> int:
    items = subscription.get("items") or [{}]
    return int(items[0].get("units") or 1)


def period_of(subscription: Json) -> Period:
    """The current period as Creem writes it. One that has not begun need not have any, nor one that
    is over: theirs has no length, so that nothing is due for it."""
    dates = (
        subscription.get("current_period_start_date"),
        subscription.get("current_period_end_date"),
    )
    if subscription["status"] in _WITHOUT_PERIOD and None in dates:
        made = moment(subscription["created_at"])
        return made, made
    return (
        moment(subscription["current_period_start_date"]),
        moment(subscription["current_period_end_date"]),
    )


def _own_period(transaction: Json) -> Period | None:
    start, end = transaction.get("period_start"), transaction.get("period_end")
    return (moment(start), moment(end)) if start and end else None


def _has_moved_unpaid(subscription: Json, transactions: Iterable[Json]) -> bool:
    """Whether the current period is the one that was not paid.

    The attempt at it says so itself, where it is shown. Else the last that was paid has to be a
    period before the current one.
    """
    known = list(transactions)
    start, end = period_of(subscription)
    newest = max(known, key=lambda each: each["created_at"], default=None)
    owed = _own_period(newest) if newest is not None and newest["status"] in _FAILED else None
    if owed is not None:
        return _middle(owed) < end
    periods = [each for one in known if has_moved(one) and (each := _own_period(one))]
    return bool(periods) and all(_middle(each) < start for each in periods)


def _middle(period: Period) -> datetime:
    start, end = period
    return start + (end - start) / 2


def has_moved(transaction: Json) -> bool:
    """Whether the customer's money was taken."""
    return transaction["status"] in _MOVED


def paid_periods(subscription: Json, transactions: Iterable[Json]) -> tuple[PaidPeriod, ...]:
    """What succeeded payments have paid for; a trial needs none.

    Transactions name no product, so the subscription's counts. One whose period lies within the
    current one pays for that, by the subscription's own dates: the two may differ by milliseconds.
    """
    current = period_of(subscription)
    start, end = current
    succeeded = [each for each in transactions if has_moved(each)]
    paid: set[Period] = set()
    if subscription["status"] == TRIALING or (
        subscription["status"] == SCHEDULED and not succeeded
    ):
        paid.add(current)
    for transaction in succeeded:
        own = _own_period(transaction)
        paid.add(current if own is None or start <= _middle(own) < end else own)
    paid -= {(start, start)}
    return tuple(
        PaidPeriod(
            customer_id=CustomerId(id_of(subscription["customer"])),
            subscription_id=SubscriptionId(subscription["id"]),
            price_id=PriceId(id_of(subscription["product"])),
            period_start=start,
            period_end=end,
            quantity=_units(subscription),
        )
        for start, end in sorted(paid)
    )


def amount_of(transaction: Json) -> Money:
    """What has left the customer's account, tax included."""
    paid = transaction.get("amount_paid")
    return Money(transaction["amount"] if paid is None else paid, transaction["currency"].lower())


def refunded_of(transaction: Json) -> Money:
    """What was given back. Creem counts what the bank has taken back too, which is no refund."""
    amount, given = amount_of(transaction), transaction.get("refunded_amount") or 0
    if transaction["status"] == "refunded":
        return amount
    if transaction["status"] == _CHARGED_BACK and given >= amount.amount:
        return Money(0, amount.currency)
    return Money(min(given, amount.amount), amount.currency)


def payment_of(
    transaction: Json, *, product_id: str | None, catalogue: Catalogue
) -> Payment | None:
    """None while nothing was paid, or when nobody's account is named.

    `product_id` tells what was bought once; transactions of subscriptions need none.
    """
    customer, subscription = transaction.get("customer"), transaction.get("subscription")
    if not has_moved(transaction) or customer is None or amount_of(transaction).amount == 0:
        return None
    period = _own_period(transaction)
    return Payment(
        id=PaymentId(transaction["id"]),
        provider=CREEM,
        customer_id=CustomerId(id_of(customer)),
        invoice_id=InvoiceId(transaction["id"]),
        subscription_id=SubscriptionId(id_of(subscription)) if subscription else None,
        purpose=_purpose(subscription is not None, product_id, catalogue),
        amount=amount_of(transaction),
        refunded=refunded_of(transaction),
        disputed=transaction["status"] == _CHARGED_BACK,
        paid_at=moment(transaction["created_at"]),
        period_start=period[0] if period else None,
        period_end=period[1] if period else None,
    )


def failure_of(transaction: Json) -> PaymentFailure | None:
    """An attempt that did not work; None for every other transaction."""
    if transaction["status"] not in _FAILED:
        return None
    asked = Money(transaction["amount"], transaction["currency"].lower())
    return PaymentFailure(None, asked, moment(transaction["created_at"]))


def _purpose(recurring: bool, product_id: str | None, catalogue: Catalogue) -> PaymentPurpose:
    if recurring:
        return PaymentPurpose.SUBSCRIPTION
    top_ups = {price.id for each in catalogue.top_ups for price in each.prices}
    return PaymentPurpose.TOP_UP if product_id in top_ups else PaymentPurpose.OTHER


def invoice_of(transaction: Json) -> Invoice | None:
    """Creem is the seller of record and sends the receipt by mail, where it has a link to the
    customer's portal; its API has no page for a single payment. The transaction stands for the
    invoice, and its id is the number that Creem's support and the portal know."""
    customer, subscription = transaction.get("customer"), transaction.get("subscription")
    if not has_moved(transaction) or customer is None:
        return None
    return Invoice(
        id=InvoiceId(transaction["id"]),
        customer_id=CustomerId(id_of(customer)),
        subscription_id=SubscriptionId(id_of(subscription)) if subscription else None,
        number=transaction["id"],
        status="paid",
        total=amount_of(transaction),
        issued_at=moment(transaction["created_at"]),
        page_url=None,
        pdf_url=None,
    )
