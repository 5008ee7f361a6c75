"""kill -9 at every await of a refund, and hundreds of times at random (S11).

At Stripe a part is given back, because a second part would be taken as willingly as the first; at
Creem, which has no idempotency keys, all of it.
"""

import os
import random
from typing import Any

import pytest

from tests.integration.kills.life import Life, Wish
from tests.integration.kills.ordeal import KILLED, Ordeal, Victim

# More of them, and others, for a longer run: MOORING_KILLS=1000 MOORING_SEED=7.
RANDOM_KILLS = int(os.environ.get("MOORING_KILLS", "40"))
SEED = int(os.environ.get("MOORING_SEED", "1"))
# A whole life takes about as long.
LIFE_SECONDS = 0.12
# The database's, the provider's and the worker's: if there are less, they are not counted.
FEWEST_AWAITS = 50

# Of a life whose provider is unwell: one that is slower than this has timed out.
PATIENCE_SECONDS = 0.6
FAULTS: list[dict[str, Any]] = [
    {},
    {"latency": PATIENCE_SECONDS + 0.2, "after_work": True, "times": 1},
    {"status": 500, "after_work": True},
    {"status": 500},
    {"status": 500, "saved": True},
    {"status": 429},
    {"drop": True, "after_work": True},
    {"drop": True},
]


def drawn(ordeal: Ordeal, chance: random.Random) -> list[dict[str, Any]]:
    """At most one fault in each half of the work."""
    asked = (
        {"method": "POST", "path": ordeal.shop.refunds_path},
        {"method": ordeal.shop.end_method, "path": ordeal.shop.subscriptions_path},
    )
    return [
        {"times": chance.randint(1, 4), **where, **fault}
        for where in asked
        if (fault := chance.choice(FAULTS))
    ]


def wanted(ordeal: Ordeal) -> tuple[Wish, int]:
    """What is asked for, and how many cents that is."""
    return (Wish.PART, 500) if ordeal.shop.provider.partial_refunds else (Wish.REFUND, 2000)


def ended_once(ordeal: Ordeal, victim: Victim, *, cents: int) -> None:
    """Money moved once, what it paid for is over, and the books say so to whoever reads them."""
    assert ordeal.shop.refunds_of(victim.payment) == [cents]
    assert ordeal.shop.status(victim.subscription) == "canceled"
    [refund] = ordeal.rows("SELECT * FROM refunds WHERE payment_id = ?", victim.payment)
    assert (refund["state"], refund["failure"]) == ("done", None)
    assert refund["provider_refund_id"]
    assert refund["finished_at"]
    audited = ordeal.rows("SELECT action FROM audit_log WHERE subject = ?", victim.payment)
    assert [row["action"] for row in audited] == [
        "refund.requested",
        "refund.made",
        "refund.done",
    ]
    about = f'%"{refund["id"]}"%'
    told = ordeal.rows("SELECT kind FROM jobs WHERE payload LIKE ? AND done_at IS NULL", about)
    assert sorted(row["kind"] for row in told) == [
        "refund.look_stuck",
        "refund.mail_receipt",
        "refund.show",
        "refund.tell_member",
        "refund.tell_staff",
    ]
    [mirror] = ordeal.rows("SELECT status FROM subscriptions WHERE id = ?", victim.subscription)
    assert mirror["status"] == "canceled"


@pytest.mark.timeout(900)
async def test_s11_kill_9_at_every_await(ordeal: Ordeal) -> None:
    wish, cents = wanted(ordeal)
    step = 0
    async for victim in ordeal.victims(wish):
        step += 1
        ended = await ordeal.live_on(victim, Life(ordeal.place, dies_at_step=step))
        ended_once(ordeal, victim, cents=cents)
        if ended != KILLED:
            break
    assert step > FEWEST_AWAITS


@pytest.mark.timeout(120 + 12 * RANDOM_KILLS)
async def test_s11_kill_9_at_random_while_the_provider_is_unwell(ordeal: Ordeal) -> None:
    """It answers too late with the work done, fails with or without it, asks to wait, hangs up."""
    wish, cents = wanted(ordeal)
    chance = random.Random(SEED)  # noqa: S311 - a test's dice
    killed = 0
    async for victim in ordeal.victims(wish):
        faults = [ordeal.shop.faults.add(**each) for each in drawn(ordeal, chance)]
        moment = chance.uniform(0, LIFE_SECONDS)
        first = Life(ordeal.place, dies_after=moment, patience=PATIENCE_SECONDS)
        await ordeal.live_on(victim, first)
        for fault in faults:
            fault.remove()
        ended_once(ordeal, victim, cents=cents)
        killed += 1
        if killed == RANDOM_KILLS:
            break
