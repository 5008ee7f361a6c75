"""What is said about a closed ticket names what really closed it."""

from dataclasses import replace
from datetime import UTC, datetime

import discord
import pytest

from bot.domain.identifiers import GuildId, TicketId, UserId
from bot.domain.ticket import Ticket, TicketState
from cogs.layout import View
from cogs.tickets.closing_cards import member_card, staff_card

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MIA, SAM = UserId(2), UserId(3)
TICKET = Ticket(
    TicketId("T1"),
    1,
    GuildId(1),
    MIA,
    "billing",
    {},
    TicketState.CLOSING,
    None,
    None,
    None,
    NOW,
    NOW,
    SAM,
    None,
)


def text_of(view: View) -> str:
    return "\n".join(
        item.content for item in view.walk_children() if isinstance(item, discord.ui.TextDisplay)
    )


@pytest.mark.parametrize(
    ("closed_by", "reason", "to_member", "to_team"),
    [
        (MIA, None, "closed by you.", "closed by <@2>"),
        (SAM, "Solved", "closed by the team.", "closed by <@3>"),
        (None, None, "because its channel was deleted", "its channel was deleted"),
        (None, "No answer for 7 days.", "It closed by itself.", "closed by itself"),
    ],
)
def test_who_or_what_closed_it(
    closed_by: UserId | None, reason: str | None, to_member: str, to_team: str
) -> None:
    ticket = replace(TICKET, closed_by=closed_by, close_reason=reason)

    member = text_of(member_card(ticket, reopen_until=None, asks_rating=False))
    staff = text_of(staff_card(ticket, topic="Billing", told=True, left=[]))

    assert to_member in member
    assert to_team in staff
    was_deleted = closed_by is None and reason is None
    assert ("channel was deleted" in member, "channel was deleted" in staff) == (was_deleted,) * 2
