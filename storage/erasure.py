"""Forgetting a member: what can go is deleted, what the books need stays without them (ADR 13)."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.cancellation import AttemptState
from bot.domain.checkout import CheckoutState
from bot.domain.identifiers import ERASED_USER, TicketId, UserId
from bot.domain.linking import REQUEST_WINDOW
from bot.domain.privacy import Obstacles, UnderWay
from bot.domain.refund import UNDER_WAY, WAITING
from bot.domain.ticket import UNCLOSED
from bot.domain.withdrawal import WithdrawalState
from storage import audit, link_requests, ticket_purge, tickets
from storage.schema import (
    agents,
    audit_log,
    cancel_attempts,
    checkouts,
    customers,
    granted_roles,
    jobs,
    notice_settings,
    payments,
    refund_decisions,
    refunds,
    subscriptions,
    ticket_blocks,
    ticket_events,
    ticket_people,
    ticket_quotes,
    ticket_tags,
    win_backs,
    withdrawals,
)
from storage.schema import link_requests as link_requests_table
from storage.schema import tickets as tickets_table

_DESK_JOBS_WITH_WORDS = ("desk.note", "desk.macro_reply", "desk.escalated")
# Who of the team did what must be known as long as the log is kept.
_ACTS_OF_THE_TEAM = ("block.", "guild.", "panel.", "refund.", "roles.")
_OWN_ACTS_ABOUT_REFUNDS = ("refund.asked", "refund.answered")
# Done in others' tickets by those who were let in there.
_ACTS_OF_GUESTS = ("ticket.member_link_made", "ticket.member_link_opened")


async def obstacles(connection: AsyncConnection, user_id: UserId) -> Obstacles:
    """What still needs to know who the member is."""
    unclosed = await tickets.unclosed_of_user(connection, user_id)
    linked = sa.select(customers.c.id).where(customers.c.user_id == user_id)
    paid = sa.select(payments.c.id).where(payments.c.customer_id.in_(linked))
    subscribed = sa.select(subscriptions.c.id).where(subscriptions.c.customer_id.in_(linked))
    bought = sa.select(sa.literal("purchase:") + checkouts.c.id).where(
        checkouts.c.user_id == user_id, checkouts.c.state == CheckoutState.COMPLETED.value
    )
    unfinished = {
        UnderWay.REFUND: sa.select(refunds.c.id).where(
            sa.or_(refunds.c.member_id == user_id, refunds.c.payment_id.in_(paid)),
            refunds.c.state.in_([state.value for state in (*WAITING, *UNDER_WAY)]),
        ),
        UnderWay.CANCELLATION: sa.select(cancel_attempts.c.id).where(
            cancel_attempts.c.user_id == user_id,
            cancel_attempts.c.state == AttemptState.REQUESTED.value,
        ),
        UnderWay.OFFER: sa.select(cancel_attempts.c.id).where(
            cancel_attempts.c.user_id == user_id,
            cancel_attempts.c.state == AttemptState.ACCEPTING.value,
        ),
        UnderWay.WITHDRAWAL: sa.select(withdrawals.c.id).where(
            withdrawals.c.user_id == user_id,
            withdrawals.c.state == WithdrawalState.REQUESTED.value,
        ),
        UnderWay.RESUMPTION: sa.select(jobs.c.id).where(
            jobs.c.line.in_(subscribed),
            jobs.c.kind == "resumption.carry_out",
            jobs.c.done_at.is_(None),
        ),
        UnderWay.PURCHASE: sa.select(jobs.c.id).where(
            jobs.c.key.in_(bought), jobs.c.done_at.is_(None)
        ),
    }
    found = [
        what
        for what, statement in unfinished.items()
        if await connection.scalar(statement.limit(1)) is not None
    ]
    return Obstacles(
        under_way=(*([UnderWay.TICKET] if unclosed else []), *found),
        channels=tuple(each.channel_id for each in unclosed if each.channel_id is not None),
    )


async def erase(
    connection: AsyncConnection, user_id: UserId, *, reference: str, now: datetime
) -> None:
    """Forget the member, in the caller's transaction; roles go with the job that takes them."""
    await _forget_customers(connection, user_id, now)
    await audit.erase_actor(connection, _own_acts(user_id), reference=reference, now=now)
    await _forget_tickets(connection, user_id)
    await _part_from_purchases(connection, user_id)
    await _forget_openings(connection, user_id, now)
    for wishes in (notice_settings, win_backs, ticket_people, agents):
        await connection.execute(sa.delete(wishes).where(wishes.c.user_id == user_id))
    await _forget_link_requests(connection, user_id, now)


async def _forget_customers(connection: AsyncConnection, user_id: UserId, now: datetime) -> None:
    """First of all, because who had which customer is in what goes afterwards."""
    await connection.execute(
        sa.update(customers)
        .where(sa.or_(customers.c.user_id == user_id, customers.c.id.in_(_once_linked(user_id))))
        .values(
            user_id=None,
            linked_at=None,
            email=None,
            card_last_digits=None,
            card_expires_at=None,
            erased_at=now,
        )
    )


async def forget_roles(connection: AsyncConnection, user_id: UserId) -> None:
    """Roles that could not be taken back for a long time: the bot remembers them no longer."""
    await connection.execute(sa.delete(granted_roles).where(granted_roles.c.user_id == user_id))


def _own_acts(user_id: UserId) -> sa.ColumnElement[bool]:
    """What the member did for themselves, not as one of the team."""
    own_payments = sa.select(refunds.c.payment_id).where(refunds.c.member_id == user_id)
    asked_for = sa.and_(
        audit_log.c.action.in_(_OWN_ACTS_ABOUT_REFUNDS), audit_log.c.subject.in_(own_payments)
    )
    is_of_others_ticket = sa.exists().where(
        tickets_table.c.id == audit_log.c.subject, tickets_table.c.opener_id != user_id
    )
    return sa.and_(
        audit_log.c.actor_id == user_id,
        sa.or_(
            asked_for,
            ~sa.or_(*(audit_log.c.action.startswith(prefix) for prefix in _ACTS_OF_THE_TEAM)),
        ),
        sa.or_(
            audit_log.c.action.in_(_ACTS_OF_GUESTS),
            ~sa.and_(audit_log.c.action.startswith("ticket."), is_of_others_ticket),
        ),
    )


def _once_linked(user_id: UserId) -> sa.Select[tuple[str]]:
    """Customers that were this member's, and have been nobody else's since they were unlinked."""
    once = customers.alias("once")
    newest_linker = (
        sa.select(audit_log.c.actor_id)
        .where(audit_log.c.action == "account.linked", audit_log.c.subject == once.c.id)
        .order_by(audit_log.c.id.desc())
        .limit(1)
        .correlate(once)
        .scalar_subquery()
    )
    linked = sa.select(audit_log.c.subject).where(
        audit_log.c.action == "account.linked", audit_log.c.actor_id == user_id
    )
    return sa.select(once.c.id).where(
        once.c.user_id.is_(None), once.c.id.in_(linked), newest_linker == user_id
    )


def _closed(user_id: UserId) -> sa.ColumnElement[bool]:
    return sa.and_(
        tickets_table.c.opener_id == user_id,
        tickets_table.c.state.not_in([state.value for state in UNCLOSED]),
    )


async def closed_tickets(connection: AsyncConnection, user_id: UserId) -> list[TicketId]:
    """The tickets that `erase` is about to forget: their files are not in the store."""
    rows = await connection.scalars(sa.select(tickets_table.c.id).where(_closed(user_id)))
    return [TicketId(each) for each in rows]


async def _forget_tickets(connection: AsyncConnection, user_id: UserId) -> None:
    """Only closed ones: an open one stands in the way before it comes to this."""
    table, closed = tickets_table, _closed(user_id)
    ids = await closed_tickets(connection, user_id)
    await _forget_desk_jobs(connection, ids)
    await connection.execute(sa.delete(ticket_tags).where(ticket_tags.c.ticket_id.in_(ids)))
    await connection.execute(
        sa.update(ticket_events)
        .where(ticket_events.c.ticket_id.in_(ids), ticket_events.c.actor_id == user_id)
        .values(actor_id=ERASED_USER)
    )
    await ticket_purge.forget_messages(connection, closed)
    await connection.execute(
        sa.update(table)
        .where(closed)
        .values(
            answers={},
            close_reason=None,
            rating_comment=None,
            closed_by=sa.case((table.c.closed_by == user_id, ERASED_USER), else_=table.c.closed_by),
            opener_id=ERASED_USER,
        )
    )


async def _forget_desk_jobs(connection: AsyncConnection, ids: Collection[TicketId]) -> None:
    """What the team has written about the member, or to them, is in these until they are done."""
    # As ranges, so that the index of keys serves; no key has a character after "~".
    written = [
        jobs.c.key.between(
            sa.literal(f"{kind}:{ticket_id}:", sa.Text()),
            sa.literal(f"{kind}:{ticket_id}:~", sa.Text()),
        )
        for kind in _DESK_JOBS_WITH_WORDS
        for ticket_id in ids
    ]
    if written:
        await connection.execute(sa.delete(jobs).where(sa.or_(*written)))


async def _forget_openings(connection: AsyncConnection, user_id: UserId, now: datetime) -> None:
    """Messages that a ticket was to be about, and blocks that are over.

    One that is in force stays without its reason: otherwise it would end whenever its member wants.
    """
    await connection.execute(
        sa.delete(ticket_quotes).where(
            sa.or_(ticket_quotes.c.author_id == user_id, ticket_quotes.c.taken_by == user_id)
        )
    )
    own = ticket_blocks.c.user_id == user_id
    await connection.execute(sa.delete(ticket_blocks).where(own, ticket_blocks.c.until <= now))
    await connection.execute(sa.update(ticket_blocks).where(own).values(reason=None))


async def _part_from_purchases(connection: AsyncConnection, user_id: UserId) -> None:
    """What was bought, given back and cancelled stays for the books, with nobody's name on it."""
    await _part_from_refunds(connection, user_id)
    await connection.execute(
        sa.update(cancel_attempts)
        .where(cancel_attempts.c.user_id == user_id)
        .values(user_id=ERASED_USER, comment=None, follow_up=None)
    )
    await connection.execute(
        sa.update(withdrawals)
        .where(withdrawals.c.user_id == user_id)
        .values(user_id=ERASED_USER, name=None)
    )
    may_be_paid = checkouts.c.state.in_((CheckoutState.OPENING.value, CheckoutState.OPEN.value))
    await connection.execute(
        sa.update(checkouts)
        .where(checkouts.c.user_id == user_id)
        .values(
            user_id=ERASED_USER,
            page_url=None,
            screen=sa.null(),
            state=sa.case((may_be_paid, CheckoutState.CLOSED.value), else_=checkouts.c.state),
        )
    )


async def _part_from_refunds(connection: AsyncConnection, user_id: UserId) -> None:
    """What was decided stays, without who it was about and what was written about them."""
    own = refunds.c.member_id == user_id
    said = refund_decisions
    await connection.execute(
        sa.update(said)
        .where(said.c.refund_id.in_(sa.select(refunds.c.id).where(own)))
        .values(
            note=None,
            actor_id=sa.case((said.c.actor_id == user_id, ERASED_USER), else_=said.c.actor_id),
        )
    )
    asked = refunds.c.requester_id
    await connection.execute(
        sa.update(refunds)
        .where(own)
        .values(
            member_id=None,
            note=None,
            requester_id=sa.case((asked == user_id, ERASED_USER), else_=asked),
        )
    )


async def _forget_link_requests(
    connection: AsyncConnection, user_id: UserId, now: datetime
) -> None:
    """Those that still count towards the limits stay for the days that they always do.

    Otherwise whoever tries codes for somebody else's address could begin anew as often as they
    like.
    """
    table = link_requests_table
    await link_requests.close_all(connection, user_id, now=now)
    gone = await connection.scalars(
        sa.delete(table)
        .where(table.c.user_id == user_id, table.c.requested_at <= now - REQUEST_WINDOW)
        .returning(table.c.id)
    )
    # A job that waits holds the address as it was typed.
    keys = [f"link-code:{request_id}" for request_id in gone]
    await connection.execute(sa.delete(jobs).where(jobs.c.key.in_(keys)))
