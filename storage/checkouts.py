"""Purchases that members have started, and what became of them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.checkout import Checkout, CheckoutState
from bot.domain.identifiers import CheckoutId, CustomerId, PaymentId, SubscriptionId, UserId
from bot.domain.refund import PaymentPurpose
from storage.schema import checkouts

_MAY_BE_PAID = (CheckoutState.OPENING, CheckoutState.OPEN, CheckoutState.CLOSED)


def _checkout(row: sa.Row[tuple[object, ...]]) -> Checkout:
    return Checkout(
        id=row.id,
        user_id=row.user_id,
        guild_id=row.guild_id,
        provider=row.provider,
        customer_id=row.customer_id,
        price_id=row.price_id,
        purpose=PaymentPurpose(row.purpose),
        state=CheckoutState(row.state),
        created_at=row.created_at,
        replaces=row.replaces,
        tops_up=row.tops_up,
        cycle_start=row.cycle_start,
        units=row.units,
        page_id=row.page_id,
        page_url=row.page_url,
        subscription_id=row.subscription_id,
        payment_id=row.payment_id,
        completed_at=row.completed_at,
    )


async def add(connection: AsyncConnection, checkout: Checkout) -> None:
    """Remember a purchase before the provider is asked for its page."""
    await connection.execute(
        sa.insert(checkouts).values(
            id=checkout.id,
            user_id=checkout.user_id,
            guild_id=checkout.guild_id,
            provider=checkout.provider,
            customer_id=checkout.customer_id,
            price_id=checkout.price_id,
            purpose=checkout.purpose.value,
            state=checkout.state.value,
            created_at=checkout.created_at,
            replaces=checkout.replaces,
            tops_up=checkout.tops_up,
            cycle_start=checkout.cycle_start,
            units=checkout.units,
        )
    )


async def find(connection: AsyncConnection, checkout_id: CheckoutId) -> Checkout | None:
    """The purchase with this reference."""
    statement = sa.select(checkouts).where(checkouts.c.id == checkout_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _checkout(row)


async def unfinished_of_user(connection: AsyncConnection, user_id: UserId) -> list[Checkout]:
    """Those of the user that may still be paid, oldest first."""
    rows = await connection.execute(
        sa.select(checkouts)
        .where(
            checkouts.c.user_id == user_id,
            checkouts.c.state.in_((CheckoutState.OPENING.value, CheckoutState.OPEN.value)),
        )
        .order_by(checkouts.c.created_at)
    )
    return [_checkout(row) for row in rows]


async def open_page(
    connection: AsyncConnection, checkout_id: CheckoutId, *, page_id: str, page_url: str
) -> Checkout | None:
    """The provider has given a page; None when the purchase is no longer waiting for one."""
    return await _advance(
        connection,
        checkout_id,
        (CheckoutState.OPENING,),
        {"state": CheckoutState.OPEN.value, "page_id": page_id, "page_url": page_url},
    )


async def close(connection: AsyncConnection, checkout_id: CheckoutId) -> Checkout | None:
    """The member has given it up or started another one; None when it is paid."""
    return await _advance(
        connection,
        checkout_id,
        (CheckoutState.OPENING, CheckoutState.OPEN),
        {"state": CheckoutState.CLOSED.value},
    )


async def complete(
    connection: AsyncConnection,
    checkout_id: CheckoutId,
    *,
    customer_id: CustomerId,
    subscription_id: SubscriptionId | None,
    payment_id: PaymentId | None,
    now: datetime,
) -> Checkout | None:
    """It was paid; None when that was known, or when no such purchase was started here."""
    return await _advance(
        connection,
        checkout_id,
        _MAY_BE_PAID,
        {
            "state": CheckoutState.COMPLETED.value,
            "customer_id": customer_id,
            "subscription_id": subscription_id,
            "payment_id": payment_id,
            "completed_at": now,
        },
    )


async def _advance(
    connection: AsyncConnection,
    checkout_id: CheckoutId,
    expected: tuple[CheckoutState, ...],
    values: dict[str, Any],
) -> Checkout | None:
    row = (
        await connection.execute(
            sa.update(checkouts)
            .where(
                checkouts.c.id == checkout_id,
                checkouts.c.state.in_([state.value for state in expected]),
            )
            .values(**values)
            .returning(checkouts)
        )
    ).first()
    return None if row is None else _checkout(row)
