"""What the balance says of what was used, and of which time it is (S16, S17)."""

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import discord
import pytest

from bot.domain.account import Account
from bot.domain.allowance import MonthSums, allowance_months, balance_of
from bot.domain.subscription import Subscription
from cogs.account.render import plan_parts
from cogs.dependencies import Dependencies
from tests.unit.test_offer import CATALOGUE, MONTHLY, YEARLY


def said(subscription: Subscription, months_gone: int) -> str:
    """After that many months; each month but the present one has used 900 of its 1,000."""
    months = allowance_months(subscription.period_start, subscription.period_end)
    now = months[months_gone] + timedelta(days=5)
    used = dict.fromkeys(months[:months_gone], 900) | {months[months_gone]: 50}
    sums = [MonthSums(each, 1000, 0, used.get(each, 0)) for each in months]
    account = Account(
        customer_id=subscription.customer_id,
        provider=subscription.provider,
        email=None,
        subscription=subscription,
        balance=balance_of(sums, now=now),
        invoices=(),
    )
    policy = SimpleNamespace(grace_days=7)
    given = SimpleNamespace(clock=lambda: now, policy=policy, catalogue=CATALOGUE)
    parts = plan_parts(account, cast(Dependencies, given))
    return "\n".join(each.content for each in parts if isinstance(each, discord.ui.TextDisplay))


@pytest.mark.parametrize(
    ("subscription", "months_gone", "used"),
    [
        (MONTHLY, 0, "50 used in this billing period"),
        (YEARLY, 0, "50 used this month"),
        (YEARLY, 2, "50 used this month"),
    ],
)
def test_what_was_used_is_of_the_month_where_the_period_has_more_of_them(
    subscription: Subscription, months_gone: int, used: str
) -> None:
    text = said(subscription, months_gone)

    assert "950 of 1,000" in text
    assert text.endswith(f"` {used}")
