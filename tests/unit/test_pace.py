"""How fast a provider is asked: turns without a clock of their own."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.billing.pace import Pace, seconds_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@given(pauses=st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_in_no_second_more_than_the_rate_and_what_may_come_at_once(pauses: list[float]) -> None:
    pace, now, turns = Pace(per_second=5, at_once=4), 0.0, []
    for pause in pauses:
        now += pause
        turns.append(now + pace.take(now))

    assert turns == sorted(turns)
    for first in turns:
        assert len([turn for turn in turns if first <= turn < first + 1 - 1e-6]) <= 5 + 4


def test_after_a_rest_some_come_at_once_and_then_one_after_the_other() -> None:
    pace = Pace(per_second=10, at_once=3)

    waits = [pace.take(100.0) for _ in range(5)]

    assert waits == pytest.approx([0, 0, 0, 0.1, 0.2])


def test_while_it_is_held_nobody_asks() -> None:
    pace = Pace(per_second=10, at_once=3)
    pace.hold(100.0, 4)

    assert [pace.take(100.0), pace.take(101.0)] == pytest.approx([4.0, 3.1])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        (" 0 ", 0.0),
        ("9999999999", 5.0),
        ("Sun, 01 Nov 2026 12:00:03 GMT", 3.0),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Nov 2026 12:00:04 -0000", 4.0),
        (None, 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-1", 0.0),
        ("²", 0.0),
    ],
)
def test_retry_after_is_honoured_within_bounds(header: str | None, seconds: float) -> None:
    assert seconds_of(header, now=NOW, longest=5.0) == seconds


def test_a_date_far_ahead_is_bounded_too() -> None:
    far = (NOW + timedelta(days=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert seconds_of(far, now=NOW, longest=5.0) == 5.0
