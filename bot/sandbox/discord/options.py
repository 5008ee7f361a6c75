"""The options of a slash command as a client fills and checks them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.sandbox.discord import commands as cmd
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.files import File
from bot.sandbox.discord.members import Member, Role
from bot.sandbox.discord.references import References
from bot.sandbox.discord.refusals import SandboxRefusal
from bot.sandbox.discord.users import User
from bot.sandbox.discord.wire import Json
from bot.sandbox.discord.world import World

OptionValue = str | int | float | bool | User | Member | Role | Channel | File

_OBJECTS: dict[int, tuple[type, ...]] = {
    cmd.USER: (User, Member),
    cmd.ROLE: (Role,),
    cmd.CHANNEL: (Channel,),
    cmd.MENTIONABLE: (User, Member, Role),
}


def fill(
    world: World,
    channel: Channel,
    command: Json,
    words: list[str],
    given: Mapping[str, OptionValue],
    *,
    references: References,
    focused: str | None = None,
) -> list[Json]:
    """The ``options`` of the interaction: given values, nested below the subcommand.

    Raises:
        SandboxRefusal: an option is unknown, missing, or has a value the client refuses.
    """
    try:
        node = cmd.leaf(command, words)
    except LookupError as error:
        raise SandboxRefusal(str(error)) from error
    declared: list[Json] = node.get("options", [])
    names = {option["name"] for option in declared}
    if strangers := given.keys() - names:
        raise SandboxRefusal(f"/{command['name']} has no option {sorted(strangers)}")
    filled = []
    for option in declared:
        name = option["name"]
        if name not in given:
            if option.get("required") and focused is None:
                raise SandboxRefusal(f"/{command['name']} requires the option {name!r}")
            continue
        value = given[name]
        checked = value if name == focused else _value(world, channel, option, value, references)
        entry: Json = {"name": name, "type": option["type"], "value": checked}
        if name == focused:
            entry["focused"] = True
        filled.append(entry)
    return _nested(command, words, filled)


def _nested(command: Json, words: list[str], filled: list[Json]) -> list[Json]:
    nested = filled
    kinds = []
    node = command
    for word in words:
        node = next(option for option in node["options"] if option["name"] == word)
        kinds.append(node["type"])
    for word, kind in zip(reversed(words), reversed(kinds), strict=True):
        nested = [{"name": word, "type": kind, "options": nested}]
    return nested


def _value(
    world: World, channel: Channel, option: Json, value: OptionValue, references: References
) -> object:
    kind = option["type"]
    if kind in _OBJECTS:
        if not isinstance(value, _OBJECTS[kind]) or not isinstance(
            value, User | Member | Role | Channel
        ):
            raise _unfit(option, value)
        return references.add(value)
    if kind == cmd.ATTACHMENT:
        if not isinstance(value, File):
            raise _unfit(option, value)
        stored = world.files.add(world.ids.next(), channel.id, value, ephemeral=True)
        return references.add(stored)
    if kind == cmd.BOOLEAN:
        if not isinstance(value, bool):
            raise _unfit(option, value)
        return value
    return _plain(option, value)


def _plain(option: Json, value: OptionValue) -> object:
    """Strings and numbers: choices by name or value, lengths and ranges."""
    if choices := option.get("choices"):
        for choice in choices:
            if value in (choice["value"], choice["name"]):
                plain: object = choice["value"]
                return plain
        raise _unfit(option, value)
    if option["type"] == cmd.STRING:
        if not isinstance(value, str):
            raise _unfit(option, value)
        if not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000):
            raise _unfit(option, value)
        return value
    wanted: tuple[type, ...] = (int,) if option["type"] == cmd.INTEGER else (int, float)
    if (
        isinstance(value, bool)
        or not isinstance(value, wanted)
        or not isinstance(value, int | float)
    ):
        raise _unfit(option, value)
    low, high = option.get("min_value", float("-inf")), option.get("max_value", float("inf"))
    if not low <= value <= high:
        raise _unfit(option, value)
    return value


def _unfit(option: Json, value: object) -> SandboxRefusal:
    return SandboxRefusal(f"the option {option['name']!r} does not take {value!r}")
