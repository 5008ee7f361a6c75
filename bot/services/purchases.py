"""Buying on the provider's own page: what is bought is committed before the page is asked for."""

from bot.billing.provider import Purchase
from bot.domain.account import Account
from bot.domain.checkout import Checkout, CheckoutState
from bot.domain.errors import AlreadySubscribed, NoSuchThing
from bot.domain.identifiers import CheckoutId, GuildId, PriceId, UserId
from bot.domain.refund import PaymentPurpose
from bot.domain.subscription import NextStep, next_step
from bot.services.context import Context
from storage import accounts, checkouts


class PurchaseService:
    """Starts purchases (rules S7, S20)."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def subscribe(
        self, user_id: UserId, price_id: PriceId, *, guild_id: GuildId | None, return_url: str
    ) -> str:
        """The provider's page to buy a plan; raises AlreadySubscribed instead of selling twice."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            account = await accounts.of_user(connection, user_id, now=now)
            if account and next_step(account.subscription, now=now) is not NextStep.SUBSCRIBE:
                raise AlreadySubscribed
            checkout = self._new_checkout(user_id, account, price_id, guild_id)
            await checkouts.add(connection, checkout)
        return await self._open(checkout, return_url)

    def _new_checkout(
        self,
        user_id: UserId,
        account: Account | None,
        price_id: PriceId,
        guild_id: GuildId | None,
    ) -> Checkout:
        offering = self._context.catalogue.offering(price_id)
        if offering is None or (account and account.provider != offering.price.provider):
            raise NoSuchThing("price")
        return Checkout(
            id=CheckoutId(self._context.new_id()),
            user_id=user_id,
            guild_id=guild_id,
            provider=offering.price.provider,
            customer_id=account.customer_id if account else None,
            price_id=price_id,
            purpose=PaymentPurpose.SUBSCRIPTION,
            state=CheckoutState.OPENING,
            created_at=self._context.clock(),
        )

    async def _open(self, checkout: Checkout, return_url: str) -> str:
        page = await self._context.providers[checkout.provider].open_checkout(
            Purchase(
                reference=checkout.id,
                price_id=checkout.price_id,
                purpose=checkout.purpose,
                customer_id=checkout.customer_id,
                return_url=return_url,
            ),
            idempotency_key=f"mooring-checkout-{checkout.id}",
        )
        async with self._context.database.write() as connection:
            await checkouts.open_page(connection, checkout.id, page_id=page.id, page_url=page.url)
        return page.url
