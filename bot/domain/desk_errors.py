"""What is refused to the team while it works on a ticket."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import MooringError
from bot.domain.identifiers import UserId


class DeskError(MooringError):
    """A refusal at the support desk."""


@dataclass(eq=False)
class AlreadyClaimed(DeskError):
    """Somebody has taken this ticket: the other one of two who clicked, or long ago."""

    by: UserId


@dataclass(eq=False)
class NotClaimed(DeskError):
    """Nobody has this ticket, so that nobody can give it back."""


@dataclass(eq=False)
class NotOfTheTeam(DeskError):
    """A ticket was to go to somebody who does not answer tickets like it."""

    user_id: UserId


@dataclass(eq=False)
class InvalidTag(DeskError):
    """Not letters, digits and hyphens, or longer than 30 characters."""


@dataclass(eq=False)
class TooManyTags(DeskError):
    """A ticket has as many tags as it can."""

    most: int


@dataclass(eq=False)
class InvalidSnooze(DeskError):
    """No time to come, or too far away."""


@dataclass(eq=False)
class MemberWaits(DeskError):
    """Nobody asks whether it is solved while the member waits for an answer."""

    since: datetime


@dataclass(eq=False)
class CloseAsked(DeskError):
    """The member was asked already, and has until `deadline`."""

    deadline: datetime


@dataclass(eq=False)
class CloseRequestOver(DeskError):
    """The question was answered, or the conversation went on."""


@dataclass(eq=False)
class NothingToMerge(DeskError):
    """The member has no other open ticket, or the other one is somebody else's."""


@dataclass(eq=False)
class MacroUsed(DeskError):
    """This very preview was sent already."""


@dataclass(eq=False)
class NotesNotForYou(DeskError):
    """Notes are not for those whom the ticket is about, whichever roles they have."""


@dataclass(eq=False)
class NotesImpossible(DeskError):
    """Discord refuses to make the thread for notes."""


@dataclass(eq=False)
class OnMembersSide(DeskError):
    """Nobody answers a ticket that they opened themselves, or were added to."""

    user_id: UserId
