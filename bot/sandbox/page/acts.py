"""What a persona does in Discord, as requests of the page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from bot.sandbox.discord import (
    Channel,
    DidNotRespond,
    File,
    Interaction,
    Message,
    Persona,
    Role,
    SandboxRefusal,
    User,
)
from bot.sandbox.discord.wire import Json
from bot.sandbox.page.cast import Cast, PagePersona
from bot.sandbox.page.command_names import CommandNames
from bot.sandbox.page.open_modals import OpenModals
from bot.sandbox.page.requests import Refused, answer, read_json, text

USER, CHANNEL, ROLE, MENTIONABLE = 6, 7, 8, 9
"""Option types whose values are ids."""

T = TypeVar("T")
OptionValue = str | int | float | bool | User | Role | Channel
Answer = str | bool | Sequence[str] | Sequence[File]


@dataclass(frozen=True, slots=True)
class Act:
    """One request: who acts, where, and with what."""

    persona: PagePersona
    actor: Persona
    channel: Channel
    body: Json


class Acts:
    """The routes under /api/ with which a page acts for its persona."""

    def __init__(self, cast: Cast, names: CommandNames) -> None:
        self._cast = cast
        self._names = names
        self._modals = OpenModals()

    def routes(self) -> list[web.RouteDef]:
        """Where each act is found."""
        return [
            web.post("/api/say", self.say),
            web.post("/api/edit", self.edit),
            web.post("/api/delete", self.delete),
            web.post("/api/dismiss", self.dismiss),
            web.post("/api/slash", self.slash),
            web.post("/api/context-menu", self.context_menu),
            web.post("/api/autocomplete", self.autocomplete),
            web.post("/api/click", self.click),
            web.post("/api/choose", self.choose),
            web.post("/api/submit", self.submit),
        ]

    async def say(self, request: web.Request) -> web.Response:
        """Post a message, perhaps with files, perhaps as a reply."""
        act = await self._read(request)
        reply = self._message(act, "reply_to") if act.body.get("reply_to") else None
        files = [_file(one) for one in act.body.get("files") or ()]
        content = text(act.body, "content")
        message = await _done(act.actor.say(act.channel, content, files=files, reply_to=reply))
        return answer({"message": message.payload()})

    async def edit(self, request: web.Request) -> web.Response:
        """Edit an own message."""
        act = await self._read(request)
        await _done(act.actor.edit(self._message(act), text(act.body, "content")))
        return answer({})

    async def delete(self, request: web.Request) -> web.Response:
        """Delete an own message."""
        act = await self._read(request)
        await _done(act.actor.delete(self._message(act)))
        return answer({})

    async def dismiss(self, request: web.Request) -> web.Response:
        """Hide an own ephemeral message."""
        act = await self._read(request)
        try:
            act.actor.dismiss(self._message(act))
        except SandboxRefusal as error:
            raise Refused(409, "refused", str(error)) from error
        return answer({})

    async def slash(self, request: web.Request) -> web.Response:
        """Use a slash command; options by name, people and places by id."""
        act = await self._read(request)
        command = text(act.body, "command")
        kinds = _option_kinds(act.actor.commands(act.channel), command.split())
        options = {
            name: self._option(act.persona, kinds.get(name, 0), value)
            for name, value in (act.body.get("options") or {}).items()
        }
        used = act.actor.slash(command, channel=act.channel, **options)
        return await self._use(act, f"/{command}", used)

    async def context_menu(self, request: web.Request) -> web.Response:
        """Use a command of the context menu on a message or a person."""
        act = await self._read(request)
        command = text(act.body, "command")
        target: Message | User
        if "message_id" in act.body:
            target = self._message(act)
        else:
            target = self._cast.user(text(act.body, "user_id"))
        used = act.actor.context_menu(command, target=target, channel=act.channel)
        return await self._use(act, command, used)

    async def autocomplete(self, request: web.Request) -> web.Response:
        """The bot's suggestions for an option that is being typed."""
        act = await self._read(request)
        asked = act.actor.autocomplete(
            text(act.body, "command"),
            channel=act.channel,
            option=text(act.body, "option"),
            typed=text(act.body, "value"),
        )
        return answer({"choices": await _done(asked)})

    async def click(self, request: web.Request) -> web.Response:
        """Click a button."""
        act = await self._read(request)
        custom_id = text(act.body, "custom_id")
        interaction = await _done(act.actor.click(self._message(act), custom_id=custom_id))
        return self._outcome(act.persona, interaction)

    async def choose(self, request: web.Request) -> web.Response:
        """Choose in a select."""
        act = await self._read(request)
        values = [str(value) for value in act.body.get("values") or ()]
        custom_id = text(act.body, "custom_id")
        chosen = act.actor.choose(self._message(act), *values, custom_id=custom_id)
        return self._outcome(act.persona, await _done(chosen))

    async def submit(self, request: web.Request) -> web.Response:
        """Submit a modal; it closes once the bot has answered."""
        act = await self._read(request)
        modal_id = text(act.body, "modal_id")
        modal = self._modals.find(modal_id, act.persona)
        answers = {key: _answer(value) for key, value in (act.body.get("answers") or {}).items()}
        interaction = await _done(act.actor.submit(modal, answers))
        self._modals.close(modal_id)
        return self._outcome(act.persona, interaction)

    async def _read(self, request: web.Request) -> Act:
        persona = self._cast.find(request.query.get("as"))
        body = await read_json(request)
        channel = self._cast.channel(persona, text(body, "channel_id"))
        return Act(persona, self._cast.actor(persona), channel, body)

    def _message(self, act: Act, key: str = "message_id") -> Message:
        return self._cast.message(act.persona, act.channel, text(act.body, key))

    async def _use(
        self, act: Act, shown_name: str, command: Awaitable[Interaction]
    ) -> web.Response:
        with self._names.used(act.persona.user.id, shown_name):
            interaction = await _done(command)
            self._names.note(interaction.id, shown_name)
        return self._outcome(act.persona, interaction)

    def _outcome(self, persona: PagePersona, interaction: Interaction) -> web.Response:
        body: Json = {"kind": interaction.response_kind}
        if interaction.message is not None:
            body["message"] = self._names.labelled(interaction.message.payload())
        if interaction.modal is not None:
            modal_id = self._modals.open(interaction.modal, persona)
            body["modal"] = interaction.modal.payload() | {"id": modal_id}
        return answer(body)

    def _option(self, persona: PagePersona, kind: int, value: OptionValue) -> OptionValue:
        wanted = str(value)
        if kind == CHANNEL:
            return self._cast.channel(persona, wanted)
        if kind in (ROLE, MENTIONABLE) and (role := self._cast.role(wanted)):
            return role
        if kind in (USER, MENTIONABLE):
            return self._cast.user(wanted)
        return value


async def _done(act: Awaitable[T]) -> T:
    """The act's result; what Discord's client or the bot refuses becomes an error of the page."""
    try:
        return await act
    except DidNotRespond as error:
        raise Refused(504, "did_not_respond", "The application did not respond") from error
    except SandboxRefusal as error:
        raise Refused(409, "refused", str(error)) from error


def _option_kinds(commands: Sequence[Json], words: Sequence[str]) -> dict[str, int]:
    """The option types of a command by option name; a subcommand is found word by word."""
    level = list(commands)
    for word in words:
        found = next((one for one in level if one["name"] == word), None)
        if found is None:
            return {}
        level = found.get("options") or []
    return {option["name"]: option["type"] for option in level}


def _file(body: Json) -> File:
    try:
        data = base64.b64decode(text(body, "content"), validate=True)
    except binascii.Error as error:
        raise Refused(400, "bad_request", "A file's content must be base64.") from error
    return File(text(body, "name"), data, content_type=body.get("type") or None)


def _answer(value: object) -> Answer:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_file(one) for one in value]
    if isinstance(value, str | bool | list):
        return value
    raise Refused(400, "bad_request", "An answer must be a text, a list or true or false.")
