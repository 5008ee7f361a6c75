"""A customer's life at a local provider, and the events about it on unreliable roads."""

import json
import random
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app import new_id
from bot.domain.allowance import EntryKind, month_of
from bot.domain.errors import MooringError
from bot.domain.identifiers import ProviderName, TopUpId, UserId
from bot.domain.job import Job
from bot.sandbox.scene import CONFIGURATION
from bot.services.checkout_pages import PageOpened, Place
from bot.services.context import Context
from bot.services.events import EventService
from bot.services.jobs import Handler
from bot.services.links import link
from bot.services.mirror import apply
from bot.services.purchase_completion import PurchaseCompletion
from bot.services.purchases import PurchaseService
from bot.services.reconciliation import ReconciliationService
from bot.services.screens import Screen
from bot.settings import load_configuration
from storage import accounts, jobs, ledger, migrate
from storage.database import Database
from storage.ledger import Cycle, Entry
from tests.integration.lives.happenings import Happenings, happenings_at
from tests.support.shops import Shop, open_shop

LEASE = timedelta(seconds=30)
MEMBER = UserId(1)
_PLACE = Place(None, "https://discord.com/channels/@me", Screen(1, "token"))


class Life:
    """One member. `events` are those that the provider has made and that are still on their way."""

    def __init__(self, shop: Shop, context: Context, chance: random.Random) -> None:
        self.shop = shop
        self.context = context
        self.chance = chance
        self.events: list[dict[str, Any]] = []
        self.happenings: Happenings = happenings_at(shop, chance)
        self.customer = self.happenings.customer
        # What was used up before a top-up, by the cycle.
        self.used: dict[Cycle, int] = {}
        self._seen = len(shop.events)
        self._open_pages: list[str] = []
        self._purchases = PurchaseService(context)
        self._completion = PurchaseCompletion(context)

    # --- what happens ---

    async def do(self, what: str) -> None:
        """One thing that can happen; those that do not fit the present state do nothing."""
        if what == "top_up":
            await self._top_up()
        elif what == "pay_late":
            self._pay_late()
        else:
            await getattr(self.happenings, what)()
        events = self.shop.events
        self.events += events[self._seen :]
        self._seen = len(events)

    async def _top_up(self) -> None:
        """Through Mooring, as members do: once nothing is left of the month's allowance."""
        await self._use_up()
        try:
            opened = await self._purchases.buy_top_up(MEMBER, TopUpId("small"), place=_PLACE)
        except MooringError:
            return
        if isinstance(opened, PageOpened) and opened.checkout.page_id is not None:
            self._open_pages.append(opened.checkout.page_id)
            if self.chance.random() < 0.7:
                self._pay_late()

    def _pay_late(self) -> None:
        """On every page that is still open."""
        for page_id in self._open_pages:
            self.happenings.pay(page_id)
        self._open_pages.clear()

    async def _use_up(self) -> None:
        now = self.context.clock()
        async with self.context.database.write() as connection:
            account = await accounts.of_user(connection, MEMBER, now=now)
            if account is None or account.subscription is None:
                return
            plan, left = account.subscription, account.balance.allowance_left
            cycle = (plan.id, plan.cycle_start)
            usage = Entry(
                key=f"usage:{new_id()}",
                customer_id=self.customer,
                subscription_id=plan.id,
                period_start=plan.cycle_start,
                month_start=month_of(plan.cycle_start, plan.period_end, now=now),
                kind=EntryKind.USAGE,
                amount=left,
            )
            if left:
                await ledger.record(connection, [usage], now=now)
        self.used[cycle] = self.used.get(cycle, 0) + left

    # --- how the events travel ---

    async def deliver(self, fate: str, *, all_of_them: bool = False) -> None:
        """Some of the events on their way arrive: out of order, twice, late, or never."""
        self.chance.shuffle(self.events)
        half = len(self.events) if all_of_them else (len(self.events) + 1) // 2
        some, self.events = self.events[:half], self.events[half:]
        service = EventService(self.context)
        for event in some:
            if fate == "lost" and self.chance.random() < 0.7:
                continue
            body = json.dumps(event).encode()
            header = {self.shop.provider.signature_header: self.shop.signed(body)}
            for _ in range(2 if fate == "doubled" else 1):
                await service.receive(self.shop.name, body, header)
        await self._work({"event.apply": service.apply})

    async def reconcile(self) -> None:
        """One whole run."""
        service = ReconciliationService(self.context)
        timer = Job(0, "reconciliation.start", "", {"provider": self.shop.name}, 1)
        await service.start(timer)
        await self._work({"reconciliation.page": service.take_page})

    async def _work(self, handlers: Mapping[str, Handler]) -> None:
        """And what is left to do for purchases, which comes of both."""
        completing = {"purchase.complete": self._completion.carry_out}
        await run_jobs(self.context, {**handlers, **completing})


async def run_jobs(context: Context, handlers: Mapping[str, Handler]) -> None:
    """Carry out what is added, whenever it is to run, until nothing of these kinds is left."""
    later = context.clock() + timedelta(minutes=1)
    while True:
        async with context.database.write() as connection:
            claimed = [
                job
                for kind in handlers
                for job in await jobs.claim(
                    connection, now=later, lease=LEASE, token="test", most=50, kind=kind
                )
            ]
        if not claimed:
            return
        for job in claimed:
            await handlers[job.kind](job)
        async with context.database.write() as connection:
            await jobs.finish(connection, [job.id for job in claimed], token="test", now=later)


@asynccontextmanager
async def a_life(directory: Path, *, at: ProviderName, seed: int) -> AsyncIterator[Life]:
    """A linked member without a subscription, at a provider of their own whose clock is ours, and a
    store that has been compared once, as at the start of every process."""
    configuration = load_configuration(CONFIGURATION)
    database = Database(f"sqlite+aiosqlite:///{await _empty_store(directory)}")
    async with open_shop(at) as shop:
        context = Context(
            database,
            {at: shop.provider},
            configuration.to_catalogue(),
            configuration.to_policy(),
            lambda: datetime.fromtimestamp(shop.clock.now(), UTC),
            new_id,
        )
        try:
            life = Life(shop, context, random.Random(seed))  # noqa: S311 - protects nothing
            await _link(life)
            await life.reconcile()
            yield life
        finally:
            await database.close()


async def _empty_store(directory: Path) -> Path:
    """A copy of the first one: making one takes as long as many a life."""
    first, store = directory / "empty.db", directory / f"{new_id()}.db"
    if not first.exists():
        database = Database(f"sqlite+aiosqlite:///{first}")
        await migrate.upgrade(database)
        await database.close()
    shutil.copy(first, store)
    return store


async def _link(life: Life) -> None:
    now = life.context.clock()
    snapshot = await life.shop.provider.fetch_account(life.customer)
    async with life.context.database.write() as connection:
        await apply(connection, life.context, snapshot, asked_at=now)
        await link(connection, life.customer, MEMBER, by="code", now=now)
