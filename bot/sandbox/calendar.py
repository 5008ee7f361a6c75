"""Calendar arithmetic on epoch seconds, in UTC: where billing periods begin and end."""

import calendar
from datetime import UTC, datetime, timedelta


def add_months(at: int, months: int) -> int:
    """The same day and time ``months`` later; the month's last day where it has no such day."""
    moment = datetime.fromtimestamp(at, UTC)
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def next_months_boundary(anchor: int, months: int, after: int) -> int:
    """The first boundary of periods of ``months`` later than ``after``, counted from the anchor so
    that a subscription of the 31st returns to the 31st after a short month."""
    elapsed = max(0, (after - anchor) // int(timedelta(days=31 * months).total_seconds()))
    while (boundary := add_months(anchor, months * elapsed)) <= after:
        elapsed += 1
    return boundary
