"""What plan roles depend on in a server: who joins, who is seen, which role is deleted."""

import asyncio

import discord
from discord.ext import commands

from bot.domain.identifiers import GuildId, RoleId, UserId
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction
from cogs.roles.servers import roles_held

# Looking costs two reads: whoever clicks again and again is looked at once.
COOLDOWN_SECONDS = 600
REMEMBERED = 10_000


class RoleListener(commands.Cog):
    """Has the service look when there may be something to do."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Keep what is needed."""
        self._is = dependencies
        self._seen_at: dict[tuple[int, int], float] = {}

    @commands.Cog.listener()
    async def on_member_join(self, member: discord.Member) -> None:
        """Discord tells this only with the Server Members intent."""
        await self._is.roles.welcome(GuildId(member.guild.id), UserId(member.id))

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Each command and click shows a member's roles, with every set of intents."""
        if not isinstance(interaction.user, discord.Member) or interaction.guild_id is None:
            return
        if self._was_seen(interaction.guild_id, interaction.user.id):
            return
        await self._is.roles.notice(
            GuildId(interaction.guild_id),
            UserId(interaction.user.id),
            roles_held(interaction.user),
        )

    def _was_seen(self, guild_id: int, user_id: int) -> bool:
        """Lately. The oldest are forgotten first."""
        who, now = (guild_id, user_id), asyncio.get_running_loop().time()
        last = self._seen_at.pop(who, None)
        if last is not None and now - last < COOLDOWN_SECONDS:
            self._seen_at[who] = last
            return True
        self._seen_at[who] = now
        if len(self._seen_at) > REMEMBERED:
            del self._seen_at[next(iter(self._seen_at))]
        return False

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Nobody has it any more, and a plan may lack its role."""
        await self._is.roles.note_deleted(GuildId(role.guild.id), RoleId(role.id))
