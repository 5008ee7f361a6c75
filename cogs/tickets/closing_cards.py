"""What is said when a ticket is closed: to the member, and in the log."""

from collections.abc import Sequence
from datetime import datetime

import discord

from bot.domain.identifiers import ChannelId
from bot.domain.refund import Refund
from bot.domain.ticket import Ticket
from bot.domain.ticket_ends import BEST, WORST
from bot.domain.topic import Place
from bot.domain.transcript import MEMBER_LINK
from cogs import words
from cogs.interactions import custom_id
from cogs.layout import Part, View, button, card, line, row, text


def member_card(
    ticket: Ticket, *, reopen_until: datetime | None, asks_rating: bool, link: str | None = None
) -> View:
    """What happened, why, and what the member can do now."""
    reason = f"\n**Reason:**\n{words.quoted(ticket.close_reason)}" if ticket.close_reason else ""
    again = "You can open a new ticket at any time."
    if reopen_until is not None:
        again = (
            f"Not solved? You can open this ticket again until {words.day(reopen_until)}. You can "
            "open a new one at any time."
        )
    reopening = button("Reopen ticket", custom_id("ticket.reopen", ticket.id))
    return card(
        text(
            f"## Ticket {ticket.number:04} is closed\n{_how(ticket)}{reason}\n"
            f"Everything that was said is in this file{_or_at(link)}. {again}"
        ),
        *([row(reopening)] if reopen_until is not None else []),
        *(_rating(ticket) if asks_rating else []),
        accent=words.NEUTRAL_COLOUR,
    )


def _how(ticket: Ticket) -> str:
    if ticket.closed_by is not None:
        return f"It was closed by {'you' if ticket.closed_by == ticket.opener_id else 'the team'}."
    # Silence closes with a reason, and a channel that is gone without one.
    if ticket.close_reason is not None:
        return "It closed by itself."
    return "It was closed, because its channel was deleted."


def _or_at(link: str | None) -> str:
    """The page shows every picture, and hands out the other files."""
    return f", and for {MEMBER_LINK.days} days {link}" if link else ""


def _rating(ticket: Ticket) -> list[Part]:
    """Asked once; whoever does not answer is not asked again."""
    return [
        line(),
        text("**How was our help?** 1 is bad, 5 is very good. You need not answer."),
        row(
            *(
                button(
                    str(rating),
                    custom_id("ticket.rate", f"{ticket.id}/{rating}"),
                    style=discord.ButtonStyle.secondary,
                )
                for rating in range(WORST, BEST + 1)
            )
        ),
    ]


def left_behind_card(ticket: Ticket, *, reopen_until: datetime | None) -> View:
    """In a channel that the bot may not delete, for whoever still sees it."""
    again = "You can open a new one with `/ticket open`."
    buttons: list[Part] = []
    if reopen_until is not None:
        again = f"Not solved? You can open it again until {words.day(reopen_until)}."
        buttons.append(row(button("Reopen ticket", custom_id("ticket.reopen", ticket.id))))
    return card(
        text(f"## This ticket is closed\nNobody reads what is written here. {again}"),
        *buttons,
        accent=words.NEUTRAL_COLOUR,
    )


def staff_card(
    ticket: Ticket,
    *,
    topic: str,
    told: bool,
    left: Sequence[ChannelId],
    wishes: Sequence[Refund] = (),
) -> View:
    """One entry in the log, with the transcript and the way to the notes.

    `left` are the places that the bot may not delete, `wishes` the refunds that the member has
    asked for in vain.
    """
    by = "itself" if ticket.close_reason else "nobody: its channel was deleted"
    if ticket.closed_by is not None:
        by = f"<@{ticket.closed_by}>"
    reason = f"\n{words.quoted(ticket.close_reason)}" if ticket.close_reason else ""
    delivery = (
        ""
        if told
        else "\n⚠️ The member could not be reached: no transcript was sent. They take no direct "
        "messages or have left the server, and no billing address is known."
    )
    return card(
        text(
            f"### Ticket {ticket.number:04} closed\n<@{ticket.opener_id}> · {topic} · "
            f"closed by {by}{reason}{delivery}{''.join(_left(ticket, each) for each in left)}"
            f"{''.join(_wish(each) for each in wishes)}"
        ),
        # Whoever presses it gets the copy that they may read, the team's with the notes.
        row(button("The team's copy", custom_id("ticket.transcript", ticket.id))),
    )


def _wish(refund: Refund) -> str:
    """Nobody has put it before the moderators, and nobody has declined it."""
    return (
        f"\n⚠️ A request to refund {words.money(refund.amount)} ended without a decision "
        f"(`{refund.reference}`). The member is told, and can ask again in a new ticket."
    )


def _left(ticket: Ticket, place: ChannelId) -> str:
    """What a person has to delete, and what the bot lacks."""
    kind, needs = "channel", "Manage Channels, in the category too"
    if ticket.place == Place.THREAD:
        kind, needs = "thread", "Manage Threads in the channel that it is in"
    notes = " with the notes" if place == ticket.notes_thread_id else ""
    return (
        f"\n⚠️ The bot may not delete the {kind}{notes} <#{place}>: it needs {needs}. Please delete "
        "it by hand."
    )
