"""Registration of application commands, global and per guild."""

from __future__ import annotations

from bot.sandbox.discord.forms import refuse
from bot.sandbox.discord.rest.access import guild_of
from bot.sandbox.discord.rest.router import Call, Reply, Routes
from bot.sandbox.discord.wire import Json, missing_access, not_found

routes = Routes()

_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(call: Call) -> str | None:
    if call.params["application_id"] != call.backend.world.application.id:
        raise missing_access()
    return guild_of(call).id if "guild_id" in call.params else None


def _entries(call: Call) -> list[Json]:
    if call.entries is None:
        raise refuse((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    return call.entries


@routes("GET", _GLOBAL)
@routes("GET", _GUILD)
def list_commands(call: Call) -> Reply:
    """All commands of a scope."""
    return Reply(200, call.backend.commands.in_scope(_scope(call)))


@routes("PUT", _GLOBAL)
@routes("PUT", _GUILD)
def replace_commands(call: Call) -> Reply:
    """Overwrite the commands of a scope."""
    scope = _scope(call)
    return Reply(200, call.backend.commands.replace(scope, _entries(call)))


@routes("POST", _GLOBAL)
@routes("POST", _GUILD)
def create_command(call: Call) -> Reply:
    """Create a command, or overwrite the one of the same name."""
    command, created = call.backend.commands.upsert(_scope(call), call.body)
    return Reply(201 if created else 200, command)


@routes("GET", f"{_GLOBAL}/{{command_id}}")
@routes("GET", f"{_GUILD}/{{command_id}}")
def get_command(call: Call) -> Reply:
    """One command."""
    return Reply(200, call.backend.commands.get(_scope(call), call.params["command_id"]))


@routes("PATCH", f"{_GLOBAL}/{{command_id}}")
@routes("PATCH", f"{_GUILD}/{{command_id}}")
def edit_command(call: Call) -> Reply:
    """Change a command."""
    scope, command_id = _scope(call), call.params["command_id"]
    return Reply(200, call.backend.commands.modify(scope, command_id, call.body))


@routes("DELETE", f"{_GLOBAL}/{{command_id}}")
@routes("DELETE", f"{_GUILD}/{{command_id}}")
def delete_command(call: Call) -> Reply:
    """Remove a command."""
    call.backend.commands.delete(_scope(call), call.params["command_id"])
    return Reply(204)


@routes("GET", f"{_GUILD}/permissions")
def list_permissions(call: Call) -> Reply:
    """No guild has changed who may use a command."""
    _scope(call)
    return Reply(200, [])


@routes("GET", f"{_GUILD}/{{command_id}}/permissions")
def get_permissions(call: Call) -> Reply:
    """No guild has changed who may use a command: 10066, as Discord answers then."""
    _scope(call)
    error = not_found()
    error.code, error.message = 10066, "Unknown application command permissions"
    raise error
