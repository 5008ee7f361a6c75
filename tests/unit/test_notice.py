"""Which changes are told, and when what is coming is told (S4, S16, S28)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import Card
from bot.domain.catalogue import Interval
from bot.domain.identifiers import (
    STRIPE,
    CustomerId,
    PaymentId,
    PlanId,
    PriceId,
    SubscriptionId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.notice import (
    HISTORY,
    NoticeKind,
    card_reminder,
    is_news,
    reminders,
    renewal_reminder,
    renews,
    tells_end,
    tells_failure,
    tells_payment,
    trial_reminder,
)
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.subscription import Status, Subscription, has_access
from bot.services.changes import Change, Changes
from bot.services.notice_jobs import GRACE_OVER, PERIOD_OVER, notices_of, stamp, timers_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MIA, MIAS = UserId(1001), CustomerId("cus")
GRACE = timedelta(days=7)
PRO = Subscription(
    id=SubscriptionId("sub"),
    provider=STRIPE,
    customer_id=MIAS,
    plan_id=PlanId("pro"),
    price_id=PriceId("price"),
    interval=Interval.MONTH,
    price=Money(2000, "usd"),
    status=Status.ACTIVE,
    created_at=NOW - timedelta(days=40),
    period_start=NOW - timedelta(days=10),
    period_end=NOW + timedelta(days=20),
    cancel_at=None,
    ended_at=None,
)
YEARLY = replace(PRO, interval=Interval.YEAR, period_end=PRO.period_start + timedelta(days=365))
PAID = Payment(
    id=PaymentId("pi"),
    provider=STRIPE,
    customer_id=MIAS,
    invoice_id=None,
    subscription_id=PRO.id,
    purpose=PaymentPurpose.SUBSCRIPTION,
    amount=Money(2000, "usd"),
    refunded=Money(0, "usd"),
    disputed=False,
    paid_at=NOW,
    period_start=PRO.period_start,
    period_end=PRO.period_end,
)

offsets = st.timedeltas(timedelta(days=-400), timedelta(days=400))
moments = offsets.map(lambda offset: NOW + offset)
subscriptions = st.builds(
    lambda status, start, length, cancel_at, ended_at: replace(
        PRO,
        status=status,
        period_start=start,
        period_end=start + length,
        cancel_at=cancel_at,
        ended_at=ended_at,
    ),
    st.sampled_from(Status),
    moments,
    st.timedeltas(timedelta(hours=1), timedelta(days=400)),
    st.none() | moments,
    st.none() | moments,
)


def changed(before: Subscription | None, after: Subscription, *, linked: bool = True) -> Changes:
    return Changes(
        subscriptions=(Change(before, after),),
        users={MIAS: MIA} if linked else {},
    )


# --- payments ---


@given(moments)
def test_s16_a_new_payment_is_told_unless_it_is_history(paid_at: datetime) -> None:
    told = tells_payment(None, replace(PAID, paid_at=paid_at), now=NOW)

    assert told == (paid_at >= NOW - HISTORY)
    assert told == is_news(paid_at, now=NOW)


def test_s16_what_changes_in_a_known_payment_is_not_told_again() -> None:
    refunded = replace(PAID, refunded=Money(500, "usd"))
    assert not tells_payment(PAID, refunded, now=NOW)


@pytest.mark.parametrize("purpose", [PaymentPurpose.TOP_UP, PaymentPurpose.OTHER])
def test_only_payments_of_subscriptions_are_told_when_they_are_seen(
    purpose: PaymentPurpose,
) -> None:
    assert not tells_payment(None, replace(PAID, purpose=purpose), now=NOW)


def test_s16_a_payment_is_told_to_linked_members_only() -> None:
    unlinked = Changes(payments=(Change(None, PAID),))
    linked = replace(unlinked, users={MIAS: MIA})

    assert notices_of(unlinked, grace=GRACE, now=NOW) == []
    assert [each.key for each in notices_of(linked, grace=GRACE, now=NOW)] == [
        "notice:payment_received:pi"
    ]


# --- failures and ends ---


@given(subscriptions, subscriptions)
def test_s28_a_failure_is_told_once_for_each_period(
    before: Subscription, after: Subscription
) -> None:
    told = tells_failure(before, after)

    arrears = {Status.PAST_DUE, Status.UNPAID}
    if told:
        assert after.status in arrears
        assert before.is_live
    if before.status in arrears and before.period_start == after.period_start:
        assert not told
    assert not tells_failure(None, after)  # history
    assert not tells_failure(after, after)


@given(subscriptions, subscriptions, moments)
def test_s4_an_end_is_told_only_where_access_was_and_is_not(
    before: Subscription, after: Subscription, now: datetime
) -> None:
    told = tells_end(before, after, now=now, grace=GRACE)

    if told:
        assert not has_access(after, now=now, grace=GRACE)
        assert after.ended_at is None or now - after.ended_at <= HISTORY
        assert not tells_failure(before, after)
    assert not tells_end(None, after, now=now, grace=GRACE)
    assert not tells_end(replace(before, status=Status.CANCELED), after, now=now, grace=GRACE)


def test_s4_an_end_that_the_event_tells_after_the_promised_time_is_told() -> None:
    cancelled = replace(PRO, cancel_at=NOW - timedelta(seconds=5))
    ended = replace(cancelled, status=Status.CANCELED, ended_at=NOW - timedelta(seconds=5))

    assert tells_end(cancelled, ended, now=NOW, grace=GRACE)


def test_s4_after_the_grace_period_the_end_is_no_news() -> None:
    due = replace(PRO, status=Status.PAST_DUE, period_start=NOW - timedelta(days=8))
    ended = replace(due, status=Status.CANCELED, ended_at=NOW)

    assert not tells_end(due, ended, now=NOW, grace=GRACE)
    assert tells_end(due, ended, now=NOW, grace=timedelta(days=9))


def test_s4_a_payment_given_up_within_the_grace_period_is_told() -> None:
    due = replace(PRO, status=Status.PAST_DUE, period_start=NOW - timedelta(days=1))
    unpaid = replace(due, status=Status.UNPAID)

    [job] = notices_of(changed(due, unpaid), grace=GRACE, now=NOW)

    assert job.key == f"notice:access_ended:sub:{stamp(due.period_start)}"


# --- what is coming ---


@given(subscriptions, moments)
def test_reminders_are_for_charges_that_will_come(
    subscription: Subscription, expires_at: datetime
) -> None:
    due = dict(reminders(subscription, Card("4242", expires_at)))

    assert all(moment < subscription.period_end for moment in due.values())
    if due:
        assert renews(subscription)
        assert not subscription.ends_with_period
    assert (NoticeKind.TRIAL_ENDING in due) == (
        renews(subscription) and subscription.status is Status.TRIALING
    )
    if NoticeKind.TRIAL_ENDING in due:
        assert NoticeKind.RENEWAL_COMING not in due


@pytest.mark.parametrize(
    ("days", "told"), [(28, False), (31, False), (92, False), (181, True), (365, True), (366, True)]
)
def test_long_periods_are_told_15_to_45_days_before_they_renew(days: int, told: bool) -> None:
    subscription = replace(PRO, period_end=PRO.period_start + timedelta(days=days))

    due = renewal_reminder(subscription)

    assert (due is not None) == told
    if due is not None:
        assert timedelta(days=15) < subscription.period_end - due < timedelta(days=45)


def test_trials_are_told_at_least_seven_days_before_they_end() -> None:
    trial = replace(PRO, status=Status.TRIALING)

    due = trial_reminder(trial)

    assert due is not None
    assert trial.period_end - due >= timedelta(days=7)
    assert trial_reminder(PRO) is None
    assert trial_reminder(replace(trial, cancel_at=trial.period_end)) is None


@given(moments)
def test_a_card_is_told_of_only_when_the_renewal_will_not_find_it_good(
    expires_at: datetime,
) -> None:
    due = card_reminder(PRO, Card("4242", expires_at))

    assert (due is not None) == (expires_at <= PRO.period_end)
    assert card_reminder(PRO, None) is None
    assert card_reminder(replace(PRO, cancel_at=PRO.period_end), Card("4242", NOW)) is None


def test_a_reminder_is_one_job_however_often_the_subscription_changes() -> None:
    first = notices_of(changed(None, YEARLY), grace=GRACE, now=NOW)
    again = notices_of(
        changed(YEARLY, replace(YEARLY, price=Money(1, "usd"))), grace=GRACE, now=NOW
    )
    next_year = replace(
        YEARLY, period_start=YEARLY.period_end, period_end=YEARLY.period_end + timedelta(days=365)
    )

    assert [each.key for each in first] == [each.key for each in again]
    [job] = first
    assert job.run_at == YEARLY.period_end - timedelta(days=30)
    assert job.line is None
    [following] = notices_of(changed(YEARLY, next_year), grace=GRACE, now=NOW)
    assert following.key != job.key


def test_a_reminder_whose_time_has_come_waits_until_somebody_is_linked() -> None:
    soon = replace(
        YEARLY, period_start=NOW - timedelta(days=350), period_end=NOW + timedelta(days=15)
    )

    assert notices_of(changed(None, soon, linked=False), grace=GRACE, now=NOW) == []
    assert len(notices_of(changed(None, soon), grace=GRACE, now=NOW)) == 1
    assert len(notices_of(changed(None, YEARLY, linked=False), grace=GRACE, now=NOW)) == 1


def test_what_is_over_is_not_reminded_of() -> None:
    over = replace(YEARLY, period_start=NOW - timedelta(days=366), period_end=NOW)
    assert notices_of(changed(None, over), grace=GRACE, now=NOW) == []


# --- timers ---


@given(subscriptions, moments)
def test_s4_timers_stand_for_ends_by_the_clock_and_block_no_line(
    subscription: Subscription, now: datetime
) -> None:
    timers = timers_of(changed(None, subscription), grace=GRACE, now=now)

    kinds = {each.kind: each for each in timers}
    assert len(kinds) == len(timers)
    assert all(each.line is None for each in timers)
    end = subscription.cancel_at
    assert (PERIOD_OVER in kinds) == (subscription.is_live and end is not None)
    if PERIOD_OVER in kinds:
        assert kinds[PERIOD_OVER].run_at == end
    if GRACE_OVER in kinds:
        assert subscription.status is Status.PAST_DUE
        assert kinds[GRACE_OVER].run_at == subscription.period_start + GRACE


def test_s4_without_a_grace_period_the_failure_says_it_all() -> None:
    due = replace(PRO, status=Status.PAST_DUE, period_start=NOW)
    change = changed(PRO, due)

    assert timers_of(change, grace=timedelta(), now=NOW) == []
    [job] = notices_of(change, grace=timedelta(), now=NOW)
    assert job.key == f"notice:payment_failed:sub:{stamp(NOW)}"
