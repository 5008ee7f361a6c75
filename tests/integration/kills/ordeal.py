"""What is killed again and again, and what has to be true of it in the end."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.domain.identifiers import STRIPE, CustomerId, PaymentId, SubscriptionId, UserId
from bot.sandbox.scene import (
    CONFIGURATION,
    CREEM_KEY,
    CREEM_WEBHOOK_SECRET,
    STRIPE_KEY,
    WEBHOOK_SECRET,
)
from bot.settings import ProviderKeys
from storage import migrate
from storage.database import Database
from tests.integration.kills.life import BROKEN_AUDIT, Life, Place, Wish, live, wish
from tests.support import preloaded
from tests.support.shops import Shop

KILLED = -9
# Seconds. Doubled with every life it is longer than a lease, and than any pause before another try.
FIRST_PAUSE = 10.0
MOST_LIVES = 18
_PREPARED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Victim:
    """A member who has paid $20 for Pro, and for whom something is to be carried out."""

    customer: CustomerId
    subscription: SubscriptionId
    payment: PaymentId
    job: int


class Ordeal:
    """Members of one vendor, and the processes that die while they serve them."""

    def __init__(self, shop: Shop, store: Path) -> None:
        self.shop = shop
        self.place = Place(store, CONFIGURATION, shop.name, _keys(shop))

    async def prepare(self) -> None:
        """Make the store."""
        database = Database(f"sqlite+aiosqlite:///{self.place.store}")
        await migrate.upgrade(database)
        await database.close()

    async def victims(self, what: Wish) -> AsyncIterator[Victim]:
        """New ones without end, for each of whom that is confirmed and not begun."""
        for first in count(1001, _PREPARED_AT_ONCE):
            members, bought = {}, {}
            for number in range(first, first + _PREPARED_AT_ONCE):
                customer = self.shop.add_customer(f"{number}@example.com")
                members[UserId(number)] = customer
                bought[customer] = self.shop.subscribe(customer, self.shop.monthly)
            ended = await preloaded.run(wish, self.place, members, what)
            assert ended == 0, self._log(ended)
            for customer, subscription in bought.items():
                yield self._victim(customer, subscription)

    def _victim(self, customer: CustomerId, subscription: SubscriptionId) -> Victim:
        [payment] = self.rows("SELECT id FROM payments WHERE customer_id = ?", customer)
        lines = (subscription, f"refund:{payment['id']}")
        [job] = self.rows("SELECT id FROM jobs WHERE line IN (?, ?)", *lines)
        return Victim(customer, subscription, PaymentId(payment["id"]), job["id"])

    async def live_on(self, victim: Victim, first: Life) -> int:
        """From the first life on until nothing is left to do; returns how the first one ended."""
        now = int(datetime.now(UTC).timestamp() * 1000)
        self._execute("UPDATE jobs SET run_at = ? WHERE id = ?", now, victim.job)
        ended = await preloaded.run(live, first)
        assert ended in (0, KILLED), self._log(ended)
        for number in range(1, MOST_LIVES):
            left = "SELECT id FROM jobs WHERE (id = ? OR line = ?) AND done_at IS NULL"
            if not self.rows(left, victim.job, victim.subscription):
                return ended
            life = Life(self.place, ahead=FIRST_PAUSE * 2**number, patience=first.patience)
            following = await preloaded.run(live, life)
            assert following == 0, self._log(following)
        raise AssertionError(f"no end after {MOST_LIVES} lives")

    def rows(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        """What the store says, read by somebody else."""
        connection = sqlite3.connect(f"file:{self.place.store}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(statement, parameters)]
        finally:
            connection.close()

    def _execute(self, statement: str, *parameters: object) -> None:
        connection = sqlite3.connect(self.place.store)
        with connection:
            connection.execute(statement, parameters)
        connection.close()

    def _log(self, ended: int) -> str:
        if ended == BROKEN_AUDIT:
            return "the audit log's chain is broken"
        return self.place.store.with_suffix(".log").read_text()[-4000:]


def _keys(shop: Shop) -> ProviderKeys:
    key, secret = (
        (STRIPE_KEY, WEBHOOK_SECRET) if shop.name == STRIPE else (CREEM_KEY, CREEM_WEBHOOK_SECRET)
    )
    return ProviderKeys(SecretStr(key), SecretStr(secret), shop.api_url)
