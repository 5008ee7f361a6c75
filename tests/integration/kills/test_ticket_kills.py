"""kill -9 at the awaits of opening and of closing a ticket, and many times at random.

Whatever is killed: one ticket, one place, one welcome; then no place, one message with everything.
"""

import asyncio
import os
import random
from typing import Any

import pytest

from bot.sandbox.faults import FaultHandle
from tests.integration.kills.conftest import IN_THREADS
from tests.integration.kills.desk_life import Death
from tests.integration.kills.desk_ordeal import CLOSING, OPENING, DeskOrdeal

# More of them, and others, for a longer run: MOORING_KILLS=1000 MOORING_SEED=7. It also tries each
# await in both modes; otherwise every third one, with threads others than with channels.
RANDOM_KILLS = int(os.environ.get("MOORING_KILLS", "16"))
SEED = int(os.environ.get("MOORING_SEED", "1"))
STRIDE = 1 if "MOORING_KILLS" in os.environ else 3
# Discord's, the store's and the worker's: if there are less, they are not counted.
FEWEST_AWAITS = 50
# Opening and closing take less, except on a busy machine.
LIFE_SECONDS = 0.15

REQUESTS: list[dict[str, Any]] = [
    {"method": "POST", "path": r"/(channels|threads)$"},
    {"method": "POST", "path": r"/messages$"},
    {"method": "POST", "path": r"/callback$"},
    {"method": "PATCH", "path": r"^/webhooks/"},
    {"method": "DELETE", "path": r"^/channels/"},
]
FAULTS: list[dict[str, Any]] = [
    {},
    # It is done when the process is long gone.
    {"latency": 0.7},
    {"status": 500, "after_work": True},
    {"status": 500},
    {"status": 429, "latency": 0.1},
    {"drop": True, "after_work": True},
    {"drop": True},
]


def dying(chance: random.Random, verb: str) -> Death:
    return Death(verb, seconds=chance.uniform(0, LIFE_SECONDS))


async def late_work_is_done(struck: FaultHandle, fault: dict[str, Any]) -> None:
    """Discord carries out what a killed process has asked for, however late."""
    if struck.struck and "status" not in fault:
        await asyncio.sleep(fault.get("latency", 0))


@pytest.mark.timeout(600)
async def test_kill_9_at_the_awaits(desk: DeskOrdeal) -> None:
    step = 1 + (SEED + (desk.topic == IN_THREADS)) % STRIDE
    dies = {OPENING: True, CLOSING: True}
    await desk.restart(Death(OPENING, step))
    while any(dies.values()):
        closing = Death(CLOSING, step) if dies[CLOSING] else None
        dies[OPENING] = await desk.open(then=closing)
        await desk.is_open_once()
        step += STRIDE
        opening = Death(OPENING, step) if dies[OPENING] else None
        dies[CLOSING] = await desk.close(then=opening)
        await desk.is_closed_once()
    assert step > FEWEST_AWAITS


@pytest.mark.timeout(120 + 12 * RANDOM_KILLS)
async def test_kill_9_at_random_while_discord_is_unwell(desk: DeskOrdeal) -> None:
    """Everything is clicked twice. Discord is slow, fails with or without the work, hangs up."""
    for failure in ("job_failed", "interaction_failed"):
        desk.stage.expect_error(failure)
    chance = random.Random(SEED)  # noqa: S311 - a test's dice
    await desk.restart(dying(chance, OPENING))
    for _ in range(RANDOM_KILLS // 2):
        for deed, then, holds in (
            (desk.open, CLOSING, desk.is_open_once),
            (desk.close, OPENING, desk.is_closed_once),
        ):
            fault = chance.choice(FAULTS)
            struck = desk.stage.scene.discord.faults.add(
                times=1, **chance.choice(REQUESTS), **fault
            )
            await deed(then=dying(chance, then), clicks=2)
            await late_work_is_done(struck, fault)
            await holds()
