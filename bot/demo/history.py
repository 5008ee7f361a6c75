"""Twelve made-up weeks of attempts to cancel, so that the demo's retention report has something to
show. Only `mooring demo` writes them."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.demo.desk import write_desk
from bot.demo.tickets import write_tickets
from bot.domain.cancellation import ASKING, AttemptState
from bot.domain.identifiers import (
    STRIPE,
    AttemptId,
    CustomerId,
    PlanId,
    SubscriptionId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.offer import HOLDOUT
from bot.sandbox.desk_past import DeskPast
from storage import cancel_attempts, customers, migrate
from storage.database import Database

_WEEKS = 12
_BUSIEST_WEEK = 28
# Ids that Discord gives to nobody: they would be from its first second.
_FIRST_USER = 1_000
_PRICES = {"lite": 1000, "pro": 2000, "max": 5000}
# How often each is chosen, and which of the sandbox's offers answer it.
_REASONS: dict[str, tuple[int, tuple[str, ...]]] = {
    "too_expensive": (9, ("half_price", "half_price", "go_lite", HOLDOUT)),
    "missing_features": (6, ("more_credits", HOLDOUT)),
    "unused": (5, ("take_a_break", "take_a_break", HOLDOUT)),
    "switched": (3, ()),
    "low_quality": (2, ()),
    "prefer_not_to_say": (3, ()),
}
_COMMENTS = {
    "too_expensive": ("20 dollars is a lot for notes that I write twice a week.",),
    "missing_features": ("No offline mode on the phone.", "I cannot share a note with my team."),
    "unused": ("The exams are over. Maybe again in autumn!",),
    "low_quality": ("Sync lost a page. Support found it again, but still.",),
    "switched": ("My new job pays for another tool.",),
}


@dataclass(frozen=True, slots=True)
class _Life:
    """How one attempt goes."""

    reason: str
    variant: str | None
    end: AttemptState
    is_kept: bool


async def furnish(store: Path, past: DeskPast) -> None:
    """Everything that the demo begins with: attempts to cancel, and tickets, closed and open."""
    database = Database(f"sqlite+aiosqlite:///{store}")
    try:
        await migrate.upgrade(database)
        async with database.write() as connection:
            await write_history(connection)
            await write_tickets(connection, past)
            await write_desk(connection, past)
    finally:
        await database.close()


async def write_history(connection: AsyncConnection, *, seed: int = 7) -> None:
    """Fill the store. The same seed makes the same weeks, counted from now."""
    chance = random.Random(seed)  # noqa: S311 - makes things up, protects nothing
    now = datetime.now(UTC).replace(microsecond=0)
    number = 0
    for week in range(_WEEKS):
        for _ in range(chance.randint(_BUSIEST_WEEK // 2, _BUSIEST_WEEK)):
            days_ago = 7 * week + chance.uniform(0.2, 7)
            await _attempt(connection, number, now - timedelta(days=days_ago), chance, now)
            number += 1


def _life(chance: random.Random) -> _Life:
    weights = [weight for weight, _ in _REASONS.values()]
    [reason] = chance.choices(list(_REASONS), weights)
    variants = _REASONS[reason][1]
    variant = chance.choice(variants) if variants else None
    ends = {
        AttemptState.CANCELLED: 10,
        AttemptState.ABORTED: 3,
        AttemptState.TIMED_OUT: 2,
    }
    if variant not in (None, HOLDOUT):
        ends[AttemptState.SAVED] = 20 if variant == "take_a_break" else 11
    [end] = chance.choices(list(ends), list(ends.values()))
    return _Life(reason, variant, end, is_kept=chance.random() < 0.9)


async def _attempt(
    connection: AsyncConnection, number: int, start: datetime, chance: random.Random, now: datetime
) -> None:
    attempt_id, customer_id = AttemptId(f"DEMO{number:04}"), CustomerId(f"cus_demo_{number}")
    plan, life = chance.choice(("lite", "pro", "pro", "max")), _life(chance)
    await customers.save(connection, customer_id, provider=STRIPE, email=None)
    await cancel_attempts.add(
        connection,
        attempt_id,
        user_id=UserId(_FIRST_USER + number),
        guild_id=None,
        customer_id=customer_id,
        subscription_id=SubscriptionId(f"sub_demo_{number}"),
        now=start,
        plan_id=PlanId(plan),
        monthly=Money(_PRICES[plan], "usd"),
    )
    answered = start + timedelta(minutes=1)
    if life.end is AttemptState.TIMED_OUT and chance.random() < 0.6:
        ended = start + timedelta(days=1)
        await _move(connection, attempt_id, AttemptState.TIMED_OUT, ended, finished_at=ended)
        return
    given: dict[str, Any] = {"reason_id": life.reason, "comment": _comment(life.reason, chance)}
    if life.variant is not None:
        given["variant"] = life.variant
        if life.variant != HOLDOUT:
            given |= {"offer_id": life.variant, "offered_at": answered}
    await _move(connection, attempt_id, AttemptState.REASON_GIVEN, answered, **given)
    ended = start + timedelta(minutes=3)
    last: dict[str, Any] = {"finished_at": ended}
    paid_again = ended + timedelta(days=9)
    if life.end is AttemptState.SAVED:
        last |= {"accepted_at": ended}
        if life.is_kept and paid_again < now:
            last |= {"kept_at": paid_again}
    if life.end is AttemptState.CANCELLED:
        last |= {"requested_at": ended, "effective_at": ended + timedelta(days=12)}
    await _move(connection, attempt_id, life.end, ended, **last)


async def _move(
    connection: AsyncConnection,
    attempt_id: AttemptId,
    to: AttemptState,
    now: datetime,
    **values: Any,
) -> None:
    await cancel_attempts.advance(connection, attempt_id, expected=ASKING, to=to, now=now, **values)


def _comment(reason: str, chance: random.Random) -> str | None:
    written = _COMMENTS.get(reason)
    return chance.choice(written) if written and chance.random() < 0.4 else None
