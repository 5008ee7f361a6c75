"""kill -9 at the awaits of a cancellation: it is scheduled, told, and written down once (S1-S3)."""

import pytest

from tests.integration.kills.life import Life, Wish
from tests.integration.kills.ordeal import KILLED, Ordeal, Victim

# Every await of a refund is tried; of a cancellation, which may be repeated, every third.
STRIDE = 3


async def scheduled_once(ordeal: Ordeal, victim: Victim) -> None:
    """At the provider, in the store and in the audit log."""
    [shown] = (await ordeal.shop.provider.fetch_subscription(victim.subscription)).subscriptions
    assert shown.ends_with_period
    [attempt] = ordeal.rows(
        "SELECT * FROM cancel_attempts WHERE subscription_id = ?", victim.subscription
    )
    assert (attempt["state"], attempt["failure"]) == ("cancelled", None)
    audited = ordeal.rows("SELECT action FROM audit_log WHERE subject = ?", victim.subscription)
    assert [row["action"] for row in audited] == [
        "cancellation.requested",
        "cancellation.scheduled",
    ]
    told = ordeal.rows(
        "SELECT kind FROM jobs WHERE kind = 'cancellation.tell_member' AND payload LIKE ?",
        f'%"{attempt["id"]}"%',
    )
    assert len(told) == 1


@pytest.mark.timeout(300)
async def test_s1_kill_9_at_the_awaits_of_a_cancellation(ordeal: Ordeal) -> None:
    step = 1
    async for victim in ordeal.victims(Wish.CANCELLATION):
        ended = await ordeal.live_on(victim, Life(ordeal.place, dies_at_step=step))
        await scheduled_once(ordeal, victim)
        if ended != KILLED:
            break
        step += STRIDE
    assert step > 10 * STRIDE
