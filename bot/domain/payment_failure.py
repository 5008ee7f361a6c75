"""A payment that the bank or the provider did not let through (rule S28)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.money import Money
from bot.domain.subscription import Status, Subscription


@dataclass(frozen=True, slots=True)
class PaymentFailure:
    """The newest attempt to charge a customer, when it failed.

    `code` is the provider's own: the bank's reason where it gave one, else the kind of error.
    """

    code: str | None
    amount: Money
    failed_at: datetime


def can_be_mended(failure: PaymentFailure, known: Sequence[Subscription]) -> bool:
    """Whether paying still brings anything: not what was declined before a plan came to its end,
    unless another one of the customer's waits for its payment."""
    if any(each.is_in_arrears or each.status is Status.INCOMPLETE for each in known):
        return True
    return not any(
        each.status is Status.CANCELED
        and each.ended_at is not None
        and failure.failed_at <= each.ended_at
        for each in known
    )
