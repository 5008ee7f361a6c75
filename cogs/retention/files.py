"""The report's CSV files. Nothing in them says who a member is."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

import discord

from bot.domain.cancellation import Step
from bot.domain.retention_report import AttemptRecord, Comment

# What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_STEPS = tuple(step for step in Step if step is not Step.STARTED)


def attempts_csv(records: Iterable[AttemptRecord]) -> bytes:
    """One row for each attempt; amounts in the currency's minor unit, times in UTC."""
    header = [
        *("attempt", "started_at", *(f"{step}_at" for step in _STEPS), "kept_at"),
        *("outcome", "result", "reason", "variant", "offer", "plan"),
        *("monthly_amount", "currency"),
    ]
    rows = (
        [
            record.id,
            time_cell(record.started_at),
            *(time_cell(record.steps.get(step)) for step in _STEPS),
            time_cell(record.kept_at),
            record.outcome,
            record.result,
            record.reason_id,
            record.variant,
            record.offer_id,
            record.plan_id,
            str(record.monthly.amount) if record.monthly else None,
            record.monthly.currency if record.monthly else None,
        ]
        for record in records
    )
    return csv_file(header, rows)


def comments_csv(comments: Iterable[Comment]) -> bytes:
    """One row for each attempt with something written."""
    header = ["attempt", "started_at", "reason", "plan", "result", "comment", "follow_up"]
    rows = (
        [
            each.attempt_id,
            time_cell(each.started_at),
            each.reason_id,
            each.plan_id,
            each.result,
            each.comment,
            each.follow_up,
        ]
        for each in comments
    )
    return csv_file(header, rows)


def attachment(written: bytes, name: str, *, largest: int) -> discord.File | None:
    """The file, compressed where it would be too large for Discord; None where it still is."""
    if len(written) <= largest:
        return discord.File(io.BytesIO(written), name)
    packed = gzip.compress(written)
    return discord.File(io.BytesIO(packed), f"{name}.gz") if len(packed) <= largest else None


def csv_file(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> bytes:
    """A file that spreadsheets read, whoever has written what is in it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    # Without the mark at its beginning, Excel takes the file for another encoding.
    return out.getvalue().encode("utf-8-sig")


def _cell(value: str | None) -> str:
    """Text that a spreadsheet shows and does not calculate."""
    if not value:
        return ""
    return f"'{value}" if value.startswith(_FORMULA) else value


def time_cell(moment: datetime | None) -> str:
    """A time with its zone; empty for none."""
    return "" if moment is None else moment.isoformat(timespec="seconds")
