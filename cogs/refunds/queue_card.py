"""The card of a refund that waits for the moderators: the facts of the case, and what was said."""

from collections.abc import Sequence
from itertools import accumulate

import discord

from bot.domain.identifiers import ChannelId
from bot.domain.refund import WAITING, Payment, Refund, RefundState
from bot.domain.refund_decision import Decision, DecisionKind, approvers
from bot.domain.ticket import Ticket
from bot.services.refund_file import RefundFile
from bot.services.refund_queue import WaitingRefunds
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, line, row, text
from cogs.refunds.render import GROUNDS, consequence_text, describe, dispute_text

# Discord shows 4,000 characters in one message. The facts come first, and what was said has the
# rest: at least as much as its newest note needs.
LONGEST_CARD = 4_000
LONGEST_FACTS = 2_400
LONGEST_CONSEQUENCE = 1_000
LONGEST_NOTE = 400
# For the line that says how much is left out.
_ROOM_TO_COUNT = 60
_OUTCOMES = {
    RefundState.REQUESTED: ("Approved, and on its way", words.NEUTRAL_COLOUR),
    RefundState.REFUNDED: ("Approved, and on its way", words.NEUTRAL_COLOUR),
    RefundState.DONE: ("Refunded", words.SUCCESS_COLOUR),
    RefundState.DENIED: ("Denied", words.NEUTRAL_COLOUR),
    RefundState.FAILED: ("Failed: no money was moved", words.WARNING_COLOUR),
    RefundState.RETURNED: ("Came back: the member does not have it", words.WARNING_COLOUR),
}
_SAID = {
    DecisionKind.SUBMITTED: "put it before the moderators",
    DecisionKind.APPROVED: "said yes",
    DecisionKind.DENIED: "said no",
    DecisionKind.ASKED: "asked",
    DecisionKind.ANSWERED: "answered",
    DecisionKind.AMOUNT: "changed the amount",
    DecisionKind.REVISED: "looked, and what it does had changed",
    DecisionKind.WITHDRAWN: "withdrew from the contract: now it is for all that is left",
}


def queue_card(file: RefundFile, deps: Dependencies) -> View:
    """What moderators see, with buttons as long as there is something to decide."""
    refund = file.case.refund
    waits = refund.state in WAITING
    heading, accent = _heading(file)
    facts, footer = _in_short(_facts(file, deps)), _footer(file)
    room = LONGEST_CARD - len(heading) - len(facts) - len(footer)
    parts = [text(heading), text(facts)]
    if said := _said(file.case.decisions, room=room):
        parts.append(text(said))
    parts.append(text(footer))
    if not waits:
        return card(*parts, accent=accent)
    return card(*parts, line(), row(*_buttons(file)), accent=accent)


def _heading(file: RefundFile) -> tuple[str, int]:
    refund = file.case.refund
    amount = f"{words.money(refund.amount)} · <@{refund.member_id}>"
    if refund.state not in WAITING:
        outcome, accent = _OUTCOMES[refund.state]
        return f"## {outcome}\n{amount}", accent
    heading = f"## Refund {words.money(refund.amount)} to <@{refund.member_id}>?"
    yes = approvers(file.case.decisions)
    if refund.state is RefundState.ASKED_BACK:
        heading += "\nWaits for an answer. You can decide it all the same."
    elif yes:
        heading += f"\n<@{yes[0]}> has said yes. **A second moderator has to approve.**"
    elif file.case.needs_two:
        heading += "\nThis amount takes the yes of **two** moderators."
    return heading, words.WARNING_COLOUR


def _facts(file: RefundFile, deps: Dependencies) -> list[str]:
    case = file.case
    refund, payment = case.refund, case.payment
    ground = GROUNDS[refund.ground] if refund.ground else "none yet"
    facts = [
        f"**Payment:** {words.money(payment.amount)} · {describe(payment)}",
        f"**Paid:** {words.day(payment.paid_at)} ({words.relative(payment.paid_at)})",
        f"**Ground:** {ground}",
        f"**Consequence:** {_cut(consequence_text(case, deps))}",
    ]
    if payment.refunded.amount and refund.state in WAITING:
        facts.append(f"**Refunded before:** {words.money(payment.refunded)}")
    if file.used is not None and file.granted is not None:
        facts.append(
            f"**Used in that period:** {words.count(file.used)} of {words.count(file.granted)} "
            f"{deps.catalogue.unit}"
        )
    if dispute := dispute_text(case).strip():
        facts.append(dispute)
    elif payment.disputed or case.disputes:
        facts.append("**Dispute:** the bank decides about this payment. A refund would pay twice.")
    if file.due_at is not None:
        facts.append(
            f"**Due:** {words.day(file.due_at)}. The law gives 14 days from the withdrawal; the "
            "policy for refunds does not apply."
        )
    elif file.window_end is not None:
        facts.append(f"**Policy:** could be asked for until {words.day(file.window_end)}.")
    # Last, because it is what a card that is too long can do without.
    return [*facts, *_lists(file)]


def _cut(consequence: str) -> str:
    """A member can have any number of other plans."""
    if len(consequence) <= LONGEST_CONSEQUENCE:
        return consequence
    return f"{consequence[:LONGEST_CONSEQUENCE]} …"


def _in_short(facts: Sequence[str]) -> str:
    """The first of them, where there is no room for all."""
    kept = _fitting(facts, LONGEST_FACTS - _ROOM_TO_COUNT)
    left_out = len(facts) - len(kept)
    more = [f"-# {left_out} more lines are left out: there is no room."] if left_out else []
    return "\n".join([*kept, *more])


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    """As many of the first ones as there is room for."""
    ends = accumulate(len(each) + 1 for each in lines)
    return [each for each, end in zip(lines, ends, strict=True) if end <= room]


def _lists(file: RefundFile) -> list[str]:
    charges = [f"- {_charge(each)}" for each in file.charges]
    earlier = [f"- {_earlier(each)}" for each in file.earlier]
    return [
        "**Other charges of that time:** none"
        if not charges
        else "**Other charges of that time:**",
        *charges,
        "**Earlier requests:** none" if not earlier else "**Earlier requests:**",
        *earlier,
    ]


def _charge(payment: Payment) -> str:
    back = f" · {words.money(payment.refunded)} given back" if payment.refunded.amount else ""
    return (
        f"{words.money(payment.amount)} on {words.day(payment.paid_at)} · {describe(payment)}{back}"
    )


def _earlier(refund: Refund) -> str:
    ground = f" · {GROUNDS[refund.ground]}" if refund.ground else ""
    outcome = _OUTCOMES[refund.state][0].lower()
    return f"{words.money(refund.amount)} on {words.day(refund.created_at)}{ground} · {outcome}"


def _said(decisions: Sequence[Decision], *, room: int) -> str:
    """Who said what, newest last: as many of the newest as there is room for."""
    said = [_decision(each) for each in reversed(decisions)]
    kept = _fitting(said, room - _ROOM_TO_COUNT)
    left_out = len(said) - len(kept)
    more = [f"-# {left_out} earlier ones are left out: there is no room."] if left_out else []
    return "\n".join([*more, *reversed(kept)])


def _decision(decision: Decision) -> str:
    who = f"<@{decision.actor_id}> {_SAID[decision.kind]} {words.relative(decision.at)}"
    if not decision.note:
        return who
    return f"{who}\n{words.quoted(decision.note, at_most=LONGEST_NOTE)}"


def _footer(file: RefundFile) -> str:
    refund = file.case.refund
    lines = []
    if refund.note:
        by = "The member" if refund.requester_id == refund.member_id else "Support"
        lines.append(f"**{by} says:**\n{words.quoted(refund.note, at_most=LONGEST_NOTE)}")
    asked = [f"asked by <@{refund.requester_id}>"] if refund.requester_id else []
    if file.ticket is not None:
        asked.append(_ticket(file.ticket, file.ticket_channel_id))
    lines.append(f"-# {' · '.join([*asked, f'Reference: {refund.reference}'])}")
    return "\n".join(lines)


def _ticket(ticket: Ticket, open_in: ChannelId | None) -> str:
    """By its number: most moderators see nothing of a channel that they were not called into."""
    named = f"ticket {ticket.number:04}"
    if open_in is None:
        return f"{named}, closed"
    return named if ticket.escalated_at is None else f"{named}, <#{open_in}>"


def _buttons(file: RefundFile) -> list[discord.ui.Button[View]]:
    refund = file.case.refund
    buttons = [
        button(
            f"Approve: {words.money(refund.amount)}",
            custom_id("refund.approve", f"{refund.id}:{refund.fingerprint}"),
            style=discord.ButtonStyle.success,
        ),
        button("Deny", custom_id("refund.deny", refund.id), style=discord.ButtonStyle.danger),
    ]
    if refund.requester_id is not None and refund.state is RefundState.SUBMITTED:
        buttons.append(button("Ask back", custom_id("refund.ask", refund.id)))
    if file.case.may_be_partial:
        buttons.append(button("Change amount", custom_id("refund.change", refund.id)))
    return buttons


def waiting_card(waiting: WaitingRefunds, deps: Dependencies) -> View:
    """/refunds: what waits, longest first."""
    if not waiting.listed:
        return card(text("## Nothing waits\nNo refund has to be decided."))
    heading, lines = f"## {waiting.total} to decide, longest waiting first", []
    for refund in waiting.listed:
        since = words.relative(refund.submitted_at or refund.created_at)
        answer = " · waits for an answer" if refund.state is RefundState.ASKED_BACK else ""
        lines.append(
            f"- {words.money(refund.amount)} · <@{refund.member_id}> · {since}{answer} · "
            f"{_where(refund, deps)}"
        )
    kept = _fitting(lines, LONGEST_CARD - len(heading) - _ROOM_TO_COUNT)
    more = [f"-# The first {len(kept)} of {waiting.total}."] if waiting.total > len(kept) else []
    buttons = [
        button(f"Open {refund.reference}", custom_id("refund.look", refund.id))
        for refund in waiting.listed[:5]
    ]
    said = "\n".join([heading, *kept, *more])
    return card(text(said), row(*buttons), accent=words.NEUTRAL_COLOUR)


def history_card(member_id: int, decided: Sequence[Refund]) -> View:
    """/refunds member: what was decided about one member's payments."""
    lines = [f"## Refunds of <@{member_id}>"]
    lines += [f"- {_earlier(each)} · `{each.reference}`" for each in decided]
    if not decided:
        lines.append("Nothing was decided yet.")
    return card(text("\n".join(lines)), accent=words.NEUTRAL_COLOUR)


def _where(refund: Refund, deps: Dependencies) -> str:
    """A link to the card; its reference where there is none."""
    if refund.queue_channel_id is None or refund.queue_message_id is None:
        return f"`{refund.reference}`"
    place = f"{refund.guild_id}/{refund.queue_channel_id}/{refund.queue_message_id}"
    url = f"https://discord.com/channels/{place}"
    return words.link(refund.reference, url, hosts=deps.vendor.link_hosts) or refund.reference
