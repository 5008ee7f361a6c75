"""What the reminders of a charge say about money (fairness rule 7)."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from bot.domain.money import Money
from bot.domain.notice import RenewalComing, TrialEnding
from bot.domain.offer import renewal_after
from bot.domain.subscription import Reduction, Status
from cogs.dependencies import Dependencies
from cogs.notices.wording import wording
from tests.unit.test_offer import CATALOGUE, YEARLY

DEPS = cast(Dependencies, SimpleNamespace(catalogue=CATALOGUE))
NEXT = renewal_after(YEARLY, 12)
HALF = Reduction(Money(10000, "usd"), YEARLY.price, YEARLY.period_end, NEXT)
LAST = replace(HALF, starts_at=YEARLY.period_start, until=YEARLY.period_end)


@pytest.mark.parametrize(
    ("cents", "reduction", "said"),
    [
        (20000, None, "On that day $200.00 is charged, yearly. "),
        (17500, None, "On that day $175.00 is charged. The price of the plan is $200.00 yearly. "),
        (
            10000,
            HALF,
            f"On that day $100.00 is charged. From {NEXT:%Y-%m-%d} on you pay $200.00 yearly",
        ),
        (20000, LAST, "On that day $200.00 is charged, yearly. "),
    ],
)
def test_fairness_7_what_is_charged_then_and_the_price_after_it(
    cents: int, reduction: Reduction | None, said: str
) -> None:
    facts = RenewalComing(replace(YEARLY, reduction=reduction), Money(cents, "usd"))

    first, _ = wording(facts, DEPS, lambda moment: f"{moment:%Y-%m-%d}").paragraphs

    assert first.startswith(said)


@pytest.mark.parametrize(
    ("cents", "reduction", "said"),
    [
        (20000, None, "On that day the first $200.00 is charged, and then yearly. "),
        (
            10000,
            None,
            "On that day the first $100.00 is charged. The price of the plan is $200.00 yearly. ",
        ),
        (
            10000,
            HALF,
            f"On that day the first $100.00 is charged. From {NEXT:%Y-%m-%d} on you pay $200.00 "
            "yearly. ",
        ),
    ],
)
def test_fairness_7_what_the_end_of_a_trial_charges_and_the_price_after_it(
    cents: int, reduction: Reduction | None, said: str
) -> None:
    trial = replace(YEARLY, status=Status.TRIALING, reduction=reduction)
    facts = TrialEnding(trial, Money(cents, "usd"))

    first, _ = wording(facts, DEPS, lambda moment: f"{moment:%Y-%m-%d}").paragraphs

    assert first.startswith(said)
