"""The first message of a ticket: what was asked, and what can be done."""

from collections.abc import Sequence

import discord

from bot.domain.identifiers import AttemptId, RoleId
from bot.domain.secrets_in_text import REMOVED
from bot.domain.ticket import Ticket
from bot.domain.topic import ABOUT_MESSAGE, OPENED_BY_TEAM, Topic, answer_labels
from cogs import words
from cogs.cancellation.wording import about_leaving
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, row, text
from cogs.tickets.work_row import work_parts

# Of the 4,000 characters that Discord shows in one message; labels and greeting need the rest.
ANSWERS_LENGTH = 3_200
# Rule S21: say what was done and why.
_REMOVED_NOTE = (
    "⚠️ What looked like a card number, a password or a secret key was removed from your answers "
    "before they were stored. If it was one, others must not know it: nobody here needs it."
)
_REOPENED_NOTE = (
    "**This ticket was reopened.** Its number stays the same. What was said before is in the "
    "transcript, and will be in the next one too."
)


class WelcomeCard:
    """Put together anew when something in it has changed."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Keep what is needed."""
        self._is = dependencies

    def topic(self, ticket: Ticket) -> Topic | None:
        """None where the vendor has taken it out of the configuration."""
        return next((each for each in self._is.tickets.topics if each.id == ticket.topic_id), None)

    async def view(
        self,
        ticket: Ticket,
        role_id: RoleId | None,
        *,
        files: Sequence[str] = (),
        missing: Sequence[str] = (),
    ) -> View:
        """`files` are in the message; `missing` were given and could not be put there."""
        topic = self.topic(ticket)
        answers = self._answers(ticket, topic)
        removed = any(REMOVED in answer for answer in ticket.answers.values())
        team = f"<@&{role_id}>" if role_id else "The team"
        return card(
            text(
                f"## {topic.label if topic else 'Ticket'} · {ticket.number:04}\n"
                f"{_hello(ticket, topic, team)}\n"
                "-# Never send a password, a card number or a secret key: nobody here needs one."
            ),
            *([text(await self._reopened(ticket))] if ticket.reopened_at else []),
            text(answers or "-# Nothing was filled in."),
            *(discord.ui.File[View](f"attachment://{name}") for name in files),
            *([text(_missing(missing))] if missing else []),
            *([text(await self._leaving(ticket.attempt_id))] if ticket.attempt_id else []),
            *([text(_REMOVED_NOTE)] if removed else []),
            row(
                button("Close ticket", custom_id("ticket.close", ticket.id)),
                *self._refund_button(ticket),
            ),
            *work_parts(ticket),
            accent=words.NEUTRAL_COLOUR,
        )

    async def _reopened(self, ticket: Ticket) -> str:
        """Also names those who were added before: a thread is entered by being mentioned."""
        people = await self._is.ticket_people.of_ticket(ticket)
        named = ", ".join(f"<@{each}>" for each in people)
        return f"{_REOPENED_NOTE}\nAlso here: {named}" if named else _REOPENED_NOTE

    def _refund_button(self, ticket: Ticket) -> list[discord.ui.Button[View]]:
        """R9: nothing is offered that the vendor never grants."""
        if ticket.topic_id != self._is.policy.billing_topic or self._is.refunds.is_switched_off:
            return []
        return [button("Ask for a refund", custom_id("refund.wish", ticket.id))]

    async def _leaving(self, attempt_id: AttemptId) -> str:
        """From where in the cancel flow the member came."""
        return about_leaving(await self._is.cancellations.outcome(attempt_id), self._is)

    def _answers(self, ticket: Ticket, topic: Topic | None) -> str:
        labels, given = answer_labels(topic), ticket.answers
        return "\n".join(
            f"**{labels.get(name, name)}**\n{self._quoted(name, answer, len(given))}"
            for name, answer in given.items()
            if answer
        )

    def _quoted(self, name: str, answer: str, answers: int) -> str:
        """A share of what one message can hold; the transcript has the whole answer."""
        share = ANSWERS_LENGTH // answers
        if name != ABOUT_MESSAGE:
            return words.quoted(answer, at_most=share)
        said, _, address = answer.rpartition("\n")
        there = words.link("Go to the message", address, hosts=self._is.vendor.link_hosts)
        return "\n".join(filter(None, [words.quoted(said, at_most=share), there]))


def _hello(ticket: Ticket, topic: Topic | None, team: str) -> str:
    greeting = f"\n{topic.greeting}" if topic and topic.greeting else ""
    if OPENED_BY_TEAM in ticket.answers:
        return f"Hello <@{ticket.opener_id}>. {team} opened this ticket for you."
    return f"Hello <@{ticket.opener_id}>. {team} will answer here.{greeting}"


def _missing(names: Sequence[str]) -> str:
    listed = ", ".join(f"`{words.plain(name)}`" for name in names)
    return (
        f"⚠️ Not here: {listed}. The file is too large for this message, or Discord did not keep "
        "it long enough. Please send it in this channel."
    )
