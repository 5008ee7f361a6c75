"""The customer's card: billing facts, tickets, refunds, for the team's eyes alone."""

from datetime import timedelta

import discord

from bot.domain.account import Account
from bot.domain.cancellation import CancelAttempt, find_reason
from bot.domain.identifiers import TicketId
from bot.domain.refund import Payment, Refund, RefundState
from bot.domain.subscription import NextStep, Subscription, grace_end, has_access, next_step
from bot.domain.ticket import Ticket, TicketState
from bot.services.customer_cards import CustomerFile
from cogs import prices, words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, row, text

# The card has much else to say in the 4,000 characters of a message.
LONGEST_COMMENT = 800
_REFUNDS = {
    RefundState.REQUESTED: "on its way",
    RefundState.REFUNDED: "on its way",
    RefundState.DONE: "refunded",
    RefundState.DENIED: "denied",
    RefundState.FAILED: "failed",
    RefundState.RETURNED: "came back",
}
_TICKETS = {
    TicketState.OPENING: "opening",
    TicketState.OPEN: "open",
    TicketState.CLOSING: "closed",
    TicketState.CLOSED: "closed",
    TicketState.FAILED: "could not be opened",
}


def customer_card(
    file: CustomerFile, deps: Dependencies, *, ticket: Ticket | None = None, live: bool = True
) -> View:
    """Everything that helps to answer. `live` adds the buttons; a copy in the notes has none."""
    # A mention in the notes could let the member in.
    parts: list[discord.ui.Item[View]] = [
        text(f"## Customer: <@{file.user_id}>" if live else "## Customer")
    ]
    if file.account is None:
        parts.append(
            text(
                "**Nothing is linked.** This person has not run `/link`, so no plan or payment is "
                "known. Ask them to run it; never ask for a password."
            )
        )
    else:
        parts.append(text("\n".join(_plan(file.account, deps))))
        if file.attempt is not None:
            parts.append(text(_leaving(file.attempt, deps)))
        parts.append(text(_paid(file)))
    parts.append(text(_history(file, deps, ticket)))
    if live:
        parts.append(row(*_buttons(file, deps, ticket)))
    return card(*parts, accent=words.NEUTRAL_COLOUR)


def _plan(account: Account, deps: Dependencies) -> list[str]:
    address = words.masked_address(account.email) if account.email else "no address"
    subscription, now = account.subscription, deps.clock()
    linked = f"**Account:** {address} · {account.provider.capitalize()}"
    if subscription is None or next_step(subscription, now=now) is NextStep.SUBSCRIBE:
        was = ""
        if subscription is not None:
            ended = subscription.ended_at or subscription.cancel_at or subscription.period_end
            name = words.plan_name(subscription, deps.catalogue)
            was = f" ({name} ended on {words.day(ended)})"
        return [f"**Plan:** Free{was}", linked]
    name = words.plan_name(subscription, deps.catalogue)
    lines = [
        f"**Plan:** {name} · {prices.present(subscription)}",
        f"**Status:** {_status(subscription, deps)}",
        *prices.changes(subscription),
        linked,
    ]
    grace = timedelta(days=deps.policy.grace_days)
    balance = account.balance
    if has_access(subscription, now=now, grace=grace):
        total = balance.granted + balance.topped_up
        lines.insert(
            2,
            f"**Balance:** {words.count(balance.remaining)} of {words.count(total)} "
            f"{deps.catalogue.unit} left",
        )
    return lines


def _status(subscription: Subscription, deps: Dependencies) -> str:
    name = subscription.status.value.replace("_", " ").capitalize()
    if subscription.ends_with_period and subscription.cancel_at is not None:
        return f"Cancelled. On until {words.day(subscription.cancel_at)}"
    if subscription.is_in_arrears:
        end = grace_end(subscription, grace=timedelta(days=deps.policy.grace_days))
        return f"{name}. The renewal payment failed; access until {words.day(end)}"
    return f"{name}. Renews on {words.day(subscription.renews_at)}"


def _leaving(attempt: CancelAttempt, deps: Dependencies) -> str:
    reason = find_reason(deps.policy.reasons, attempt.reason_id)
    offer = f" · offer shown: `{words.plain(attempt.offer_id)}`" if attempt.offer_id else ""
    said = f"\n{words.quoted(attempt.comment, at_most=LONGEST_COMMENT)}" if attempt.comment else ""
    return (
        f"**Began to cancel** {words.relative(attempt.started_at)} · reason: "
        f"{reason.label if reason else 'not given yet'}{offer}{said}"
    )


def _paid(file: CustomerFile) -> str:
    lines = ["**Last payments:**" if file.payments else "**Last payments:** none"]
    lines += [f"- {_payment(each)}" for each in file.payments]
    lines.append("**Refunds:**" if file.refunds else "**Refunds:** none")
    lines += [f"- {_refund(each)}" for each in file.refunds]
    return "\n".join(lines)


def _payment(payment: Payment) -> str:
    back = f" · {words.money(payment.refunded)} given back" if payment.refunded.amount else ""
    dispute = " · disputed" if payment.disputed else ""
    paid = f"{words.money(payment.amount)} on {words.day(payment.paid_at)}"
    return f"{paid}{back}{dispute} · `{payment.id}`"


def _refund(refund: Refund) -> str:
    outcome = _REFUNDS.get(refund.state, "waits")
    return (
        f"{words.money(refund.amount)} on {words.day(refund.created_at)} · {outcome} · "
        f"`{refund.reference}`"
    )


def _history(file: CustomerFile, deps: Dependencies, ticket: Ticket | None) -> str:
    topics = {topic.id: topic.label for topic in deps.policy.topics}
    others = [each for each in file.tickets if ticket is None or each.id != ticket.id]
    lines = ["**Other tickets:**" if others else "**Other tickets:** none"]
    for each in others:
        where = f" · <#{each.channel_id}>" if each.state is TicketState.OPEN else ""
        lines.append(
            f"- {each.number:04} · {topics.get(each.topic_id, each.topic_id)} · "
            f"{_TICKETS[each.state]} · {words.day(each.created_at)}{where}"
        )
    left = file.ticket_count - len(file.tickets)
    if left > 0:
        lines.append(f"-# And {left} older {'one' if left == 1 else 'ones'}.")
    if ticket is not None and ticket.notes_thread_id is not None:
        lines.append(f"**Notes:** <#{ticket.notes_thread_id}>")
    return "\n".join(lines)


def _buttons(
    file: CustomerFile, deps: Dependencies, ticket: Ticket | None
) -> list[discord.ui.Button[View]]:
    where = f"{file.user_id}/{ticket.id if ticket else ''}"
    shown = [button("Refresh", custom_id("desk.customer_again", where))]
    if ticket is not None and file.payments and not deps.refunds.is_switched_off:
        shown.append(button("Ask for a refund", custom_id("desk.refund", ticket.id)))
    return shown


def ticket_of(argument: str) -> TicketId | None:
    """The ticket beside which a card was opened."""
    _, _, ticket_id = argument.partition("/")
    return TicketId(ticket_id) if ticket_id else None
