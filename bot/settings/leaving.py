"""`mooring.toml`, what comes after leaving: withdrawals, and one message to come back."""

import re
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from bot.domain.fairness import pressing_words
from bot.domain.links import is_allowed_link
from bot.domain.win_back import WinBack, WinBackPolicy
from bot.domain.withdrawal import WithdrawalPolicy
from bot.settings.section import Id, Section

# Whatever Discord makes a link of, and what people copy into their browser.
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s<>()\[\]]*|\bwww\.\S*|\bdiscord\.gg\S*", re.IGNORECASE
)


class WithdrawalSection(Section):
    """The right of withdrawal that EU law gives consumers. The law's time is 14 days."""

    enabled: bool = False
    days: Annotated[int, Field(ge=14, le=400)] = 14

    def to_policy(self) -> WithdrawalPolicy:
        """The domain's."""
        return WithdrawalPolicy(self.enabled, self.days)


class WinBackSection(Section):
    """One message to those who agreed to it. Without `reasons` it is for every reason."""

    reasons: tuple[Id, ...] = ()
    days_after: Annotated[int, Field(ge=7, le=180)]
    text: Annotated[str, Field(min_length=1, max_length=600)]
    mention_plans: bool = True

    @model_validator(mode="after")
    def _check_text(self) -> "WinBackSection":
        if (words := pressing_words(self.text)) is not None:
            raise ValueError(f"words that do not press, by fairness rule 4; not: {words}")
        return self


def problem_with(
    win_backs: Sequence[WinBackSection], *, reasons: Collection[str], hosts: Collection[str]
) -> str | None:
    """What the other sections do not allow: an unknown reason, two messages for one, a link."""
    named = [reason for each in win_backs for reason in each.reasons]
    if unknown := sorted(set(named) - set(reasons)):
        return f"retention.win_back with ids of reasons; no reason: {', '.join(unknown)}"
    for_all = sum(not each.reasons for each in win_backs)
    if len(set(named)) != len(named) or for_all > 1:
        return "one retention.win_back for each reason, and at most one without reasons"
    addresses = [found for each in win_backs for found in _ADDRESS.findall(each.text)]
    if not all(is_allowed_link(found.rstrip(".,;:!?"), hosts=hosts) for found in addresses):
        return "links in retention.win_back as https:// on a host in vendor.link_hosts"
    return None


def win_back_policy(win_backs: Sequence[WinBackSection], *, cooldown_days: int) -> WinBackPolicy:
    """The domain's."""
    return WinBackPolicy(
        tuple(
            WinBack(frozenset(each.reasons), each.days_after, each.text.strip(), each.mention_plans)
            for each in win_backs
        ),
        timedelta(days=cooldown_days),
    )
