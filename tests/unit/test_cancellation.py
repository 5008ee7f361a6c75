"""When a cancellation takes effect, and whether that kept what was promised (S2, S3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.cancellation import (
    ASKING,
    UNFINISHED,
    AttemptState,
    CancelAttempt,
    Outcome,
    Step,
    ends_later,
    has_moved,
    is_late,
    monthly_price,
    outcome_of,
    steps_to,
)
from bot.domain.catalogue import Interval
from bot.domain.identifiers import (
    AttemptId,
    CustomerId,
    PaymentId,
    PriceId,
    ProviderName,
    SubscriptionId,
    TicketId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.subscription import TOLERANCE, Status, Subscription

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=30)
ASKED = START + timedelta(days=2)
STRIPE = ProviderName("stripe")
MIA = CustomerId("cus_mia")
PRO = Subscription(
    id=SubscriptionId("sub_mia"),
    provider=STRIPE,
    customer_id=MIA,
    plan_id=None,
    price_id=PriceId("price"),
    interval=Interval.MONTH,
    price=Money(2000, "usd"),
    status=Status.ACTIVE,
    created_at=START,
    period_start=START,
    period_end=END,
    cancel_at=None,
    ended_at=None,
)
LATE = replace(PRO, status=Status.PAST_DUE)
ENDED = replace(PRO, status=Status.CANCELED, ended_at=ASKED + timedelta(seconds=2))
PAYMENT = Payment(
    id=PaymentId("pi_1"),
    provider=STRIPE,
    customer_id=MIA,
    invoice_id=None,
    subscription_id=PRO.id,
    purpose=PaymentPurpose.SUBSCRIPTION,
    amount=Money(2000, "usd"),
    refunded=Money(0, "usd"),
    disputed=False,
    paid_at=ASKED,
    period_start=START,
    period_end=END,
)
offsets = st.timedeltas(timedelta(days=-40), timedelta(days=40))


def attempt(promised: datetime | None, **changes: object) -> CancelAttempt:
    """Confirmed at ASKED, with this end promised."""
    requested = CancelAttempt(
        id=AttemptId("ATTEMPT"),
        user_id=UserId(1),
        guild_id=None,
        customer_id=MIA,
        subscription_id=PRO.id,
        state=AttemptState.REQUESTED,
        reason_id=None,
        comment=None,
        ticket_id=None,
        started_at=ASKED,
        requested_at=ASKED,
        finished_at=None,
        effective_at=promised,
        failure=None,
    )
    return replace(requested, **changes)  # type: ignore[arg-type]


# --- what was shown ---


@given(offsets)
def test_a_paid_periods_end_is_shown_again_when_it_has_moved(by: timedelta) -> None:
    assert has_moved(END + by, PRO, now=ASKED) == (abs(by) > TOLERANCE)


@given(offsets)
def test_in_arrears_only_a_date_to_come_is_shown_again(by: timedelta) -> None:
    """Who was told "at once" yesterday need not be told again today."""
    assert has_moved(ASKED + by, LATE, now=ASKED) == (by > timedelta(0))


def test_who_was_told_at_once_is_shown_the_period_that_was_paid_since() -> None:
    assert has_moved(ASKED, PRO, now=ASKED + timedelta(minutes=1))


# --- what was promised ---


def test_an_end_at_once_is_told_by_its_time() -> None:
    assert attempt(ASKED).is_to_end_at_once
    assert not attempt(END).is_to_end_at_once
    assert not attempt(None).is_to_end_at_once
    assert not attempt(None, requested_at=None).is_to_end_at_once


def test_only_what_the_provider_has_ended_has_ended() -> None:
    done = {"state": AttemptState.CANCELLED, "finished_at": ASKED + timedelta(seconds=3)}
    assert attempt(ASKED, **done).has_ended
    assert not attempt(END, **done).has_ended
    assert not attempt(None, **done).has_ended
    assert not attempt(ASKED).has_ended


@pytest.mark.parametrize(
    ("end", "late"),
    [
        (END, False),
        (END + TOLERANCE, False),
        (END + TOLERANCE + timedelta(seconds=1), True),
        (END + timedelta(days=30), True),
    ],
)
def test_s3_a_later_end_than_promised_makes_look_at_the_payments(end: datetime, late: bool) -> None:
    answer = replace(PRO, cancel_at=end)
    renewal = replace(PAYMENT, period_start=END, period_end=END + timedelta(days=30))

    assert ends_later(attempt(END), answer) == late
    assert is_late(attempt(END), answer, [renewal]) == late
    assert not is_late(attempt(END), answer, [])


def test_s3_what_should_have_ended_at_once_and_goes_on_was_charged_for() -> None:
    soon = ASKED + timedelta(hours=1)  # even in a period that is over within the tolerance
    ends_soon = replace(PRO, cancel_at=soon, period_end=soon)
    assert is_late(attempt(ASKED), ends_soon, [replace(PAYMENT, period_end=soon)])
    assert not is_late(attempt(ASKED), ends_soon, [])


@pytest.mark.parametrize("promised", [ASKED, END])
def test_s3_a_renewal_that_was_paid_before_the_request_is_no_error(promised: datetime) -> None:
    """Its news was late: the end is another than promised, and nothing was charged after."""
    later = END + timedelta(days=30)
    renewed = replace(PRO, period_start=END, period_end=later, cancel_at=later)
    renewal = replace(PAYMENT, period_start=END, period_end=later)
    asked = attempt(promised, requested_at=ASKED + timedelta(milliseconds=700))
    if promised == ASKED:
        asked = replace(asked, effective_at=asked.requested_at)

    assert ends_later(asked, renewed)
    assert is_late(asked, renewed, [renewal])  # within the second that the provider tells
    before = replace(renewal, paid_at=ASKED - timedelta(seconds=1))
    assert not is_late(asked, renewed, [before])


def test_s3_of_what_has_ended_the_payments_tell() -> None:
    asked = attempt(ASKED)
    assert not is_late(asked, ENDED, [])
    assert is_late(asked, ENDED, [PAYMENT])
    for other in (
        replace(PAYMENT, subscription_id=SubscriptionId("sub_other")),
        replace(PAYMENT, period_start=START - timedelta(days=30), period_end=START),
        replace(PAYMENT, period_start=None, period_end=None),
        replace(PAYMENT, paid_at=ASKED - timedelta(seconds=1)),
        replace(PAYMENT, refunded=PAYMENT.amount),
    ):
        assert not is_late(asked, ENDED, [other])


def test_what_the_provider_gave_up_collecting_is_not_late() -> None:
    """It was away for two weeks, and the last try to collect failed meanwhile."""
    given_up = replace(ENDED, ended_at=ASKED + timedelta(days=14))
    assert not is_late(attempt(ASKED), given_up, [])
    assert not is_late(attempt(END), replace(ENDED, ended_at=END + timedelta(days=14)), [])


def test_what_ended_on_its_day_is_not_late_although_its_period_was_paid() -> None:
    assert not is_late(attempt(END), replace(ENDED, ended_at=END), [PAYMENT])


def test_without_a_promise_or_an_end_nothing_is_late() -> None:
    assert not is_late(attempt(None), replace(PRO, cancel_at=END), [])
    assert not is_late(attempt(END), PRO, [])


# --- what reports count ---


def test_every_state_counts_as_one_outcome() -> None:
    over = {state: outcome_of(attempt(None, state=state)) for state in AttemptState}
    assert {state for state, outcome in over.items() if outcome is Outcome.STARTED} == {
        *ASKING,
        AttemptState.ACCEPTING,
    }
    for state in set(AttemptState) - set(UNFINISHED) - {AttemptState.RESUMED}:
        assert over[state] == state.value
    assert over[AttemptState.REQUESTED] is Outcome.REQUEST_RECORDED
    assert over[AttemptState.RESUMED] is Outcome.ABORTED


def test_what_still_asks_counts_by_how_far_it_came() -> None:
    offered = attempt(None, state=AttemptState.REASON_GIVEN, offered_at=ASKED)
    assert outcome_of(offered) is Outcome.OFFER_SHOWN
    assert outcome_of(replace(offered, ticket_id=TicketId("T"))) is Outcome.TICKET_OPENED
    gone = replace(offered, ticket_id=TicketId("T"), state=AttemptState.CANCELLED)
    assert outcome_of(gone) is Outcome.CANCELLED


@pytest.mark.parametrize(
    ("to", "before", "times", "steps"),
    [
        (AttemptState.REASON_GIVEN, ASKING, (False, False), (Step.REASON_GIVEN,)),
        (AttemptState.REASON_GIVEN, ASKING, (False, True), (Step.REASON_GIVEN, Step.OFFER_SHOWN)),
        (AttemptState.ACCEPTING, ASKING, (True, False), (Step.OFFER_ACCEPTED,)),
        (AttemptState.SAVED, (AttemptState.ACCEPTING,), (False, False), (Step.SAVED,)),
        (AttemptState.SAVED, ASKING, (True, False), (Step.OFFER_ACCEPTED, Step.SAVED)),
        (
            AttemptState.REASON_GIVEN,
            (AttemptState.ACCEPTING,),
            (False, False),
            (Step.OFFER_FAILED,),
        ),
        (AttemptState.FAILED, (AttemptState.REQUESTED,), (False, False), (Step.FAILED,)),
    ],
)
def test_a_transition_is_recorded_as_its_steps(
    to: AttemptState,
    before: tuple[AttemptState, ...],
    times: tuple[bool, bool],
    steps: tuple[Step, ...],
) -> None:
    accepted, offered = times
    assert steps_to(to, before=before, accepted=accepted, offered=offered) == steps


@pytest.mark.parametrize(
    ("interval", "monthly"),
    [
        (Interval.MONTH, 1000),
        (Interval.QUARTER, 333),
        (Interval.HALF_YEAR, 167),
        (Interval.YEAR, 83),
        (Interval.WEEK, 4348),
        (Interval.DAY, 30438),
    ],
)
def test_prices_of_every_interval_are_told_by_the_month(interval: Interval, monthly: int) -> None:
    subscription = replace(PRO, interval=interval, price=Money(1000, "usd"))
    assert monthly_price(subscription) == Money(monthly, "usd")
