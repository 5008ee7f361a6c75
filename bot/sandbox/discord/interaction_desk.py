"""Begins interactions, gives up on those that nobody answers in time, and finds them by token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.interactions import RESPONSE_SECONDS, TOKEN_SECONDS, Interaction
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.users import User
from bot.sandbox.discord.wire import ApiError, Json, unknown
from bot.sandbox.discord.world import World


class InteractionDesk:
    """All interactions by id and by token, and how many seconds each waits for its answer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.response_seconds = RESPONSE_SECONDS
        self._by_token: dict[str, Interaction] = {}

    async def begin(
        self,
        *,
        kind: int,
        user: User,
        channel: Channel,
        data: Json,
        event_of: Callable[[Interaction], Json],
        source: Message | None = None,
        opener: Json | None = None,
    ) -> Interaction:
        """Send an interaction to the bot and wait for its first response.

        Raises:
            DidNotRespond: there was none within `response_seconds`.
        """
        interaction = Interaction(
            self._world,
            kind=kind,
            user=user,
            channel=channel,
            data=data,
            source=source,
            opener=opener,
        )
        self._by_token[interaction.token] = interaction
        self._world.gateway.dispatch(
            "INTERACTION_CREATE", event_of(interaction), guild=channel.guild
        )
        timer = asyncio.get_running_loop().call_later(
            self.response_seconds, self._give_up, interaction
        )
        try:
            await interaction.first_response()
        finally:
            timer.cancel()
        return interaction

    def _give_up(self, interaction: Interaction) -> None:
        if not interaction.expire():
            return
        self._world.tell(
            "interaction_failed",
            interaction.channel,
            {"id": interaction.id, "type": interaction.kind, "data": interaction.data},
            only=frozenset({interaction.user.id}),
        )

    def for_callback(self, interaction_id: str, token: str) -> Interaction:
        """The interaction that a callback answers.

        Raises:
            ApiError: 10062, unknown or past its token's life.
        """
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id or self._stale(interaction):
            raise unknown(10062, "interaction")
        return interaction

    def for_webhook(self, application_id: str, token: str) -> Interaction:
        """The interaction behind a webhook token, good for 15 minutes.

        Raises:
            ApiError: 10015 for a token never given out, 50027 for one past its life.
        """
        interaction = self._by_token.get(token)
        if interaction is None or application_id != self._world.application.id:
            raise unknown(10015, "Webhook")
        if self._stale(interaction):
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return interaction

    def _stale(self, interaction: Interaction) -> bool:
        return self._world.clock() - interaction.created_at > TOKEN_SECONDS
