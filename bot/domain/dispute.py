"""A payment that its cardholder has called back through the bank."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.identifiers import DisputeId, PaymentId, ProviderName
from bot.domain.money import Money
from bot.domain.refund import Payment


class DisputeStatus(StrEnum):
    """Where a dispute stands.

    INQUIRY: the bank only asks so far. NEEDS_ANSWER: the vendor has to send evidence. WON and LOST
    are the bank's word; DROPPED: it was never decided, because it was withdrawn or prevented.
    """

    INQUIRY = "inquiry"
    NEEDS_ANSWER = "needs_answer"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    DROPPED = "dropped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Dispute:
    """`reason` is the provider's word for it; `answer_by` is the last moment for evidence."""

    id: DisputeId
    provider: ProviderName
    payment_id: PaymentId
    amount: Money
    reason: str
    status: DisputeStatus
    opened_at: datetime
    answer_by: datetime | None

    @property
    def is_closed(self) -> bool:
        """Whether the bank has decided, or nothing is left to decide."""
        return self.status in _CLOSED


_CLOSED = frozenset({DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.DROPPED})
_STANDS = frozenset({DisputeStatus.WON, DisputeStatus.DROPPED})
_REFUNDABLE = frozenset({DisputeStatus.INQUIRY, *_STANDS})


def why_not_refundable(known: Sequence[Dispute], *, is_disputed: bool) -> str | None:
    """What stands in the way of refunding a payment: "lost", "disputed", or None.

    `is_disputed` is the payment's own mark. Some providers never take it back, so it counts only
    while no dispute is known. While the bank only asks, a refund is an answer.
    """
    statuses = {each.status for each in known}
    if DisputeStatus.LOST in statuses:
        return "lost"
    if statuses - _REFUNDABLE or (is_disputed and not known):
        return "disputed"
    return None


def with_the_banks_word(payments: Sequence[Payment], known: Sequence[Dispute]) -> list[Payment]:
    """The payments, those not disputed any more whose every dispute the bank has decided for the
    vendor or dropped.

    The payment's own mark may stay for ever, and a payment that stands pays for its period: of two
    for the same one, one is a duplicate (S30).
    """
    statuses: dict[PaymentId, set[DisputeStatus]] = {}
    for each in known:
        statuses.setdefault(each.payment_id, set()).add(each.status)
    return [
        replace(each, disputed=False)
        if each.id in statuses and statuses[each.id] <= _STANDS
        else each
        for each in payments
    ]
