"""What is behind a notice when it is sent: who reads it, whether it is wanted, whether it is true.

Coming charges are asked for at the provider again just before they are told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import (
    ProviderNotConfiguredError,
    ProviderRefusedError,
    ProviderUnavailableError,
    Snapshot,
)
from bot.domain.account import Card
from bot.domain.cancellation import CancelAttempt
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import CustomerId, PaymentId, SubscriptionId, UserId
from bot.domain.job import Job
from bot.domain.notice import (
    REMINDERS,
    SWITCHABLE,
    AccessEnded,
    AllowanceUsed,
    CardExpiring,
    Facts,
    NoticeKind,
    PaymentFailed,
    PaymentReceived,
    RenewalComing,
    TrialEnding,
    is_news,
    reminders,
)
from bot.domain.refund import Payment
from bot.domain.subscription import Status, Subscription, has_access
from bot.services.context import Context
from bot.services.jobs import TryAgainError
from bot.services.mirror import apply
from bot.services.next_charges import next_charge
from bot.services.notice_jobs import moment_of, payment_received
from bot.services.other_plans import other_plans
from storage import (
    accounts,
    cancel_attempts,
    customers,
    invoices,
    jobs,
    notice_settings,
    payments,
    refunds,
    subscriptions,
    withdrawals,
)
from storage.customers import Customer

# A cancellation that ended the plan at once has told of it in its receipt.
AT_ONCE = timedelta(hours=1)
TRIES_FOR_A_CODE = 4
LOOKS_AGAIN = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one person. `user_id` None: not linked any more, so it goes by mail alone."""

    kind: NoticeKind
    user_id: UserId | None
    address: str | None
    facts: Facts

    @property
    def can_be_switched_off(self) -> bool:
        """Whether the message says how to."""
        must_be_told = isinstance(self.facts, PaymentReceived) and (
            self.facts.is_first or self.facts.is_late
        )
        return self.kind in SWITCHABLE and not must_be_told


class NoticeService:
    """Decides about each notice at the last moment."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def settings(self, user_id: UserId) -> Mapping[NoticeKind, bool]:
        """Each kind that can be switched off, and whether it is on."""
        async with self._context.database.read() as connection:
            off = await notice_settings.switched_off(connection, user_id)
        return {kind: kind not in off for kind in SWITCHABLE}

    async def switch(
        self, user_id: UserId, kind_name: str, *, enabled: bool
    ) -> Mapping[NoticeKind, bool]:
        """Switch one on or off; raises NoSuchThing for one that is always sent."""
        kind = next((each for each in SWITCHABLE if each.value == kind_name), None)
        if kind is None:
            raise NoSuchThing("notice")
        async with self._context.database.write() as connection:
            await notice_settings.switch(connection, user_id, kind, enabled=enabled)
        return await self.settings(user_id)

    async def purchased(self, job: Job) -> None:
        """Somebody new has been linked by a purchase: its payment may have been seen before."""
        customer_id = CustomerId(str(job.payload["customer_id"]))
        now = self._context.clock()
        async with self._context.database.write() as connection:
            new = [
                payment_received(customer_id, each.id)
                for each in await payments.of_customer(connection, customer_id)
                if each.subscription_id == job.payload["subscription_id"]
                and is_news(each.paid_at, now=now)
            ]
            await jobs.add(connection, new, now=now)

    async def prepare(self, job: Job) -> Notice | None:
        """The message as it is right now; None when there is nothing to say or nobody to tell."""
        kind = NoticeKind(str(job.payload["kind"]))
        customer_id = CustomerId(str(job.payload["customer_id"]))
        async with self._context.database.read() as connection:
            customer = await customers.find(connection, customer_id)
            if customer is None or not _has_reader(kind, customer):
                return None
            off = (
                await notice_settings.switched_off(connection, customer.user_id)
                if customer.user_id is not None
                else frozenset()
            )
        facts = await self._facts(kind, job, customer)
        if facts is None:
            return None
        notice = Notice(kind, customer.user_id, customer.email, facts)
        return None if kind in off and notice.can_be_switched_off else notice

    async def set_aside(self, job: Job) -> None:
        """A reminder had nothing to say, or nobody to tell: its key is free again, so that
        whoever resumes the plan or links the account is reminded after all.

        Raises TryAgainError when that has just happened. Both hold the same rows.
        """
        kind = NoticeKind(str(job.payload["kind"]))
        if kind not in REMINDERS:
            return
        async with self._context.database.write() as connection:
            customer = await customers.hold(connection, CustomerId(str(job.payload["customer_id"])))
            subscription = await subscriptions.hold(
                connection, SubscriptionId(str(job.payload["subscription_id"]))
            )
            is_due = (
                customer is not None
                and subscription is not None
                and _has_reader(kind, customer)
                and subscription.period_end == moment_of(job.payload["period_end"])
                and kind in {each for each, _ in reminders(subscription, customer.card)}
            )
            # What the provider alone contradicts stays due here.
            if is_due and job.attempts < LOOKS_AGAIN:
                raise TryAgainError("due again")
            await jobs.forget(connection, job.id)

    async def _facts(self, kind: NoticeKind, job: Job, customer: Customer) -> Facts | None:
        match kind:
            case NoticeKind.PAYMENT_RECEIVED:
                return await self._payment(PaymentId(str(job.payload["payment_id"])), customer)
            case NoticeKind.PAYMENT_FAILED:
                return await self._failure(job, customer)
            case NoticeKind.ACCESS_ENDED:
                return await self._end(job)
            case NoticeKind.ALLOWANCE_USED:
                return await self._allowance(job, customer)
            case NoticeKind.RENEWAL_COMING | NoticeKind.TRIAL_ENDING | NoticeKind.CARD_EXPIRING:
                return await self._coming(kind, job, customer)

    async def _payment(self, payment_id: PaymentId, customer: Customer) -> PaymentReceived | None:
        now = self._context.clock()
        async with self._context.database.read() as connection:
            is_known = await _is_whole(connection, await payments.find(connection, payment_id))
        if not is_known:
            # A purchase can be complete before the event of its payment has arrived, and a renewal
            # be paid before the subscription is seen in its new period (S16).
            try:
                provider = self._context.provider_of(customer.provider)
                snapshot = await provider.fetch_payment(payment_id)
            except (ProviderRefusedError, ProviderNotConfiguredError):
                snapshot = Snapshot()  # gone there: what is known here has to do
            await self._take_over(snapshot, asked_at=now)
        async with self._context.database.read() as connection:
            payment = await payments.find(connection, payment_id)
            if payment is None or not is_news(payment.paid_at, now=now) or not customer.user_id:
                return None
            grace = timedelta(days=self._context.policy.grace_days)
            return await _received(connection, payment, customer.user_id, now=now, grace=grace)

    async def _failure(self, job: Job, customer: Customer) -> PaymentFailed | None:
        start = moment_of(job.payload["period_start"])

        def is_open(found: Subscription | None) -> bool:
            waits = found is not None and found.status in (Status.PAST_DUE, Status.UNPAID)
            return waits and found is not None and found.period_start == start

        if not is_open(await self._subscription(job)):
            return None
        code = await self._decline_code(customer, start, attempts=job.attempts)
        failed = await self._subscription(job)
        if failed is None or not is_open(failed):
            return None
        now, grace = self._context.clock(), timedelta(days=self._context.policy.grace_days)
        return PaymentFailed(
            failed,
            grace_end=start + grace,
            has_access=has_access(failed, now=now, grace=grace),
            decline_code=code,
        )

    async def _decline_code(
        self, customer: Customer, since: datetime, *, attempts: int
    ) -> str | None:
        """Why the bank said no. A provider that stays silent does not hold the message back."""
        try:
            provider = self._context.provider_of(customer.provider)
            failure = await provider.last_failure(customer.id)
        except (ProviderRefusedError, ProviderNotConfiguredError):
            return None
        except ProviderUnavailableError:
            if attempts < TRIES_FOR_A_CODE:
                raise
            return None
        return failure.code if failure is not None and failure.failed_at >= since else None

    async def _end(self, job: Job) -> AccessEnded | None:
        now, grace = self._context.clock(), timedelta(days=self._context.policy.grace_days)
        ended = await self._subscription(job)
        if ended is None or has_access(ended, now=now, grace=grace):
            return None
        async with self._context.database.read() as connection:
            others = await subscriptions.of_customers(connection, [ended.customer_id])
            attempts = (
                # The provider's event can be here before its answer to us is written down.
                await cancel_attempts.unfinished(connection, ended.id),
                await cancel_attempts.newest_cancelled(connection, ended.id),
            )
            was_refunded = await refunds.has_ended(connection, ended.id)
            withdrawn = await withdrawals.of_subscription(connection, ended.id)
            besides = await other_plans(
                connection, ended.customer_id, besides=ended.id, after=now, now=now
            )
        if any(has_access(each, now=now, grace=grace) for each in others):
            return None
        if was_refunded or any(_ended_at_once(each) for each in attempts if each is not None):
            return None
        if withdrawn is not None:
            return None  # its own message tells
        is_over = ended.cancel_at is not None and ended.cancel_at <= now
        return AccessEnded(ended, unpaid=ended.is_live and not is_over, others=besides)

    async def _allowance(self, job: Job, customer: Customer) -> AllowanceUsed | None:
        now, grace = self._context.clock(), timedelta(days=self._context.policy.grace_days)
        if customer.user_id is None:
            return None
        async with self._context.database.read() as connection:
            account = await accounts.of_user(connection, customer.user_id, now=now)
        subscription = account.subscription if account else None
        if account is None or subscription is None or account.balance.remaining > 0:
            return None
        if subscription.id != job.payload["subscription_id"]:
            return None
        if not has_access(subscription, now=now, grace=grace):
            return None
        return AllowanceUsed(subscription, account.balance)

    async def _coming(
        self, kind: NoticeKind, job: Job, customer: Customer
    ) -> RenewalComing | TrialEnding | CardExpiring | None:
        """Only if it still comes, at the same time, by the provider's own answer."""
        period_end, asked_at = moment_of(job.payload["period_end"]), self._context.clock()
        known = await self._subscription(job)
        if known is None or period_end <= asked_at:
            return None
        if not _is_due(kind, known, customer.card, period_end):
            return None
        try:
            provider = self._context.provider_of(customer.provider)
            snapshot = await provider.fetch_subscription(known.id)
        except (ProviderRefusedError, ProviderNotConfiguredError):
            return None
        await self._take_over(snapshot, asked_at=asked_at)
        current = await self._subscription(job)
        # Only the provider's own answer tells that there is no card any more.
        card = next((each.card for each in snapshot.customers if each.card is not None), None)
        if current is None or not _is_due(kind, current, card, period_end):
            return None
        if kind is NoticeKind.CARD_EXPIRING and card is not None:
            return CardExpiring(current, card)
        charge = await next_charge(provider, current, attempts=job.attempts)
        coming = TrialEnding if kind is NoticeKind.TRIAL_ENDING else RenewalComing
        return coming(current, charge)

    async def _subscription(self, job: Job) -> Subscription | None:
        subscription_id = SubscriptionId(str(job.payload["subscription_id"]))
        async with self._context.database.read() as connection:
            return await subscriptions.find(connection, subscription_id)

    async def _take_over(self, snapshot: Snapshot, *, asked_at: datetime) -> None:
        async with self._context.database.write() as connection:
            await apply(connection, self._context, snapshot, asked_at=asked_at)


def _has_reader(kind: NoticeKind, customer: Customer) -> bool:
    """Members who are linked. Whoever was, is still told by mail of what must not be silent."""
    if customer.user_id is not None:
        return True
    return customer.linked_at is not None and customer.email is not None and kind not in SWITCHABLE


def _is_due(
    kind: NoticeKind, subscription: Subscription, card: Card | None, period_end: datetime
) -> bool:
    """Whether it is one of the reminders of this period."""
    due = {each for each, _ in reminders(subscription, card)}
    return subscription.period_end == period_end and kind in due


def _ended_at_once(attempt: CancelAttempt) -> bool:
    end, asked = attempt.effective_at, attempt.requested_at
    return end is not None and asked is not None and end - asked < AT_ONCE


async def _is_whole(connection: AsyncConnection, payment: Payment | None) -> bool:
    """Whether the payment is known, and the subscription in the period that it paid for."""
    if payment is None or payment.subscription_id is None or payment.period_end is None:
        return payment is not None
    known = await subscriptions.find(connection, payment.subscription_id)
    return known is None or known.period_end >= payment.period_end


async def _received(
    connection: AsyncConnection,
    payment: Payment,
    user_id: UserId,
    *,
    now: datetime,
    grace: timedelta,
) -> PaymentReceived:
    """The account as it is with this payment."""
    account = await accounts.of_user(connection, user_id, now=now)
    found = await invoices.find_many(connection, [payment.invoice_id] if payment.invoice_id else [])
    bought = payment.subscription_id
    subscription = account.subscription if account else None
    if subscription is not None and bought is not None and subscription.id != bought:
        subscription = await subscriptions.find(connection, bought)
    same = account is not None and subscription == account.subscription
    is_on = subscription is not None and has_access(subscription, now=now, grace=grace)
    current = account.subscription if account else None
    earlier = [
        each
        for each in await payments.of_customer(connection, payment.customer_id)
        if bought is not None and each.subscription_id == bought and each.paid_at < payment.paid_at
    ]
    return PaymentReceived(
        payment,
        invoice=found.get(payment.invoice_id) if payment.invoice_id else None,
        subscription=subscription,
        balance=account.balance if account and same and is_on else None,
        is_first=bought is not None and not earlier,
        is_over=subscription is not None and subscription.is_over(now=now),
        is_late=subscription is not None and payment.came_after(subscription),
        has_plan=current is not None and has_access(current, now=now, grace=grace),
    )
