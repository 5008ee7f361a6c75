"""What an administrator chooses for a server."""

from dataclasses import dataclass

from bot.domain.identifiers import ChannelId, RoleId


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """None where the administrator has not chosen yet.

    Refunds wait for a moderator in `refund_channel_id`, or else in the log channel.
    """

    support_role_id: RoleId | None = None
    moderator_role_id: RoleId | None = None
    ticket_category_id: ChannelId | None = None
    log_channel_id: ChannelId | None = None
    report_channel_id: ChannelId | None = None
    refund_channel_id: ChannelId | None = None
