"""Withdrawing from a contract in its first days, as EU law gives consumers (ADR 22).

It is neither a cancellation nor a matter of the refund policy: no reason is asked for, and it ends
the contract at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from bot.domain.identifiers import (
    CustomerId,
    GuildId,
    SubscriptionId,
    UserId,
    WithdrawalId,
)
from bot.domain.subscription import Status, Subscription

# Within this time the law wants the money back.
MONEY_BACK_WITHIN = timedelta(days=14)
_DAY = timedelta(days=1)
_SATURDAY = 5


class WithdrawalState(StrEnum):
    """REQUESTED: stated, and that counts. DONE: the provider has ended the contract. FAILED: it
    refuses to, and people end it by hand."""

    REQUESTED = "requested"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WithdrawalPolicy:
    """Whether the vendor offers it, and for how many days."""

    enabled: bool = False
    days: int = 14


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One statement about one contract. `requested_at` is when it was made: the time that counts.

    `name` is what the member calls themselves; None once they have had it erased.
    """

    id: WithdrawalId
    user_id: UserId
    guild_id: GuildId | None
    customer_id: CustomerId
    subscription_id: SubscriptionId
    name: str | None
    state: WithdrawalState
    requested_at: datetime
    finished_at: datetime | None
    failure: str | None

    @property
    def reference(self) -> str:
        """What people quote: on the screen, in the acknowledgement and in the audit log."""
        return f"W-{self.id}"

    @property
    def money_back_by(self) -> datetime:
        """When the member must have back what is due to them."""
        return self.requested_at + MONEY_BACK_WITHIN


def deadline(concluded_at: datetime, *, days: int) -> datetime:
    """The first moment at which it is too late.

    The day of the contract does not count, and a last day on a weekend moves to Monday. Days are
    counted in UTC; one more is given, because nobody knows the member's time zone: so the last day
    is over everywhere.
    """
    last = concluded_at.astimezone(UTC).date() + days * _DAY
    while last.weekday() >= _SATURDAY:
        last += _DAY
    return datetime.combine(last, time(), UTC) + 2 * _DAY


def may_be_withdrawn(subscription: Subscription, *, days: int, now: datetime) -> bool:
    """Whether its contract is young enough. A renewal is no new contract, and what has ended
    since was a contract too: its payment may still have to go back."""
    if subscription.status is Status.INCOMPLETE:
        return False
    return now < deadline(subscription.created_at, days=days)


def young_contracts(
    subscriptions: Iterable[Subscription], *, policy: WithdrawalPolicy, now: datetime
) -> tuple[Subscription, ...]:
    """Those that can be withdrawn from now, newest first."""
    if not policy.enabled:
        return ()
    young = (each for each in subscriptions if may_be_withdrawn(each, days=policy.days, now=now))
    return tuple(sorted(young, key=lambda each: each.created_at, reverse=True))
