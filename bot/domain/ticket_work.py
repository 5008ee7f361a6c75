"""What the team does with an open ticket: priority, tags, snoozing, asking whether it is solved."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from bot.domain.identifiers import TicketId, UserId
from bot.domain.macro import Macro
from bot.domain.ticket import Ticket

MOST_TAGS = 10
LONGEST_SNOOZE = timedelta(days=90)
# When a working day begins, for a ticket that is put off until then.
MORNING = time(9)

_TAG = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_SPAN = re.compile(r"(?P<number>[0-9]{1,4})\s*(?P<unit>[mhdw])")
_MOMENT = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)(?:[ t](?P<time>\d\d:\d\d))?")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


class Act(StrEnum):
    """What is recorded about a ticket. Never reused for another meaning."""

    ASSIGNED = "assigned"
    CLAIMED = "claimed"
    RELEASED = "released"
    TRANSFERRED = "transferred"
    MOVED = "moved"
    ESCALATED = "escalated"
    PRIORITY = "priority"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    NOTED = "noted"
    MERGED = "merged"
    CLOSE_ASKED = "close_asked"
    CLOSE_REFUSED = "close_refused"
    MACRO = "macro"
    CLOSED = "closed"
    REOPENED = "reopened"
    PERSON_ADDED = "person_added"
    PERSON_REMOVED = "person_removed"
    LEFT = "left"
    RATED = "rated"
    # By the team, for a member; and what the bot has said for one of the team, as a macro does.
    OPENED_FOR_MEMBER = "opened_for_member"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """One thing that was done. `actor_id` is None where the bot acted by itself."""

    ticket_id: TicketId
    act: Act
    actor_id: UserId | None
    details: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class DeskPolicy:
    """What the vendor decides. A member who says nothing has `close_request_after` to answer."""

    tags: tuple[str, ...] = ()
    macros: tuple[Macro, ...] = ()
    close_request_after: timedelta = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class WorkedTicket:
    """A ticket as the team sees it."""

    ticket: Ticket
    tags: tuple[str, ...]


def tag_of(typed: str) -> str | None:
    """A tag as it is kept: small letters, digits and hyphens; None for what cannot be one."""
    tag = re.sub(r"[\s_]+", "-", typed.strip().lower())
    return tag if _TAG.fullmatch(tag) else None


def span_of(typed: str) -> timedelta | None:
    """A length of time such as 30m, 4h, 2d or 1w; None for anything else, and for none at all."""
    written = _SPAN.fullmatch(typed.strip().lower())
    if written is None:
        return None
    return int(written["number"]) * _UNITS[written["unit"]] or None


def snooze_end(typed: str, *, now: datetime, zone: tzinfo) -> datetime | None:
    """Until when `typed` puts a ticket off; None for what is no time, or none to come.

    Beside lengths of time: "tomorrow", "monday", a day, or a day with a time, in the team's `zone`.
    """
    wanted, local = typed.strip().lower(), now.astimezone(zone)
    span = span_of(wanted)
    if span is not None:
        end = now + span
    elif wanted in ("tomorrow", "monday"):
        days = 1 if wanted == "tomorrow" else 7 - local.weekday()
        end = datetime.combine(local.date() + timedelta(days=days), MORNING, zone)
    elif (moment := _MOMENT.fullmatch(wanted)) is not None:
        clock = moment["time"] or f"{MORNING:%H:%M}"
        try:
            end = datetime.fromisoformat(f"{moment['day']}T{clock}")
        except ValueError:
            return None
        end = end.replace(tzinfo=zone)
    else:
        return None
    end = end.astimezone(now.tzinfo)
    return end if now < end <= now + LONGEST_SNOOZE else None
