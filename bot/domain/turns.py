"""Whose turn it is in a ticket: the team's while a member waits for an answer, else the member's.

Opening a ticket is the member's first word, so that one in which nobody has written yet waits for
the team. Messages can be heard out of order, after an outage; the turn is the same in the end.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.identifiers import TicketId, UserId


class Side(StrEnum):
    """For whom somebody speaks in a ticket. Whoever is on neither side changes no turn."""

    MEMBER = "member"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Step:
    """What changes a turn: a word of one side's, or without `is_word` an act that stands for one,
    such as opening the ticket again. `by` is None where the bot acted by itself. An act of the
    team's that answers nothing leaves it so that whoever waits still does: `ends_wait` is False."""

    at: datetime
    side: Side
    by: UserId | None
    is_word: bool = True
    ends_wait: bool = True


@dataclass(frozen=True, slots=True)
class Merged:
    """From `at` on the ticket goes on in another one."""

    at: datetime
    into: TicketId


@dataclass(frozen=True, slots=True)
class Turn:
    """`waiting_since` is when the member began to wait; None while it is the member's turn."""

    waiting_since: datetime | None
    first_reply_at: datetime | None = None
    first_reply_by: UserId | None = None
    member_active_at: datetime | None = None
    team_active_at: datetime | None = None

    def after_member(self, at: datetime) -> "Turn":
        """The member, or somebody who was added on their side, wrote at `at`."""
        turn = replace(self, member_active_at=_latest(self.member_active_at, at))
        if self.team_active_at is not None and at <= self.team_active_at:
            return turn  # answered since
        if self.waiting_since is not None and self.waiting_since <= at:
            return turn
        return replace(turn, waiting_since=at)

    def after_team(self, at: datetime, by: UserId) -> "Turn":
        """Somebody of the team wrote at `at`, where the member can read it."""
        is_first = self.first_reply_at is None or at < self.first_reply_at
        turn = replace(
            self,
            team_active_at=_latest(self.team_active_at, at),
            first_reply_at=at if is_first else self.first_reply_at,
            first_reply_by=by if is_first else self.first_reply_by,
        )
        # The first wait began by our own clock, later ones by Discord's.
        answered = self.first_reply_at is None or (
            self.waiting_since is not None and self.waiting_since <= at
        )
        if not answered:
            return turn
        # A later question was heard before this answer to an earlier one.
        asked_since = self.member_active_at
        if asked_since is None or asked_since <= at:
            asked_since = None
        return replace(turn, waiting_since=asked_since)

    def joined(self, other: "Turn") -> "Turn":
        """Another ticket goes on in this one: whoever waits in either still does."""
        replied_at = _earliest(self.first_reply_at, other.first_reply_at)
        first = self if self.first_reply_at == replied_at else other
        return Turn(
            _earliest(self.waiting_since, other.waiting_since),
            replied_at,
            first.first_reply_by,
            _latest(self.member_active_at, other.member_active_at),
            _latest(self.team_active_at, other.team_active_at),
        )

    def after(self, step: Step) -> "Turn":
        """One step on; each is given in the order in which they happened."""
        if step.side is Side.MEMBER:
            return (
                self.after_member(step.at) if step.is_word else replace(self, waiting_since=step.at)
            )
        if step.is_word and step.by is not None:
            return self.after_team(step.at, step.by)
        waiting = None if step.ends_wait else self.waiting_since
        return replace(
            self, waiting_since=waiting, team_active_at=_latest(self.team_active_at, step.at)
        )

    def without(self, taken_back: Collection[Step], left: "Turn") -> "Turn":
        """Some words are deleted; `left` is the turn as everything else makes it.

        Taking back an answer can only make the member wait, and taking back a question can only
        end the wait that began with it: what else decided about the turn stays.
        """
        waiting = self.waiting_since
        if any(each.side is Side.TEAM for each in taken_back):
            waiting = _earliest(waiting, left.waiting_since)
        elif waiting in {each.at for each in taken_back}:
            waiting = left.waiting_since
        return replace(left, waiting_since=waiting)

    @property
    def last_active_at(self) -> datetime | None:
        """The last word of either side."""
        return _latest(self.member_active_at, self.team_active_at)


def rebuilt(
    ticket_id: TicketId,
    *,
    opened: Mapping[TicketId, datetime],
    happened: Mapping[TicketId, Sequence[Step | Merged]],
) -> Turn:
    """A ticket's turn from all that happened in it, and in those that were merged into it.

    Until then each has its own: what is answered in one is no answer to the other.
    """
    turns = {each: Turn(waiting_since=at) for each, at in opened.items()}
    place = {each: each for each in opened}
    everything = [(each, step) for each, steps in happened.items() for step in steps]
    for each, step in sorted(everything, key=lambda pair: pair[1].at):
        here = place[each]
        if isinstance(step, Step):
            turns[here] = turns[here].after(step)
            continue
        turns[step.into] = turns[step.into].joined(turns[here])
        place |= {gone: step.into for gone, where in place.items() if where == here}
    return turns[ticket_id]


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((at for at in moments if at is not None), default=None)


def _latest(*moments: datetime | None) -> datetime | None:
    return max((at for at in moments if at is not None), default=None)
