"""What can be refused, as codes with facts. The edges turn them into words."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.identifiers import ChannelId, GuildId, RoleId, UserId
from bot.domain.money import Money
from bot.domain.privacy import Obstacles
from bot.domain.role_plan import RoleObstacle
from bot.domain.ticket_ends import ReopenObstacle


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
class OfferGone(MooringError):
    """What the member was shown is not for them any more, or not on the same terms."""


@dataclass(eq=False)
class ResumeUnderWay(MooringError):
    """The provider is being asked to let the subscription renew again."""


@dataclass(eq=False)
class NothingToResume(MooringError):
    """No cancellation is scheduled, or the period is over (rule S5)."""

    ended: bool


@dataclass(eq=False)
class SamePlan(MooringError):
    """The member has this plan by this interval; `ends_at` is set while it is cancelled."""

    ends_at: datetime | None


@dataclass(eq=False)
class NothingForSale(MooringError):
    """The vendor sells nothing through the provider that the member pays with."""


@dataclass(eq=False)
class PurchaseReplaced(MooringError):
    """The member has started another purchase, or given this one up, while its page was made."""


@dataclass(eq=False)
class TopUpNeedsPlan(MooringError):
    """Top-ups are for paid plans that are on (rule S24)."""


@dataclass(eq=False)
class TopUpNotNeeded(MooringError):
    """Some of the month's allowance is left (rule S24)."""

    left: int


@dataclass(eq=False)
class TopUpTooEarly(MooringError):
    """The allowance of this period is not there yet: it comes with the period's payment.

    What the last one had left is used up, too.
    """


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
class RolesSetByFile(MooringError):
    """mooring.toml names the server's plan roles, so they cannot be chosen in Discord."""


@dataclass(eq=False)
class RoleUnfit(MooringError):
    """The bot cannot, or must not, give this role to members with a plan."""

    role_id: RoleId
    obstacle: RoleObstacle


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
class NotReopened(MooringError):
    """The ticket stays closed; `days` is how long it could be reopened."""

    why: ReopenObstacle
    days: int


@dataclass(eq=False)
class RatingOver(MooringError):
    """A rating was given long ago, or nobody asked for one."""


@dataclass(eq=False)
class SeesTicketAlready(MooringError):
    """Adding this person to the ticket would change nothing."""

    user_id: UserId


@dataclass(eq=False)
class NotAdded(MooringError):
    """This person was never added to the ticket."""

    user_id: UserId


@dataclass(eq=False)
class ErasureBlocked(MooringError):
    """Something under way still needs to know who the member is."""

    obstacles: Obstacles


@dataclass(eq=False)
class InvalidPeriod(MooringError):
    """Not two dates in order, or longer than a report can show."""

    longest_days: int


@dataclass(eq=False)
class LinkRefused(MooringError):
    """An address that Mooring was to pass on is not on the list (rule S22)."""


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
    """`why` is one of: refunded, disputed, lost, in_progress, waiting, asked."""

    why: str


@dataclass(eq=False)
class InvalidAmount(MooringError):
    """What was typed is no amount between the smallest unit and what is left."""

    left: Money


@dataclass(eq=False)
class PartialRefundUnsupported(MooringError):
    """The provider gives back all that is left of a payment, or nothing."""

    left: Money


@dataclass(eq=False)
class OwnAccount(MooringError):
    """Nobody refunds a payment of their own."""


@dataclass(eq=False)
class OwnRequest(MooringError):
    """Nobody approves what they have asked for, or put before the moderators, themselves."""


@dataclass(eq=False)
class ApprovedBefore(MooringError):
    """The moderator has said yes already; the second yes has to be somebody else's."""


@dataclass(eq=False)
class GroundNotAllowed(MooringError):
    """The vendor's policy does not know this ground (rule S14)."""


@dataclass(eq=False)
class RefundOutsideWindow(MooringError):
    """The policy's time for asking was over at `ended_at`."""

    ended_at: datetime


@dataclass(eq=False)
class RefundCapReached(MooringError):
    """More than the moderator may grant in 24 hours; `left` of `cap` they still may."""

    cap: Money
    left: Money


@dataclass(eq=False)
class RefundOver(MooringError):
    """The refund behind a button is not in the state that the button is for."""

    state: str


@dataclass(eq=False)
class NothingToSearch(MooringError):
    """What was typed has no word in it."""


@dataclass(eq=False)
class NoSuchTicket(MooringError):
    """Somebody has named a ticket by a number that none has in this server."""

    number: int


@dataclass(eq=False)
class NotInTicket(MooringError):
    """The command belongs into a ticket's channel."""


@dataclass(eq=False)
class ConsequenceChanged(MooringError):
    """Between looking and confirming, what the refund would end has changed.

    `in_queue`: the card shows it as it is now.
    """

    in_queue: bool = False


@dataclass(eq=False)
class WithdrawalNotOffered(MooringError):
    """The vendor has not switched it on."""


@dataclass(eq=False)
class TooLateToWithdraw(MooringError):
    """The time for withdrawing from this contract was over at `ended_at`."""

    ended_at: datetime


@dataclass(eq=False)
class NothingToAgreeTo(MooringError):
    """No message would follow any more: it was sent, or what it is about is not so any more."""
