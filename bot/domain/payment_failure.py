"""A payment that the bank or the provider did not let through (rule S28)."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.money import Money


@dataclass(frozen=True, slots=True)
class PaymentFailure:
    """The newest attempt to charge a customer, when it failed.

    `code` is the provider's own: the bank's reason where it gave one, else the kind of error.
    """

    code: str | None
    amount: Money
    failed_at: datetime
