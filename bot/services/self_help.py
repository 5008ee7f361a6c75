"""Looking for what is wrong with a member's payments, before a person has to (rules S28-S30)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.billing.provider import (
    ProviderNotConfiguredError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from bot.domain.account import Account
from bot.domain.identifiers import GuildId, PaymentId, TicketId, UserId
from bot.domain.payment_failure import PaymentFailure, can_be_mended
from bot.domain.refund import Payment, proven_duplicates
from bot.domain.subscription import Subscription, has_access
from bot.domain.ticket import Ticket, TicketState
from bot.services.context import Context
from bot.services.disputes import undisputed_where_decided
from bot.services.duplicates import told_once
from bot.services.mirror import apply
from bot.services.subscriptions import SubscriptionService
from storage import checkouts, jobs, payments, subscriptions, tickets

# A page can be paid for a day; somebody who asks later has written to the team by then.
LOOK_BACK = timedelta(days=7)
# After that it is no news: the card was changed, or the plan is over.
FAILURE_AGE = timedelta(days=60)

# Up to ten requests each, of the 25 a second that Stripe allows.
LOOKED_AT_ONCE = 2
COOLDOWN = timedelta(seconds=10)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found. `account` is as it is after looking.

    `provider_refused`: it does not know the account, and asking again brings nothing else.
    `has_arrived`: a payment or plan that Mooring had not heard of came to light. `duplicates` are
    payments that cover the same period, all of them in one group. `renewing` are the plans that
    will be charged, if there is more than one.
    """

    account: Account | None
    provider_answered: bool
    provider_refused: bool = False
    has_arrived: bool = False
    failure: PaymentFailure | None = None
    duplicates: tuple[tuple[Payment, ...], ...] = ()
    renewing: tuple[Subscription, ...] = ()

    @property
    def is_anything_wrong(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.has_arrived or self.failure or self.duplicates or self.renewing)


class SelfHelpService:
    """Asks the provider afresh, then compares with what the store says."""

    def __init__(self, context: Context, subscription_service: SubscriptionService) -> None:
        """`subscription_service` refreshes accounts, not more often than it should."""
        self._context = context
        self._subscriptions = subscription_service
        self._looking = asyncio.Semaphore(LOOKED_AT_ONCE)
        self._looked: dict[UserId, tuple[datetime, Findings]] = {}

    async def look(self, user_id: UserId) -> Findings:
        """Everything at once. A provider that does not answer leaves what the store knows.

        Whoever asks again at once gets what was found just now.
        """
        now = self._context.clock()
        self._looked = {
            each: (at, seen) for each, (at, seen) in self._looked.items() if now - at < COOLDOWN
        }
        if user_id in self._looked:
            return self._looked[user_id][1]
        async with self._looking:
            found = await self._look(user_id)
        if found.provider_answered:
            self._looked[user_id] = (now, replace(found, has_arrived=False))
        return found

    async def _look(self, user_id: UserId) -> Findings:
        before = await self._subscriptions.find_account(user_id)
        found = Findings(before, provider_answered=True)
        try:
            has_arrived = await self._fetch_purchases(user_id)
            account = await self._subscriptions.find_account(user_id)
            failure = None
            if account is not None:
                await self._subscriptions.refresh(account.customer_id)
                provider = self._context.provider_of(account.provider)
                failure = await provider.last_failure(account.customer_id)
            found = replace(found, has_arrived=has_arrived, failure=self._recent(failure))
        except (ProviderUnavailableError, ProviderRefusedError) as silence:
            _log.warning("self_help_without_provider", error=type(silence).__name__)
            refused = isinstance(silence, ProviderRefusedError | ProviderNotConfiguredError)
            found = replace(found, provider_answered=False, provider_refused=refused)
        return await self._with_what_is_stored(found, user_id)

    async def _fetch_purchases(self, user_id: UserId) -> bool:
        """Whether a page that the member was on turns out to be paid: its event was lost (S29)."""
        now = self._context.clock()
        async with self._context.database.read() as connection:
            started = await checkouts.unpaid_since(connection, user_id, since=now - LOOK_BACK)
        completed = 0
        for checkout in started:
            if checkout.page_id is None:
                continue
            asked_at = self._context.clock()
            try:
                provider = self._context.provider_of(checkout.provider)
                snapshot = await provider.fetch_checkout(checkout.page_id)
            except (ProviderRefusedError, ProviderNotConfiguredError) as refusal:
                _log.warning("checkout_unknown", page=checkout.page_id, why=str(refusal))
                continue
            async with self._context.database.write() as connection:
                changes = await apply(connection, self._context, snapshot, asked_at=asked_at)
            completed += len(changes.completed_checkouts)
        return completed > 0

    def _recent(self, failure: PaymentFailure | None) -> PaymentFailure | None:
        if failure is None or self._context.clock() - failure.failed_at > FAILURE_AGE:
            return None
        return failure

    async def _with_what_is_stored(self, found: Findings, user_id: UserId) -> Findings:
        had_access = self._has_access(found.account)
        account = await self._subscriptions.find_account(user_id)
        async with self._context.database.read() as connection:
            paid = await undisputed_where_decided(
                connection, await payments.of_user(connection, user_id)
            )
            known = (
                await subscriptions.that_count(connection, [account.customer_id]) if account else []
            )
        # A vendor may sell other things in the same account of the provider.
        renewing = tuple(
            each
            for each in known
            if each.is_live and not each.ends_with_period and each.plan_id is not None
        )
        failure = found.failure
        return replace(
            found,
            account=account,
            failure=failure if failure and can_be_mended(failure, known) else None,
            has_arrived=found.has_arrived or (not had_access and self._has_access(account)),
            duplicates=proven_duplicates(paid),
            renewing=renewing if len(renewing) > 1 else (),
        )

    def _has_access(self, account: Account | None) -> bool:
        if account is None or account.subscription is None:
            return False
        grace = timedelta(days=self._context.policy.grace_days)
        return has_access(account.subscription, now=self._context.clock(), grace=grace)

    async def ask_team(
        self, user_id: UserId, guild_id: GuildId | None, duplicates: Sequence[Sequence[Payment]]
    ) -> None:
        """Have people look at charges that seem to be double: once for each group (S14, S30)."""
        new = [
            told_once("help.tell_team", group, user_id=user_id, guild_id=guild_id)
            for group in duplicates
        ]
        async with self._context.database.write() as connection:
            await jobs.add(connection, new, now=self._context.clock())

    async def charges(self, payment_ids: Sequence[PaymentId]) -> tuple[Payment, ...]:
        """Those payments as they are now, oldest first."""
        async with self._context.database.read() as connection:
            found = await payments.find_many(connection, payment_ids)
        return tuple(sorted(found.values(), key=lambda each: each.paid_at))

    async def open_ticket(self, ticket_id: TicketId) -> Ticket | None:
        """The ticket, unless it is closed by now."""
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
        return ticket if ticket is not None and ticket.state is TicketState.OPEN else None
