"""What is refused on the way to a ticket."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import MooringError


class OpeningError(MooringError):
    """A refusal before there is a ticket, or about who may open one."""


@dataclass(eq=False)
class TopicGone(OpeningError):
    """The vendor has taken the topic behind a button or command out of the configuration."""


@dataclass(eq=False)
class TicketsBlocked(OpeningError):
    """The team has kept the member from opening tickets; without `until` for good."""

    until: datetime | None
    write_to: str


@dataclass(eq=False)
class NotBlocked(OpeningError):
    """There is no block to lift."""


@dataclass(eq=False)
class InvalidUntil(OpeningError):
    """What was typed is no duration and no day in the years to come."""


@dataclass(eq=False)
class BotHasNoTickets(OpeningError):
    """Somebody wants to open a ticket for a bot, or to block one."""


@dataclass(eq=False)
class QuoteGone(OpeningError):
    """The message that a ticket was to be about was picked too long ago."""
