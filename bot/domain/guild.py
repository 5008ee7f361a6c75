"""What an administrator chooses for a server."""

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class AnsweringRoles:
    """Who answers a server's tickets: the support role, except those of `topics` with a team."""

    support: RoleId | None
    moderators: RoleId | None
    topics: Mapping[str, RoleId]

    def of(self, topic_id: str) -> RoleId | None:
        """The role that answers tickets of this topic."""
        return self.topics.get(topic_id, self.support)
