"""A member with something in every table, for the tests of copying and erasing."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.dispute import Dispute, DisputeStatus
from bot.domain.identifiers import (
    CustomerId,
    DisputeId,
    InvoiceId,
    PaymentId,
    SubscriptionId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.refund import PaymentPurpose
from storage import audit, customers, disputes, invoices, link_requests, payments, subscriptions
from storage.database import Database
from storage.schema import (
    agents,
    cancel_attempts,
    cancel_steps,
    checkouts,
    granted_roles,
    jobs,
    ledger,
    metadata,
    notice_settings,
    refund_decisions,
    refunds,
    ticket_blocks,
    ticket_events,
    ticket_files,
    ticket_message_versions,
    ticket_messages,
    ticket_people,
    ticket_quotes,
    ticket_tags,
    tickets,
    win_backs,
    withdrawals,
)
from tests.integration.storage.samples import GUILD, MAX, NOW, invoice, payment, subscription

TEAM_WORDS = "we look into it"
OLD = NOW - timedelta(days=5)


async def add_member(database: Database, name: str, user_id: UserId) -> None:
    """Everything that a member leaves behind, told apart by their name."""
    customer_id = CustomerId(f"cus_{name}")
    async with database.write() as connection:
        await customers.save(connection, customer_id, provider=_STRIPE, email=f"{name}@example.com")
        await customers.link(connection, customer_id, user_id, now=NOW)
        await _add_mirror(connection, name, customer_id)
        await _add_requests(connection, name, user_id)
        await _add_purchases(connection, name, user_id, customer_id)
        await _add_ticket(connection, name, user_id)
        await _add_acts(connection, name, user_id, customer_id)


_STRIPE = payment().provider


async def _add_mirror(connection: AsyncConnection, name: str, customer_id: CustomerId) -> None:
    subscription_id, payment_id = SubscriptionId(f"sub_{name}"), PaymentId(f"pi_{name}")
    mine = {"customer_id": customer_id}
    await subscriptions.save(connection, subscription(id=subscription_id, **mine), asked_at=NOW)
    await payments.save(
        connection,
        payment(id=payment_id, subscription_id=subscription_id, **mine),
        asked_at=NOW,
    )
    await invoices.save(connection, invoice(id=InvoiceId(f"in_{name}"), **mine), asked_at=NOW)
    dispute = Dispute(
        DisputeId(f"dp_{name}"),
        _STRIPE,
        payment_id,
        Money(2000, "usd"),
        "fraudulent",
        DisputeStatus.WON,
        NOW,
        None,
    )
    await disputes.save(connection, dispute, asked_at=NOW)
    await _insert(
        connection,
        ledger,
        key=f"grant:{name}",
        customer_id=customer_id,
        subscription_id=subscription_id,
        period_start=NOW,
        month_start=NOW,
        kind="grant",
        amount=1000,
        recorded_at=NOW,
    )


async def _add_requests(connection: AsyncConnection, name: str, user_id: UserId) -> None:
    """A code of some days ago, whose mail was never taken, and one of just now, which was sent."""
    for reference, at, sent in (("old", OLD, False), ("new", NOW - timedelta(minutes=5), True)):
        request_id: Any = f"{reference}_{name}"
        await link_requests.add(
            connection,
            request_id,
            user_id=user_id,
            address=f"{name}@example.com",
            now=at,
            expires_at=at + timedelta(minutes=15),
        )
        await link_requests.set_code(
            connection,
            request_id,
            code_hash=b"hash",
            code_salt=b"salt",
            customer_ids=[CustomerId(f"cus_{name}")],
        )
        await _insert(
            connection,
            jobs,
            kind="account.send_code",
            key=f"link-code:{request_id}",
            payload={} if sent else {"request_id": request_id, "typed": f"{name}@example.com"},
            run_at=at,
            done_at=at if sent else None,
        )


async def _add_purchases(
    connection: AsyncConnection, name: str, user_id: UserId, customer_id: CustomerId
) -> None:
    await _insert(
        connection,
        checkouts,
        id=f"checkout_{name}",
        user_id=user_id,
        provider=_STRIPE,
        customer_id=customer_id,
        price_id="price_pro_month",
        purpose=PaymentPurpose.SUBSCRIPTION.value,
        state="open",
        created_at=NOW,
        page_id=f"cs_{name}",
        page_url=f"https://checkout.stripe.com/{name}",
        screen={"token": f"token of {name}"},
    )
    await _insert(connection, notice_settings, user_id=user_id, kind="card_expiring", enabled=False)
    await _insert(
        connection, granted_roles, guild_id=GUILD, user_id=user_id, role_id=7, granted_at=NOW
    )
    await _insert(
        connection,
        cancel_attempts,
        id=f"attempt_{name}",
        user_id=user_id,
        customer_id=customer_id,
        subscription_id=f"sub_{name}",
        state="aborted",
        reason_id="other",
        comment=f"{name} says why",
        follow_up=f"{name} answers",
        started_at=NOW,
        active_at=NOW,
    )
    await _insert(
        connection, win_backs, attempt_id=f"attempt_{name}", user_id=user_id, consented_at=NOW
    )
    await _insert(
        connection,
        withdrawals,
        id=f"withdrawal_{name}",
        user_id=user_id,
        customer_id=customer_id,
        subscription_id=f"sub_{name}",
        name=f"{name} is my name",
        state="done",
        requested_at=NOW,
    )
    await _insert(connection, cancel_steps, attempt_id=f"attempt_{name}", step="started", at=NOW)
    await _insert(
        connection,
        refunds,
        id=f"refund_{name}",
        guild_id=GUILD,
        moderator_id=MAX,
        member_id=user_id,
        payment_id=f"pi_{name}",
        amount=500,
        currency="usd",
        note=f"{name} asked nicely",
        consequence="partial_ends_nothing",
        state="done",
        created_at=NOW,
        requester_id=user_id,
    )
    for actor, decision in ((user_id, "submitted"), (MAX, "approved")):
        await _insert(
            connection,
            refund_decisions,
            refund_id=f"refund_{name}",
            actor_id=actor,
            decision=decision,
            note=f"{name} says it broke",
            at=NOW,
        )


async def _add_ticket(connection: AsyncConnection, name: str, user_id: UserId) -> None:
    await _insert(
        connection,
        tickets,
        id=f"ticket_{name}",
        number=user_id % 1000,
        guild_id=GUILD,
        opener_id=user_id,
        topic_id="help",
        answers={"description": f"{name} needs help"},
        state="closed",
        created_at=NOW,
        closed_at=NOW,
        closed_by=user_id,
        close_reason=f"{name} is content",
        rating=4,
        rating_comment=f"{name} is well served",
        rated_at=NOW,
    )
    await _insert(
        connection,
        ticket_people,
        ticket_id=f"ticket_{name}",
        user_id=user_id,
        added_by=MAX,
        added_at=NOW,
    )
    await _insert(connection, ticket_tags, ticket_id=f"ticket_{name}", tag=f"about-{name}")
    await _insert(
        connection,
        ticket_events,
        ticket_id=f"ticket_{name}",
        kind="close_refused",
        actor_id=user_id,
        details={},
        at=NOW,
    )
    await _insert(
        connection,
        ticket_quotes,
        id=f"quote_{name}",
        guild_id=GUILD,
        taken_by=MAX,
        author_id=user_id,
        quoted=f"{name} says",
        taken_at=NOW,
    )
    await _insert(
        connection,
        ticket_blocks,
        id=f"block_{name}",
        guild_id=GUILD,
        user_id=user_id,
        until=OLD,
        reason=f"{name} says too much",
        blocked_by=MAX,
        blocked_at=OLD,
    )
    await _insert(
        connection, agents, guild_id=GUILD, user_id=user_id, role_ids=[5], takes_tickets=False
    )
    said = (
        (1, user_id, name, False, f"{name} speaks", None),
        (2, MAX, "Max", False, TEAM_WORDS, None),
        (3, MAX, "Max", False, "taken back", NOW),
        (4, 99, "Mooring", True, "welcome", None),
    )
    for number, author, author_name, from_bot, content, deleted_at in said:
        await _insert(
            connection,
            ticket_messages,
            message_id=user_id * 10 + number,
            ticket_id=f"ticket_{name}",
            author_id=author,
            author_name=author_name,
            from_bot=from_bot,
            content=content,
            sent_at=NOW,
            deleted_at=deleted_at,
        )
    about_own = {"message_id": user_id * 10 + 1}
    await _insert(
        connection,
        ticket_message_versions,
        **about_own,
        content=f"{name} spoke",
        replaced_at=NOW,
    )
    await _insert(
        connection,
        ticket_files,
        **about_own,
        attachment_id=user_id * 10 + 9,
        ticket_id=f"ticket_{name}",
        filename=f"{name}.png",
        size=5,
        stored_as=f"ticket_{name}/{user_id}",
    )


async def _add_acts(
    connection: AsyncConnection, name: str, user_id: UserId, customer_id: CustomerId
) -> None:
    for actor, action, subject in (
        (user_id, "account.linked", customer_id),
        (user_id, "ticket.closed", f"ticket_{name}"),
        (user_id, "refund.asked", f"pi_{name}"),
        (MAX, "refund.requested", f"pi_{name}"),
        (None, "refund.done", f"pi_{name}"),
    ):
        await audit.append(
            connection, actor_id=actor, action=action, subject=subject, details={}, now=NOW
        )


async def _insert(connection: AsyncConnection, table: sa.Table, **values: Any) -> None:
    await connection.execute(sa.insert(table).values(**values))


async def traces(database: Database, *marks: str) -> set[str]:
    """The tables in which one of the marks stands anywhere, as a value or within a text."""
    found: set[str] = set()
    async for table, row in _all_rows(database):
        values = [str(value) for value in row]
        if any(_stands_in(mark, value) for mark in marks for value in values):
            found.add(table)
    return found


def _stands_in(mark: str, value: str) -> bool:
    """A number as a whole: the digits of an id come in one of a hundred random hashes, too."""
    if mark.isdigit():
        return re.search(rf"(?<![0-9a-f]){mark}(?![0-9a-f])", value) is not None
    return mark in value


async def _all_rows(database: Database) -> AsyncIterator[tuple[str, sa.Row[Any]]]:
    async with database.read() as connection:
        for table in metadata.sorted_tables:
            for row in (await connection.execute(sa.select(table))).all():
                yield table.name, row
