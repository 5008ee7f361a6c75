"""What an administrator chooses for a server."""

from dataclasses import dataclass

from bot.domain.identifiers import ChannelId, RoleId


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """None where the administrator has not chosen yet."""

    support_role_id: RoleId | None = None
    moderator_role_id: RoleId | None = None
    ticket_category_id: ChannelId | None = None
    log_channel_id: ChannelId | None = None
