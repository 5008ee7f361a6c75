"""Buying, changing and topping up: what a member may buy, and on what terms.

It is paid on the provider's own page (rule S20), and starts once it is paid (rule S7): see
`bot.services.purchase_completion`.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.account import Account
from bot.domain.allowance import EMPTY_BALANCE
from bot.domain.checkout import Checkout, CheckoutState
from bot.domain.errors import NoSuchThing, NothingForSale, NotLinked
from bot.domain.identifiers import CheckoutId, PriceId, TopUpId, UserId
from bot.domain.plan_change import PlanPurchase, plan_purchase
from bot.domain.refund import PaymentPurpose
from bot.domain.subscription import Subscription
from bot.domain.top_up import TopUpOffer, require_top_up
from bot.services.checkout_pages import (
    CheckoutPages,
    PageOpened,
    PageRefused,
    PaidBefore,
    Place,
)
from bot.services.context import Context
from bot.services.offers import offered_in
from storage import accounts, subscriptions


class PurchaseService:
    """Says what a purchase does, and starts it."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context
        self.pages = CheckoutPages(context)

    async def look(self, user_id: UserId, price_id: PriceId) -> PlanPurchase:
        """What buying a plan at this price does now; raises SamePlan."""
        async with self._context.database.read() as connection:
            purchase, _ = await self._look(connection, user_id, price_id)
        return purchase

    async def buy_plan(
        self, user_id: UserId, price_id: PriceId, *, agreed: str, place: Place
    ) -> PageOpened | PageRefused | PlanPurchase | PaidBefore:
        """The page to pay for a plan.

        `agreed` is the fingerprint of what the member has seen. When that is not true any more, it
        comes back as it is now, to be shown and agreed to again.
        """
        return await self.pages.open(
            partial(
                self._decide_plan,
                user_id=user_id,
                price_id=price_id,
                agreed=agreed,
                place=place,
            ),
            place,
        )

    async def look_at_top_ups(self, user_id: UserId) -> TopUpOffer:
        """What the member may add to the current cycle; raises why not (S24)."""
        async with self._context.database.read() as connection:
            offer, _ = await self._look_at_top_ups(connection, user_id)
        return offer

    async def buy_top_up(
        self, user_id: UserId, top_up_id: TopUpId, *, place: Place
    ) -> PageOpened | PageRefused | PaidBefore:
        """The page to pay for a top-up; there is no limit to how many (S25)."""
        return await self.pages.open(
            partial(self._decide_top_up, user_id=user_id, top_up_id=top_up_id, place=place), place
        )

    async def _look(
        self, connection: AsyncConnection, user_id: UserId, price_id: PriceId
    ) -> tuple[PlanPurchase, Account | None]:
        now = self._context.clock()
        account = await accounts.of_user(connection, user_id, now=now)
        offering = self._context.catalogue.offering(price_id)
        if offering is None or not offering.price.sold:
            raise NoSuchThing("price")
        if account and account.provider != offering.price.provider:
            raise NoSuchThing("price")
        known: Sequence[Subscription] = ()
        if account is not None:
            known = await subscriptions.that_count(connection, [account.customer_id])
        purchase = plan_purchase(
            offering,
            current=account.subscription if account else None,
            balance=account.balance if account else EMPTY_BALANCE,
            known=known,
            now=now,
        )
        return purchase, account

    async def _decide_plan(
        self,
        connection: AsyncConnection,
        *,
        user_id: UserId,
        price_id: PriceId,
        agreed: str,
        place: Place,
    ) -> Checkout | PlanPurchase:
        purchase, account = await self._look(connection, user_id, price_id)
        if purchase.fingerprint != agreed:
            return purchase
        replaced = purchase.replaces
        attempt_id = await offered_in(connection, self._context, purchase)
        return Checkout(
            id=CheckoutId(self._context.new_id()),
            user_id=user_id,
            guild_id=place.guild_id,
            provider=purchase.offering.price.provider,
            customer_id=account.customer_id if account else None,
            price_id=price_id,
            purpose=PaymentPurpose.SUBSCRIPTION,
            state=CheckoutState.OPENING,
            created_at=self._context.clock(),
            replaces=replaced.id if replaced else None,
            cycle_start=replaced.cycle_start if replaced else None,
            attempt_id=attempt_id,
        )

    async def _look_at_top_ups(
        self, connection: AsyncConnection, user_id: UserId
    ) -> tuple[TopUpOffer, Account]:
        now = self._context.clock()
        account = await accounts.of_user(connection, user_id, now=now)
        if account is None:
            raise NotLinked
        grace = timedelta(days=self._context.policy.grace_days)
        subscription = require_top_up(account.subscription, account.balance, now=now, grace=grace)
        choices = tuple(
            (top_up, price)
            for top_up in self._context.catalogue.top_ups
            if (price := top_up.price_of(account.provider)) is not None
        )
        if not choices:
            raise NothingForSale
        return TopUpOffer(subscription, account.balance, choices), account

    async def _decide_top_up(
        self, connection: AsyncConnection, *, user_id: UserId, top_up_id: TopUpId, place: Place
    ) -> Checkout:
        offer, account = await self._look_at_top_ups(connection, user_id)
        for top_up, price in offer.choices:
            if top_up.id == top_up_id:
                return Checkout(
                    id=CheckoutId(self._context.new_id()),
                    user_id=user_id,
                    guild_id=place.guild_id,
                    provider=price.provider,
                    customer_id=account.customer_id,
                    price_id=price.id,
                    purpose=PaymentPurpose.TOP_UP,
                    state=CheckoutState.OPENING,
                    created_at=self._context.clock(),
                    tops_up=offer.subscription.id,
                    cycle_start=offer.subscription.cycle_start,
                    units=top_up.units,
                )
        raise NoSuchThing("top-up")
