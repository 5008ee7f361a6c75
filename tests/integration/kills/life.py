"""One life of a process that carries out refunds and cancellations, and where it is killed.

It runs in a fork of its own: the real services and worker over a store file, and a provider at the
other end of a socket. What the rest of Mooring would do with the store's jobs is left to wait.
"""

import asyncio
import os
import secrets
import signal
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
import stripe

from bot.billing import creem_account, stripe_account
from bot.billing.providers import build_providers
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import CustomerId, GuildId, ProviderName, RoleId, UserId
from bot.domain.job import Job
from bot.domain.money import Money
from bot.domain.refund import Ground
from bot.logs import configure_logs
from bot.services.cancellation_saga import CancellationSaga
from bot.services.cancellations import CancellationService
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.jobs import Handler, JobHandlers, Worker
from bot.services.links import link
from bot.services.mirror import apply
from bot.services.refund_saga import RefundSaga
from bot.services.refunds import RefundService
from bot.services.screens import Screen
from bot.services.subscriptions import SubscriptionService
from bot.settings import ProviderKeys, load_configuration
from storage import audit
from storage.database import Database
from storage.schema import jobs
from tests.integration.kills.mortal_loop import MortalLoop

BROKEN_AUDIT = 3
# A refund is carried out in two halves; the first adds the second.
FIRST_HALF, SECOND_HALF = "refund.carry_out", "refund.end"
CARRIED_OUT = (FIRST_HALF, SECOND_HALF, "cancellation.carry_out")
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
# A provider that is slower than this has timed out.
TIMEOUT_SECONDS = 20.0
# Before a request is repeated; production waits for up to a second.
PAUSE_SECONDS = 0.01
# Production asks Creem ten times a second.
REQUESTS_PER_SECOND = 1_000

_MODERATOR, _GUILD, _ROLE = UserId(1), GuildId(7001), RoleId(6)
_SCREEN = Screen(1, "token")


class Wish(StrEnum):
    """What a person has confirmed when the first life begins."""

    REFUND = "refund"
    PART = "part"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process lives: its store, and the account with a payment provider."""

    store: Path
    configuration: Path
    provider: ProviderName
    keys: ProviderKeys


@dataclass(frozen=True, slots=True)
class Life:
    """It dies at a step of its event loop, or after some seconds, or not at all.

    `ahead`: seconds by which its clock is ahead, so that no lease has to be waited for.
    `patience`: seconds after which a provider that is slower has timed out.
    """

    place: Place
    ahead: float = 0
    dies_at_step: int | None = None
    dies_after: float | None = None
    patience: float = TIMEOUT_SECONDS


def wish(place: Place, members: Mapping[UserId, CustomerId], what: Wish) -> None:
    """For each of them, have the store learn of the account and somebody confirm something.

    It is carried out only when its job's time comes, which is never.
    """
    _begin(place)
    asyncio.run(_wish(place, members, what))


async def _wish(place: Place, members: Mapping[UserId, CustomerId], what: Wish) -> None:
    async with _context(place, ahead=0) as context:
        for member, customer in members.items():
            await _commit(context, place.provider, customer, member, what)
        async with context.database.write() as connection:
            waiting = jobs.c.kind.in_(CARRIED_OUT) & jobs.c.done_at.is_(None)
            await connection.execute(sa.update(jobs).where(waiting).values(run_at=NEVER))


def live(life: Life) -> None:
    """Until the work in hand has ended, well or badly; the exit code says whether all holds."""
    _begin(life.place)
    creem_account.TIMEOUT_SECONDS = life.patience  # type: ignore[assignment]
    stripe_account.TIMEOUT_SECONDS = life.patience  # type: ignore[assignment]
    loop = MortalLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        sys.exit(runner.run(_live(life, loop)))


def _begin(place: Place) -> None:
    """Write a log beside the store, and be less patient with the provider than in production."""
    log = os.open(place.store.with_suffix(".log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 2)
    configure_logs()
    stripe.HTTPClient.INITIAL_DELAY = PAUSE_SECONDS
    creem_account.FIRST_PAUSE = creem_account.LONGEST_PAUSE = PAUSE_SECONDS
    creem_account.REQUESTS_PER_SECOND = REQUESTS_PER_SECOND


async def _live(life: Life, loop: MortalLoop) -> int:
    async with _context(life.place, ahead=life.ahead) as context:
        worker = await _worker(context)
        if life.dies_after is not None:
            killing = (os.getpid(), signal.SIGKILL)
            threading.Timer(life.dies_after, os.kill, killing).start()
        loop.dies_at = life.dies_at_step
        await worker.run()
        async with context.database.read() as connection:
            holds = await audit.first_broken_row(connection) is None
    return 0 if holds else BROKEN_AUDIT


@asynccontextmanager
async def _context(place: Place, *, ahead: float) -> AsyncIterator[Context]:
    configuration = load_configuration(place.configuration)
    catalogue = configuration.to_catalogue()
    database = Database(f"sqlite+aiosqlite:///{place.store}")
    providers = build_providers({place.provider: place.keys}, catalogue)

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead)

    # One moderator grants hundreds of refunds here.
    policy = configuration.to_policy()
    uncapped = replace(policy.refunds, daily_cap={}, two_person_above={})
    policy = replace(policy, refunds=uncapped)
    try:
        yield Context(database, providers, catalogue, policy, clock, lambda: secrets.token_hex(6))
    finally:
        for provider in providers.values():
            await provider.close()
        await database.close()


async def _worker(context: Context) -> Worker:
    """It stops after one run of each half: what has to be repeated is left to the next life."""
    handlers = JobHandlers()
    worker = Worker(context.database, handlers, clock=context.clock, is_discord_ready=lambda: False)

    def once(handler: Handler) -> Handler:
        async def run(job: Job) -> None:
            goes_on = False
            try:
                await handler(job)
                goes_on = job.kind == FIRST_HALF and await _waits(context, SECOND_HALF)
            finally:
                if not goes_on:
                    worker.stop()

        return run

    refunding, cancelling = RefundSaga(context), CancellationSaga(context)
    carried_out = (refunding.carry_out, refunding.end, cancelling.carry_out)
    for kind, handler in zip(CARRIED_OUT, carried_out, strict=True):
        handlers.add(kind, once(handler))
    async with context.database.read() as connection:
        waiting = await connection.scalars(sa.select(jobs.c.kind).distinct())
    for kind in {*waiting, *_ANNOUNCED} - set(CARRIED_OUT):
        handlers.add(kind, _not_here, in_discord=True)
    return worker


_ANNOUNCED = (
    *(f"refund.{what}" for what in ("show", "tell_staff", "tell_member", "mail_receipt")),
    *(f"cancellation.{what}" for what in ("show", "tell_staff", "tell_member", "mail_receipt")),
)


async def _waits(context: Context, kind: str) -> bool:
    """Whether a job of this kind is not done."""
    async with context.database.read() as connection:
        waiting = sa.select(jobs.c.id).where(jobs.c.kind == kind, jobs.c.done_at.is_(None))
        return await connection.scalar(waiting.limit(1)) is not None


async def _not_here(job: Job) -> None:
    raise AssertionError(f"{job.kind} acts in Discord, which is away")


async def _commit(
    context: Context, provider: ProviderName, customer: CustomerId, member: UserId, what: Wish
) -> None:
    asked_at = context.clock()
    account = await context.providers[provider].fetch_account(customer)
    async with context.database.write() as connection:
        await apply(connection, context, account, asked_at=asked_at)
        await link(connection, customer, member, by="test", now=asked_at)
    if what is Wish.CANCELLATION:
        await _confirm_cancellation(context, member)
        return
    guilds = GuildService(context, {_GUILD: GuildSettings(moderator_role_id=_ROLE)})
    moderator = Actor(_MODERATOR, _GUILD, frozenset({_ROLE}), manages_guild=False)
    desk = RefundService(context, guilds)
    [payment] = account.payments
    refund_id = (await desk.draft(moderator, member, payment.id)).refund.id
    await desk.set_ground(moderator, refund_id, Ground.OUR_ERROR)
    if what is Wish.PART:
        await desk.set_amount(moderator, refund_id, Money(500, payment.amount.currency))
    await desk.confirm(moderator, refund_id, screen=_SCREEN)


async def _confirm_cancellation(context: Context, member: UserId) -> None:
    cancelling = CancellationService(context)
    account = await SubscriptionService(context).find_account(member)
    assert account is not None
    attempt = (await cancelling.start(account, member, _GUILD)).attempt
    reason = context.policy.reasons[0].id
    await cancelling.give_reason(attempt.id, member, reason_id=reason, comment=None)
    await cancelling.request(attempt.id, member, screen=_SCREEN)
