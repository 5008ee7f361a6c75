"""Purchases that members have started, and what became of them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.checkout import Checkout, CheckoutState
from bot.domain.identifiers import (
    CheckoutId,
    CustomerId,
    PaymentId,
    ProviderName,
    SubscriptionId,
    UserId,
)
from bot.domain.refund import PaymentPurpose
from storage.schema import checkouts

# Each costs a request to the provider.
ASKED_AT_ONCE = 5
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
        attempt_id=row.attempt_id,
    )


async def add(
    connection: AsyncConnection, checkout: Checkout, *, screen: Mapping[str, object]
) -> None:
    """Remember a purchase before the provider is asked for its page.

    Raises IntegrityError while another one of the user is unfinished.
    """
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
            attempt_id=checkout.attempt_id,
            screen=dict(screen),
        )
    )


async def find(connection: AsyncConnection, checkout_id: CheckoutId) -> Checkout | None:
    """The purchase with this reference."""
    statement = sa.select(checkouts).where(checkouts.c.id == checkout_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else _checkout(row)


async def of_payments(
    connection: AsyncConnection, payment_ids: Collection[PaymentId]
) -> list[Checkout]:
    """Those that were paid by these payments."""
    if not payment_ids:
        return []
    rows = await connection.execute(
        sa.select(checkouts).where(checkouts.c.payment_id.in_(payment_ids))
    )
    return [_checkout(row) for row in rows]


async def unfinished(connection: AsyncConnection, user_id: UserId) -> Checkout | None:
    """The purchase that the user has under way; there is one at most."""
    statement = sa.select(checkouts).where(
        checkouts.c.user_id == user_id,
        checkouts.c.state.in_((CheckoutState.OPENING.value, CheckoutState.OPEN.value)),
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _checkout(row)


async def unpaid_since(
    connection: AsyncConnection, user_id: UserId, *, since: datetime
) -> list[Checkout]:
    """Those of the user with a page that are not known to be paid, newest first."""
    rows = await connection.execute(
        sa.select(checkouts)
        .where(
            checkouts.c.user_id == user_id,
            checkouts.c.created_at > since,
            checkouts.c.page_id.is_not(None),
            checkouts.c.state != CheckoutState.COMPLETED.value,
        )
        .order_by(checkouts.c.created_at.desc())
        .limit(ASKED_AT_ONCE)
    )
    return [_checkout(row) for row in rows]


async def unpaid_pages(
    connection: AsyncConnection,
    provider: ProviderName,
    *,
    since: datetime,
    after: CheckoutId,
    limit: int,
) -> list[Checkout]:
    """A portion of those with a page that are not known to be paid, in the order of their ids."""
    rows = await connection.execute(
        sa.select(checkouts)
        .where(
            checkouts.c.provider == provider,
            checkouts.c.created_at > since,
            checkouts.c.page_id.is_not(None),
            checkouts.c.state != CheckoutState.COMPLETED.value,
            checkouts.c.id > after,
        )
        .order_by(checkouts.c.id)
        .limit(limit)
    )
    return [_checkout(row) for row in rows]


async def set_screen(
    connection: AsyncConnection, checkout_id: CheckoutId, screen: Mapping[str, object]
) -> None:
    """Where the member looks now."""
    await connection.execute(
        sa.update(checkouts).where(checkouts.c.id == checkout_id).values(screen=dict(screen))
    )


async def take_screen(
    connection: AsyncConnection, checkout_id: CheckoutId
) -> Mapping[str, object] | None:
    """Where the outcome is to be shown; the store forgets it, because it is a kind of key."""
    found: Mapping[str, object] | None = await connection.scalar(
        sa.select(checkouts.c.screen).where(checkouts.c.id == checkout_id)
    )
    await connection.execute(
        sa.update(checkouts).where(checkouts.c.id == checkout_id).values(screen=sa.null())
    )
    return found


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


async def close(
    connection: AsyncConnection,
    checkout_id: CheckoutId,
    *,
    expected: tuple[CheckoutState, ...] = (CheckoutState.OPENING, CheckoutState.OPEN),
) -> Checkout | None:
    """Given up, or replaced by another one; None when it is in none of the expected states."""
    return await _advance(
        connection,
        checkout_id,
        expected,
        {"state": CheckoutState.CLOSED.value, "screen": sa.null()},
    )


async def close_stale(connection: AsyncConnection, *, before: datetime) -> int:
    """Close those that were started before that time: their pages have expired."""
    result = await connection.execute(
        sa.update(checkouts)
        .where(
            checkouts.c.state.in_((CheckoutState.OPENING.value, CheckoutState.OPEN.value)),
            checkouts.c.created_at < before,
        )
        .values(state=CheckoutState.CLOSED.value, screen=sa.null())
    )
    return int(result.rowcount)


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
