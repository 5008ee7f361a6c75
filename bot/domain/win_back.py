"""One message to somebody who has left and said that they would like it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.subscription import Subscription


@dataclass(frozen=True, slots=True)
class WinBack:
    """What is said to those who left for one of these reasons; without any, to everybody."""

    reason_ids: frozenset[str]
    days_after: int
    text: str
    mentions_plans: bool

    @property
    def delay(self) -> timedelta:
        """How long after the end of access."""
        return timedelta(days=self.days_after)


@dataclass(frozen=True, slots=True)
class WinBackPolicy:
    """All that the vendor would say. Nobody hears from it twice within the cooldown."""

    messages: tuple[WinBack, ...] = ()
    cooldown: timedelta = timedelta(days=180)


def win_back_for(messages: Sequence[WinBack], reason_id: str | None) -> WinBack | None:
    """The message for this reason, or else the one for every reason; None when there is neither."""
    for_all = [each for each in messages if not each.reason_ids]
    for_it = [each for each in messages if reason_id in each.reason_ids]
    return next(iter([*for_it, *for_all]), None)


def access_end(subscription: Subscription) -> datetime | None:
    """When access ended or is to end; None while it goes on."""
    if subscription.is_live:
        return subscription.cancel_at
    return subscription.ended_at or subscription.cancel_at or subscription.period_end
