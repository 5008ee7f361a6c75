"""What stands in the way of forgetting a member, until it is over."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.identifiers import ChannelId


class UnderWay(StrEnum):
    """Something that still needs to know who the member is."""

    TICKET = "ticket"
    REFUND = "refund"
    CANCELLATION = "cancellation"
    OFFER = "offer"
    WITHDRAWAL = "withdrawal"
    RESUMPTION = "resumption"
    PURCHASE = "purchase"


@dataclass(frozen=True, slots=True)
class Obstacles:
    """All of it; `channels` are those of the open tickets that have one."""

    under_way: tuple[UnderWay, ...] = ()
    channels: tuple[ChannelId, ...] = ()
