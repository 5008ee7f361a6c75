"""Small rules of allowances, attempts, tickets and screens."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allowance import Balance
from bot.domain.cancellation import ASKING, UNFINISHED, AttemptState, Reason, find_reason
from bot.domain.identifiers import GuildId, TicketId, UserId
from bot.domain.ticket import OCCUPYING, Ticket, TicketState, ticket_id_in
from bot.services.screens import Screen

units = st.integers(0, 10**12)


@given(units, units, units)
def test_what_is_left_is_never_below_zero(granted: int, topped_up: int, used: int) -> None:
    left = Balance(granted, topped_up, used).remaining
    assert left == max(0, granted + topped_up - used)


@given(units, units, units, units)
def test_a_top_up_never_leaves_less(granted: int, topped_up: int, used: int, more: int) -> None:
    before = Balance(granted, topped_up, used).remaining
    assert before <= Balance(granted, topped_up + more, used).remaining <= before + more


def test_states_that_go_on() -> None:
    assert set(ASKING) < set(UNFINISHED)
    assert set(UNFINISHED) - set(ASKING) == {AttemptState.ACCEPTING, AttemptState.REQUESTED}
    assert set(OCCUPYING) == {TicketState.OPENING, TicketState.OPEN}


def test_a_reason_that_the_vendor_removed_is_no_error() -> None:
    reasons = (Reason("unused", "I do not use it", "unused"), Reason("other", "Other", "other"))
    assert find_reason(reasons, "other") is reasons[1]
    assert find_reason(reasons, "gone") is None
    assert find_reason(reasons, None) is None


def ticket(ticket_id: str, number: int) -> Ticket:
    return Ticket(
        TicketId(ticket_id),
        number,
        GuildId(1),
        UserId(2),
        "billing",
        {},
        TicketState.OPENING,
        None,
        None,
        None,
        datetime(2026, 11, 1, tzinfo=UTC),
        None,
        None,
        None,
    )


@given(st.text("23456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=12, max_size=12), st.integers(1, 10**6))
def test_a_channel_is_known_again_by_its_topic(ticket_id: str, number: int) -> None:
    topic = ticket(ticket_id, number).channel_topic
    assert ticket_id_in(topic) == ticket_id
    assert len(topic) <= 1024


@pytest.mark.parametrize("topic", [None, "", "Talk about the weather", "mooring"])
def test_other_channels_name_no_ticket(topic: str | None) -> None:
    assert ticket_id_in(topic) is None


def test_channel_names_sort() -> None:
    assert [ticket("A", number).channel_name for number in (7, 12345)] == [
        "ticket-0007",
        "ticket-12345",
    ]


@given(st.integers(1, 2**63), st.text(min_size=1))
def test_a_screen_survives_its_job(application_id: int, token: str) -> None:
    screen = Screen(application_id, token)
    assert Screen.from_payload(screen.to_payload()) == screen
