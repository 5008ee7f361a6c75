"""What a click or a choice sends, checked as the client does."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sandbox.discord import component_types as ct
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.references import References, chosen
from bot.sandbox.discord.refusals import SandboxRefusal
from bot.sandbox.discord.wire import Json
from bot.sandbox.discord.world import World


def press(button: Json) -> Json:
    """The interaction data of a click.

    Raises:
        SandboxRefusal: the button is disabled or a link.
    """
    if button.get("disabled"):
        raise SandboxRefusal(f"the button {button.get('label')!r} is disabled")
    if button.get("custom_id") is None:
        raise SandboxRefusal(f"{button.get('label')!r} is a link: the bot learns of no click")
    return {"custom_id": button["custom_id"], "component_type": ct.BUTTON, "id": button["id"]}


def select(world: World, guild: Guild | None, menu: Json, values: Sequence[str]) -> Json:
    """The interaction data of a choice in a select.

    Raises:
        SandboxRefusal: the select is disabled, or does not offer that or so many.
    """
    if menu.get("disabled"):
        raise SandboxRefusal(f"the select {menu['custom_id']!r} is disabled")
    if not menu["min_values"] <= len(values) <= menu["max_values"]:
        raise SandboxRefusal(
            f"choose {menu['min_values']} to {menu['max_values']}, not {len(values)}"
        )
    references = References(guild)
    if menu["type"] == ct.STRING_SELECT:
        picked = [_option_value(menu, value) for value in values]
    else:
        picked = [
            references.add(chosen(world, guild, menu["type"], str(value))) for value in values
        ]
    data: Json = {
        "custom_id": menu["custom_id"],
        "component_type": menu["type"],
        "id": menu["id"],
        "values": picked,
    }
    if references.resolved:
        data["resolved"] = references.resolved
    return data


def _option_value(select: Json, wanted: str) -> str:
    for option in select["options"]:
        if wanted in (option["value"], option["label"]):
            value: str = option["value"]
            return value
    raise SandboxRefusal(
        f"no option {wanted!r}; there are {[option['label'] for option in select['options']]}"
    )
