"""Asks Discord which roles somebody has."""

import asyncio

import aiohttp
import discord
import structlog

from bot.domain.identifiers import GuildId, RoleId, UserId
from bot.services.membership import RolesUnknownError

# Somebody looks at an empty page meanwhile.
LONGEST_SECONDS = 5

_log = structlog.get_logger(__name__)


class DiscordMembership:
    """By its number, in whichever process the server's events arrive."""

    def __init__(self, client: discord.Client) -> None:
        """`client` need not be logged in yet."""
        self._client = client

    async def roles(self, guild_id: GuildId, user_id: UserId) -> frozenset[RoleId] | None:
        """None for who is not in the server; raises RolesUnknownError."""
        if not self._client.is_ready():
            raise RolesUnknownError("not connected")
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                member = await self._client.http.get_member(guild_id, user_id)
        except discord.NotFound:
            return None
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.warning("roles_not_told", guild=guild_id, error=type(error).__name__)
            raise RolesUnknownError from error
        return frozenset(RoleId(int(role)) for role in member["roles"])
