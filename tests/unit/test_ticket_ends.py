"""When a closed ticket can be opened again, and when a rating is asked for and changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.identifiers import ERASED_USER, GuildId, TicketId, UserId
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_ends import (
    CHANGEABLE_FOR,
    EndPolicy,
    ReopenObstacle,
    asks_for_rating,
    may_rate,
    reopen_obstacle,
    reopenable_until,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CLOSED = Ticket(
    TicketId("T1"),
    1,
    GuildId(1),
    UserId(2),
    "billing",
    {},
    TicketState.CLOSED,
    None,
    None,
    None,
    NOW - timedelta(days=2),
    NOW,
    UserId(3),
    "Solved",
    first_reply_at=NOW - timedelta(days=1),
)


@given(st.integers(1, 90), st.integers(-100, 200))
def test_a_ticket_can_be_reopened_for_so_many_days(days: int, hours: int) -> None:
    policy, now = EndPolicy(days), NOW + timedelta(days=days, hours=hours)

    obstacle = reopen_obstacle(CLOSED, policy, now=now)

    assert obstacle == (ReopenObstacle.LATE if hours > 0 else None)
    assert reopenable_until(CLOSED, policy) == NOW + timedelta(days=days)


@pytest.mark.parametrize(
    ("ticket", "days", "expected"),
    [
        (replace(CLOSED, state=TicketState.CLOSING), 7, ReopenObstacle.STILL_CLOSING),
        (replace(CLOSED, state=TicketState.FAILED), 7, ReopenObstacle.NEVER_OPENED),
        (replace(CLOSED, merged_into=TicketId("T2")), 7, ReopenObstacle.MERGED),
        (replace(CLOSED, opener_id=ERASED_USER), 7, ReopenObstacle.LATE),
        (CLOSED, 0, ReopenObstacle.SWITCHED_OFF),
    ],
)
def test_what_stands_in_the_way(ticket: Ticket, days: int, expected: ReopenObstacle) -> None:
    assert reopen_obstacle(ticket, EndPolicy(days), now=NOW) is expected


def test_it_is_offered_only_where_it_will_be_possible() -> None:
    assert reopenable_until(CLOSED, EndPolicy(0)) is None
    assert reopenable_until(replace(CLOSED, merged_into=TicketId("T2")), EndPolicy(7)) is None


def test_a_rating_is_asked_once_and_only_after_an_answer_of_a_person() -> None:
    assert asks_for_rating(CLOSED)
    assert not asks_for_rating(replace(CLOSED, first_reply_at=None))
    assert not asks_for_rating(replace(CLOSED, rating_asked_at=NOW))
    assert not asks_for_rating(replace(CLOSED, merged_into=TicketId("T2")))


def test_a_rating_can_be_changed_for_a_day() -> None:
    asked = replace(CLOSED, rating_asked_at=NOW)
    rated = replace(asked, rating=2, rated_at=NOW)

    assert not may_rate(CLOSED, now=NOW)
    assert may_rate(replace(CLOSED, state=TicketState.CLOSING), now=NOW)
    assert may_rate(asked, now=NOW + timedelta(days=300))
    assert may_rate(rated, now=NOW + CHANGEABLE_FOR)
    assert not may_rate(rated, now=NOW + CHANGEABLE_FOR + timedelta(seconds=1))


def test_each_life_of_a_ticket_has_a_name_of_its_own() -> None:
    again = replace(CLOSED, reopened_at=NOW)
    later = replace(CLOSED, reopened_at=NOW + timedelta(milliseconds=1))

    assert len({CLOSED.life, again.life, later.life}) == 3
    assert CLOSED.life == ""
