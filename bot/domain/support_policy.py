"""What the vendor decides about the team's time: hours, service levels, who gets what, silence."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.assignment import Assignment
from bot.domain.sla import ServiceLevels
from bot.domain.support_hours import SupportHours


@dataclass(frozen=True, slots=True)
class Silence:
    """What happens when the member does not answer: one reminder, then the ticket is closed.

    Both count from the last word in the ticket, on the clock.
    """

    remind_after: timedelta
    close_after: timedelta


@dataclass(frozen=True, slots=True)
class SupportPolicy:
    """`silence` None: tickets are closed by people only."""

    hours: SupportHours = field(default_factory=SupportHours)
    levels: ServiceLevels = field(default_factory=ServiceLevels)
    assignment: Assignment = Assignment.NONE
    silence: Silence | None = None
