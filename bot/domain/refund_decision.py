"""What people have said about a refund that waits: yes, no, or a question (rule S14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.identifiers import UserId


class DecisionKind(StrEnum):
    """AMOUNT: a moderator changed it. REVISED: what the refund would do had changed by itself.
    WITHDRAWN: the member has withdrawn from the contract, and all that is left is due to them."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    DENIED = "denied"
    ASKED = "asked"
    ANSWERED = "answered"
    AMOUNT = "amount"
    REVISED = "revised"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Decision:
    """One of them. `note` is the reason, the question or the answer."""

    actor_id: UserId
    kind: DecisionKind
    note: str | None
    at: datetime


# What was approved before one of these was something else.
_STARTS_ANEW = (DecisionKind.AMOUNT, DecisionKind.REVISED, DecisionKind.WITHDRAWN)


def approvers(decisions: Sequence[Decision]) -> tuple[UserId, ...]:
    """Who has approved the refund as it is now, in order."""
    approved: list[UserId] = []
    for decision in decisions:
        if decision.kind in _STARTS_ANEW:
            approved.clear()
        elif decision.kind is DecisionKind.APPROVED:
            approved.append(decision.actor_id)
    return tuple(approved)


def submitters(decisions: Sequence[Decision]) -> frozenset[UserId]:
    """Who has put the refund before the moderators."""
    return frozenset(each.actor_id for each in decisions if each.kind is DecisionKind.SUBMITTED)
