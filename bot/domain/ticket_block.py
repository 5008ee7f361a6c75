"""Keeping somebody from opening tickets, for a while or for good."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.identifiers import GuildId, UserId

LONGEST = timedelta(days=3650)
_DURATION = re.compile(r"(\d{1,4})\s*([hdw])", re.IGNORECASE)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class TicketBlock:
    """Without `until` it has no end. The reason is for the team; `id` is what the audit log has."""

    id: str
    guild_id: GuildId
    user_id: UserId
    until: datetime | None
    reason: str | None
    blocked_by: UserId
    blocked_at: datetime


def parse_until(typed: str, *, now: datetime) -> datetime | None:
    """The end that a person typed: `12h`, `7d`, `2w`, or the last day as `2027-01-31` (UTC).

    None for what is neither, is over already, or is further away than `LONGEST`.
    """
    written = typed.strip()
    duration = _DURATION.fullmatch(written)
    if duration is not None:
        until = now + int(duration[1]) * _UNITS[duration[2].lower()]
    else:
        try:
            day = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            return None
        until = day + timedelta(days=1)
    return until if now < until <= now + LONGEST else None
