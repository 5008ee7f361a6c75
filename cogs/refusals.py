"""What is refused, in words: what happened, why, and what to do next."""

from datetime import datetime

from bot.domain.desk_errors import DeskError
from bot.domain.errors import (
    AccountTaken,
    AlreadyLinked,
    ApprovedBefore,
    AttemptOver,
    CodeExpired,
    ConsequenceChanged,
    ErasureBlocked,
    GroundNotAllowed,
    GuildNotSetUp,
    InvalidAddress,
    InvalidAmount,
    InvalidPeriod,
    LinkRefused,
    MooringError,
    NoPayments,
    NoSuchThing,
    NoSuchTicket,
    NotAdded,
    NothingForSale,
    NothingToAgreeTo,
    NothingToCancel,
    NothingToResume,
    NothingToSearch,
    NotInTicket,
    NotLinked,
    NotPermitted,
    NotRefundable,
    NotReopened,
    NotYours,
    OfferGone,
    OwnAccount,
    OwnRequest,
    PartialRefundUnsupported,
    PurchaseReplaced,
    RatingOver,
    RefundCapReached,
    RefundOutsideWindow,
    RefundOver,
    RefundsSwitchedOff,
    ResumeUnderWay,
    RolesSetByFile,
    RoleUnfit,
    SamePlan,
    SeesTicketAlready,
    ServerNotTrusted,
    TicketExists,
    TicketOver,
    TooLateToWithdraw,
    TooManyLinkRequests,
    TopUpNeedsPlan,
    TopUpNotNeeded,
    TopUpTooEarly,
    WithdrawalNotOffered,
    WrongCode,
)
from bot.domain.opening_errors import OpeningError
from cogs.desk_refusals import desk_refusal
from cogs.erasure_obstacles import why_not_erased
from cogs.opening_refusals import opening_refusal
from cogs.reopen_obstacles import why_not_reopened
from cogs.role_obstacles import why
from cogs.words import count, day, money, relative

_NOT_REFUNDABLE = {
    "disputed": (
        "**This payment is disputed, so it cannot be refunded.** The bank decides. A refund on top "
        "would pay twice."
    ),
    "lost": (
        "**The bank has given the money of this payment back already.** It decided a dispute for "
        "the cardholder. A refund on top would pay twice."
    ),
    "waiting": (
        "**A refund of this payment waits for a moderator already.** `/refunds` shows what waits."
    ),
    "asked": (
        "**You have asked for this already.** The team looks at it in your ticket. You will be "
        "told there what was decided."
    ),
    "in_progress": "**This payment is already being refunded, or was refunded before.**",
    "refunded": "**This payment has been refunded already.**",
}


def refusal(error: MooringError) -> str:  # noqa: PLR0911, PLR0912, PLR0915 - one sentence for each refusal
    """What happened, why, and what to do next."""
    match error:
        case NotLinked():
            return (
                "**Your Discord account is not linked to a billing account yet.**\n"
                "Run `/link` and enter the email address that you pay with."
            )
        case NothingToCancel(ends_at=None):
            return (
                "**There is nothing to cancel.** You have no paid plan, so nothing will be charged."
            )
        case NothingToCancel(ends_at=datetime() as ends_at):
            return (
                "**Your subscription is already cancelled.** You need to do nothing. It stays on "
                f"until {day(ends_at)} and nothing more is charged."
            )
        case ResumeUnderWay():
            return (
                "**Your plan is being resumed right now.** Please run `/cancel` again in a minute "
                "if you want it to end after all."
            )
        case NothingToResume(ended=True):
            return (
                "**Your subscription has ended, so it cannot be resumed.**\n"
                "You can subscribe again at any time: run `/balance` and press "
                "“Subscribe (cancel anytime)”."
            )
        case NothingToResume():
            return "**There is nothing to resume.** No cancellation is scheduled."
        case SamePlan(ends_at=None):
            return (
                "**You already have this plan at this interval.** Nothing was changed. It renews "
                "by itself; run `/balance` to see when."
            )
        case SamePlan(ends_at=datetime() as ends_at):
            return (
                f"**You have this plan until {day(ends_at)}.** To keep it, run `/resume` before "
                "then. Nothing is charged before the next renewal."
            )
        case NothingForSale():
            return (
                "**Nothing is for sale for your account right now.** Nothing was changed. Please "
                "open a ticket with `/ticket open`."
            )
        case PurchaseReplaced():
            return (
                "**You have started another purchase, or given this one up.** Nothing was charged "
                "here. Please go on with the newest screen, or run the command again."
            )
        case TopUpNeedsPlan():
            return (
                "**A top-up needs a paid plan that is on.** Run `/balance` to see your plan, or "
                "`/plans` to choose one."
            )
        case TopUpTooEarly():
            return (
                "**Your allowance for this period is not there yet.** It comes with the payment. "
                "Run `/balance` and press Refresh. You can top up once it is used up."
            )
        case TopUpNotNeeded(left=left):
            return (
                f"**You still have {count(left)} of this month's allowance.** You can top up once "
                "it is used up. Nothing was charged."
            )
        case AttemptOver(outcome="cancelled"):
            return "**This cancellation is already done.** Run `/balance` to see its end date."
        case AttemptOver(outcome="requested"):
            return (
                "**Your cancellation is already requested.** We are waiting for the payment "
                "provider. You will get a message as soon as it has confirmed."
            )
        case AttemptOver(outcome="accepting"):
            return (
                "**You have taken the offer.** We are waiting for the payment provider. If you "
                "want to cancel after all, run `/cancel` and press Confirm cancel."
            )
        case AttemptOver(outcome="saved"):
            return (
                "**You have taken the offer, so this screen is over.** Run `/balance` to see your "
                "plan, or `/cancel` to cancel."
            )
        case OfferGone():
            return (
                "**This offer is not open to you any more.** Nothing was changed. Run `/cancel` to "
                "go on."
            )
        case AttemptOver():
            return "**This cancellation was ended before.** Run `/cancel` to start again."
        case InvalidAddress():
            return (
                "**That does not look like an email address.**\n"
                "Please run `/link` again and check the spelling, for example `name@example.com`."
            )
        case TooManyLinkRequests(retry_at=retry_at):
            return (
                "**Too many codes were requested.** This protects your account.\n"
                f"You can ask for a new code {relative(retry_at)}."
            )
        case WrongCode(attempts_left=0):
            return (
                "**That code is not right, and it was the last try.** Run `/link` to start again."
            )
        case WrongCode(attempts_left=left):
            return (
                f"**That code is not right.** You have {left} "
                f"{'try' if left == 1 else 'tries'} left. Use the code from the newest mail."
            )
        case CodeExpired():
            return (
                "**This code cannot be used any more.** Codes work once, for 15 minutes.\n"
                "Run `/link` to get a new one."
            )
        case AccountTaken():
            return (
                "**This billing account is linked to another Discord user.**\n"
                "If that is not you, please open a ticket with `/ticket open`."
            )
        case AlreadyLinked():
            return (
                "**Your Discord account is already linked to a billing account.**\n"
                "To change it, please open a ticket with `/ticket open`."
            )
        case NotPermitted(needs="server"):
            return "**This works only inside the server**, not in a direct message."
        case NotPermitted(needs="manage server"):
            return (
                "**You may not do this.** It needs the permission Manage Server.\n"
                "Nothing was changed. Please ask the server's administrators."
            )
        case NotPermitted(needs=needs):
            return (
                f"**You may not do this.** It needs the {needs} role of this server.\n"
                "Nothing was changed. If you should have it, ask the server's administrators."
            )
        case NotYours():
            return "**This belongs to somebody else.** Run the command yourself to get your own."
        case GuildNotSetUp(missing=missing):
            return (
                f"**This server is not set up yet.** Missing: {', '.join(missing)}.\n"
                "An administrator can choose it with `/setup`."
            )
        case RolesSetByFile():
            return (
                "**`mooring.toml` sets the plan roles of this server.** Nothing was changed.\n"
                "Whoever runs the bot can change them there, under `[guild.plan_roles]`."
            )
        case RoleUnfit(role_id=role_id, obstacle=obstacle):
            return (
                f"**<@&{role_id}> cannot be the role of a plan.** {why(obstacle)}\n"
                "Nothing was changed."
            )
        case ServerNotTrusted(guild_id=guild_id):
            return (
                "**The bot is not meant for this server.** Whoever runs the bot can name it under "
                f"`servers` in `mooring.toml` (`{guild_id}`), or switch off *Public Bot* in "
                "Discord's developer portal, so that nobody else can add it to servers."
            )
        case TicketExists(channel_id=None):
            return "**Your ticket is being opened.** Please wait a moment."
        case TicketExists(channel_id=channel_id):
            return f"**You already have a ticket for this:** <#{channel_id}>"
        case OpeningError():
            return opening_refusal(error)
        case DeskError():
            return desk_refusal(error)
        case TicketOver():
            return "**This ticket is already closed.** You can open a new one with `/ticket open`."
        case NotReopened(why=obstacle, days=days):
            return why_not_reopened(obstacle, days)
        case RatingOver():
            return (
                "**Your rating cannot be changed any more.** That is possible for a day. Thank you "
                "for it."
            )
        case SeesTicketAlready(user_id=user_id):
            return f"**<@{user_id}> sees this ticket already.** Nothing was changed."
        case NotAdded(user_id=user_id):
            return (
                f"**<@{user_id}> was not added to this ticket.** Nothing was changed. Only people "
                "who were added with `/ticket add` can be taken out."
            )
        case ErasureBlocked(obstacles=obstacles):
            return why_not_erased(obstacles)
        case LinkRefused():
            return (
                "**The link was not shown.** It leads to a page that is not on this bot's list of "
                "safe addresses. Nothing was changed or charged.\n"
                "Please open a ticket with `/ticket open`, so that the team can look at it."
            )
        case NoSuchThing(what=what):
            return f"**This {what} does not exist any more.** Please run the command again."
        case RefundsSwitchedOff():
            return (
                "**Refunds are switched off.** The policy of this vendor is that payments are "
                'final (`refunds.mode = "none"`).'
            )
        case NoPayments(member_id=member_id):
            return (
                f"**There is no payment of <@{member_id}> to refund.** Either no billing account "
                "is linked, or everything has been refunded."
            )
        case NotRefundable(why=why_not):
            return _NOT_REFUNDABLE[why_not]
        case InvalidAmount(left=left):
            return (
                "**That is not an amount that can be refunded.** Write it with a point, for "
                f"example `5.00`. At most {money(left)} is left."
            )
        case InvalidPeriod(longest_days=days):
            return (
                "**These dates are not a period that can be shown.** Write them like `2026-11-01`, "
                f"the earlier one first, at most {days} days apart."
            )
        case PartialRefundUnsupported(left=left):
            return (
                "**The provider of this payment cannot give back a part of it.** Nothing was "
                f"refunded. You can refund all that is left, {money(left)}, or give back a part in "
                "the provider's dashboard."
            )
        case OwnAccount():
            return "**You cannot refund a payment of your own.** Ask another moderator."
        case OwnRequest():
            return (
                "**You have asked for this refund yourself.** Nothing was changed. Another "
                "moderator has to decide it."
            )
        case ApprovedBefore():
            return (
                "**You have said yes to this refund already.** Its amount takes two moderators. "
                "Another one has to approve it too."
            )
        case GroundNotAllowed():
            return (
                "**The policy of this vendor does not allow this ground.** Nothing was refunded. "
                "Choose another one, or see `grounds` under `[refunds]` in `mooring.toml`."
            )
        case RefundOutsideWindow(ended_at=ended_at):
            return (
                f"**The time to ask for this refund was over on {day(ended_at)}.** The policy of "
                "this vendor says so. Nothing was refunded."
            )
        case RefundCapReached(cap=cap, left=left):
            return (
                f"**This is more than you can grant now.** A moderator can grant {money(cap)} in "
                f"24 hours; you have {money(left)} left. Nothing was refunded. Another moderator "
                "can approve it, or you can wait."
            )
        case NothingToSearch():
            return "**There is no word in this.** Type at least one word or number to look for."
        case NoSuchTicket(number=number):
            return (
                f"**There is no ticket {number:04} here.** Its number is in its channel's name and "
                "in the log channel. `/tickets search` finds it by what was said."
            )
        case NotInTicket():
            return (
                "**This works only in the channel of a ticket.** Go to the member's ticket, and "
                "run it there."
            )
        case RefundOver(state="denied"):
            return "**This refund was denied already.** Its card or its ticket says why."
        case RefundOver(state="lapsed"):
            return (
                "**This request ended when its ticket was closed.** Nothing was refunded. The "
                "member can ask again in a new ticket."
            )
        case RefundOver(state="submitted" | "asked_back"):
            return "**This refund waits for a moderator.** `/refunds` shows what waits."
        case RefundOver():
            return "**This refund was already confirmed.** Its outcome is on its first screen."
        case ConsequenceChanged(in_queue=True):
            return (
                "**This refund is not what your card shows any more.** Nothing was refunded.\n"
                "The moderators' channel and `/refunds` show it as it is now. Look at it, then "
                "approve it again."
            )
        case ConsequenceChanged():
            return (
                "**Something changed since you looked at this refund.** Nothing was refunded.\n"
                "Run `/refund` again to see the payment as it is now."
            )
        case WithdrawalNotOffered():
            return (
                "**Withdrawing is not offered here.** You can cancel your plan at any time with "
                "`/cancel`."
            )
        case TooLateToWithdraw(ended_at=ended_at):
            return (
                f"**The time for withdrawing from this contract was over on {day(ended_at)}.** "
                "You can cancel your plan at any time with `/cancel`."
            )
        case NothingToAgreeTo():
            return (
                "**There is no message to come any more.** Nothing was changed. Run `/plans` at "
                "any time to see what there is."
            )
        case _:
            return f"**That is not possible.** (`{error.code}`)"
