"""The statistics' CSV file: one row for each ticket, without who opened it or what was said."""

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.support_hours import SupportHours
from bot.domain.ticket_stats import TicketFact, measure
from cogs.retention.files import csv_file, time_cell
from cogs.support_stats.wording import Names

_HEADER = (
    *("ticket", "topic", "priority", "agent", "opened_at", "first_reply_at", "closed_at"),
    *("first_response_minutes", "first_response_clock_minutes"),
    *("resolution_minutes", "resolution_clock_minutes", "rating"),
)


def tickets_csv(facts: Iterable[TicketFact], hours: SupportHours, names: Names) -> bytes:
    """Times are UTC; minutes without `clock` are support hours."""
    rows: list[list[str]] = []
    for fact in facts:
        measured = measure(fact, hours)
        rows.append(
            [
                f"{fact.number:04}",
                fact.topic_id,
                fact.priority,
                names.agent(fact.agent_id) if fact.agent_id else "",
                time_cell(fact.opened_at),
                time_cell(fact.first_reply_at),
                time_cell(fact.closed_at),
                _minutes(measured.first_response),
                _minutes(measured.first_response_clock),
                _minutes(measured.resolution),
                _minutes(measured.resolution_clock),
                "" if fact.rating is None else str(fact.rating),
            ]
        )
    return csv_file(_HEADER, rows)


def _minutes(duration: timedelta | None) -> str:
    return "" if duration is None else str(round(duration / timedelta(minutes=1)))
