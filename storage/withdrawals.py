"""Withdrawals from contracts."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import CustomerId, SubscriptionId, WithdrawalId
from bot.domain.withdrawal import Withdrawal, WithdrawalState
from storage.schema import withdrawals


def _withdrawal(row: sa.Row[tuple[object, ...]]) -> Withdrawal:
    return Withdrawal(
        row.id,
        row.user_id,
        row.guild_id,
        row.customer_id,
        row.subscription_id,
        row.name,
        WithdrawalState(row.state),
        row.requested_at,
        row.finished_at,
        row.failure,
    )


async def add(connection: AsyncConnection, withdrawal: Withdrawal) -> None:
    """A new one; raises IntegrityError when there is one of this contract."""
    await connection.execute(
        sa.insert(withdrawals).values(
            id=withdrawal.id,
            user_id=withdrawal.user_id,
            guild_id=withdrawal.guild_id,
            customer_id=withdrawal.customer_id,
            subscription_id=withdrawal.subscription_id,
            name=withdrawal.name,
            state=withdrawal.state.value,
            requested_at=withdrawal.requested_at,
        )
    )


async def find(connection: AsyncConnection, withdrawal_id: WithdrawalId) -> Withdrawal | None:
    """The withdrawal, whatever became of it."""
    statement = sa.select(withdrawals).where(withdrawals.c.id == withdrawal_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _withdrawal(row)


async def of_subscription(
    connection: AsyncConnection, subscription_id: SubscriptionId
) -> Withdrawal | None:
    """The one from this contract; nobody withdraws twice."""
    statement = sa.select(withdrawals).where(withdrawals.c.subscription_id == subscription_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _withdrawal(row)


async def of_customer(
    connection: AsyncConnection, customer_id: CustomerId
) -> dict[SubscriptionId, Withdrawal]:
    """Every one of this customer, by contract."""
    statement = sa.select(withdrawals).where(withdrawals.c.customer_id == customer_id)
    found = [_withdrawal(row) for row in await connection.execute(statement)]
    return {each.subscription_id: each for each in found}


async def advance(
    connection: AsyncConnection,
    withdrawal_id: WithdrawalId,
    *,
    to: WithdrawalState,
    finished_at: datetime,
    **values: Any,
) -> Withdrawal | None:
    """Note how it ended; None when that was noted before."""
    row = (
        await connection.execute(
            sa.update(withdrawals)
            .where(
                withdrawals.c.id == withdrawal_id,
                withdrawals.c.state == WithdrawalState.REQUESTED.value,
            )
            .values(state=to.value, finished_at=finished_at, **values)
            .returning(withdrawals)
        )
    ).first()
    return None if row is None else _withdrawal(row)
