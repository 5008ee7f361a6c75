"""A person with a Discord client: what they see and what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from bot.sandbox.discord import commands as cmd
from bot.sandbox.discord import component_types as ct
from bot.sandbox.discord import messages as flags
from bot.sandbox.discord import messaging, options, permissions
from bot.sandbox.discord.answers import Answer, modal_components
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.commands import Commands
from bot.sandbox.discord.component_actions import press, select
from bot.sandbox.discord.files import File
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.interaction_desk import InteractionDesk
from bot.sandbox.discord.interaction_event import interaction_create
from bot.sandbox.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
)
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.options import OptionValue
from bot.sandbox.discord.references import References
from bot.sandbox.discord.refusals import SandboxRefusal
from bot.sandbox.discord.users import User
from bot.sandbox.discord.views import Modal
from bot.sandbox.discord.wire import ApiError, Json
from bot.sandbox.discord.world import World


class Persona:
    """One person. Every action that reaches the bot waits for its first response.

    Actions raise SandboxRefusal for what a client would not let them do, and DidNotRespond
    when the bot stays silent for three seconds.
    """

    def __init__(
        self, world: World, commands: Commands, interactions: InteractionDesk, user: User
    ) -> None:
        self._world = world
        self._commands = commands
        self._interactions = interactions
        self.user = user

    # What they see

    @property
    def dm(self) -> Channel | None:
        """The DM with the bot, if it was ever opened."""
        return self._world.dm_with(self.user)

    @property
    def accepts_dms(self) -> bool:
        """Whether the bot can send them direct messages (else it gets 50007)."""
        return self.user.accepts_dms

    @accepts_dms.setter
    def accepts_dms(self, value: bool) -> None:
        self.user.accepts_dms = value

    def channels(self, guild: Guild) -> list[Channel]:
        """The channels, categories and threads this person can view."""
        member = guild.member(self.user.id)
        if member is None:
            return []
        return [c for c in (*guild.channels, *guild.threads) if member.can_view(c)]

    def messages(self, channel: Channel) -> list[Message]:
        """What this person sees in a channel, oldest first, own ephemeral messages included."""
        if not self._may(channel, permissions.VIEW_CHANNEL):
            return []
        own = [m for m in channel.ephemerals if m.viewer is self.user]
        if not own:
            return channel.messages
        return sorted([*channel.history.values(), *own], key=lambda m: int(m.id))

    def commands(self, channel: Channel) -> list[Json]:
        """The commands the picker offers this person in a channel."""
        guild_id = channel.guild.id if channel.guild else None
        return [c for c in self._commands.visible_in(guild_id) if self._may_use(c, channel)]

    async def open_dm(self) -> Channel:
        """Open the DM with the bot."""
        return self._world.open_dm(self.user)

    def dismiss(self, message: Message) -> None:
        """Hide an ephemeral message, as its "Dismiss message" link does."""
        if message.viewer is not self.user:
            raise SandboxRefusal("only one's own ephemeral messages can be dismissed")
        messaging.delete(self._world, message)

    async def wait_for_message(
        self,
        channel: Channel | Literal["dm"],
        *,
        containing: str | None = None,
        where: Callable[[Message], bool] | None = None,
        timeout: float = 15.0,  # noqa: ASYNC109 - the public name
    ) -> Message:
        """The newest visible message that fits, waiting until there is one.

        Messages that are already there count.

        Raises:
            TimeoutError: none fits within ``timeout`` seconds.
        """
        place = self._world.open_dm(self.user) if channel == "dm" else channel

        def probe() -> Message | None:
            for message in reversed(self.messages(place)):
                if containing is not None and containing not in message.text:
                    continue
                if where is None or where(message):
                    return message
            return None

        return await place.watch.until(probe, seconds=timeout)

    # Commands

    async def slash(self, command: str, *, channel: Channel, **given: OptionValue) -> Interaction:
        """Use a slash command; subcommands follow after spaces: ``"ticket open"``."""
        name, *words = command.removeprefix("/").split()
        return await self._invoke(name, words, channel, given, kind=COMMAND)

    async def autocomplete(
        self, command: str, *, channel: Channel, option: str, typed: str, **given: OptionValue
    ) -> Sequence[Json]:
        """The choices the bot offers while ``option`` holds the ``typed`` text."""
        name, *words = command.removeprefix("/").split()
        interaction = await self._invoke(
            name, words, channel, {**given, option: typed}, kind=AUTOCOMPLETE, focused=option
        )
        return interaction.choices

    async def context_menu(
        self, command: str, *, target: Message | User, channel: Channel
    ) -> Interaction:
        """Use a command from the menu of a message or of a person."""
        kind = cmd.MESSAGE_COMMAND if isinstance(target, Message) else cmd.USER_COMMAND
        found = self._command(command, kind, channel)
        references = References(channel.guild)
        data = self._command_data(found) | {"target_id": references.add(target)}
        data["resolved"] = references.resolved
        return await self._act(COMMAND, channel, data)

    async def _invoke(
        self,
        name: str,
        words: list[str],
        channel: Channel,
        given: Mapping[str, OptionValue],
        *,
        kind: int,
        focused: str | None = None,
    ) -> Interaction:
        command = self._command(name, cmd.CHAT_INPUT, channel)
        data = self._command_data(command)
        if given or words or "options" in command:
            references = References(channel.guild)
            data["options"] = options.fill(
                self._world, channel, command, words, given, references=references, focused=focused
            )
            if references.resolved:
                data["resolved"] = references.resolved
        return await self._act(kind, channel, data)

    def _command(self, name: str, kind: int, channel: Channel) -> Json:
        guild_id = channel.guild.id if channel.guild else None
        command = self._commands.find(guild_id, kind, name)
        if command is None:
            raise SandboxRefusal(f"there is no command {name!r} here")
        if not self._may_use(command, channel):
            raise SandboxRefusal(f"{self.user.username} may not use {name!r} here")
        return command

    def _may_use(self, command: Json, channel: Channel) -> bool:
        held = self._permissions(channel)
        if held & permissions.ADMINISTRATOR:
            return True
        if not held & permissions.VIEW_CHANNEL or not held & permissions.USE_APPLICATION_COMMANDS:
            return False
        needed = command.get("default_member_permissions")
        if needed is None or channel.guild is None:
            return True
        return needed != "0" and held & int(needed) == int(needed)

    @staticmethod
    def _command_data(command: Json) -> Json:
        data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return data

    # Components and modals

    async def click(
        self, message: Message, label: str | None = None, *, custom_id: str | None = None
    ) -> Interaction:
        """Click a button, named by its label or its custom_id."""
        self._require_visible(message)
        for _, part in ct.walk(message.components):
            if part["type"] != ct.BUTTON:
                continue
            if (label is None or part.get("label") == label) and (
                custom_id is None or part.get("custom_id") == custom_id
            ):
                return await self._act(COMPONENT, message.channel, press(part), source=message)
        raise SandboxRefusal(
            f"no button {label or custom_id!r}; there are {[b.label for b in message.buttons]}"
        )

    async def choose(
        self, message: Message, *values: str, custom_id: str | None = None
    ) -> Interaction:
        """Choose in a select: options by label or value; users, roles, channels by id or name."""
        self._require_visible(message)
        for _, part in ct.walk(message.components):
            fits = part["type"] in ct.SELECTS and custom_id in (None, part["custom_id"])
            if fits:
                data = select(self._world, message.channel.guild, part, values)
                return await self._act(COMPONENT, message.channel, data, source=message)
        raise SandboxRefusal(f"there is no select {custom_id or ''!r} in this message")

    async def submit(self, modal: Modal, answers: Mapping[str, Answer]) -> Interaction:
        """Submit a modal; ``answers`` are keyed by label or custom_id."""
        opener = modal.opener
        if opener.user is not self.user:
            raise SandboxRefusal("this modal was opened for somebody else")
        references = References(opener.channel.guild)
        data: Json = {
            "custom_id": modal.custom_id,
            "components": modal_components(self._world, opener.channel, modal, answers, references),
        }
        if references.resolved:
            data["resolved"] = references.resolved
        return await self._act(
            MODAL_SUBMIT, opener.channel, data, source=opener.source, opener=opener.metadata
        )

    # Messages

    async def say(
        self,
        channel: Channel,
        content: str = "",
        *,
        files: Sequence[File] = (),
        reply_to: Message | None = None,
    ) -> Message:
        """Post a message."""
        needed = permissions.VIEW_CHANNEL | permissions.SEND_MESSAGES
        if files:
            needed |= permissions.ATTACH_FILES
        if channel.deleted or not self._may(channel, needed):
            raise SandboxRefusal(f"{self.user.username} may not write there")
        self._wake_up(channel)
        reference: Json | None = None
        if reply_to is not None:
            reference = {"type": 0, "channel_id": channel.id, "message_id": reply_to.id}
            if channel.guild is not None:
                reference["guild_id"] = channel.guild.id
        draft = messaging.Post(
            channel,
            self.user,
            {"content": content},
            files,
            kind=flags.REPLY if reply_to else flags.DEFAULT_TYPE,
            reply_to=reply_to,
            reference=reference,
        )
        try:
            return messaging.post(self._world, draft)
        except ApiError as error:
            raise SandboxRefusal(str(error)) from error

    def _wake_up(self, channel: Channel) -> None:
        """A message in an archived thread unarchives it, unless it is locked."""
        if channel.guild is None or channel.thread is None or not channel.thread.archived:
            return
        if channel.thread.locked and not self._may(channel, permissions.MANAGE_THREADS):
            raise SandboxRefusal("the thread is locked")
        channel.guild.archive_thread(channel, archived=False)

    async def edit(self, message: Message, content: str) -> Message:
        """Edit one's own message."""
        if message.author is not self.user:
            raise SandboxRefusal("only one's own messages can be edited")
        return messaging.edit(self._world, message, {"content": content})

    async def delete(self, message: Message) -> None:
        """Delete one's own message, or with Manage Messages anybody's."""
        own = message.author is self.user
        if not own and not self._may(message.channel, permissions.MANAGE_MESSAGES):
            raise SandboxRefusal(f"{self.user.username} may not delete this message")
        messaging.delete(self._world, message)

    # How it works

    def _permissions(self, channel: Channel) -> int:
        if channel.guild is None:
            return permissions.DIRECT_MESSAGE if self.user in channel.recipients else 0
        member = channel.guild.member(self.user.id)
        return member.permissions_in(channel) if member is not None else 0

    def _may(self, channel: Channel, needed: int) -> bool:
        return self._permissions(channel) & needed == needed

    def _require_visible(self, message: Message) -> None:
        if message.deleted:
            raise SandboxRefusal("the message was deleted")
        if message.viewer is not None and message.viewer is not self.user:
            raise SandboxRefusal("the message is ephemeral and for somebody else")
        if not self._may(message.channel, permissions.VIEW_CHANNEL):
            raise SandboxRefusal(f"{self.user.username} cannot see {message.channel.name!r}")

    async def _act(
        self,
        kind: int,
        channel: Channel,
        data: Json,
        *,
        source: Message | None = None,
        opener: Json | None = None,
    ) -> Interaction:
        return await self._interactions.begin(
            kind=kind,
            user=self.user,
            channel=channel,
            data=data,
            event_of=self._event,
            source=source,
            opener=opener,
        )

    def _event(self, interaction: Interaction) -> Json:
        held = self._permissions(interaction.channel)
        return interaction_create(self._world.application.id, interaction, held=held)
