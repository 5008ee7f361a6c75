"""What members are told without asking: when each notice is due, and which can be switched off.

Pure rules over a change in the mirror, or over a subscription and the time. What is older than
`HISTORY` when Mooring learns of it is not told: nobody wants last month's news on linking.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.account import Card
from bot.domain.allowance import Balance
from bot.domain.invoice import Invoice
from bot.domain.money import Money
from bot.domain.other_plans import OtherPlan
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.subscription import Status, Subscription, has_access

HISTORY = timedelta(days=3)
# Laws on renewals of long contracts want a reminder 15 to 45 days before.
RENEWAL_NOTICE = timedelta(days=30)
LONG_PERIOD = timedelta(days=180)
# Card networks want one at least 7 days before a trial becomes a paid plan.
TRIAL_NOTICE = timedelta(days=7, hours=1)
CARD_NOTICE = timedelta(days=30)


class NoticeKind(StrEnum):
    """Each of them is sent once for each thing that it is about."""

    PAYMENT_RECEIVED = "payment_received"
    PAYMENT_FAILED = "payment_failed"
    RENEWAL_COMING = "renewal_coming"
    TRIAL_ENDING = "trial_ending"
    CARD_EXPIRING = "card_expiring"
    ACCESS_ENDED = "access_ended"
    ALLOWANCE_USED = "allowance_used"


# A coming charge and a failed one are never silent: the law or the card networks ask for the first,
# and whoever misses the second loses access. The rest can be looked up with /balance at any time,
# and an end of access was told with its date before: in the receipt of the cancellation, or in the
# notice of the payment that failed.
SWITCHABLE = (
    NoticeKind.PAYMENT_RECEIVED,
    NoticeKind.CARD_EXPIRING,
    NoticeKind.ACCESS_ENDED,
    NoticeKind.ALLOWANCE_USED,
)
# Whether these are due is asked again whenever something changes, until their period ends.
REMINDERS = (NoticeKind.RENEWAL_COMING, NoticeKind.TRIAL_ENDING, NoticeKind.CARD_EXPIRING)
_ARREARS = frozenset({Status.PAST_DUE, Status.UNPAID})


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    """A payment went through (S16, S18). `balance` is None where there is no allowance.

    `is_first` of its subscription: that one confirms a contract, so it is always sent. `is_over`:
    the plan is. `is_late`: it was before the payment was made, so that brings nothing. `has_plan`:
    one is on, be it another.
    """

    payment: Payment
    invoice: Invoice | None
    subscription: Subscription | None
    balance: Balance | None
    is_first: bool
    is_over: bool = False
    is_late: bool = False
    has_plan: bool = True


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """A renewal was declined (S28). Access goes on until `grace_end` if that lies ahead.

    `decline_code` is the provider's, where it tells one.
    """

    subscription: Subscription
    grace_end: datetime
    has_access: bool
    decline_code: str | None


@dataclass(frozen=True, slots=True)
class RenewalComing:
    """A long period ends, and the next one will be charged: `charge`, which is not the price of the
    subscription where a discount counts."""

    subscription: Subscription
    charge: Money


@dataclass(frozen=True, slots=True)
class TrialEnding:
    """The first charge comes: `charge`, as for a renewal."""

    subscription: Subscription
    charge: Money


@dataclass(frozen=True, slots=True)
class CardExpiring:
    """The card will not see the next renewal."""

    subscription: Subscription
    card: Card


@dataclass(frozen=True, slots=True)
class AccessEnded:
    """The plan is over (S4). `unpaid`: it can still be paid, and then it is on again."""

    subscription: Subscription
    unpaid: bool
    others: tuple[OtherPlan, ...] = ()


@dataclass(frozen=True, slots=True)
class AllowanceUsed:
    """Nothing is left of this month's allowance, nor of top-ups."""

    subscription: Subscription
    balance: Balance


Facts = (
    PaymentReceived
    | PaymentFailed
    | RenewalComing
    | TrialEnding
    | CardExpiring
    | AccessEnded
    | AllowanceUsed
)


def is_news(moment: datetime, *, now: datetime) -> bool:
    """Whether it is recent enough to be told. A provider's clock may be ahead of ours."""
    return now - moment <= HISTORY


def tells_payment(before: Payment | None, after: Payment, *, now: datetime) -> bool:
    """Whether a payment is told when it is first seen.

    Top-ups are told when their purchase is complete, because only then is the balance new.
    """
    return (
        before is None
        and after.purpose is PaymentPurpose.SUBSCRIPTION
        and is_news(after.paid_at, now=now)
    )


def tells_failure(before: Subscription | None, after: Subscription) -> bool:
    """Whether a renewal has just failed, for the first time in its period (S28)."""
    if before is None or after.status not in _ARREARS:
        return False
    known = before.status in _ARREARS and before.period_start == after.period_start
    return before.is_live and not known


def tells_end(
    before: Subscription | None, after: Subscription, *, now: datetime, grace: timedelta
) -> bool:
    """Whether access was on before and is over now (S4), however the provider came to it.

    A scheduled end that has come by the clock alone does not count as over before: that is what
    the provider's event is about. A payment that fails is told as such.
    """
    if before is None or not is_news(after.ended_at or now, now=now):
        return False
    had = before.status in (Status.TRIALING, Status.ACTIVE) or has_access(
        before, now=now, grace=grace
    )
    if after.status in _ARREARS and tells_failure(before, after):
        return False
    over = after.status in (Status.CANCELED, *_ARREARS)
    return had and over and not has_access(after, now=now, grace=grace)


def renews(subscription: Subscription) -> bool:
    """Whether the provider will charge for another period."""
    return not subscription.ends_with_period and subscription.status in (
        Status.TRIALING,
        Status.ACTIVE,
        Status.PAST_DUE,
    )


def renewal_reminder(subscription: Subscription) -> datetime | None:
    """When to remind of the next charge; None for short periods and for those that end."""
    length = subscription.period_end - subscription.period_start
    if not renews(subscription) or length < LONG_PERIOD or subscription.status is Status.TRIALING:
        return None
    return subscription.period_end - RENEWAL_NOTICE


def trial_reminder(subscription: Subscription) -> datetime | None:
    """When to remind of the first charge; in a trial shorter than the notice, that is at once."""
    if not renews(subscription) or subscription.status is not Status.TRIALING:
        return None
    return subscription.period_end - TRIAL_NOTICE


def card_reminder(subscription: Subscription, card: Card | None) -> datetime | None:
    """When to ask for another card; None when this one will still be good at the renewal, and where
    a pause comes first: the period before the one that is charged again has its own time for it."""
    if card is None or not renews(subscription) or subscription.resumes_at is not None:
        return None
    if card.expires_at > subscription.period_end:
        return None
    return subscription.period_end - CARD_NOTICE


def reminders(
    subscription: Subscription, card: Card | None
) -> tuple[tuple[NoticeKind, datetime], ...]:
    """All that will be told of the present period, with the times."""
    due = (
        (NoticeKind.RENEWAL_COMING, renewal_reminder(subscription)),
        (NoticeKind.TRIAL_ENDING, trial_reminder(subscription)),
        (NoticeKind.CARD_EXPIRING, card_reminder(subscription, card)),
    )
    return tuple((kind, moment) for kind, moment in due if moment is not None)
