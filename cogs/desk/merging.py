"""Where a ticket goes on, and who will read what: before it is merged."""

from collections.abc import Sequence

import discord

from bot.domain.identifiers import UserId
from bot.services.ticket_merges import Audience, MergeChoice
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, card, row, select, text

_NAMED = 5


def merge_choice(choice: MergeChoice, deps: Dependencies) -> View:
    """The other tickets, each with those who would read there."""
    source = choice.source
    topics = {topic.id: topic.label for topic in deps.policy.topics}
    options = [
        discord.SelectOption(
            label=f"{each.number:04} · {topics.get(each.topic_id, each.topic_id)}"[:100],
            value=each.id,
        )
        for each in (other.ticket for other in choice.others)
    ]
    return card(
        text(
            f"## Where does ticket {source.ticket.number:04} go on?\nIts channel is closed, and "
            "the member is told in both. Nobody reads more by it: what was said in a ticket is "
            "still read by those who could read it there, also in transcripts."
        ),
        text("\n".join(_readers(source, other) for other in choice.others)),
        row(select(custom_id("desk.merge_into", source.ticket.id), "Choose a ticket", options)),
        accent=words.NEUTRAL_COLOUR,
    )


def _readers(source: Audience, other: Audience) -> str:
    """Who reads the one in which it would go on, and not the one that would go; or else."""
    here, there = f"{source.ticket.number:04}", f"{other.ticket.number:04}"
    said = []
    if other.team != source.team:
        team = f"<@&{other.team}>" if other.team else "the moderators alone"
        said.append(
            f"It is answered by {team}: they do not read what was said in {here}, and your "
            "colleagues there do not read how it goes on."
        )
    come = [each for each in other.people if each not in source.people]
    if come:
        said.append(f"{_named(come)} can read it, and will not read what was said in {here}.")
    gone = [each for each in source.people if each not in other.people]
    if gone:
        said.append(f"{_named(gone)} can read {here}, and will not read how it goes on.")
    return f"**{there}:** {' '.join(said) or 'The same people read both.'}"


def _named(people: Sequence[UserId]) -> str:
    first = ", ".join(f"<@{each}>" for each in people[:_NAMED])
    more = len(people) - _NAMED
    return f"{first} and {more} more" if more > 0 else first
