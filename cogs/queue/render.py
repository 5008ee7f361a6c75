"""The queue and the team's roster as text."""

from collections.abc import Sequence
from datetime import datetime

import discord

from bot.domain.assignment import Agent, Assignment
from bot.domain.identifiers import UserId
from bot.domain.sla import Target
from bot.domain.ticket import Priority, Ticket
from bot.domain.ticket_queue import PER_PAGE, Queue, QueueFilter, QueueLine, Whose
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import Part, View, button, card, line, row, select, text

ALL = "*"
TARGETS = {
    Target.FIRST_REPLY: "First reply",
    Target.NEXT_REPLY: "Next reply",
    Target.RESOLUTION: "Solution",
}
_WHOSE = {
    Whose.ALL: "Whoever has them",
    Whose.MINE: "Mine",
    Whose.NOBODYS: "Nobody's",
}
_ASSIGNMENTS = {
    Assignment.NONE: "New tickets are given to nobody: whoever claims one has it.",
    Assignment.ROUND_ROBIN: "New tickets go round: to whoever got one longest ago.",
    Assignment.LEAST_LOADED: "New tickets go to whoever has the fewest open ones.",
}


def encoded(chosen: QueueFilter) -> str:
    """For a custom_id."""
    return f"{chosen.topic_id or ALL}/{chosen.whose}/{chosen.page}"


def decoded(argument: str) -> QueueFilter:
    """The inverse of `encoded`, also of what an older version has sent."""
    topic, _, rest = argument.partition("/")
    whose, _, page = rest.partition("/")
    return QueueFilter(
        None if topic in (ALL, "") else topic,
        Whose(whose) if whose in list(Whose) else Whose.ALL,
        int(page) if page.isdecimal() else 0,
    )


def queue_card(queue: Queue, deps: Dependencies) -> View:
    """A page of what waits, and what else to look at."""
    labels = {topic.id: topic.label for topic in deps.tickets.topics}
    now = deps.clock()
    lines = [_line(each, labels, now) for each in queue.lines]
    waits = "1 ticket waits" if queue.total == 1 else f"{words.count(queue.total)} tickets wait"
    head = f"## Queue\n{waits} for an answer, the most urgent and the longest waiting first."
    if not queue.lines:
        head = "## Queue\n**Nothing waits for an answer here.**"
    return card(
        text(head),
        *([line(), *(text(each) for each in lines)] if lines else []),
        line(),
        *_controls(queue, labels),
        accent=words.NEUTRAL_COLOUR if lines else words.SUCCESS_COLOUR,
    )


def _line(each: QueueLine, labels: dict[str, str], now: datetime) -> str:
    waiting, wait = each.waiting, each.waiting.wait
    urgent = "" if wait.priority is Priority.NORMAL else f" · **{wait.priority}**"
    who = f"<@{wait.assignee_id}>" if wait.assignee_id else "nobody has it"
    since = words.relative(wait.waiting_since) if wait.waiting_since else ""
    place = f"<#{waiting.channel_id}>" if waiting.channel_id else f"{waiting.number:04}"
    return (
        f"{place} · {labels.get(wait.topic_id, wait.topic_id)}{urgent}\n"
        f"-# <@{waiting.opener_id}> asked {since} · {who}{_due(each, now)}"
    )


def _due(each: QueueLine, now: datetime) -> str:
    if each.due is None:
        return ""
    when = f"{TARGETS[each.due.target]} due {words.relative(each.due.at)}"
    return f" · ⚠️ **{when}**" if each.is_late(now=now) else f" · {when}"


def _controls(queue: Queue, labels: dict[str, str]) -> list[Part]:
    chosen = queue.chosen
    parts: list[Part] = []
    if len(queue.topics) > 1:
        topics = [
            discord.SelectOption(
                label=labels.get(topic, topic), value=topic, default=topic == chosen.topic_id
            )
            # A select has room for 25, one of which is for all.
            for topic in queue.topics[:24]
        ]
        every = discord.SelectOption(label="All topics", value=ALL, default=chosen.topic_id is None)
        parts.append(
            row(select(custom_id("queue.topic", encoded(chosen)), "Topic", [every, *topics]))
        )
    whose = [
        discord.SelectOption(label=label, value=each.value, default=each is chosen.whose)
        for each, label in _WHOSE.items()
    ]
    parts.append(row(select(custom_id("queue.whose", encoded(chosen)), "Whose", whose)))
    parts.append(row(*_turning(queue)))
    return parts


def _turning(queue: Queue) -> list[discord.ui.Button[View]]:
    chosen = queue.chosen
    pages = max(1, -(-queue.total // PER_PAGE))
    at = f"{chosen.topic_id or ALL}/{chosen.whose}"
    turning = [button("Refresh", custom_id("queue.show", f"{at}/{chosen.page}"))]
    if pages == 1:
        return turning
    # The verb differs, because two buttons of a message must not have one custom_id.
    return [
        button(
            "Earlier",
            custom_id("queue.back", f"{at}/{max(0, chosen.page - 1)}"),
            disabled=chosen.page == 0,
        ),
        button(
            f"Page {chosen.page + 1} of {pages}", custom_id("queue.show", f"{at}/{chosen.page}")
        ),
        button(
            "Later", custom_id("queue.on", f"{at}/{chosen.page + 1}"), disabled=not queue.has_more
        ),
    ]


def roster_card(team: Sequence[Agent], how: Assignment) -> View:
    """Who takes tickets, and how many they have."""
    lines = [
        f"{'🟢' if agent.takes_tickets else '⏸️'} <@{agent.user_id}> · "
        f"{words.open_tickets(agent.open_tickets)}"
        f"{'' if agent.takes_tickets else ' · takes no new ones'}"
        for agent in team[:50]
    ]
    more = f"\n… and {len(team) - 50} more" if len(team) > 50 else ""
    nobody = "Nobody has run `/agent on` yet."
    return card(
        text(f"## Who takes tickets\n{_ASSIGNMENTS[how]}"),
        text(("\n".join(lines) or nobody) + more),
        text("-# `/agent on` and `/agent off` say whether you get new tickets."),
        accent=words.NEUTRAL_COLOUR,
    )


def given_back_card(user_id: UserId, left: Sequence[Ticket], deps: Dependencies) -> View:
    """Whose tickets are nobody's now. It calls nobody: the queue has them."""
    shown = [
        f"- <#{each.channel_id}> · {deps.tickets.label(each.topic_id)}" for each in left[:PER_PAGE]
    ]
    if len(left) > PER_PAGE:
        shown.append(f"- … and {len(left) - PER_PAGE} more")
    what = "This ticket is" if len(left) == 1 else f"These {len(left)} tickets are"
    listed = "\n".join(shown)
    return card(
        text(
            f"### <@{user_id}> answers no tickets any more\n{what} nobody's now:\n{listed}\n"
            "-# `/queue` shows who waits longest."
        ),
        accent=words.WARNING_COLOUR,
    )


def taking_card(how: Assignment, *, takes_tickets: bool) -> View:
    """What the person has just chosen."""
    if not takes_tickets:
        said = "## You get no new tickets\nThose that you have stay yours. Back again: `/agent on`."
        return card(text(said), accent=words.SUCCESS_COLOUR)
    said = f"## You take tickets\n{_ASSIGNMENTS[how]}\nA break? Run `/agent off`."
    return card(text(said), accent=words.SUCCESS_COLOUR)
