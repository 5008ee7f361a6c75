"""Until when somebody is kept from opening tickets, as people type it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ticket_block import LONGEST, parse_until

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("12h", NOW + timedelta(hours=12)),
        (" 7 D ", NOW + timedelta(days=7)),
        ("2w", NOW + timedelta(days=14)),
        ("2027-01-31", datetime(2027, 2, 1, tzinfo=UTC)),
        # Today is the last day: until it is over.
        ("2026-11-22", datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_a_duration_or_a_last_day(typed: str, until: datetime) -> None:
    assert parse_until(typed, now=NOW) == until


@pytest.mark.parametrize(
    "typed", ["", "soon", "0d", "-1d", "7", "7m", "2026-11-21", "2026-13-01", "9999w", "2999-01-01"]
)
def test_what_is_no_end_to_come(typed: str) -> None:
    assert parse_until(typed, now=NOW) is None


@given(st.text(max_size=20))
def test_whatever_is_typed_the_end_is_in_the_years_to_come(typed: str) -> None:
    until = parse_until(typed, now=NOW)
    assert until is None or NOW < until <= NOW + LONGEST
