"""What is left to do once a purchase is paid: end the old plan (S8), show the outcome, tell.

A job per purchase. It asks the provider for the whole account, so that balance, invoice and renewal
date are there at once (S16), whatever order the events come in. What needs a person is told once:
nothing about money is guessed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import BillingProvider, ProviderRefusedError
from bot.domain.account import Account
from bot.domain.checkout import MEMBER_ONLY, STAFF_ONLY, Checkout, Concern
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import CheckoutId, CustomerId, SubscriptionId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.plan_change import renewing
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.subscription import Subscription, has_access
from bot.services.context import Context
from bot.services.jobs import TryAgainError
from bot.services.mirror import apply
from bot.services.settlement import credit_top_up
from storage import accounts, checkouts, customers, jobs, ledger, payments, subscriptions

MEMBER, STAFF = "member", "staff"


@dataclass(frozen=True, slots=True)
class PurchaseCase:
    """A purchase with what there is to say about it. `plans` come with their newest payments.

    `account` is the buyer's. `concern` says why it is not the one that paid, of which `owner_id` is
    the linked user and `owner_address` the mailbox.
    """

    checkout: Checkout
    account: Account | None
    plans: tuple[tuple[Subscription, Payment | None], ...]
    concern: Concern | None = None
    owner_id: UserId | None = None
    owner_address: str | None = None


class PurchaseCompletion:
    """Takes a paid purchase to its end, however often it is cut short."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def carry_out(self, job: Job) -> None:
        """Bring the account up to date, say so, then end what was replaced."""
        async with self._context.database.read() as connection:
            checkout = await _find(connection, CheckoutId(str(job.payload["checkout_id"])))
            user = await customers.of_user(connection, checkout.user_id)
        provider = self._context.provider_of(checkout.provider)
        concerned = (checkout.customer_id, user.id if user else None)
        for customer_id in sorted({each for each in concerned if each is not None}):
            await self._bring_up_to_date(customer_id)
        async with self._context.database.write() as connection:
            await self._tell_of_accounts(connection, checkout)
            for concern in await self._late_top_up(connection, checkout):
                await self._tell(connection, checkout, concern)
            await self._show(connection, checkout)
        if checkout.replaces is not None:
            await self._end_replaced(checkout, checkout.replaces, provider)

    async def case(self, job: Job) -> PurchaseCase:
        """For showing the outcome, or telling about a concern."""
        return await self._case(
            CheckoutId(str(job.payload["checkout_id"])),
            [SubscriptionId(str(each)) for each in job.payload.get("subscriptions", [])],
        )

    async def outcome(self, checkout_id: CheckoutId) -> PurchaseCase:
        """What has become of a purchase that is paid."""
        return await self._case(checkout_id, [])

    async def call_team(self, job: Job) -> None:
        """The member could not be told what only they can do."""
        payload = dict(job.payload)
        key = f"purchase-{payload['concern']}-staff:{payload['checkout_id']}"
        async with self._context.database.write() as connection:
            new = NewJob("purchase.tell_staff", key, payload)
            await jobs.add(connection, [new], now=self._context.clock())

    async def _case(self, checkout_id: CheckoutId, ids: Sequence[SubscriptionId]) -> PurchaseCase:
        now = self._context.clock()
        async with self._context.database.read() as connection:
            checkout = await _find(connection, checkout_id)
            account = await accounts.of_user(connection, checkout.user_id, now=now)
            known = await subscriptions.find_many(connection, ids)
            plans = [
                (known[each], await _newest_payment(connection, known[each]))
                for each in ids
                if each in known
            ]
            concern = await _link_concern(connection, checkout)
            paid = await customers.find(connection, checkout.customer_id or CustomerId(""))
        return PurchaseCase(
            checkout,
            account,
            tuple(plans),
            concern,
            owner_id=paid.user_id if paid else None,
            owner_address=paid.email if paid else None,
        )

    async def _bring_up_to_date(self, customer_id: CustomerId) -> None:
        async with self._context.database.read() as connection:
            customer = await customers.find(connection, customer_id)
        if customer is None:
            raise NoSuchThing("billing account")
        asked_at = self._context.clock()
        snapshot = await self._context.provider_of(customer.provider).fetch_account(customer_id)
        async with self._context.database.write() as connection:
            await apply(connection, self._context, snapshot, asked_at=asked_at)

    async def _tell_of_accounts(self, connection: AsyncConnection, checkout: Checkout) -> None:
        """Two plans that renew, and an account that is not the buyer's.

        A buyer may have typed the address of somebody else. So they read of their own plans and of
        what they have bought now; the team reads of all.
        """
        concern = await _link_concern(connection, checkout)
        plans = await self._second_plan(connection, checkout)
        user = await customers.of_user(connection, checkout.user_id)
        theirs = [
            each
            for each in plans
            if (user and each.customer_id == user.id) or each.id == checkout.subscription_id
        ]
        if len(theirs) > 1:
            await self._tell(connection, checkout, Concern.TWO_PLANS, theirs, to=(MEMBER,))
            # Says more than that they are in two accounts.
            concern = None if concern is Concern.OTHER_ACCOUNT else concern
        if plans:
            await self._tell(connection, checkout, Concern.TWO_PLANS, plans, to=(STAFF,))
        if concern is not None:
            await self._tell(connection, checkout, concern)
        paid = await customers.find(connection, checkout.customer_id or CustomerId(""))
        is_anothers = paid is not None and paid.user_id not in (None, checkout.user_id)
        if is_anothers and checkout.subscription_id is not None:
            bought = await subscriptions.find_many(connection, [checkout.subscription_id])
            owner = Concern.BOUGHT_BY_ANOTHER
            await self._tell(connection, checkout, owner, bought.values(), to=(MEMBER,))

    async def _second_plan(
        self, connection: AsyncConnection, checkout: Checkout
    ) -> tuple[Subscription, ...]:
        """All that renew, when there is more than what was bought; what it replaces is ending."""
        user = await customers.of_user(connection, checkout.user_id)
        owners = {checkout.customer_id, user.id if user else None}
        known = await subscriptions.of_customers(connection, [each for each in owners if each])
        live = [each for each in renewing(known) if each.id != checkout.replaces]
        is_new_among = any(each.id == checkout.subscription_id for each in live)
        return tuple(live) if is_new_among and len(live) > 1 else ()

    async def _late_top_up(self, connection: AsyncConnection, checkout: Checkout) -> list[Concern]:
        """A top-up that could not be credited when it was paid (S26, S27)."""
        if checkout.purpose is not PaymentPurpose.TOP_UP:
            return []
        if await ledger.find(connection, checkout.ledger_key) is not None:
            return []
        now, grace = self._context.clock(), timedelta(days=self._context.policy.grace_days)
        known = await subscriptions.of_customers(
            connection, [checkout.customer_id] if checkout.customer_id else []
        )
        on = [each for each in known if has_access(each, now=now, grace=grace)]
        sold_for = [each for each in on if each.id == checkout.tops_up]
        subscription = next(iter(sold_for or renewing(on) or on), None)
        if subscription is None:
            return [Concern.TOP_UP_LOST]
        await credit_top_up(connection, checkout, subscription, now=now)
        sold = (checkout.tops_up, checkout.cycle_start)
        is_as_sold = (subscription.id, subscription.cycle_start) == sold
        return [] if is_as_sold else [Concern.TOP_UP_MOVED]

    async def _show(self, connection: AsyncConnection, checkout: Checkout) -> None:
        screen = await checkouts.take_screen(connection, checkout.id)
        if screen is None:
            return
        payload = {"checkout_id": checkout.id, "screen": dict(screen)}
        job = NewJob("purchase.show", f"purchase-show:{checkout.id}", payload)
        await jobs.add(connection, [job], now=self._context.clock())

    async def _end_replaced(
        self, checkout: Checkout, replaced: SubscriptionId, provider: BillingProvider
    ) -> None:
        """The previous subscription ends (S8), once the new one is known to be on."""
        async with self._context.database.read() as connection:
            old = await subscriptions.find_many(connection, [replaced])
            bought = await subscriptions.find_many(
                connection, [checkout.subscription_id] if checkout.subscription_id else []
            )
        if not any(each.is_live for each in old.values()):
            return
        if not any(each.is_live for each in bought.values()):
            async with self._context.database.write() as connection:
                await self._tell(connection, checkout, Concern.OVER, old.values())
            return
        try:
            snapshot = await provider.end_subscription(
                replaced, idempotency_key=f"mooring-replace-{checkout.id}"
            )
            asked_at = self._context.clock()
        except ProviderRefusedError as refusal:
            async with self._context.database.write() as connection:
                await self._tell(connection, checkout, Concern.NOT_ENDED, old.values())
            raise TryAgainError(f"not ended: {refusal.code}") from refusal
        async with self._context.database.write() as connection:
            await apply(connection, self._context, snapshot, asked_at=asked_at)
            for each in snapshot.subscriptions:
                if _is_later(await _newest_payment(connection, each), checkout):
                    await self._tell(connection, checkout, Concern.RENEWED, [each])

    async def _tell(
        self,
        connection: AsyncConnection,
        checkout: Checkout,
        concern: Concern,
        about: Iterable[Subscription] = (),
        *,
        to: Sequence[str] = (MEMBER, STAFF),
    ) -> None:
        """Member and team, each once; two purchases that meet are one concern."""
        ids = sorted(each.id for each in about)
        subject = "+".join(ids) if concern is Concern.TWO_PLANS else checkout.id
        payload = {"checkout_id": checkout.id, "concern": concern.value, "subscriptions": ids}
        new = [
            NewJob(f"purchase.tell_{who}", f"purchase-{concern}-{who}:{subject}", payload)
            for who, others in ((MEMBER, STAFF_ONLY), (STAFF, MEMBER_ONLY))
            if who in to and concern not in others
        ]
        await jobs.add(connection, new, now=self._context.clock())


async def _find(connection: AsyncConnection, checkout_id: CheckoutId) -> Checkout:
    checkout = await checkouts.find(connection, checkout_id)
    if checkout is None:
        raise NoSuchThing("purchase")
    return checkout


async def _link_concern(connection: AsyncConnection, checkout: Checkout) -> Concern | None:
    """Why the buyer does not have the account that paid; nobody is linked over it."""
    paid = await customers.find(connection, checkout.customer_id or CustomerId(""))
    if paid is None or paid.user_id == checkout.user_id:
        return None
    if await customers.of_user(connection, checkout.user_id) is not None:
        return Concern.OTHER_ACCOUNT
    return Concern.KNOWN_ADDRESS if paid.user_id is None else Concern.ACCOUNT_TAKEN


async def _newest_payment(
    connection: AsyncConnection, subscription: Subscription
) -> Payment | None:
    for payment in await payments.of_customer(connection, subscription.customer_id):
        if payment.subscription_id == subscription.id:
            return payment
    return None


def _is_later(payment: Payment | None, checkout: Checkout) -> bool:
    """Whether it paid for a cycle after the one that was told would end."""
    return (
        payment is not None
        and payment.period_start is not None
        and checkout.cycle_start is not None
        and payment.period_start > checkout.cycle_start
    )
