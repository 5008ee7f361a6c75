"""Whether a declined payment is still something to mend (S28)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.money import Money
from bot.domain.payment_failure import PaymentFailure, can_be_mended
from bot.domain.subscription import Status, Subscription
from tests.unit.test_offer import MONTHLY, NOW

FAILED_AT = NOW - timedelta(days=5)
FAILURE = PaymentFailure("insufficient_funds", Money(2000, "usd"), FAILED_AT)


def ended(days: int) -> Subscription:
    """That many days after the failure."""
    end = FAILED_AT + timedelta(days=days)
    return replace(MONTHLY, status=Status.CANCELED, ended_at=end)


PAST_DUE = replace(MONTHLY, status=Status.PAST_DUE)
FIRST_OPEN = replace(MONTHLY, status=Status.INCOMPLETE)


@pytest.mark.parametrize(
    ("known", "can"),
    [
        ([], True),
        ([PAST_DUE], True),
        ([MONTHLY], True),
        ([FIRST_OPEN], True),
        # It was for what has ended, or before it: history.
        ([ended(0)], False),
        ([ended(2)], False),
        ([MONTHLY, ended(2)], False),
        # Somebody has tried to come back.
        ([ended(-1)], True),
        # Another one is still to be paid.
        ([PAST_DUE, ended(2)], True),
        ([ended(2), FIRST_OPEN], True),
    ],
)
def test_s28_a_failure_before_the_end_of_a_plan_is_history(
    known: list[Subscription], can: bool
) -> None:
    assert can_be_mended(FAILURE, known) is can
