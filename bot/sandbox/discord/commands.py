"""Application commands: registration with Discord's checks, and what a person sees of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bot.sandbox.discord.forms import Form, Path
from bot.sandbox.discord.wire import ApiError, Json

CHAT_INPUT = 1
USER_COMMAND = 2
MESSAGE_COMMAND = 3

SUBCOMMAND = 1
SUBCOMMAND_GROUP = 2
STRING = 3
INTEGER = 4
BOOLEAN = 5
USER = 6
CHANNEL = 7
ROLE = 8
MENTIONABLE = 9
NUMBER = 10
ATTACHMENT = 11

MAX_BY_TYPE = {CHAT_INPUT: 100, USER_COMMAND: 15, MESSAGE_COMMAND: 15}
MAX_OPTIONS = 25
MAX_CHOICES = 25
MAX_COMMAND_SIZE = 8000

GUILD_CONTEXT = 0
BOT_DM_CONTEXT = 1

_NAME = re.compile(r"^[-_'\w]{1,32}$")


class Commands:
    """The registered commands, by scope (None for global, else a guild id), type and name."""

    def __init__(
        self,
        application_id: str,
        new_id: Callable[[], str],
        *,
        on_sync: Callable[[], None],
    ) -> None:
        self._application_id = application_id
        self._new_id = new_id
        self._on_sync = on_sync
        self._scopes: dict[str | None, dict[tuple[int, str], Json]] = {None: {}}
        self.syncs = 0
        """How many times commands were written."""

    def in_scope(self, guild_id: str | None) -> list[Json]:
        """The commands of one scope."""
        return list(self._scopes.get(guild_id, {}).values())

    def visible_in(self, guild_id: str | None) -> Iterator[Json]:
        """The commands usable in a guild (or in a DM), a guild's own before global ones."""
        own = self._scopes.get(guild_id, {}) if guild_id is not None else {}
        yield from own.values()
        context = GUILD_CONTEXT if guild_id is not None else BOT_DM_CONTEXT
        for key, command in self._scopes[None].items():
            if key not in own and offered_in(command, context):
                yield command

    def find(self, guild_id: str | None, kind: int, name: str) -> Json | None:
        """The command that a name means in a guild (or in a DM)."""
        if guild_id is not None:
            own = self._scopes.get(guild_id)
            if own and (command := own.get((kind, name))):
                return command
        command = self._scopes[None].get((kind, name))
        context = GUILD_CONTEXT if guild_id is not None else BOT_DM_CONTEXT
        return command if command is not None and offered_in(command, context) else None

    def get(self, guild_id: str | None, command_id: str) -> Json:
        """One command by id.

        Raises:
            ApiError: 10063, there is none.
        """
        for command in self.in_scope(guild_id):
            if command["id"] == command_id:
                return command
        raise ApiError(404, 10063, "Unknown application command")

    def replace(self, guild_id: str | None, bodies: list[Json]) -> list[Json]:
        """Overwrite a scope; commands that keep type and name keep their id."""
        form = Form()
        seen: set[tuple[int, str]] = set()
        for index, body in enumerate(bodies):
            check_command(form, (index,), body)
            key = _key(body)
            if key in seen:
                form.add(
                    (index,),
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    "Application command names must be unique",
                )
            seen.add(key)
        form.finish()
        self._refuse_too_many(bodies)
        old = self._scopes.get(guild_id, {})
        self._scopes[guild_id] = {
            _key(body): self._stored(guild_id, body, old.get(_key(body))) for body in bodies
        }
        self._synced()
        return self.in_scope(guild_id)

    def upsert(self, guild_id: str | None, body: Json) -> tuple[Json, bool]:
        """Create a command or overwrite the one of that name; returns whether it is new."""
        form = Form()
        check_command(form, (), body)
        form.finish()
        scope = self._scopes.setdefault(guild_id, {})
        old = scope.get(_key(body))
        if old is None:
            self._refuse_too_many([*scope.values(), body])
        scope[_key(body)] = command = self._stored(guild_id, body, old)
        self._synced()
        return command, old is None

    def modify(self, guild_id: str | None, command_id: str, body: Json) -> Json:
        """Change some fields of a command."""
        command = self.get(guild_id, command_id)
        merged = command | body
        form = Form()
        check_command(form, (), merged)
        form.finish()
        scope = self._scopes[guild_id]
        del scope[_key(command)]
        scope[_key(merged)] = stored = self._stored(guild_id, merged, command)
        return stored

    def delete(self, guild_id: str | None, command_id: str) -> None:
        """Remove a command."""
        del self._scopes[guild_id][_key(self.get(guild_id, command_id))]

    def _synced(self) -> None:
        self.syncs += 1
        self._on_sync()

    def _refuse_too_many(self, bodies: list[Json]) -> None:
        for kind, limit in MAX_BY_TYPE.items():
            if sum(_key(body)[0] == kind for body in bodies) > limit:
                raise ApiError(
                    400, 30032, f"Maximum number of application commands reached ({limit})."
                )

    def _stored(self, guild_id: str | None, body: Json, old: Json | None) -> Json:
        allowed = body.get("default_member_permissions")
        command: Json = {
            "id": old["id"] if old else self._new_id(),
            "application_id": self._application_id,
            "version": self._new_id(),
            "type": body.get("type") or CHAT_INPUT,
            "name": body["name"],
            "description": body.get("description") or "",
            "default_member_permissions": None if allowed is None else str(allowed),
            "nsfw": bool(body.get("nsfw")),
            "integration_types": body.get("integration_types") or [0],
        }
        if guild_id is not None:
            command["guild_id"] = guild_id
        else:
            command["contexts"] = body.get("contexts")
            command["dm_permission"] = body.get("dm_permission") is not False
        for key in ("name_localizations", "description_localizations"):
            if body.get(key):
                command[key] = body[key]
        if options := body.get("options"):
            command["options"] = [_stored_option(option) for option in options]
        return command


def _key(command: Json) -> tuple[int, str]:
    return command.get("type") or CHAT_INPUT, command["name"]


def _stored_option(option: Json) -> Json:
    stored = {key: value for key, value in option.items() if value is not None}
    if "options" in stored:
        stored["options"] = [_stored_option(below) for below in stored["options"]]
    return stored


def offered_in(command: Json, context: int) -> bool:
    """Whether a global command is offered in a guild (0) or in the bot's DM (1)."""
    contexts = command.get("contexts")
    if contexts is not None:
        return context in contexts
    return context == GUILD_CONTEXT or command.get("dm_permission", True)


def check_command(form: Form, path: Path, body: Json) -> None:
    """Note everything refused in a command."""
    kind = body.get("type") or CHAT_INPUT
    if not form.required((*path, "name"), body.get("name")):
        body["name"] = ""
        return
    if kind == CHAT_INPUT:
        _check_name(form, (*path, "name"), body["name"])
        form.length((*path, "description"), body.get("description") or "", low=1, high=100)
        _check_options(form, path, body.get("options") or [], depth=0)
        if _size(body) > MAX_COMMAND_SIZE:
            form.add(path, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
    else:
        form.length((*path, "name"), body["name"], low=1, high=32)
        if body.get("description"):
            form.add(
                (*path, "description"),
                "APPLICATION_COMMAND_INVALID_DESCRIPTION",
                "Context menu commands cannot have description",
            )


def _check_name(form: Form, path: Path, name: str) -> None:
    if not _NAME.match(name) or name != name.lower():
        form.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_options(form: Form, path: Path, options: list[Json], *, depth: int) -> None:
    form.length((*path, "options"), options, high=MAX_OPTIONS)
    optional_seen = False
    names: set[str] = set()
    for index, option in enumerate(options):
        here = (*path, "options", index)
        _check_name(form, (*here, "name"), str(option.get("name", "")))
        form.length((*here, "description"), option.get("description") or "", low=1, high=100)
        if option.get("name") in names:
            form.add(
                here, "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED", "Option name already used"
            )
        names.add(str(option.get("name")))
        kind = option.get("type")
        if kind in (SUBCOMMAND, SUBCOMMAND_GROUP):
            if (kind == SUBCOMMAND_GROUP and depth > 0) or depth > 1:
                form.add((*here, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Too deep")
            _check_options(form, here, option.get("options") or [], depth=depth + 1)
            continue
        if option.get("required") and optional_seen:
            form.add(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_seen = optional_seen or not option.get("required")
        _check_choices(form, here, option)


def _check_choices(form: Form, path: Path, option: Json) -> None:
    choices: list[Json] = option.get("choices") or []
    form.length((*path, "choices"), choices, high=MAX_CHOICES)
    if choices and option.get("autocomplete"):
        form.add(path, "APPLICATION_COMMAND_AUTOCOMPLETE", "Choices exclude autocomplete")
    for index, choice in enumerate(choices):
        form.length((*path, "choices", index, "name"), choice.get("name"), low=1, high=100)
        form.length((*path, "choices", index, "value"), choice.get("value"), high=100)


def _size(body: Json) -> int:
    total = len(body.get("name") or "") + len(body.get("description") or "")
    total += sum(len(str(c.get("name")) + str(c.get("value"))) for c in body.get("choices") or ())
    return total + sum(_size(option) for option in body.get("options") or ())


def leaf(command: Json, words: list[str]) -> Json:
    """The command or subcommand that ``words`` (subcommand names) lead to.

    Raises:
        LookupError: a word names no subcommand, or a subcommand is missing.
    """
    node = command
    for word in words:
        below = [o for o in node.get("options", ()) if o["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP)]
        match = next((option for option in below if option["name"] == word), None)
        if match is None:
            raise LookupError(f"/{command['name']} has no subcommand {word!r}")
        node = match
    if any(o["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP) for o in node.get("options", ())):
        raise LookupError(f"/{' '.join([command['name'], *words])} needs a subcommand")
    return node
