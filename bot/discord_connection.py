"""The connection to Discord: logging in, however long it is away, and staying connected."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
import structlog

from bot.client import MooringClient, point_at
from bot.services.guilds import GuildService
from bot.settings import Environment, SettingsError

FIRST_LOGIN_PAUSE = 1.0
LONGEST_LOGIN_PAUSE = 60.0
WRONG_TOKEN = "DISCORD_TOKEN (environment or .env) is wrong: Discord does not accept it."  # noqa: S105
MISSING_INTENT = (
    "The Message Content intent is switched off. Switch it on in Discord's developer portal: your "
    "application, Bot, Privileged Gateway Intents. If it is on, Server Members has just been "
    "switched off: start again, Mooring goes on without it."
)

_log = structlog.get_logger(__name__)


class DiscordConnection:
    """One process's connection."""

    def __init__(
        self, environment: Environment, client: MooringClient, guilds: GuildService
    ) -> None:
        """`guilds` is told at login who can add the bot to servers."""
        self._environment = environment
        self._client = client
        self._guilds = guilds

    async def serve(self, *, joins_needed: bool, when_ready: Callable[[], None]) -> None:
        """Log in and stay connected; raises SettingsError where Discord says what is wrong."""
        await self._log_in()
        self._client.hear_members(joins_needed=joins_needed)
        application = self._client.application
        self._guilds.note_application(
            is_private=application is not None and not application.bot_public
        )
        ready = asyncio.create_task(self._tell_when_ready(when_ready), name="ready")
        try:
            await self._client.connect()
        except discord.PrivilegedIntentsRequired:
            raise SettingsError([MISSING_INTENT]) from None
        finally:
            await give_up(ready)

    async def _tell_when_ready(self, when_ready: Callable[[], None]) -> None:
        await self._client.wait_until_ready()
        when_ready()

    async def _log_in(self) -> None:
        """Log in, however long Discord is away.

        A wrong token is not waited out: it ends the process with SettingsError.
        """
        pause = FIRST_LOGIN_PAUSE
        while True:
            try:
                await point_at(self._environment.discord_api_url)
                await self._client.login(self._environment.discord_token.get_secret_value())
            except (aiohttp.ClientError, OSError, discord.DiscordServerError) as error:
                _log.warning("discord_unreachable", error=type(error).__name__, pause=pause)
                # Each login opens a session; only without the closed connector does it work.
                await self._client.http.close()
                self._client.http.connector = discord.utils.MISSING
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_LOGIN_PAUSE)
            except discord.LoginFailure:
                raise SettingsError([WRONG_TOKEN]) from None
            else:
                return


async def give_up(task: asyncio.Task[Any]) -> None:
    """Cancel it and wait until it has ended, whatever the end."""
    task.cancel()
    await asyncio.wait({task})
