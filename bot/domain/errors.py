"""What can be refused, as codes with facts. The edges turn them into words."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.identifiers import ChannelId, GuildId, UserId
from bot.domain.money import Money


class MooringError(Exception):
    """A refusal that a person will read about; anything else is a defect."""

    @property
    def code(self) -> str:
        """A stable name for logs and metrics, such as `NotLinked`."""
        return type(self).__name__


@dataclass(eq=False)
class NotLinked(MooringError):
    """The Discord user has no billing account linked."""


@dataclass(eq=False)
class NothingToCancel(MooringError):
    """There is no subscription that would renew."""

    ends_at: datetime | None


@dataclass(eq=False)
class ResumeUnderWay(MooringError):
    """The provider is being asked to let the subscription renew again."""


@dataclass(eq=False)
class NothingToResume(MooringError):
    """No cancellation is scheduled, or the period is over (rule S5)."""

    ended: bool


@dataclass(eq=False)
class AlreadySubscribed(MooringError):
    """A second subscription would charge the member twice."""


@dataclass(eq=False)
class AttemptOver(MooringError):
    """The cancel attempt behind a button has come to an end."""

    outcome: str


@dataclass(eq=False)
class InvalidAddress(MooringError):
    """What was typed cannot be an email address."""


@dataclass(eq=False)
class TooManyLinkRequests(MooringError):
    """The limit of code requests is reached."""

    retry_at: datetime


@dataclass(eq=False)
class WrongCode(MooringError):
    """The code does not match. The same answer whether or not a code was ever sent."""

    attempts_left: int


@dataclass(eq=False)
class CodeExpired(MooringError):
    """The code is too old, used up or replaced."""


@dataclass(eq=False)
class AccountTaken(MooringError):
    """The billing account is linked to another Discord user."""


@dataclass(eq=False)
class AlreadyLinked(MooringError):
    """The Discord user is linked to another billing account."""


@dataclass(eq=False)
class NotPermitted(MooringError):
    """The person lacks the role that the action needs."""

    needs: str


@dataclass(eq=False)
class NotYours(MooringError):
    """The screen belongs to somebody else."""


@dataclass(eq=False)
class GuildNotSetUp(MooringError):
    """The server's administrator has not finished `/setup`."""

    missing: tuple[str, ...]


@dataclass(eq=False)
class ServerNotTrusted(MooringError):
    """Somebody has added the bot to a server that the vendor has not chosen."""

    guild_id: GuildId


@dataclass(eq=False)
class TicketExists(MooringError):
    """The member already has a ticket of this topic; `channel_id` is None while it opens."""

    channel_id: ChannelId | None


@dataclass(eq=False)
class TicketOver(MooringError):
    """The ticket is closed already."""


@dataclass(eq=False)
class NoSuchThing(MooringError):
    """What a button points to is not in the store."""

    what: str


@dataclass(eq=False)
class RefundsSwitchedOff(MooringError):
    """The vendor's policy is `none` (rule R9)."""


@dataclass(eq=False)
class NoPayments(MooringError):
    """The member has no payment that could be refunded."""

    member_id: UserId


@dataclass(eq=False)
class NotRefundable(MooringError):
    """`why` is one of: refunded, disputed, in_progress."""

    why: str


@dataclass(eq=False)
class InvalidAmount(MooringError):
    """What was typed is no amount between the smallest unit and what is left."""

    left: Money


@dataclass(eq=False)
class OwnAccount(MooringError):
    """Nobody refunds a payment of their own."""


@dataclass(eq=False)
class RefundOver(MooringError):
    """The draft behind a button has been confirmed or given up."""

    state: str


@dataclass(eq=False)
class ConsequenceChanged(MooringError):
    """Between looking and confirming, what the refund would end has changed."""
