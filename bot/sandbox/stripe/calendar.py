"""Where a billing period ends, from Stripe's ``recurring``."""

from datetime import timedelta

from bot.sandbox.calendar import next_months_boundary
from bot.sandbox.stripe.wire import Json

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def next_boundary(anchor: int, recurring: Json, after: int) -> int:
    """The first period boundary later than ``after``, counted from the anchor."""
    interval, count = recurring["interval"], recurring["interval_count"]
    if interval in _DAYS:
        step = int(timedelta(days=_DAYS[interval] * count).total_seconds())
        return anchor + ((after - anchor) // step + 1) * step
    return next_months_boundary(anchor, _MONTHS[interval] * count, after)
