"""What the team finds under a ticket's first message. Both sides see it, so it says little."""

import discord

from bot.domain.ticket import Ticket
from cogs.interactions import custom_id
from cogs.layout import View, button, row, text


def work_parts(ticket: Ticket) -> list[discord.ui.Item[View]]:
    """Who looks after it, and the team's buttons; who clicks is checked at each click."""
    taken = ticket.assignee_id is not None
    who = f"<@{ticket.assignee_id}> looks after this ticket.\n" if taken else ""
    first = (
        button("Release", custom_id("desk.release", ticket.id))
        if taken
        else button("Claim", custom_id("desk.claim", ticket.id))
    )
    return [
        text(f"{who}-# For the team:"),
        row(
            first,
            button("Customer", custom_id("desk.customer", ticket.id)),
            button("Notes", custom_id("desk.notes", ticket.id)),
            button("More…", custom_id("desk.more", ticket.id)),
        ),
    ]
