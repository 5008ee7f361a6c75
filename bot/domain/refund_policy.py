"""The vendor's policy for refunds, and what it says to one moderator's yes (rules S13, S14, R9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import UserId
from bot.domain.money import Money
from bot.domain.refund import CHOSEN_GROUNDS, Ground, RefundMode

# What a moderator has granted counts towards the cap for this long. A day of the calendar would
# allow twice as much around midnight.
CAP_PERIOD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RefundPolicy:
    """What the vendor allows. A ground without a window has none; so has a currency without a cap.

    `window_days` count from the payment, `daily_cap` is for each moderator, and above
    `two_person_above` two of them have to approve. Both are in minor units, by currency.
    """

    mode: RefundMode = RefundMode.CASE_BY_CASE
    partial_ends_subscription: bool = True
    grounds: tuple[Ground, ...] = CHOSEN_GROUNDS
    window_days: Mapping[Ground, int] = field(default_factory=dict)
    daily_cap: Mapping[str, int] = field(default_factory=dict)
    two_person_above: Mapping[str, int] = field(default_factory=dict)

    def window_end(self, ground: Ground, paid_at: datetime) -> datetime | None:
        """The last moment at which a refund of this payment can be asked for; None for any."""
        days = self.window_days.get(ground)
        return None if days is None else paid_at + timedelta(days=days)

    def needs_two(self, total: Money) -> bool:
        """Whether giving back this much of a payment takes a second moderator."""
        limit = self.two_person_above.get(total.currency)
        return limit is not None and total.amount > limit


@dataclass(frozen=True, slots=True)
class Approval:
    """One moderator's yes, with everything that bears on it.

    `asked_by` are those who asked for the refund or put it before the moderators. `approved_by` are
    those who have said yes already. `given_back` is what of this payment was refunded before, and
    `granted` what this moderator has granted within the cap's period.
    """

    moderator: UserId
    amount: Money
    given_back: Money
    granted: Money
    ground: Ground
    paid_at: datetime
    asked_at: datetime
    asked_by: frozenset[UserId] = frozenset()
    approved_by: frozenset[UserId] = frozenset()
    owns_account: bool = False
    is_withdrawal: bool = False


class Bar(StrEnum):
    """Why this moderator, or this policy, cannot say yes at all."""

    SWITCHED_OFF = "switched_off"
    OWN_ACCOUNT = "own_account"
    OWN_REQUEST = "own_request"
    APPROVED_BEFORE = "approved_before"
    GROUND = "ground"


@dataclass(frozen=True, slots=True)
class Allowed:
    """It is granted."""


@dataclass(frozen=True, slots=True)
class NeedsSecondPerson:
    """It counts, and another moderator has to say yes too."""


@dataclass(frozen=True, slots=True)
class Barred:
    """It does not count."""

    why: Bar


@dataclass(frozen=True, slots=True)
class OutsideWindow:
    """It was asked for too late."""

    ended_at: datetime


@dataclass(frozen=True, slots=True)
class OverCap:
    """More than this moderator may grant now; `left` may be nothing."""

    cap: Money
    left: Money


Verdict = Allowed | NeedsSecondPerson | Barred | OutsideWindow | OverCap


def decide(policy: RefundPolicy, approval: Approval) -> Verdict:
    """What one moderator's yes does.

    A withdrawal is the law's and not the vendor's to refuse: neither the mode nor grounds, window
    and cap apply to it. That nobody decides about themselves, and that a large one takes two, does.
    """
    if (bar := _bar(policy, approval)) is not None:
        return Barred(bar)
    if not approval.is_withdrawal:
        ended_at = policy.window_end(approval.ground, approval.paid_at)
        if ended_at is not None and approval.asked_at > ended_at:
            return OutsideWindow(ended_at)
        if (over := _over_cap(policy, approval)) is not None:
            return over
    # In parts it is as much as at once.
    if policy.needs_two(approval.given_back + approval.amount) and not approval.approved_by:
        return NeedsSecondPerson()
    return Allowed()


def _bar(policy: RefundPolicy, approval: Approval) -> Bar | None:
    if not approval.is_withdrawal and policy.mode is RefundMode.NONE:
        return Bar.SWITCHED_OFF
    if approval.owns_account:
        return Bar.OWN_ACCOUNT
    if approval.moderator in approval.asked_by:
        return Bar.OWN_REQUEST
    if approval.moderator in approval.approved_by:
        return Bar.APPROVED_BEFORE
    if not approval.is_withdrawal and approval.ground not in policy.grounds:
        return Bar.GROUND
    return None


def _over_cap(policy: RefundPolicy, approval: Approval) -> OverCap | None:
    currency = approval.amount.currency
    cap = policy.daily_cap.get(currency)
    if cap is None or approval.granted.amount + approval.amount.amount <= cap:
        return None
    left = max(0, cap - approval.granted.amount)
    return OverCap(Money(cap, currency), Money(left, currency))
