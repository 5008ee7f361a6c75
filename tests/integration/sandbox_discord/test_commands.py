"""Command registration: what Discord keeps and what it refuses."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.sandbox.discord import SandboxRefusal
from tests.integration.sandbox_discord.stage import Stage

Command = dict[str, Any]


async def register(stage: Stage, commands: list[Command], guild: bool = False) -> list[Command]:
    """Overwrite the global commands, or those of the guild."""
    application = stage.sandbox.application.id
    if not guild:
        path = "/applications/{application_id}/commands"
        route = discord.http.Route("PUT", path, application_id=application)
    else:
        path = "/applications/{application_id}/guilds/{guild_id}/commands"
        route = discord.http.Route("PUT", path, application_id=application, guild_id=stage.guild.id)
    kept: list[Command] = await stage.bot.http.request(route, json=commands)
    return kept


def option(name: str, kind: int = 3, **more: object) -> Command:
    """A raw option."""
    return {"name": name, "type": kind, "description": "d", **more}


def command(name: str = "c", *options: Command, **more: object) -> Command:
    """A raw slash command."""
    return {"name": name, "description": "d", "options": list(options), **more}


REFUSED: dict[str, list[Command]] = {
    "capitals": [command("Balance")],
    "a space": [command("my balance")],
    "33 characters": [command("x" * 33)],
    "no description": [command() | {"description": ""}],
    "a long description": [command() | {"description": "x" * 101}],
    "a repeated name": [command(), command()],
    "26 options": [command("c", *(option(f"o{n}") for n in range(26)))],
    "26 choices": [
        command("c", option("o", choices=[{"name": f"{n}", "value": f"{n}"} for n in range(26)]))
    ],
    "required after optional": [command("c", option("a"), option("b", required=True))],
    "a repeated option": [command("c", option("a"), option("a"))],
    "three levels of groups": [
        command("c", option("g", 2, options=[option("h", 2, options=[option("s", 1)])]))
    ],
    "a described context menu": [{"name": "Quote", "type": 3, "description": "no"}],
}


@pytest.mark.parametrize("name", REFUSED)
async def test_commands_that_discord_refuses(stage: Stage, name: str) -> None:
    await stage.connect()
    await register(stage, [command("kept")])
    with pytest.raises(discord.HTTPException) as refused:
        await register(stage, REFUSED[name])
    assert refused.value.code == 50035
    assert [c["name"] for c in stage.mia.commands(stage.general)] == ["kept"]


async def test_a_hundred_commands_are_the_most(stage: Stage) -> None:
    await stage.connect()
    await register(stage, [command(f"c{n}") for n in range(100)])
    with pytest.raises(discord.HTTPException) as refused:
        await register(stage, [command(f"c{n}") for n in range(101)])
    assert refused.value.code == 30032


async def test_a_command_that_stays_keeps_its_id(stage: Stage) -> None:
    await stage.connect()
    [first] = await register(stage, [command("balance")])
    again, _ = await register(stage, [command("balance"), command("cancel")])
    assert again["id"] == first["id"]
    assert again["version"] != first["version"]
    assert await register(stage, []) == []
    with pytest.raises(SandboxRefusal, match="no command"):
        await stage.mia.slash("balance", channel=stage.general)


async def test_a_guild_command_covers_the_global_one(stage: Stage) -> None:
    await stage.connect()
    await register(stage, [command("balance"), command("cancel", contexts=[1])])
    await register(stage, [command("balance")], guild=True)
    offered = stage.mia.commands(stage.general)
    assert [(c["name"], c.get("guild_id")) for c in offered] == [("balance", stage.guild.id)]
    dm = await stage.mia.open_dm()
    assert [c["name"] for c in stage.mia.commands(dm)] == ["balance", "cancel"]


async def test_single_commands_are_created_changed_and_removed(stage: Stage) -> None:
    await stage.connect()
    http, application = stage.bot.http, int(stage.sandbox.application.id)
    made = await http.upsert_global_command(application, command("balance"))  # type: ignore[arg-type]
    changed = await http.edit_global_command(
        application, int(made["id"]), {"description": "Your balance"}
    )
    assert (changed["name"], changed["description"]) == ("balance", "Your balance")
    fetched = await http.get_global_command(application, int(made["id"]))
    assert fetched["description"] == "Your balance"
    await http.delete_global_command(application, int(made["id"]))
    with pytest.raises(discord.NotFound) as gone:
        await http.get_global_command(application, int(made["id"]))
    assert gone.value.code == 10063
