"""Which roles somebody has now. Clicks in Discord bring them along; elsewhere it is asked."""

from typing import Protocol

from bot.domain.identifiers import GuildId, RoleId, UserId


class RolesUnknownError(Exception):
    """Discord does not say just now."""


class Membership(Protocol):
    """Asks Discord."""

    async def roles(self, guild_id: GuildId, user_id: UserId) -> frozenset[RoleId] | None:
        """None for who is not in the server; raises RolesUnknownError."""
        ...
