"""Messages with buttons that open tickets."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.identifiers import ChannelId, GuildId, MessageId, PanelId, UserId


class PanelState(StrEnum):
    """DRAFT: its maker looks at it. SENDING: confirmed, and on its way to the channel."""

    DRAFT = "draft"
    SENDING = "sending"
    POSTED = "posted"


class PanelLayout(StrEnum):
    """How the topics are shown."""

    BUTTONS = "buttons"
    SELECT = "select"


@dataclass(frozen=True, slots=True)
class Panel:
    """`topics` are ids, in the order of the configuration."""

    id: PanelId
    guild_id: GuildId
    channel_id: ChannelId
    title: str
    body: str
    topics: tuple[str, ...]
    layout: PanelLayout
    created_by: UserId
    created_at: datetime
    state: PanelState = PanelState.DRAFT
    message_id: MessageId | None = None
