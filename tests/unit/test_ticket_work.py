"""Tags, snoozing, macros: the pure parts of the team's work."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.domain.macro import PLACEHOLDERS, filled, unknown_placeholders
from bot.domain.ticket_work import LONGEST_SNOOZE, snooze_end, span_of, tag_of
from bot.settings.macros import DeskSection, MacroSection

BERLIN = ZoneInfo("Europe/Berlin")
# A Sunday: the clocks were set back in the night before.
SUNDAY = datetime(2026, 10, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("bug", "bug"),
        ("Login Problem", "login-problem"),
        ("a_b", "a-b"),
        ("", None),
        ("-x", None),
        ("<@1>", None),
        ("ü", None),
        ("x" * 31, None),
    ],
)
def test_tags_have_one_form(typed: str, tag: str | None) -> None:
    assert tag_of(typed) == tag


@given(st.text(max_size=60))
def test_a_tag_is_a_tag_already(typed: str) -> None:
    tag = tag_of(typed)
    assert tag is None or tag_of(tag) == tag


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ("1h", SUNDAY + timedelta(hours=1)),
        ("2 d", SUNDAY + timedelta(days=2)),
        ("Tomorrow", datetime(2026, 10, 26, 8, tzinfo=UTC)),
        ("monday", datetime(2026, 10, 26, 8, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01 14:30", datetime(2026, 11, 1, 13, 30, tzinfo=UTC)),
        ("0h", None),
        ("91d", None),
        ("2026-10-24", None),
        ("2026-13-01", None),
        ("2026-11-01 25:00", None),
        ("soon", None),
    ],
)
def test_a_snooze_ends_in_the_teams_own_morning(typed: str, end: datetime | None) -> None:
    assert snooze_end(typed, now=SUNDAY, zone=BERLIN) == end


def test_monday_is_the_next_one_also_on_a_monday() -> None:
    monday = SUNDAY + timedelta(days=1)
    assert snooze_end("monday", now=monday, zone=UTC) == datetime(2026, 11, 2, 9, tzinfo=UTC)


@given(
    st.text(max_size=20) | st.from_regex(r"\d{1,4}[mhdw]", fullmatch=True),
    st.timedeltas(timedelta(days=-2000), timedelta(days=2000)),
)
def test_a_snooze_is_to_come_and_near(typed: str, later: timedelta) -> None:
    at = SUNDAY + later
    end = snooze_end(typed, now=at, zone=BERLIN)
    assert end is None or at < end <= at + LONGEST_SNOOZE


def test_lengths_of_time() -> None:
    assert span_of("90m") == timedelta(minutes=90)
    assert span_of("1w") == timedelta(weeks=1)
    assert span_of("1y") is None


def test_a_value_is_never_read_for_placeholders_again() -> None:
    """What is filled in stays as it is, whatever it looks like."""
    values = {"member": "{agent}", "agent": "Sam"}
    assert filled("{member}, {agent}, {x}", values) == "{agent}, Sam, {x}"
    assert unknown_placeholders("{member} {nick} {}") == ["nick", ""]


@given(st.dictionaries(st.sampled_from(sorted(PLACEHOLDERS)), st.text()), st.text())
def test_filling_never_fails(values: dict[str, str], text: str) -> None:
    assert isinstance(filled(text, values), str)


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ([{"reply": "Hello {nick}"}], "only placeholders that exist"),
        ([{"reply": "a", "tag": "bug"}], "one action in each pair of braces"),
        ([{"reply": "a"}, {"reply": "b"}], "reply once"),
        ([{"close": "Solved"}, {"tag": "bug"}], "close as the last action"),
        ([{"snooze": "1d"}, {"close": "Solved"}], "close or snooze"),
        ([{"tag": "Not A Tag"}], "tags of small letters"),
        ([{"snooze": "soon"}], "a length of time"),
        ([{"snooze": "91d"}], "90 days at most"),
        ([{"assign": "sam"}], "pattern"),
    ],
)
def test_a_macro_that_cannot_work_is_refused_at_start(
    actions: list[dict[str, str]], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        MacroSection.model_validate({"id": "x", "label": "X", "actions": actions})


@pytest.mark.parametrize("wrong", ["30m", "31d", "never"])
def test_the_deadline_for_silence_has_bounds(wrong: str) -> None:
    with pytest.raises(ValidationError):
        DeskSection.model_validate({"close_request_after": wrong})
