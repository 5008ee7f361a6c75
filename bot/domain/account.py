"""A linked member's account, as their screens show it."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import Balance
from bot.domain.identifiers import CustomerId, ProviderName
from bot.domain.invoice import Invoice
from bot.domain.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Card:
    """The card that a customer pays with; `expires_at` is the end of the month printed on it."""

    last_digits: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """A linked member. `subscription` is the live one, or else the newest that ended."""

    customer_id: CustomerId
    provider: ProviderName
    email: str | None
    subscription: Subscription | None
    balance: Balance
    invoices: tuple[Invoice, ...]
