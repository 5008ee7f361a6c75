"""Message nonces: with ``enforce_nonce`` a repeated one returns the first message."""

from __future__ import annotations

from collections.abc import Callable

from bot.sandbox.discord.messages import Message

MEMORY_SECONDS = 5 * 60
"""How long a nonce is remembered (Discord: "the last few minutes")."""


class Nonces:
    """The nonces the bot used lately, by channel."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], Message] = {}

    def earlier(self, channel_id: str, nonce: object) -> Message | None:
        """The message already sent with this nonce, if that is recent."""
        message = self._seen.get((channel_id, str(nonce)))
        if message is None or self._clock() - message.created_at > MEMORY_SECONDS:
            return None
        return message

    def remember(self, message: Message) -> None:
        """Note a message that carries a nonce."""
        if message.nonce is not None:
            self._seen[message.channel.id, str(message.nonce)] = message
