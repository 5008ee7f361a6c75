"""Who of the team gets a new ticket."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import RoleId, UserId

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_TICK = timedelta(milliseconds=1)


class Assignment(StrEnum):
    """How new tickets are given out; NONE leaves them to whoever claims them."""

    NONE = "none"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody of the team, with how many tickets they have.

    `role_ids` are those of their roles that answer tickets.
    """

    user_id: UserId
    role_ids: frozenset[RoleId]
    open_tickets: int
    last_assigned_at: datetime | None
    takes_tickets: bool = True


def choose(
    agents: Sequence[Agent], how: Assignment, *, role_id: RoleId, opener_id: UserId
) -> Agent | None:
    """Whom the next ticket goes to, never to whoever opened it; None where nobody can have it.

    `role_id` is the role that answers it.
    In turns it is the one whose turn is longest ago. By load it is the one with the fewest open
    tickets, and turns decide between equals.
    """
    free = [
        each
        for each in agents
        if each.takes_tickets and role_id in each.role_ids and each.user_id != opener_id
    ]
    if how is Assignment.NONE or not free:
        return None

    def order(agent: Agent) -> tuple[int, datetime, UserId]:
        load = agent.open_tickets if how is Assignment.LEAST_LOADED else 0
        return load, agent.last_assigned_at or _LONG_AGO, agent.user_id

    return min(free, key=order)


def turn_of(agents: Sequence[Agent], *, now: datetime) -> datetime:
    """When the turn counts as taken: after every other, also where a clock is set back."""
    taken = [each.last_assigned_at for each in agents if each.last_assigned_at is not None]
    return max([now, *(at + _TICK for at in taken)])
