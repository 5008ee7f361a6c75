"""What leaves the report: files that spreadsheets show and do not run, pictures, and messages that
Discord takes."""

import csv
import io
import sys
from datetime import UTC, date, datetime

import discord
import pytest

from bot.domain.cancellation import Outcome, Step
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import AttemptId, PlanId
from bot.domain.money import Money
from bot.domain.retention_report import (
    AttemptRecord,
    Cell,
    Comment,
    Period,
    Report,
    Result,
    build,
)
from bot.services.retention_reports import Selection
from cogs.retention import picture
from cogs.retention.files import attachment, attempts_csv, comments_csv
from cogs.retention.render import sections
from cogs.retention.wording import Names, decoded, encoded

MOMENT = datetime(2026, 11, 1, 12, tzinfo=UTC)
YEAR = Period(date(2025, 11, 23), date(2026, 11, 22))
# As long as the settings allow, with signs that the pictures' font does not have.
REASONS = {f"reason_{number}": f"理由 {number} " + "x" * 90 for number in range(10)}
NAMES = Names(REASONS, {"half": "50% off for 3 months"})


def record(**changes: object) -> AttemptRecord:
    known: dict[str, object] = {
        "id": AttemptId("A1"),
        "started_at": MOMENT,
        "steps": {Step.REASON_GIVEN: MOMENT},
        "kept_at": None,
        "outcome": Outcome.SAVED,
        "result": Result.UNPROVEN,
        "reason_id": "price",
        "variant": None,
        "offer_id": None,
        "plan_id": PlanId("pro"),
        "monthly": Money(2000, "usd"),
    }
    return AttemptRecord(**{**known, **changes})  # type: ignore[arg-type]


def read(written: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"))))


def test_an_attempt_is_one_row_and_its_columns_do_not_depend_on_it() -> None:
    [full, empty] = read(attempts_csv([record(), record(monthly=None, steps={}, plan_id=None)]))
    assert list(full) == list(empty)
    assert full["reason_given_at"] == "2026-11-01T12:00:00+00:00"
    assert (full["monthly_amount"], full["currency"], full["outcome"]) == ("2000", "usd", "saved")
    assert (empty["monthly_amount"], empty["plan"], empty["reason_given_at"]) == ("", "", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_of_a_member_is_a_formula(start: str) -> None:
    written = Comment(
        AttemptId("A1"), MOMENT, "price", None, Result.KEPT, f"{start}1+1", f" {start}2"
    )
    [row] = read(comments_csv([written]))
    assert row["comment"].startswith("'")
    assert row["follow_up"].lstrip().startswith(("'", start.strip() or "2"))


def test_lines_quotes_and_commas_stay_within_their_cell() -> None:
    said = 'One, "two"\nthree'
    written = Comment(AttemptId("A1"), MOMENT, None, None, Result.KEPT, said, None)
    [row] = read(comments_csv([written]))
    assert row["comment"] == said


def test_a_file_that_is_too_large_is_compressed_or_refused() -> None:
    even = b"a" * 10_000
    packed = attachment(even, "attempts.csv", largest=1_000)
    whole = attachment(even, "attempts.csv", largest=10_000)
    assert packed is not None
    assert whole is not None
    assert (packed.filename, whole.filename) == ("attempts.csv.gz", "attempts.csv")
    assert attachment(even, "attempts.csv", largest=10) is None


def fullest_report() -> Report:
    """A year with every week, reason, variant, currency and result."""
    cells = [
        Cell(monday, result, reason, variant, variant == "half", currency, 1234, 123_456_789)
        for monday in YEAR.mondays()
        for reason in REASONS
        for variant in ("half", "an_offer_that_is_not_there_any_more", "holdout")
        for currency in ("usd", "jpy")
        for result in Result
    ]
    return build(cells, period=YEAR, plan_id=None)


def test_the_fullest_report_fits_into_a_message() -> None:
    """Discord takes 4,000 characters of text; the heading and the summary need some."""
    written = sections(fullest_report(), NAMES)
    assert set(written) == {"funnel", "reasons", "weeks", "offers"}
    assert sum(len(each) for each in written.values()) < 3_500
    assert "more: see the CSV file" in written["offers"]


def test_pictures_are_drawn_for_what_there_is() -> None:
    full = picture.draw(fullest_report(), NAMES)
    assert set(full) == {"funnel", "reasons", "weeks", "offers"}
    assert all(drawn.startswith(b"\x89PNG") for drawn in full.values())
    assert set(picture.draw(fullest_report(), NAMES, "weeks")) == {"weeks"}
    assert picture.draw(build([], period=YEAR, plan_id=None), NAMES) == {}


def test_without_the_library_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra `charts` is not installed."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert not picture.is_possible()
    assert picture.draw(fullest_report(), NAMES) == {}


def test_a_selection_survives_its_way_through_discord() -> None:
    for plan_id in (None, PlanId("p" * 32)):
        selection = Selection(YEAR, plan_id)
        assert decoded(encoded(selection)) == selection
        longest = f"m1:retention.page:{encoded(selection)}:9999:{'r' * 32}"
        assert len(longest) <= 100
    with pytest.raises(NoSuchThing):
        decoded("yesterday:*")


def test_a_label_of_the_vendor_is_no_markup() -> None:
    cells = [Cell(YEAR.mondays()[0], Result.CANCELLED, "r", None, False, None, 1, 0)]
    names = Names({"r": "**Loud** @everyone"}, {})
    written = sections(build(cells, period=YEAR, plan_id=None), names)["reasons"]
    assert discord.utils.escape_markdown("**Loud**") in written
    assert "@everyone" not in written
