"""How a ticket ends, how it goes on after all, and what the member thought of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import ERASED_USER
from bot.domain.ticket import Ticket, TicketState

WORST, BEST = 1, 5
# How long somebody can think better of their rating.
CHANGEABLE_FOR = timedelta(days=1)


class ReopenObstacle(StrEnum):
    """Why a ticket is not opened again."""

    STILL_CLOSING = "still_closing"
    LATE = "late"
    MERGED = "merged"
    NEVER_OPENED = "never_opened"
    SWITCHED_OFF = "switched_off"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class EndPolicy:
    """What the vendor decides. `reopen_days` 0: a closed ticket stays closed."""

    reopen_days: int = 7


def reopenable_until(ticket: Ticket, policy: EndPolicy) -> datetime | None:
    """Until when the member can open it again; None where that is not offered."""
    if policy.reopen_days == 0 or ticket.closed_at is None or ticket.merged_into is not None:
        return None
    return ticket.closed_at + timedelta(days=policy.reopen_days)


def reopen_obstacle(ticket: Ticket, policy: EndPolicy, *, now: datetime) -> ReopenObstacle | None:
    """What stands in the way of opening a ticket again that is not open; None when nothing does."""
    if ticket.merged_into is not None:
        return ReopenObstacle.MERGED
    if ticket.state is TicketState.FAILED:
        return ReopenObstacle.NEVER_OPENED
    if policy.reopen_days == 0:
        return ReopenObstacle.SWITCHED_OFF
    until = reopenable_until(ticket, policy)
    if until is None or until < now or ticket.opener_id == ERASED_USER:
        return ReopenObstacle.LATE
    if ticket.state is TicketState.CLOSING:
        return ReopenObstacle.STILL_CLOSING
    return None


def asks_for_rating(ticket: Ticket) -> bool:
    """Once in a ticket's life, and only when a person of the team has answered.

    One that goes on in another ticket is not over: that one asks.
    """
    if ticket.merged_into is not None:
        return False
    return ticket.first_reply_at is not None and ticket.rating_asked_at is None


def may_rate(ticket: Ticket, *, now: datetime) -> bool:
    """A first rating has no end; it can be changed for a day."""
    if ticket.rating_asked_at is None and ticket.state is not TicketState.CLOSING:
        return False
    return ticket.rated_at is None or now <= ticket.rated_at + CHANGEABLE_FOR
