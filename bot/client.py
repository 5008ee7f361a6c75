"""The discord.py client: intents, commands, and where interactions come in."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.discord_pace import DiscordPace, paced
from cogs.interactions import Router, answer_error, note_command

Setup = Callable[["MooringClient"], Awaitable[None]]

# Reconnecting takes a moment, several times a day. What takes longer is told to the supervisor.
LONGEST_RECONNECT_SECONDS = 20

_STARTED = "started"

_log = structlog.get_logger(__name__)


def _intents() -> discord.Intents:
    """Servers and their channels, messages in them, and what those messages say."""
    intents = discord.Intents.none()
    intents.guilds = True
    intents.guild_messages = True
    intents.message_content = True
    return intents


class _Tree(app_commands.CommandTree["MooringClient"]):
    async def interaction_check(self, interaction: discord.Interaction["MooringClient"], /) -> bool:
        """Everybody may; the time is for the metrics."""
        interaction.extras[_STARTED] = asyncio.get_running_loop().time()
        return True

    async def on_error(
        self,
        interaction: discord.Interaction["MooringClient"],
        error: app_commands.AppCommandError,
        /,
    ) -> None:
        """The boundary of slash commands: everybody gets an answer."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        outcome = await answer_error(_name_of(interaction), interaction, cause)
        note_command(_name_of(interaction), outcome, seconds=_seconds_since_start(interaction))


def _name_of(interaction: discord.Interaction["MooringClient"]) -> str:
    return f"/{interaction.command.qualified_name if interaction.command else 'command'}"


def _seconds_since_start(interaction: discord.Interaction["MooringClient"]) -> float:
    now = asyncio.get_running_loop().time()
    return now - float(interaction.extras.get(_STARTED, now))


class MooringClient(commands.AutoShardedBot):
    """Holds nothing but its connections' state: everything else is in the store."""

    def __init__(self, *, router: Router, setups: Sequence[Setup]) -> None:
        """`setups` add the features; see `add_features`."""
        super().__init__(
            command_prefix=(),
            help_command=None,
            intents=_intents(),
            tree_cls=_Tree,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            # Every server answers for itself once it is available; nothing waits for the last.
            guild_ready_timeout=0.5,
            http_trace=paced(DiscordPace()),
        )
        self._router = router
        self._setups = setups
        self._lost_since: dict[int, float] = {}
        self._pass_on_roles()

    def _pass_on_roles(self) -> None:
        """Dispatch `member_roles` for each member whose roles may have changed.

        discord.py tells of changes only for members in its cache, and this client keeps none.
        """
        parsers = self._connection.parsers
        usual = parsers["GUILD_MEMBER_UPDATE"]

        def parse(data: Any) -> None:
            usual(data)
            roles = frozenset(int(role) for role in data["roles"])
            self.dispatch("member_roles", int(data["guild_id"]), int(data["user"]["id"]), roles)

        parsers["GUILD_MEMBER_UPDATE"] = parse

    def is_gateway_up(self) -> bool:
        """Whether every shard is connected, or was within `LONGEST_RECONNECT_SECONDS`.

        Discord.py's own `is_ready` stays true for ever after the first connection.
        """
        if not self.is_ready():
            return False
        latest = self.loop.time() - LONGEST_RECONNECT_SECONDS
        return all(lost > latest for lost in self._lost_since.values())

    def hear_members(self, *, joins_needed: bool) -> None:
        """Be told who joins and leaves a server, where the application may be; to be called before
        `connect`.

        The intent is privileged: asking for it without having it ends the connection. Without it
        those who join wait for their roles, tickets do not say that their opener has left, and who
        leaves the team is found once a day.
        """
        granted = self.application_flags
        if granted.gateway_guild_members or granted.gateway_guild_members_limited:
            self._connection._intents.members = True
        elif joins_needed:
            _log.warning("joins_not_heard", missing="Server Members Intent")

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Told again at each failed attempt: the first time counts."""
        self._lost_since.setdefault(shard_id, self.loop.time())

    async def on_shard_connect(self, shard_id: int) -> None:
        """A new session."""
        self._lost_since.pop(shard_id, None)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """The same session again."""
        self._lost_since.pop(shard_id, None)

    async def on_app_command_completion(
        self,
        interaction: discord.Interaction["MooringClient"],
        _command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu,
    ) -> None:
        """For the metrics; a command that failed is counted where it is answered."""
        note_command(_name_of(interaction), "done", seconds=_seconds_since_start(interaction))

    async def add_features(self) -> None:
        """Commands, buttons, listeners and the handlers of jobs; needs no connection."""
        for setup in self._setups:
            await setup(self)

    async def setup_hook(self) -> None:
        """Tell Discord which commands there are."""
        synced = await self.tree.sync()
        _log.info("commands_synced", count=len(synced))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Buttons, selects and modals; slash commands go their own way."""
        await self._router.dispatch(interaction)

    async def on_ready(self) -> None:
        """For the log; readiness itself is asked of discord.py."""
        _log.info("gateway_ready", guilds=len(self.guilds), shards=self.shard_count)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """The boundary of event listeners."""
        del args, kwargs
        _log.exception("listener_failed", event_name=event_method)


async def point_at(api_url: str) -> None:
    """Use another server than Discord's own: a rate-limit proxy, or the sandbox.

    discord.py has no setting for it. The gateway is the one that this server names, so a proxy
    that handles REST alone leads back to Discord's.
    """
    if api_url == Route.BASE:
        return
    Route.BASE = api_url
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{api_url}/gateway") as response,
    ):
        response.raise_for_status()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL((await response.json())["url"])
