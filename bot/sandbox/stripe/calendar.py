"""Billing periods: calendar arithmetic on epoch seconds, in UTC."""

import calendar
from datetime import UTC, datetime, timedelta

from bot.sandbox.stripe.wire import Json

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def add_months(at: int, months: int) -> int:
    """The same day and time ``months`` later; the month's last day where it has no such day."""
    moment = datetime.fromtimestamp(at, UTC)
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def next_boundary(anchor: int, recurring: Json, after: int) -> int:
    """The first period boundary later than ``after``, counted from the anchor so that a
    subscription of the 31st returns to the 31st after a short month."""
    interval, count = recurring["interval"], recurring["interval_count"]
    if interval in _DAYS:
        step = int(timedelta(days=_DAYS[interval] * count).total_seconds())
        return anchor + ((after - anchor) // step + 1) * step
    months = _MONTHS[interval] * count
    elapsed = max(0, (after - anchor) // int(timedelta(days=31 * months).total_seconds()))
    while (boundary := add_months(anchor, months * elapsed)) <= after:
        elapsed += 1
    return boundary
