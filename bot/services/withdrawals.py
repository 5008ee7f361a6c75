"""Withdrawing from a contract: the statement is committed with its time, and that counts (ADR 22).

Ending the contract and giving money back follow from it, however long the provider is away.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing, NotLinked, TooLateToWithdraw, WithdrawalNotOffered
from bot.domain.identifiers import GuildId, SubscriptionId, UserId, WithdrawalId
from bot.domain.job import NewJob
from bot.domain.other_plans import OtherPlan
from bot.domain.subscription import Subscription
from bot.domain.withdrawal import (
    Withdrawal,
    WithdrawalState,
    deadline,
    may_be_withdrawn,
    young_contracts,
)
from bot.services.context import Context
from bot.services.other_plans import other_plans
from bot.services.screens import Screen
from bot.services.stuck import look_at_withdrawal
from storage import audit, customers, jobs, subscriptions, withdrawals
from storage.customers import Customer

# Discord's longest names are shorter.
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Contract:
    """A subscription whose contract is young, and the withdrawal from it, if there is one."""

    subscription: Subscription
    withdrawal: Withdrawal | None


@dataclass(frozen=True, slots=True)
class WithdrawalCase:
    """A withdrawal, or one that is about to be stated, with what its statement says.

    `email` is None where no acknowledgement can be mailed. `others` are the customer's other
    subscriptions that go on.
    """

    subscription: Subscription
    withdrawal: Withdrawal | None
    name: str
    email: str | None
    others: tuple[OtherPlan, ...]


class WithdrawalService:
    """Takes the statement, and nothing in its way: no reason, no offer, no ticket."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def contracts(self, user_id: UserId) -> tuple[Contract, ...]:
        """Those that the member can withdraw from, or has; raises WithdrawalNotOffered."""
        policy, now = self._context.policy.withdrawal, self._context.clock()
        if not policy.enabled:
            raise WithdrawalNotOffered
        async with self._context.database.read() as connection:
            customer = await _customer(connection, user_id)
            known = await subscriptions.of_customers(connection, [customer.id])
            stated = await withdrawals.of_customer(connection, customer.id)
        young = young_contracts(known, policy=policy, now=now)
        return tuple(Contract(each, stated.get(each.id)) for each in young)

    async def look(
        self, user_id: UserId, subscription_id: SubscriptionId, *, name: str
    ) -> WithdrawalCase:
        """What the member would state; raises TooLateToWithdraw. `name` is what they are called."""
        async with self._context.database.read() as connection:
            return await self._case_of(connection, user_id, subscription_id, name)

    async def request(
        self,
        user_id: UserId,
        subscription_id: SubscriptionId,
        *,
        name: str,
        guild_id: GuildId | None,
        screen: Screen,
    ) -> WithdrawalCase:
        """The member confirms. A second click finds the first one's statement.

        The acknowledgement goes out at once: it is of the statement, and waits for no provider.
        """
        now = self._context.clock()
        async with self._context.database.write() as connection:
            # Two processes must not take two statements about one contract.
            await subscriptions.hold(connection, subscription_id)
            case = await self._case_of(connection, user_id, subscription_id, name)
            if case.withdrawal is not None:
                return case
            withdrawal = Withdrawal(
                id=WithdrawalId(self._context.new_id()),
                user_id=user_id,
                guild_id=guild_id,
                customer_id=case.subscription.customer_id,
                subscription_id=subscription_id,
                name=case.name,
                state=WithdrawalState.REQUESTED,
                requested_at=now,
                finished_at=None,
                failure=None,
            )
            await withdrawals.add(connection, withdrawal)
            await audit.append(
                connection,
                actor_id=user_id,
                action="withdrawal.requested",
                subject=subscription_id,
                details={"withdrawal": withdrawal.id},
                now=now,
            )
            await jobs.add(connection, _work(withdrawal, screen), now=now)
            look = look_at_withdrawal(withdrawal.id, now=now)
            await jobs.add(connection, [look], now=now)
            return await self._case(connection, case.subscription, withdrawal)

    async def outcome(self, withdrawal_id: WithdrawalId) -> WithdrawalCase:
        """A withdrawal with what is told about it; raises NoSuchThing."""
        async with self._context.database.read() as connection:
            withdrawal = await withdrawals.find(connection, withdrawal_id)
            subscription = (
                await subscriptions.find(connection, withdrawal.subscription_id)
                if withdrawal
                else None
            )
            if withdrawal is None or subscription is None:
                raise NoSuchThing("withdrawal")
            return await self._case(connection, subscription, withdrawal)

    async def _case_of(
        self,
        connection: AsyncConnection,
        user_id: UserId,
        subscription_id: SubscriptionId,
        name: str,
    ) -> WithdrawalCase:
        policy, now = self._context.policy.withdrawal, self._context.clock()
        customer = await _customer(connection, user_id)
        subscription = await subscriptions.find(connection, subscription_id)
        if subscription is None or subscription.customer_id != customer.id:
            raise NoSuchThing("contract")
        withdrawal = await withdrawals.of_subscription(connection, subscription_id)
        if withdrawal is not None:
            return await self._case(connection, subscription, withdrawal)
        if not policy.enabled:
            raise WithdrawalNotOffered
        if not may_be_withdrawn(subscription, days=policy.days, now=now):
            raise TooLateToWithdraw(deadline(subscription.created_at, days=policy.days))
        return await self._case(connection, subscription, None, name=name[:_LONGEST_NAME])

    async def _case(
        self,
        connection: AsyncConnection,
        subscription: Subscription,
        withdrawal: Withdrawal | None,
        *,
        name: str = "",
    ) -> WithdrawalCase:
        now = self._context.clock()
        customer = await customers.find(connection, subscription.customer_id)
        others = await other_plans(
            connection, subscription.customer_id, besides=subscription.id, after=now, now=now
        )
        called = withdrawal.name or "" if withdrawal is not None else name
        email = customer.email if customer else None
        return WithdrawalCase(subscription, withdrawal, called, email, others)


async def _customer(connection: AsyncConnection, user_id: UserId) -> Customer:
    customer = await customers.of_user(connection, user_id)
    if customer is None:
        raise NotLinked
    return customer


def _work(withdrawal: Withdrawal, screen: Screen) -> list[NewJob]:
    reference = {"withdrawal_id": withdrawal.id}
    with_screen = {**reference, "screen": screen.to_payload()}
    return [
        NewJob("withdrawal.acknowledge", f"withdraw-dm:{withdrawal.id}", reference),
        NewJob("withdrawal.mail_acknowledgement", f"withdraw-mail:{withdrawal.id}", reference),
        NewJob("withdrawal.tell_team", f"withdraw-log:{withdrawal.id}", reference),
        NewJob(
            "withdrawal.carry_out",
            f"withdraw:{withdrawal.id}",
            with_screen,
            line=withdrawal.subscription_id,
        ),
    ]
