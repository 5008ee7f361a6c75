"""`[support]` and `tickets.auto_close`: what is understood, and what is said about the rest."""

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.domain.assignment import Assignment
from bot.domain.sla import Target
from bot.domain.support_hours import Holiday, Span
from bot.domain.support_policy import SupportPolicy
from bot.domain.ticket import Priority
from bot.settings import Configuration, SettingsError, load_configuration

SHIPPED = (Path(__file__).resolve().parents[2] / "mooring.toml").read_text()
HOUR = timedelta(hours=1)

GIVEN = """
[support]
timezone = "Europe/Berlin"
hours = { mon = ["13:30-18:00", "09:00-12:30"], fri = ["00:00-24:00"], sat = [] }
holidays = ["2026-12-25", "2026-12-28/2027-01-01"]
assignment = "least_loaded"

[support.sla]
first_reply = "4h"
resolution = "2d"
priority.urgent = { first_reply = "30m" }
topic.billing = { first_reply = "1h", resolution = "1d" }
"""


def policy(written: str) -> SupportPolicy:
    return Configuration.model_validate(tomllib.loads(SHIPPED + written)).to_policy().support


def test_hours_holidays_and_levels_are_understood() -> None:
    given = policy(GIVEN)

    assert given.hours.week == {
        0: (Span(540, 750), Span(810, 1080)),
        4: (Span(0, 1440),),
    }
    assert given.hours.holidays == (
        Holiday(date(2026, 12, 25), date(2026, 12, 25)),
        Holiday(date(2026, 12, 28), date(2027, 1, 1)),
    )
    assert given.assignment is Assignment.LEAST_LOADED
    # A working day is 16 hours here: 8 on Mondays and 24 on Fridays.
    assert given.levels.usual == {Target.FIRST_REPLY: 4 * HOUR, Target.RESOLUTION: 32 * HOUR}


@pytest.mark.parametrize(
    ("topic", "priority", "first_reply"),
    [
        ("help", Priority.NORMAL, 4 * HOUR),
        ("billing", Priority.LOW, HOUR),
        ("help", Priority.URGENT, HOUR / 2),
        ("billing", Priority.URGENT, HOUR / 2),
    ],
)
def test_of_a_priority_and_a_topic_the_shorter_time_counts(
    topic: str, priority: Priority, first_reply: timedelta
) -> None:
    levels = policy(GIVEN).levels
    assert levels.target(Target.FIRST_REPLY, topic_id=topic, priority=priority) == first_reply
    assert levels.target(Target.NEXT_REPLY, topic_id=topic, priority=priority) is None


def test_nothing_given_is_round_the_clock_without_promises() -> None:
    assert policy("") == SupportPolicy()


@pytest.mark.parametrize(
    ("line", "wrong", "said"),
    [
        ('timezone = "Europe/Berlin"', 'timezone = "Berlin"', "a time zone such as"),
        ('"09:00-12:30"', '"09:00-14:00"', "that do not overlap"),
        ('"09:00-12:30"', '"22:00-06:00"', "the earlier one first"),
        ('"09:00-12:30"', '"9-12"', 'hours such as "09:00-17:30"'),
        ('mon = ["13:30-18:00", "09:00-12:30"], fri = ["00:00-24:00"],', "", "at least one day"),
        ('"2026-12-25"', '"2026-12-32"', 'days such as "2026-12-25"'),
        ('"2026-12-28/2027-01-01"', '"2027-01-01/2026-12-28"', "for several"),
        ('first_reply = "4h"', 'first_reply = "4 hours"', 'a time such as "30m", "4h" or "3d"'),
        ("topic.billing", "topic.weather", "no topic: weather"),
        ("priority.urgent", "priority.asap", "'low', 'normal', 'high' or 'urgent'"),
        ('"least_loaded"', '"random"', "'none', 'round_robin' or 'least_loaded'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, line: str, wrong: str, said: str) -> None:
    assert line in GIVEN
    path = tmp_path / "mooring.toml"
    path.write_text(SHIPPED + GIVEN.replace(line, wrong))
    with pytest.raises(SettingsError) as refused:
        load_configuration(path)
    assert said in str(refused.value)
    assert "support" in str(refused.value)


def test_auto_close_reminds_before_it_closes(tmp_path: Path) -> None:
    path = tmp_path / "mooring.toml"
    for close_after in ("5d", "3d"):
        setting = f'auto_close = {{ remind_after = "3d", close_after = "{close_after}" }}'
        path.write_text(SHIPPED.replace("[tickets]\n", f"[tickets]\n{setting}\n"))
        if close_after == "5d":
            silence = load_configuration(path).to_policy().support.silence
            assert silence is not None
            assert silence.close_after == timedelta(days=5)
            continue
        with pytest.raises(SettingsError, match="close_after later than remind_after"):
            load_configuration(path)
