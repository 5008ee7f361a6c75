"""What the team sees of its work in a ticket: the panel behind “More…”, and its choices."""

import discord

from bot.domain.ticket import Priority, Ticket, TicketState
from bot.domain.ticket_work import MOST_TAGS, WorkedTicket
from bot.domain.topic import Place
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, card, row, select, text

PRIORITIES = {
    Priority.URGENT: "Urgent",
    Priority.HIGH: "High",
    Priority.NORMAL: "Normal",
    Priority.LOW: "Low",
}
SNOOZES = {
    "1h": "For an hour",
    "4h": "For four hours",
    "tomorrow": "Until tomorrow, 9:00",
    "monday": "Until Monday, 9:00",
}
OTHER = "other"
_NEXT = {
    "transfer": ("Transfer to a colleague", "They get the ticket"),
    "move": ("Move to another topic", "The team of that topic gets it"),
    "escalate": ("Escalate", "The moderators are called"),
    "priority": ("Priority", "Urgent tickets come first in the queue"),
    "tags": ("Tags", "What it is about"),
    "snooze": ("Snooze", "Until a time, or until somebody replies"),
    "solved": ("Ask whether it is solved", "Yes closes; silence closes later"),
    "merge": ("Merge", "Go on in another ticket of this member"),
    "block": ("Block", "No new tickets of this member for a while"),
}
_CHANNEL_MOVES = "your team cannot see it any more."
_THREAD_MOVES = "it is called in, and your team is taken out of the thread."
# Discord tells nobody without the Server Members intent who is in a thread.
_THREAD_KEEPS = (
    "it is called in. Whoever is in the thread now stays in it until somebody takes them out by "
    "hand."
)


def panel(worked: WorkedTicket, deps: Dependencies, *, done: str = "") -> View:
    """The state of a ticket and what can be done with it."""
    ticket = worked.ticket
    heading = f"## Ticket {ticket.number:04}"
    parts = [text(f"{done}\n{heading}" if done else heading), text(_state(worked, deps))]
    if ticket.state is not TicketState.OPEN:
        return card(*parts, accent=words.NEUTRAL_COLOUR)
    options = [
        discord.SelectOption(label=label, value=value, description=description)
        for value, (label, description) in _NEXT.items()
    ]
    chooser = select(custom_id("desk.next", ticket.id), "What do you want to do?", options)
    return card(*parts, row(chooser), accent=words.NEUTRAL_COLOUR)


def _state(worked: WorkedTicket, deps: Dependencies) -> str:
    ticket = worked.ticket
    topics = {topic.id: topic.label for topic in deps.policy.topics}
    lines = [
        f"**Topic:** {topics.get(ticket.topic_id, ticket.topic_id)}",
        f"**Assigned to:** {f'<@{ticket.assignee_id}>' if ticket.assignee_id else 'nobody'}",
        f"**Priority:** {PRIORITIES[ticket.priority]}",
        f"**Tags:** {', '.join(f'`{tag}`' for tag in worked.tags) or 'none'}",
    ]
    if ticket.state is not TicketState.OPEN:
        lines.append("**This ticket is closed.**")
    elif ticket.waiting_since is not None:
        lines.append(f"**The member asked** {words.relative(ticket.waiting_since)} and waits.")
    else:
        lines.append("**It is the member's turn.**")
    if ticket.snoozed_until is not None:
        lines.append(
            f"**Snoozed until** {words.day_and_time(ticket.snoozed_until)}, or until somebody "
            "replies"
        )
    if ticket.escalated_at is not None:
        lines.append(f"**Escalated** {words.relative(ticket.escalated_at)}")
    if ticket.close_deadline is not None:
        lines.append(f"**Closes by itself** {words.relative(ticket.close_deadline)}")
    return "\n".join(lines)


def colleague_choice(ticket: Ticket) -> View:
    """Who gets it."""
    people: discord.ui.UserSelect[View] = discord.ui.UserSelect(
        custom_id=custom_id("desk.transfer_to", ticket.id), placeholder="Choose a colleague"
    )
    return card(
        text("## Who takes this ticket?\nSomebody of the team, you included."),
        discord.ui.ActionRow(people),
        accent=words.NEUTRAL_COLOUR,
    )


def topic_choice(ticket: Ticket, deps: Dependencies, *, hears_members: bool) -> View:
    """What it is really about. `hears_members`: the bot has the Server Members intent."""
    options = [
        discord.SelectOption(label=topic.label, value=topic.id)
        for topic in deps.policy.topics
        if topic.id != ticket.topic_id
    ]
    if not options:
        return card(text("**There is no other topic.** The vendor's configuration has one."))
    then = _CHANNEL_MOVES
    if ticket.place == Place.THREAD:
        then = _THREAD_MOVES if hears_members else _THREAD_KEEPS
    return card(
        text(f"## Which topic?\nIf another team answers it, {then}"),
        row(select(custom_id("desk.move_to", ticket.id), "Choose a topic", options)),
        accent=words.NEUTRAL_COLOUR,
    )


def priority_choice(ticket: Ticket) -> View:
    """How much it matters."""
    options = [
        discord.SelectOption(label=label, value=each.value, default=each is ticket.priority)
        for each, label in PRIORITIES.items()
    ]
    return card(
        text("## How much does it matter?\nThe member does not see this."),
        row(select(custom_id("desk.priority_to", ticket.id), "Choose a priority", options)),
        accent=words.NEUTRAL_COLOUR,
    )


def tag_choice(worked: WorkedTicket, deps: Dependencies) -> View:
    """What it is about: choosing a tag puts it on, or takes it off again."""
    named = list(dict.fromkeys([*worked.tags, *deps.policy.desk.tags]))[:24]
    options = [
        discord.SelectOption(
            label=tag, value=tag, description="Take it off" if tag in worked.tags else None
        )
        for tag in named
    ]
    options.append(discord.SelectOption(label="Another tag…", value=OTHER))
    chooser = select(custom_id("desk.tag_to", worked.ticket.id), "Choose a tag", options)
    return card(
        text(f"## Tags\nUp to {MOST_TAGS}. The member does not see them."),
        row(chooser),
        accent=words.NEUTRAL_COLOUR,
    )


def snooze_choice(ticket: Ticket) -> View:
    """Until when."""
    options = [discord.SelectOption(label=label, value=value) for value, label in SNOOZES.items()]
    options.append(discord.SelectOption(label="Another time…", value=OTHER))
    return card(
        text("## Until when?\nAny reply ends it before."),
        row(select(custom_id("desk.snooze_to", ticket.id), "Choose a time", options)),
        accent=words.NEUTRAL_COLOUR,
    )
