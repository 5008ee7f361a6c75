"""The report's sums, whatever the attempts were; and its intervals against published figures."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.cancellation import Outcome
from bot.domain.offer import HOLDOUT
from bot.domain.retention_report import (
    DECIDED,
    GONE,
    STAYED,
    Cell,
    Period,
    Report,
    Result,
    Share,
    build,
    monday_of,
    result_of,
)

PERIOD = Period(date(2026, 9, 3), date(2026, 11, 22))
REASONS = ("price", "bugs", "unused")


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    """As the flow writes them: no offer before a reason, and nothing is saved without one."""
    reason = draw(st.sampled_from((None, *REASONS)))
    variant = draw(st.sampled_from((None, "half", "pause", HOLDOUT))) if reason else None
    was_offered = variant not in (None, HOLDOUT) and draw(st.booleans())
    saves = {Result.SAVED, Result.UNPROVEN, Result.UNDONE}
    confirmed = {Result.CANCELLED, Result.REQUESTED, Result.FAILED}
    possible = set(Result) - (set() if was_offered else saves) - (set() if reason else confirmed)
    currency = draw(st.sampled_from((None, "usd", "eur")))
    return Cell(
        draw(st.sampled_from(PERIOD.mondays())),
        draw(st.sampled_from(sorted(possible))),
        reason,
        variant,
        was_offered,
        currency,
        draw(st.integers(1, 50)),
        draw(st.integers(0, 100_000)) if currency else 0,
    )


def report_of(*given_cells: Cell) -> Report:
    return build(given_cells, period=PERIOD, plan_id=None)


@given(st.lists(cells(), max_size=40))
def test_the_sums_add_up(made: list[Cell]) -> None:
    report = report_of(*made)
    results = report.funnel.results

    assert sum(results.values()) == report.funnel.started == sum(cell.attempts for cell in made)
    assert sum(week.saved.whole for week in report.weeks) == report.saved.whole
    assert sum(week.saved.part for week in report.weeks) == report.saved.part
    assert sum(week.unproven for week in report.weeks) == results[Result.UNPROVEN]
    assert report.saved.whole == sum(results[each] for each in DECIDED)
    assert sum(line.attempts for line in report.reasons) == report.funnel.gave_reason
    assert sum(line.cancelled for line in report.reasons) == results[Result.CANCELLED]


@given(st.lists(cells(), max_size=40))
def test_the_funnel_only_narrows(made: list[Cell]) -> None:
    funnel = report_of(*made).funnel
    saves = sum(funnel.results[each] for each in (Result.SAVED, Result.UNPROVEN, Result.UNDONE))
    assert funnel.started >= funnel.gave_reason >= funnel.saw_offer >= saves


@given(st.lists(cells(), max_size=40))
def test_currencies_are_never_added_to_each_other(made: list[Cell]) -> None:
    report = report_of(*made)
    expected = Counter[str]()
    for cell in made:
        if cell.result is Result.CANCELLED and cell.currency:
            expected[cell.currency] += cell.monthly_amount

    assert {money.currency: money.amount for money in report.lost} == expected
    for currency, amount in expected.items():
        assert sum(line.lost.get(currency, 0) for line in report.reasons) == amount


@given(st.lists(cells(), max_size=40))
def test_offers_are_compared_within_a_reason_that_has_one(made: list[Cell]) -> None:
    lines = report_of(*made).variants
    for line in lines:
        of_reason = [each.variant for each in lines if each.reason_id == line.reason_id]
        assert set(of_reason) != {HOLDOUT}
        assert of_reason.index(line.variant) == len(of_reason) - 1 or line.variant != HOLDOUT
        assert line.saved + line.unproven <= line.stayed.part <= line.stayed.whole <= line.attempts


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_contains_the_rate_and_narrows(part: int, others: int) -> None:
    share = Share(part, part + others)
    low, high = share.bounds
    assert 0 <= low <= high <= 1
    if share.rate is not None:
        assert low <= share.rate <= high
        more_low, more_high = Share(part * 4, (part + others) * 4).bounds
        assert more_high - more_low < high - low


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Newcombe (1998), table I: Wilson's score method.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_the_published_one(
    part: int, whole: int, low: float, high: float
) -> None:
    assert list(Share(part, whole).bounds) == pytest.approx([low, high], abs=1e-4)


def test_nothing_of_nothing_is_no_rate() -> None:
    assert (Share(0, 0).rate, Share(0, 0).bounds) == (None, (0.0, 1.0))


def test_every_outcome_has_a_result_and_a_save_waits_for_its_proof() -> None:
    for outcome in Outcome:
        assert isinstance(result_of(outcome, is_kept=False, has_left=False), Result)
    assert result_of(Outcome.SAVED, is_kept=False, has_left=False) is Result.UNPROVEN
    assert result_of(Outcome.SAVED, is_kept=False, has_left=True) is Result.UNDONE
    # Whoever leaves later was saved all the same.
    assert result_of(Outcome.SAVED, is_kept=True, has_left=True) is Result.SAVED
    assert not STAYED & GONE


@given(st.integers(1_577_836_800, 4_000_000_000), st.integers(1, 366))
def test_a_period_has_its_days_and_every_week_of_them(seconds: int, days: int) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    period = Period.of_days(days, now=now)
    assert period.start <= now < period.end
    assert period.end - period.start == timedelta(days=days)
    weeks = {monday_of(period.first + timedelta(days=day)) for day in range(days)}
    assert period.mondays() == sorted(weeks)
    slices = list(period.slices(timedelta(days=28)))
    assert (slices[0].start, slices[-1].end) == (period.start, period.end)
    assert all(one.end == after.start for one, after in pairwise(slices))


def test_what_is_no_period() -> None:
    day = date(2026, 11, 1)
    assert Period(day, day).is_usable
    assert not Period(day, day - timedelta(days=1)).is_usable
    assert not Period(day, day + timedelta(days=400)).is_usable
