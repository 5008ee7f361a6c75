"""Who is in a private thread.

One that sleeps is woken before: Discord lets nobody into it and takes nobody out.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

import discord
from discord.ext import commands
from discord.http import Route

from bot.domain.identifiers import ChannelId, RoleId, UserId

ARCHIVED = 50083
# Unknown Member, Unknown User: they have left the server, or Discord.
LEFT = frozenset({10007, 10013})
# As many as Discord gives at once.
PAGE = 100


async def let_in(bot: commands.AutoShardedBot, thread_id: ChannelId, user_id: UserId) -> None:
    """Raises discord.Forbidden where the person does not see the channel that it hangs on, and
    discord.NotFound with a code of `LEFT` where they are not in the server."""
    await _awake(bot, thread_id, lambda: bot.http.add_user_to_thread(thread_id, user_id))


async def take_out(bot: commands.AutoShardedBot, thread_id: ChannelId, user_id: UserId) -> None:
    """Nothing happens to who is not in it; raises discord.Forbidden."""
    try:
        await _awake(bot, thread_id, lambda: bot.http.remove_user_from_thread(thread_id, user_id))
    except discord.NotFound:
        return  # gone by themselves, or with the thread


async def is_in(bot: commands.AutoShardedBot, thread_id: ChannelId, user_id: UserId) -> bool:
    """As Discord knows it now."""
    try:
        await bot.http.get_thread_member(thread_id, user_id)
    except discord.NotFound:
        return False
    return True


async def people_in(
    bot: commands.AutoShardedBot, thread_id: ChannelId
) -> dict[UserId, frozenset[RoleId]]:
    """Everybody but bots, with their roles: one call for each hundred.

    Raises discord.Forbidden without the Server Members intent.
    """
    route = Route("GET", "/channels/{channel_id}/thread-members", channel_id=thread_id)
    found: dict[UserId, frozenset[RoleId]] = {}
    after = 0
    while True:
        asked = {"with_member": "true", "limit": PAGE, "after": after}
        page: list[dict[str, Any]] = await bot.http.request(route, params=asked)
        for each in page:
            member = each.get("member", {})
            if not member.get("user", {}).get("bot", False):
                roles = frozenset(RoleId(int(role)) for role in member.get("roles", ()))
                found[UserId(int(each["user_id"]))] = roles
        if len(page) < PAGE:
            return found
        after = int(page[-1]["user_id"])


def sees_all(guild: discord.Guild, user_id: UserId, role_ids: Collection[RoleId]) -> bool:
    """The server's owner and its administrators: nobody shuts them out."""
    roles = [guild.get_role(each) for each in role_ids]
    return guild.owner_id == user_id or any(
        each and each.permissions.administrator for each in roles
    )


async def _awake(
    bot: commands.AutoShardedBot, thread_id: ChannelId, change: Callable[[], Awaitable[None]]
) -> None:
    try:
        await change()
    except discord.HTTPException as refusal:
        if refusal.code != ARCHIVED:
            raise
        await bot.http.edit_channel(thread_id, archived=False)
        await change()
