"""The shared subscription service: what members see of the mirror, and its refreshing."""

import asyncio
from datetime import datetime, timedelta

from bot.domain.account import Account
from bot.domain.errors import NoSuchThing, NotLinked
from bot.domain.identifiers import CustomerId, UserId
from bot.services.context import Context
from bot.services.mirror import apply
from storage import accounts, customers

# A refresh takes four reads. Many at once reach Stripe's limit and keep other clicks waiting.
REFRESHED_AT_ONCE = 4
# Four requests each time: whoever presses again and again reads the store.
REFRESH_COOLDOWN = timedelta(seconds=10)


class SubscriptionService:
    """Reading accounts, and asking the provider for them again."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context
        self._refreshing = asyncio.Semaphore(REFRESHED_AT_ONCE)
        self._refreshed_at: dict[CustomerId, datetime] = {}

    async def find_account(self, user_id: UserId) -> Account | None:
        """What the store knows, in one query; None when the user has linked nothing."""
        async with self._context.database.read() as connection:
            return await accounts.of_user(connection, user_id, now=self._context.clock())

    async def account(self, user_id: UserId) -> Account:
        """Like `find_account`, but raises NotLinked."""
        account = await self.find_account(user_id)
        if account is None:
            raise NotLinked
        return account

    async def refresh(self, customer_id: CustomerId) -> None:
        """Ask the provider for everything of one customer (rule S17), unless it was just asked."""
        async with self._refreshing:
            asked_at = self._context.clock()
            last = self._refreshed_at.get(customer_id)
            if last is not None and asked_at - last < REFRESH_COOLDOWN:
                return
            async with self._context.database.read() as connection:
                customer = await customers.find(connection, customer_id)
            if customer is None:
                raise NoSuchThing("billing account")
            provider = self._context.provider_of(customer.provider)
            snapshot = await provider.fetch_account(customer_id)
            async with self._context.database.write() as connection:
                await apply(connection, self._context, snapshot, asked_at=asked_at)
            self._note_refreshed(customer_id, asked_at)

    def _note_refreshed(self, customer_id: CustomerId, asked_at: datetime) -> None:
        """Oldest first, so that those over their time are found at the front."""
        self._refreshed_at.pop(customer_id, None)
        self._refreshed_at[customer_id] = asked_at
        while True:
            known, last = next(iter(self._refreshed_at.items()))
            if asked_at - last < REFRESH_COOLDOWN:
                return
            del self._refreshed_at[known]
