"""Interactions: from a person's action over the bot's one response to its follow-ups."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Literal

from bot.sandbox.discord import messages as flags
from bot.sandbox.discord import messaging
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.component_store import stored_components
from bot.sandbox.discord.files import File
from bot.sandbox.discord.forms import refuse
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.modal_rules import check_modal
from bot.sandbox.discord.users import User
from bot.sandbox.discord.views import Modal
from bot.sandbox.discord.watch import Watch
from bot.sandbox.discord.wire import ApiError, Json, unknown
from bot.sandbox.discord.world import World

RESPONSE_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60

COMMAND = 2
COMPONENT = 3
AUTOCOMPLETE = 4
MODAL_SUBMIT = 5

MESSAGE = 4
DEFERRED = 5
DEFERRED_UPDATE = 6
UPDATE = 7
CHOICES = 8
MODAL = 9

ResponseKind = Literal["message", "deferred", "modal", "update", "deferred_update", "choices"]
_KINDS: dict[int, ResponseKind] = {
    MESSAGE: "message",
    DEFERRED: "deferred",
    DEFERRED_UPDATE: "deferred_update",
    UPDATE: "update",
    CHOICES: "choices",
    MODAL: "modal",
}


class DidNotRespond(Exception):
    """The application did not respond within three seconds."""


class Interaction(Watch):
    """One action of a person and what the bot made of it.

    Attributes:
        message: the response, or for updates the message that was acted on; a live object.
        modal: the modal that the bot opened, if it did.
        choices: the answer to an autocomplete request.
        followups: the follow-up messages, oldest first.
        edited: whether the bot edited the response's message through this interaction.
        first_response_seconds: from the action to the bot's response; None before it.
    """

    __slots__ = (
        "_world",
        "channel",
        "choices",
        "created_at",
        "data",
        "edited",
        "expired",
        "first_response_seconds",
        "followups",
        "handed_out",
        "id",
        "kind",
        "message",
        "metadata",
        "modal",
        "responded",
        "response_kind",
        "source",
        "started",
        "token",
        "user",
    )

    def __init__(
        self,
        world: World,
        *,
        kind: int,
        user: User,
        channel: Channel,
        data: Json,
        source: Message | None,
        opener: Json | None,
    ) -> None:
        super().__init__()
        self._world = world
        self.id = world.ids.next()
        self.token = secrets.token_urlsafe(32)
        self.kind = kind
        self.user = user
        self.channel = channel
        self.data = data
        self.source = source
        self.created_at = world.clock()
        loop = asyncio.get_running_loop()
        self.started = loop.time()
        self.responded: asyncio.Future[None] | None = loop.create_future()
        self.expired = False
        self.edited = False
        self.response_kind: ResponseKind | None = None
        self.first_response_seconds: float | None = None
        self.message: Message | None = None
        self.modal: Modal | None = None
        self.choices: Sequence[Json] = ()
        self.followups: Sequence[Message] = ()
        self.handed_out = 0
        self.metadata = self._metadata(opener)

    def _metadata(self, opener: Json | None) -> Json:
        owners = {"0": self.channel.guild.id if self.channel.guild else "0"}
        metadata: Json = {
            "id": self.id,
            "type": self.kind,
            "user": self.user.payload(),
            "authorizing_integration_owners": owners,
        }
        if self.kind == COMPONENT and self.source is not None:
            metadata["interacted_message_id"] = self.source.id
        elif self.kind == MODAL_SUBMIT:
            metadata["triggering_interaction_metadata"] = opener
        elif "target_id" in self.data:
            self._note_target(metadata)
        return metadata

    def _note_target(self, metadata: Json) -> None:
        target = self.data["target_id"]
        if user := self._world.users.get(target):
            metadata["target_user"] = user.payload()
        else:
            metadata["target_message_id"] = target

    async def settled(self, timeout: float = 15.0) -> Message:  # noqa: ASYNC109 - the public name
        """The response's message, once a deferred answer was filled in.

        Raises:
            TimeoutError: the bot left it thinking for ``timeout`` seconds.
            LookupError: the response is no message.
        """
        message = self.message
        if message is None:
            raise LookupError(f"the response is no message but {self.response_kind}")
        if self.response_kind == "deferred_update":
            return await self.until(lambda: message if self.edited else None, seconds=timeout)
        return await message.until(lambda: None if message.loading else message, seconds=timeout)

    async def followup(self, timeout: float = 15.0) -> Message:  # noqa: ASYNC109 - the public name
        """The next follow-up message that was not handed out yet.

        Raises:
            TimeoutError: none came within ``timeout`` seconds.
        """
        found = await self.until(self._next_followup, seconds=timeout)
        self.handed_out += 1
        return found

    def _next_followup(self) -> Message | None:
        return self.followups[self.handed_out] if len(self.followups) > self.handed_out else None

    # What the bot does

    def respond(self, kind: int, data: Json, files: Sequence[File]) -> None:
        """The bot's first response.

        Raises:
            ApiError: 10062 when it comes too late, 40060 when there was one, 50035 for a
                response that does not fit.
        """
        if self.response_kind is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if self.expired:
            raise unknown(10062, "interaction")
        if kind not in self._fitting():
            raise refuse(("type",), "BASE_TYPE_CHOICES", "This response type does not fit.")
        self._carry_out(kind, data, files)
        self.response_kind = _KINDS[kind]
        self.first_response_seconds = asyncio.get_running_loop().time() - self.started
        self._wake()

    def _wake(self) -> None:
        if self.responded is not None and not self.responded.done():
            self.responded.set_result(None)

    async def first_response(self) -> None:
        """Wait until the bot responded.

        Raises:
            DidNotRespond: it stayed silent.
        """
        if self.responded is not None:
            await self.responded
            self.responded = None
        if self.response_kind is None:
            raise DidNotRespond("The application did not respond")

    def expire(self) -> bool:
        """Three seconds are over; returns whether the bot stayed silent."""
        self.expired = True
        if self.response_kind is not None:
            return False
        self._wake()
        return True

    def _fitting(self) -> set[int]:
        if self.kind == AUTOCOMPLETE:
            return {CHOICES}
        fitting = {MESSAGE, DEFERRED}
        # A modal that a command opened has no message to update, yet deferring that works.
        fitting.add(DEFERRED_UPDATE if self.kind == MODAL_SUBMIT else MODAL)
        if self.source is not None:
            fitting |= {UPDATE, DEFERRED_UPDATE}
        return fitting

    def _carry_out(self, kind: int, data: Json, files: Sequence[File]) -> None:
        if kind == MESSAGE:
            self.message = self._post(data, files)
        elif kind == DEFERRED:
            self.message = self._post({"flags": data.get("flags")}, (), extra_flags=flags.LOADING)
        elif kind == UPDATE and self.source is not None:
            self.message = messaging.edit(self._world, self.source, data, files)
        elif kind == DEFERRED_UPDATE:
            self.message = self.source
        elif kind == CHOICES:
            self.choices = list(data.get("choices") or ())
            if len(self.choices) > 25:
                raise refuse(("data", "choices"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer.")
        elif kind == MODAL:
            self._open_modal(data)

    def _open_modal(self, data: Json) -> None:
        check_modal(data)
        stored = stored_components(data["components"], new_id=self._world.ids.next)
        self.modal = Modal(data, components=stored, opener=self)
        self._world.tell(
            "modal_shown",
            self.channel,
            self.modal.payload() | {"interaction_id": self.id},
            only=frozenset({self.user.id}),
        )

    def _post(self, data: Json, files: Sequence[File], *, extra_flags: int = 0) -> Message:
        kind = flags.DEFAULT_TYPE
        if self.kind == COMMAND:
            menu = "target_id" in self.data
            kind = flags.CONTEXT_MENU_COMMAND if menu else flags.CHAT_COMMAND
        return messaging.post(
            self._world,
            messaging.Post(
                self.channel,
                self._world.bot,
                data,
                files,
                kind=kind,
                viewer=self.user,
                interaction=self.metadata,
                application_id=self._world.application.id,
                extra_flags=extra_flags,
            ),
        )

    def follow_up(self, data: Json, files: Sequence[File]) -> Message:
        """A follow-up; the first one after a deferral fills the waiting message instead."""
        self.require_response()
        if self.message is not None and self.message.loading:
            return self.edit(self.message, data, files)
        message = messaging.post(
            self._world,
            messaging.Post(
                self.channel,
                self._world.bot,
                data,
                files,
                viewer=self.user,
                interaction=self.metadata,
                application_id=self._world.application.id,
                reply_to=self.message,
                reference=_reference(self.message),
            ),
        )
        self.followups = (*self.followups, message)
        self.notify()
        return message

    def edit(self, message: Message, data: Json, files: Sequence[File]) -> Message:
        """Edit the response or a follow-up."""
        was_loading = message.loading
        if was_loading:
            data = data | {"flags": (data.get("flags") or 0) & ~flags.EPHEMERAL}
        messaging.edit(self._world, message, data, files)
        self.edited = self.edited or message is self.message
        self.notify()
        return message

    def require_response(self) -> None:
        """Webhook calls work only after the first response (10015 before it)."""
        if self.response_kind is None:
            raise unknown(10015, "Webhook")

    def original(self) -> Message:
        """The response's message for ``@original``.

        Raises:
            ApiError: 10015 before the response, 10008 when there is no message (any more).
        """
        self.require_response()
        if self.message is None or self.message.deleted:
            raise unknown(10008, "Message")
        return self.message

    def reachable(self, message_id: str) -> Message:
        """The response or a follow-up by id.

        Raises:
            ApiError: 10008, this interaction has no such message.
        """
        self.require_response()
        for message in (self.message, *self.followups):
            if message is not None and message.id == message_id and not message.deleted:
                return message
        raise unknown(10008, "Message")


def _reference(message: Message | None) -> Json | None:
    if message is None:
        return None
    reference: Json = {"type": 0, "channel_id": message.channel.id, "message_id": message.id}
    if message.channel.guild is not None:
        reference["guild_id"] = message.channel.guild.id
    return reference
