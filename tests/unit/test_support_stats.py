"""The statistics: medians that occurred, names and files that spreadsheets only show."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.identifiers import UserId
from bot.domain.retention_report import Period
from bot.domain.support_hours import Span, SupportHours
from bot.domain.ticket_queue import QueueFilter, Whose
from bot.domain.ticket_stats import Spread, TicketFact, build
from cogs.queue.render import decoded, encoded
from cogs.support_stats.files import tickets_csv
from cogs.support_stats.picture import draw
from cogs.support_stats.render import stats_card
from cogs.support_stats.wording import Names, short

OPENED = datetime(2026, 11, 6, 16, tzinfo=UTC)  # a Friday
SAM = UserId(2001)
HOUR = timedelta(hours=1)
OFFICE = SupportHours(week=dict.fromkeys(range(5), (Span(9 * 60, 17 * 60),)))
NAMES = Names({"billing": "Billing"}, {SAM: "=HYPERLINK(1)"})


def fact(number: int, *, hours: float | None = 65, rating: int | None = None) -> TicketFact:
    """Answered after the weekend, and closed an hour later."""
    answered = None if hours is None else OPENED + hours * HOUR
    closed = None if answered is None else answered + HOUR
    return TicketFact(
        number, "billing", "normal", SAM if answered else None, OPENED, answered, closed, rating
    )


PERIOD = Period.of_days(7, now=OPENED + 2 * HOUR)


@given(st.lists(st.timedeltas(timedelta(), timedelta(days=90)), min_size=1))
def test_a_median_is_a_duration_that_occurred_and_half_are_no_longer(
    durations: list[timedelta],
) -> None:
    spread = Spread.of(durations)

    assert spread.median in durations
    assert spread.most in durations
    assert sum(each <= spread.median for each in durations) * 2 >= len(durations)
    assert sum(each <= spread.most for each in durations) * 10 >= 9 * len(durations)


def test_a_weekend_does_not_count_and_unrated_tickets_are_no_complaint() -> None:
    stats = build(
        [fact(1, rating=5), fact(2, rating=3), fact(3), fact(4, hours=None)], OFFICE, PERIOD
    )

    assert stats.overall.first_response.median == HOUR
    assert stats.overall.first_response_clock.median == 65 * HOUR
    assert (stats.overall.content.part, stats.overall.content.whole) == (1, 2)
    assert [(agent, own.opened) for agent, own in stats.by_agent] == [(SAM, 3), (None, 1)]


def test_the_file_names_no_member_and_calculates_nothing() -> None:
    written = tickets_csv([fact(7, rating=4), fact(8, hours=None)], OFFICE, NAMES)

    first, second = csv.DictReader(io.StringIO(written.decode("utf-8-sig")))
    assert (first["ticket"], first["agent"], first["rating"]) == ("0007", "'=HYPERLINK(1)", "4")
    assert (first["first_response_minutes"], first["first_response_clock_minutes"]) == (
        "60",
        "3900",
    )
    assert (second["agent"], second["closed_at"], second["resolution_minutes"]) == ("", "", "")


def test_pictures_are_drawn_of_what_there_is() -> None:
    some = draw(build([fact(1), fact(2, rating=5)], OFFICE, PERIOD), NAMES)

    assert set(some) == {"weeks", "topics", "agents"}
    assert all(drawn.startswith(b"\x89PNG") for drawn in some.values())
    assert draw(build([], OFFICE, PERIOD), NAMES) == {}
    assert draw(build([fact(1, hours=None)], OFFICE, PERIOD), NAMES) == {}


def test_a_long_list_fits_into_a_message() -> None:
    facts = [
        TicketFact(number, f"topic_{number}", "low", UserId(number), OPENED, None, None, None)
        for number in range(1, 400)
    ]
    view = stats_card(build(facts, OFFICE, PERIOD), {}, NAMES, is_always=False, now=OPENED)

    assert view.content_length() < 4000


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (None, "none"),
        (timedelta(), "0 min"),
        (timedelta(seconds=9), "1 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(minutes=90), "1.5 h"),
        (timedelta(hours=8), "8 h"),
        (timedelta(days=3), "3 d"),
    ],
)
def test_durations_are_short(duration: timedelta | None, said: str) -> None:
    assert short(duration) == said


@given(
    st.none() | st.from_regex(r"[a-z0-9_]{1,32}", fullmatch=True),
    st.sampled_from(Whose),
    st.integers(0, 9999),
)
def test_a_buttons_filter_is_read_back(topic_id: str | None, whose: Whose, page: int) -> None:
    chosen = QueueFilter(topic_id, whose, page)

    assert decoded(encoded(chosen)) == chosen
    assert len(f"m1:queue.topic:{encoded(chosen)}") <= 100


def test_a_button_of_another_version_shows_the_whole_queue() -> None:
    assert decoded("") == decoded("*/yours/-1") == QueueFilter()
