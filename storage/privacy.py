"""A copy of everything that is stored about a member, for them alone.

`COPIED` and `NOT_COPIED` name every table there is, which a test holds. A table that is added
to the first needs a thought for `storage.erasure` too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import UserId
from storage.schema import (
    agents,
    audit_log,
    cancel_attempts,
    cancel_steps,
    checkouts,
    customers,
    disputes,
    granted_roles,
    invoices,
    ledger,
    ledger_months,
    link_requests,
    notice_settings,
    payments,
    refund_decisions,
    refunds,
    subscriptions,
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

_USER = sa.bindparam("user_id", type_=sa.BigInteger)
_customers = sa.select(customers.c.id).where(customers.c.user_id == _USER)
_payments = sa.select(payments.c.id).where(payments.c.customer_id.in_(_customers))
_subscriptions = sa.select(subscriptions.c.id).where(subscriptions.c.customer_id.in_(_customers))
_tickets = sa.select(tickets.c.id).where(tickets.c.opener_id == _USER)
_attempts = sa.select(cancel_attempts.c.id).where(cancel_attempts.c.user_id == _USER)
_checkouts = sa.select(checkouts.c.id).where(checkouts.c.user_id == _USER)
# What the audit log speaks of.
_things = sa.union_all(_customers, _payments, _subscriptions, _tickets, _checkouts)

Columns = Sequence[sa.ColumnElement[Any]]


def _of(table: sa.Table, *, without: Sequence[str] = ()) -> Columns:
    return [column for column in table.c if column.name not in without]


@dataclass(frozen=True, slots=True)
class Own:
    """The rows that are the member's, and of these what is neither secret nor somebody else's."""

    rows: sa.ColumnElement[bool]
    columns: Columns
    order: sa.ColumnElement[Any]

    def select(self) -> sa.Select[Any]:
        """The query of a copy."""
        return sa.select(*self.columns).where(self.rows).order_by(self.order)


_own_refund = sa.or_(refunds.c.member_id == _USER, refunds.c.payment_id.in_(_payments))
_own_message = ticket_messages.c.author_id == _USER
_own_subject = audit_log.c.subject.in_(_things)

# Who of the team did what with a ticket is not about the member.
_TEAMS_SIDE = (
    "closed_by",
    "close_requested_by",
    "assignee_id",
    "first_reply_by",
    "notes_thread_id",
)

COPIED: Mapping[str, Own] = {
    "customers": Own(customers.c.user_id == _USER, _of(customers), customers.c.id),
    # Which customers an address has is told to whoever proves the mailbox, not to whoever asks.
    "link_requests": Own(
        link_requests.c.user_id == _USER,
        _of(link_requests, without=("code_hash", "code_salt", "customer_ids")),
        link_requests.c.requested_at,
    ),
    "subscriptions": Own(
        subscriptions.c.customer_id.in_(_customers),
        _of(subscriptions),
        subscriptions.c.created_at,
    ),
    "payments": Own(payments.c.customer_id.in_(_customers), _of(payments), payments.c.paid_at),
    "disputes": Own(disputes.c.payment_id.in_(_payments), _of(disputes), disputes.c.opened_at),
    "invoices": Own(invoices.c.customer_id.in_(_customers), _of(invoices), invoices.c.issued_at),
    "ledger": Own(ledger.c.subscription_id.in_(_subscriptions), _of(ledger), ledger.c.id),
    "ledger_months": Own(
        ledger_months.c.subscription_id.in_(_subscriptions),
        _of(ledger_months),
        ledger_months.c.month_start,
    ),
    # A page opens without a password, and a screen carries the key to an answer.
    "checkouts": Own(
        checkouts.c.user_id == _USER,
        _of(checkouts, without=("page_url", "screen")),
        checkouts.c.created_at,
    ),
    "notice_settings": Own(
        notice_settings.c.user_id == _USER, _of(notice_settings), notice_settings.c.kind
    ),
    "granted_roles": Own(
        granted_roles.c.user_id == _USER, _of(granted_roles), granted_roles.c.granted_at
    ),
    "cancel_attempts": Own(
        cancel_attempts.c.user_id == _USER, _of(cancel_attempts), cancel_attempts.c.started_at
    ),
    "cancel_steps": Own(
        cancel_steps.c.attempt_id.in_(_attempts), _of(cancel_steps), cancel_steps.c.id
    ),
    "win_backs": Own(win_backs.c.user_id == _USER, _of(win_backs), win_backs.c.consented_at),
    "withdrawals": Own(
        withdrawals.c.user_id == _USER, _of(withdrawals), withdrawals.c.requested_at
    ),
    "refunds": Own(
        _own_refund,
        [
            *_of(
                refunds,
                without=(
                    "moderator_id",
                    "requester_id",
                    "queue_channel_id",
                    "queue_message_id",
                    "generation",
                    "tried_at",
                ),
            ),
            sa.func.coalesce(refunds.c.requester_id == _USER, sa.false()).label("asked_for_by_you"),
        ],
        refunds.c.created_at,
    ),
    "refund_decisions": Own(
        refund_decisions.c.refund_id.in_(sa.select(refunds.c.id).where(_own_refund)),
        [
            *_of(refund_decisions, without=("actor_id",)),
            (refund_decisions.c.actor_id == _USER).label("by_you"),
        ],
        refund_decisions.c.id,
    ),
    "tickets": Own(
        tickets.c.opener_id == _USER,
        [
            *_of(tickets, without=_TEAMS_SIDE),
            (tickets.c.closed_by == _USER).label("closed_by_you"),
        ],
        tickets.c.created_at,
    ),
    "ticket_people": Own(
        ticket_people.c.user_id == _USER,
        _of(ticket_people, without=("added_by",)),
        ticket_people.c.added_at,
    ),
    # Who of the team blocked, and whose message somebody else quotes, is not the member's.
    "ticket_blocks": Own(
        ticket_blocks.c.user_id == _USER,
        _of(ticket_blocks, without=("blocked_by",)),
        ticket_blocks.c.blocked_at,
    ),
    "ticket_quotes": Own(
        ticket_quotes.c.author_id == _USER,
        _of(ticket_quotes, without=("taken_by",)),
        ticket_quotes.c.taken_at,
    ),
    # The conversation was with the member; who answered, and what they took back, was not.
    "ticket_messages": Own(
        sa.and_(ticket_messages.c.ticket_id.in_(_tickets), ~ticket_messages.c.internal),
        [
            *_of(
                ticket_messages,
                without=("author_id", "author_name", "from_bot", "content", "rich", "internal"),
            ),
            sa.case((_own_message, "you"), (ticket_messages.c.from_bot, "bot"), else_="team").label(
                "written_by"
            ),
            sa.case(
                (
                    sa.or_(_own_message, ticket_messages.c.deleted_at.is_(None)),
                    ticket_messages.c.content,
                )
            ).label("content"),
        ],
        ticket_messages.c.message_id,
    ),
    "ticket_message_versions": Own(
        ticket_message_versions.c.message_id.in_(
            sa.select(ticket_messages.c.message_id).where(
                _own_message, ticket_messages.c.ticket_id.in_(_tickets)
            )
        ),
        _of(ticket_message_versions),
        ticket_message_versions.c.id,
    ),
    # Where a file is kept is no business of anybody's; the transcript hands it out.
    "ticket_files": Own(
        ticket_files.c.message_id.in_(
            sa.select(ticket_messages.c.message_id).where(
                ticket_messages.c.ticket_id.in_(_tickets),
                ~ticket_messages.c.internal,
                sa.or_(_own_message, ticket_messages.c.deleted_at.is_(None)),
            )
        ),
        _of(ticket_files, without=("stored_as",)),
        ticket_files.c.attachment_id,
    ),
    "agents": Own(agents.c.user_id == _USER, _of(agents), agents.c.guild_id),
    "ticket_tags": Own(
        ticket_tags.c.ticket_id.in_(_tickets), _of(ticket_tags), ticket_tags.c.ticket_id
    ),
    # What was done with the member's tickets, and what they did as one of the team: without others.
    "ticket_events": Own(
        sa.or_(ticket_events.c.actor_id == _USER, ticket_events.c.ticket_id.in_(_tickets)),
        [
            ticket_events.c.at,
            ticket_events.c.kind,
            sa.func.coalesce(ticket_events.c.actor_id == _USER, sa.false()).label("by_you"),
            sa.case((ticket_events.c.ticket_id.in_(_tickets), ticket_events.c.ticket_id)).label(
                "ticket_id"
            ),
        ],
        ticket_events.c.id,
    ),
    # What the member did as one of the team is told without whom it was about.
    "audit_log": Own(
        sa.or_(audit_log.c.actor_id == _USER, _own_subject),
        [
            audit_log.c.at,
            audit_log.c.action,
            sa.func.coalesce(audit_log.c.actor_id == _USER, sa.false()).label("by_you"),
            sa.case((_own_subject, audit_log.c.subject)).label("subject"),
            sa.case((_own_subject, audit_log.c.details)).label("details"),
        ],
        audit_log.c.id,
    ),
}

NOT_COPIED: Mapping[str, str] = {
    "guilds": "settings of servers",
    "panels": "messages with buttons that a server's administrators have made",
    "plan_roles": "settings of servers",
    "topic_roles": "settings of servers",
    "sla_breaches": "whether the team answered in time",
    "reconciliations": "how the copy of the payment provider's data was checked",
    "used_signatures": "requests of the vendor's own backend",
    "events": "that something has changed at the payment provider; forgotten after 90 days",
    "jobs": (
        "work that waits, about what is in the other tables. It names you by your Discord id, and "
        "the mail with your code by the address that you typed. Once it is done, nothing of it is "
        "kept but its name, with your Discord id, for 90 days: so that it is not done twice"
    ),
}


async def copy(connection: AsyncConnection, user_id: UserId) -> dict[str, list[dict[str, Any]]]:
    """Everything of the member's, by table."""
    copied: dict[str, list[dict[str, Any]]] = {}
    for name, own in COPIED.items():
        rows = await connection.execute(own.select(), {"user_id": user_id})
        copied[name] = [dict(row._mapping) for row in rows]
    return copied
