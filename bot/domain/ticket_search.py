"""Searching what was said in tickets: words of a person's, never a language of the database's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.identifiers import TicketId
from bot.domain.ticket import Ticket

MOST_WORDS = 8
LONGEST_WORD = 40
PAGE = 5
_WORD = re.compile(r"[^\W_]+")
_AROUND = 60


@dataclass(frozen=True, slots=True)
class TopicsInSight:
    """Whose tickets somebody may see: of `only` these topics, or of all but `without`.

    Tickets of topics that the vendor has removed are among the latter.
    """

    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()

    def has(self, topic_id: str) -> bool:
        """Whether tickets of this topic are among them."""
        return topic_id not in self.without and (self.only is None or topic_id in self.only)


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket in which all words stand, each time in one message; `said` is the newest one."""

    ticket: Ticket
    messages: int
    said: str


@dataclass(frozen=True, slots=True)
class FoundPage:
    """One page of a search. `more`: whether another one follows."""

    words: tuple[str, ...]
    found: Sequence[Found]
    offset: int
    more: bool


@dataclass(frozen=True, slots=True)
class Match:
    """The store's answer for one ticket."""

    ticket_id: TicketId
    messages: int
    said: str


def words_of(typed: str) -> tuple[str, ...]:
    """The words to look for, each as the beginning of one: "refund" finds "refunded"."""
    words = dict.fromkeys(word.lower()[:LONGEST_WORD] for word in _WORD.findall(typed))
    return tuple(words)[:MOST_WORDS]


def excerpt(said: str, words: Sequence[str]) -> str:
    """The place where the first of the words stands, with what is around it."""
    flat = " ".join(said.split())
    lowered = flat.lower()
    places = [place for word in words if (place := lowered.find(word)) >= 0]
    start = max(0, min(places, default=0) - _AROUND)
    end = min(len(flat), min(places, default=0) + 2 * _AROUND)
    return f"{'…' if start else ''}{flat[start:end]}{'…' if end < len(flat) else ''}"
