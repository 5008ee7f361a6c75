"""Which command a message answers: Discord's client shows it, the API's message does not tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from bot.sandbox.discord.wire import Json

COMMAND = 2
"""The interaction type of commands."""


class CommandNames:
    """Remembers the commands used on this page by the id of their interaction."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._under_way: defaultdict[str, list[str]] = defaultdict(list)

    @contextmanager
    def used(self, user_id: str, name: str) -> Iterator[None]:
        """While the person waits for the answer, which is seen before its interaction's id is."""
        self._under_way[user_id].append(name)
        try:
            yield
        finally:
            self._under_way[user_id].remove(name)

    def note(self, interaction_id: str, name: str) -> None:
        """This interaction came from that command."""
        self._names[interaction_id] = name

    def labelled(self, message: Json) -> Json:
        """The message with ``command``, when it answers a command that is known."""
        metadata = message.get("interaction_metadata") or {}
        if metadata.get("type") != COMMAND:
            return message
        waiting = self._under_way.get(metadata["user"]["id"])
        name = self._names.get(metadata["id"]) or (waiting[-1] if waiting else None)
        return message | {"command": name} if name else message
