"""A linked member's account, as their screens show it."""

from dataclasses import dataclass

from bot.domain.allowance import Balance
from bot.domain.identifiers import CustomerId
from bot.domain.invoice import Invoice
from bot.domain.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Account:
    """A linked member. `subscription` is the live one, or else the newest that ended."""

    customer_id: CustomerId
    email: str | None
    subscription: Subscription | None
    balance: Balance
    invoices: tuple[Invoice, ...]
