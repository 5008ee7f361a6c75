"""What a member does, or is told, reads no table whole: it takes as long with a million of them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import STRIPE, AttemptId, TicketId, UserId
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_search import TopicsInSight
from storage import (
    agents,
    cancel_attempts,
    checkouts,
    disputes,
    erasure,
    invoices,
    ledger,
    offers,
    open_tickets,
    payments,
    privacy,
    refunds,
    ticket_events,
    ticket_messages,
    ticket_people,
    ticket_purge,
    ticket_search,
    ticket_sides,
    ticket_turns,
    ticket_work,
    withdrawals,
)
from storage.database import Database
from tests.integration.storage.samples import GUILD, MIA, MIAS, NOW, PAYMENT, SUBSCRIPTION

TICKET = Ticket(
    TicketId("T1"),
    number=1,
    guild_id=GUILD,
    opener_id=MIA,
    topic_id="help",
    answers={},
    state=TicketState.OPEN,
    channel_id=None,
    welcome_id=None,
    attempt_id=AttemptId("A1"),
    created_at=NOW,
    closed_at=None,
    closed_by=None,
    close_reason=None,
)
CYCLE = (SUBSCRIPTION.id, SUBSCRIPTION.period_start)
Act = Callable[[AsyncConnection], Awaitable[object]]

ACTS: dict[str, Act] = {
    "/cancel": lambda connection: cancel_attempts.unfinished(connection, SUBSCRIPTION.id),
    "/change-plan": lambda connection: checkouts.unfinished(connection, MIA),
    "a purchase that is paid": lambda connection: cancel_attempts.end_unfinished(
        connection, SUBSCRIPTION.id, failure="replaced", now=NOW
    ),
    "/refund": lambda connection: refunds.unfinished_of_payment(connection, PAYMENT.id),
    "what was refunded before": lambda connection: refunds.earlier(connection, MIAS, limit=5),
    "an offer": lambda connection: offers.facts_of(
        connection, MIAS, MIA, currency="usd", besides=AttemptId("A1")
    ),
    "a switch": lambda connection: ledger.bought_in(connection, [CYCLE]),
    "a grant": lambda connection: ledger.first_grant(connection, CYCLE),
    "/resume": lambda connection: cancel_attempts.newest_cancelled(connection, SUBSCRIPTION.id),
    "the end of a plan": lambda connection: refunds.has_ended(connection, SUBSCRIPTION.id),
    "its withdrawal": lambda connection: withdrawals.of_subscription(connection, SUBSCRIPTION.id),
    "/help": lambda connection: checkouts.unpaid_since(connection, MIA, since=NOW),
    "/privacy export": lambda connection: privacy.copy(connection, MIA),
    "/duplicates": lambda connection: payments.of_periods_paid_twice(connection, most=6),
    "what is in the way of erasing": lambda connection: erasure.obstacles(connection, MIA),
    "what may still be paid": lambda connection: invoices.least_recently_asked(
        connection, STRIPE, asked_before=NOW, limit=5
    ),
    "what may still be decided": lambda connection: disputes.least_recently_asked(
        connection, STRIPE, asked_before=NOW, limit=5
    ),
    "/tickets search": lambda connection: ticket_search.find(
        connection,
        ["refund"],
        guild_id=GUILD,
        topics=TopicsInSight(only=frozenset({"billing"})),
        reader=MIA,
        limit=6,
        offset=0,
    ),
    "whom a ticket is about": lambda connection: ticket_people.concerned(
        connection, TicketId("T1")
    ),
    "an answer that was fetched": lambda connection: ticket_sides.known_team(
        connection, GUILD, TicketId("T1"), [MIA], team_roles=[]
    ),
    "an answer that is deleted": lambda connection: ticket_messages.words(
        connection, [TicketId("T1"), TicketId("T2")]
    ),
    "an act of the team's": lambda connection: ticket_events.of_tickets(
        connection, [TicketId("T1"), TicketId("T2")]
    ),
    "what is said where a ticket was merged": lambda connection: ticket_turns.merged(
        connection, [TicketId("T1"), TicketId("T2")]
    ),
    "what was heard before a merge": lambda connection: ticket_messages.heard(
        connection, ticket_ids=[TicketId("T1"), TicketId("T2")]
    ),
    "waits that a merge takes along": lambda connection: ticket_turns.take_late_replies(
        connection, TicketId("T1"), TicketId("T2")
    ),
    "a ticket that is closed": lambda connection: cancel_attempts.note_activity_in(
        connection, TICKET, now=NOW
    ),
    "a cancellation that a merge takes along": lambda connection: cancel_attempts.go_on_in(
        connection, TICKET, replace(TICKET, id=TicketId("T2"))
    ),
    "the end of the retention period": lambda connection: ticket_purge.due(
        connection, closed_before=NOW
    ),
    "somebody's roles changed": lambda connection: agents.have(connection, GUILD, MIA),
    "whether they are of the team": lambda connection: open_tickets.has_worked(connection, MIA),
    "somebody of the team lost a role": lambda connection: open_tickets.worked_in(
        connection, GUILD, MIA
    ),
    "/setup": lambda connection: open_tickets.count(connection, GUILD, TopicsInSight()),
    "/setup with other moderators": lambda connection: ticket_work.count_moderated(
        connection, GUILD, TopicsInSight(only=frozenset({"billing"}))
    ),
    "tickets that are handed over": lambda connection: open_tickets.page(
        connection, GUILD, TopicsInSight(), after=open_tickets.START, most=200
    ),
    "/privacy erase": lambda connection: erasure.erase(
        connection, UserId(MIA), reference="E-1", now=NOW
    ),
}
# The newest entry alone is read, from its end.
_CHAIN = "ORDER BY audit_log.id DESC"
_TABLES = frozenset(privacy.COPIED) | frozenset(privacy.NOT_COPIED)


@pytest.mark.parametrize("what", ACTS)
async def test_no_table_is_read_whole(database: Database, backend: str, what: str) -> None:
    if backend != "sqlite":
        return  # PostgreSQL's planner reads a small table whole, whatever its indexes
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(
        _connection: object, _cursor: object, statement: str, given: tuple[object, ...], *_: object
    ) -> None:
        asked.append((statement, given))

    async with database.write() as connection:
        engine = connection.engine.sync_engine
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            await ACTS[what](connection)
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
        whole = [
            (row.detail, statement)
            for statement, given in asked
            if _CHAIN not in statement and not statement.startswith("INSERT")
            for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
            if row.detail.startswith("SCAN ") and row.detail.split()[1] in _TABLES
        ]

    assert asked != []
    assert whole == []
