"""The shared subscription service: the mirror of the provider, and what members see of it."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import Snapshot
from bot.domain.account import Account
from bot.domain.allowance import EntryKind
from bot.domain.errors import AlreadySubscribed, NotLinked
from bot.domain.identifiers import CustomerId, PriceId, UserId
from bot.domain.subscription import NextStep, next_step
from bot.services.context import Context
from storage import accounts, customers, ledger, subscriptions

# A refresh takes four reads. Many at once reach Stripe's limit and keep other clicks waiting.
REFRESHED_AT_ONCE = 4
# Four requests each time: whoever presses again and again reads the store.
REFRESH_COOLDOWN = timedelta(seconds=10)


async def apply(
    connection: AsyncConnection, context: Context, snapshot: Snapshot, *, asked_at: datetime
) -> None:
    """Take over what the provider shows. `asked_at` is when it was asked: later answers win."""
    now = context.clock()
    for customer in snapshot.customers:
        await customers.save(
            connection, customer.id, provider=context.provider.name, email=customer.email
        )
        if (
            customer.buyer is not None
            and await customers.of_user(connection, customer.buyer) is None
        ):
            await customers.link(connection, customer.id, customer.buyer, now=now)
    for subscription in snapshot.subscriptions:
        await subscriptions.save(connection, subscription, asked_at=asked_at)
    for invoice in snapshot.invoices:
        await subscriptions.save_invoice(connection, invoice, asked_at=asked_at)
    for payment in snapshot.payments:
        await subscriptions.save_payment(connection, payment, asked_at=asked_at)
    for period in snapshot.paid_periods:
        offering = context.catalogue.offering(period.price_id)
        if offering is None:
            continue
        # Recorded once: a later change of the catalogue cannot shrink it (rule S15).
        await ledger.record(
            connection,
            key=f"grant:{period.subscription_id}:{int(period.period_start.timestamp())}",
            customer_id=period.customer_id,
            subscription_id=period.subscription_id,
            period_start=period.period_start,
            kind=EntryKind.GRANT,
            amount=offering.plan.allowance,
            now=now,
        )


class SubscriptionService:
    """Reading accounts and starting purchases."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context
        self._refreshing = asyncio.Semaphore(REFRESHED_AT_ONCE)
        self._refreshed_at: dict[CustomerId, datetime] = {}

    async def find_account(self, user_id: UserId) -> Account | None:
        """What the store knows, in one query; None when the user has linked nothing."""
        async with self._context.database.read() as connection:
            return await accounts.of_user(connection, user_id)

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
            snapshot = await self._context.provider.fetch_account(customer_id)
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

    async def checkout_url(self, user_id: UserId, price_id: PriceId, *, return_url: str) -> str:
        """The provider's page to buy a plan; raises AlreadySubscribed instead of selling twice."""
        account = await self.find_account(user_id)
        now = self._context.clock()
        if account and next_step(account.subscription, now=now) is not NextStep.SUBSCRIBE:
            raise AlreadySubscribed
        return await self._context.provider.checkout_url(
            price_id=price_id,
            user_id=user_id,
            customer_id=account.customer_id if account else None,
            return_url=return_url,
        )
