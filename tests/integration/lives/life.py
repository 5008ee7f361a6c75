"""A subscription's life at a local Stripe, and the events about it on unreliable roads."""

import json
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import new_id
from bot.domain.allowance import Balance, balance_of
from bot.domain.identifiers import STRIPE, CustomerId
from bot.domain.subscription import Subscription
from bot.sandbox.scene import CONFIGURATION, PRO_MONTHLY, STRIPE_KEY, WEBHOOK_SECRET, Scene
from bot.sandbox.stripe import StripeSandbox
from bot.sandbox.stripe.webhooks import signature
from bot.services.context import Context
from bot.services.events import EventService
from bot.services.jobs import Handler
from bot.services.reconciliation import ReconciliationService
from bot.settings import load_configuration
from storage import invoices, jobs, ledger, migrate, payments, subscriptions
from storage.database import Database
from tests.support.shop import provider_of

LEASE = timedelta(seconds=30)
LITE_MONTHLY, MAX_MONTHLY, MAX_YEARLY = "price_lite_month", "price_max_month", "price_max_year"


@dataclass
class Life:
    """One customer. `events` that Stripe has made and that are still on their way."""

    stripe: StripeSandbox
    context: Context
    customer: CustomerId
    chance: random.Random
    events: list[dict[str, Any]] = field(default_factory=list)
    seen: int = 0

    # --- what happens at the provider ---

    async def do(self, what: str) -> None:
        """One thing that can happen; those that do not fit the present state do nothing."""
        await getattr(self, f"_{what}")()
        self.events += self.stripe.events[self.seen :]
        self.seen = len(self.stripe.events)

    async def _start_trial(self) -> None:
        self.stripe.add_subscription(self.customer, PRO_MONTHLY, trial_days=7)

    async def _subscribe(self) -> None:
        self.stripe.add_subscription(self.customer, PRO_MONTHLY)

    async def _renew(self) -> None:
        for each in self._live():
            await self.stripe.advance_to_period_end(each["id"])

    async def _wait(self) -> None:
        await self.stripe.advance(days=4)

    async def _switch(self) -> None:
        for each in self._live()[:1]:
            price = self.chance.choice([LITE_MONTHLY, MAX_MONTHLY, MAX_YEARLY, PRO_MONTHLY])
            item = each["items"]["data"][0]["id"]
            await self._call(
                f"/v1/subscriptions/{each['id']}",
                {
                    "items[0][id]": item,
                    "items[0][price]": price,
                    "items[0][quantity]": self.chance.choice("112"),
                    "payment_behavior": "pending_if_incomplete",
                    "proration_behavior": "always_invoice",
                },
            )

    async def _decline(self) -> None:
        self.stripe.decline_payments(self.customer)

    async def _accept(self) -> None:
        self.stripe.accept_payments(self.customer)

    async def _cancel(self) -> None:
        for each in self._live():
            await self._call(f"/v1/subscriptions/{each['id']}", {"cancel_at_period_end": "true"})

    async def _cancel_in_portal(self) -> None:
        for each in self._live()[:1]:
            self.stripe.portal_cancel(each["id"])

    async def _resume(self) -> None:
        for each in self._live():
            if each["cancel_at_period_end"]:
                await self._call(
                    f"/v1/subscriptions/{each['id']}", {"cancel_at_period_end": "false"}
                )

    async def _end(self) -> None:
        for each in self._live()[:1]:
            await self._call(f"/v1/subscriptions/{each['id']}", {}, method="DELETE")

    async def _refund(self) -> None:
        paid = [each for each in self.own("charge") if each["paid"]]
        if paid:
            intent = self.chance.choice(paid)["payment_intent"]
            await self._call("/v1/refunds", {"payment_intent": intent, "amount": "100"})

    async def _dispute(self) -> None:
        paid = [each for each in self.own("charge") if each["paid"] and not each["disputed"]]
        if paid:
            self.stripe.open_dispute(self.chance.choice(paid)["id"])

    def _live(self) -> list[dict[str, Any]]:
        return [each for each in self.own("subscription") if each["status"] != "canceled"]

    def own(self, kind: str) -> list[dict[str, Any]]:
        """The customer's objects of a kind: the scene has other customers too."""
        return [each for each in self.stripe.objects(kind) if each["customer"] == self.customer]

    async def _call(self, path: str, form: Mapping[str, str], *, method: str = "POST") -> None:
        """What Stripe refuses, such as a second refund of the same money, has not happened."""
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {STRIPE_KEY}"}) as session,
            session.request(method, self.stripe.api_url + path, data=form) as response,
        ):
            assert response.status < 500, await response.text()

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
            for _ in range(2 if fate == "doubled" else 1):
                body = json.dumps(event).encode()
                header = signature(WEBHOOK_SECRET, body, int(time.time()))
                await service.receive(STRIPE, body, {"Stripe-Signature": header})
        await run_jobs(self.context, {"event.apply": service.apply})

    async def reconcile(self) -> None:
        """One whole run."""
        service = ReconciliationService(self.context)
        await service.schedule()
        await run_jobs(self.context, {"reconciliation.page": service.take_page})


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
async def a_life(directory: Path, *, seed: int) -> AsyncIterator[Life]:
    """A customer without a subscription, in a Stripe of their own, and an empty store."""
    scene = Scene()
    await scene.stripe.start()
    configuration = load_configuration(CONFIGURATION)
    database = Database(f"sqlite+aiosqlite:///{directory / f'{new_id()}.db'}")
    provider = provider_of(scene.stripe.api_url)
    context = Context(
        database,
        {STRIPE: provider},
        configuration.to_catalogue(),
        configuration.to_policy(),
        lambda: datetime.now(UTC),
        new_id,
    )
    try:
        await migrate.upgrade(database)
        customer = CustomerId(scene.stripe.add_customer("life@example.com")["id"])
        chance = random.Random(seed)  # noqa: S311 - repeatable, and protects nothing
        life = Life(scene.stripe, context, customer, chance)
        life.seen = len(scene.stripe.events)
        yield life
    finally:
        with suppress(aiohttp.ClientError):
            await provider.close()
        await database.close()
        await scene.stripe.stop()


async def differences(life: Life) -> Sequence[str]:
    """Where the mirror differs from the provider; empty when it is true."""
    truth = await life.context.providers[STRIPE].fetch_account(life.customer)
    async with life.context.database.read() as connection:
        known_subscriptions = await subscriptions.find_many(
            connection, [each.id for each in truth.subscriptions]
        )
        known_payments = await payments.find_many(connection, [each.id for each in truth.payments])
        known_invoices = await invoices.find_many(connection, [each.id for each in truth.invoices])
    pairs: list[tuple[object, object]] = [
        *((each, known_subscriptions.get(each.id)) for each in truth.subscriptions),
        *((each, known_payments.get(each.id)) for each in truth.payments),
        *((each, known_invoices.get(each.id)) for each in truth.invoices),
    ]
    return [
        f"{known} instead of {each}"
        for each, known in pairs
        if (replace(known, switched_at=None) if isinstance(known, Subscription) else known) != each
    ]


async def wrong_balances(life: Life) -> Sequence[str]:
    """Subscriptions that are paid and on, and whose balance is not their plan's whole allowance.

    Nobody has used anything here, and nothing was topped up: whatever was switched, and whichever
    news of it has arrived, that is what is left. It is worked out from the provider's own objects.
    """
    found: list[str] = []
    now = life.context.clock()
    for each in life.own("subscription"):
        item = each["items"]["data"][0]
        offering = life.context.catalogue.offering(item["price"]["id"])
        if each["status"] != "active" or offering is None:
            continue
        async with life.context.database.read() as connection:
            known = await subscriptions.find(connection, each["id"])
            assert known is not None
            cycle = (known.id, known.cycle_start)
            sums = await ledger.sums_of_cycles(connection, [cycle])
        balance = balance_of(sums.get(cycle, []), now=now)
        if balance != Balance(offering.plan.allowance * item["quantity"], 0, 0):
            found.append(f"{balance} instead of {offering.plan.allowance} of {offering.plan.name}")
    return found


async def grants_missing(life: Life) -> Sequence[str]:
    """Paid periods of plans whose allowance is not in the ledger, or is there twice."""
    truth = await life.context.providers[STRIPE].fetch_account(life.customer)
    found: list[str] = []
    async with life.context.database.read() as connection:
        for period in truth.paid_periods:
            count = await connection.exec_driver_sql(
                "SELECT count(*) FROM ledger WHERE kind = 'grant' AND key = ?",
                (f"grant:{period.subscription_id}:{int(period.period_start.timestamp())}",),
            )
            if count.scalar_one() != 1:
                found.append(str(period))
    return found
