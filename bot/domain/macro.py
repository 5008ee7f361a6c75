"""Macros: an answer that is given often, with what is done to the ticket at the same time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.ticket import Priority

# Discord shows 4,000 characters in one message; what stands for a placeholder needs room.
LONGEST_REPLY = 3_000
PLACEHOLDERS = frozenset({"member", "plan", "renewal", "balance", "ticket", "agent", "vendor"})

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Reply:
    """Say something to the member."""

    text: str


@dataclass(frozen=True, slots=True)
class AddTag:
    """Tag the ticket."""

    tag: str


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Change its priority."""

    priority: Priority


@dataclass(frozen=True, slots=True)
class Assign:
    """Give it to whoever uses the macro, or to nobody."""

    to_me: bool


@dataclass(frozen=True, slots=True)
class Snooze:
    """Put it off."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class Close:
    """Close it, with a reason that both sides can read."""

    reason: str


Action = Reply | AddTag | SetPriority | Assign | Snooze | Close


@dataclass(frozen=True, slots=True)
class Macro:
    """`actions` are carried out together, or not at all."""

    id: str
    label: str
    actions: tuple[Action, ...]

    @property
    def reply(self) -> str | None:
        """What it says to the member, with its placeholders; None for one that says nothing."""
        return next((each.text for each in self.actions if isinstance(each, Reply)), None)


def unknown_placeholders(text: str) -> list[str]:
    """What stands in braces and means nothing, in the order in which it is written."""
    return [name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each placeholder's value. A value is never read for placeholders again."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
