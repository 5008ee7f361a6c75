"""Whose turn it is in tickets, and which targets were missed."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import ChannelId, MessageId, TicketId
from bot.domain.sla import Due, Target, Wait
from bot.domain.ticket import Priority, TicketState
from bot.domain.turns import Turn
from storage.schema import sla_breaches, ticket_messages, tickets
from storage.upsert import insert_new

# The question whether it is solved is over.
NOT_ASKED: Mapping[str, None] = {
    "close_requested_at": None,
    "close_requested_by": None,
    "close_deadline": None,
}

_REPLIES = (Target.FIRST_REPLY, Target.NEXT_REPLY)
_t = tickets.c
_is_open = _t.state == TicketState.OPEN.value


@dataclass(frozen=True, slots=True)
class TicketTurn:
    """The turn of an open ticket, with what else a message changes."""

    ticket_id: TicketId
    turn: Turn
    channel_id: ChannelId | None
    snoozed_until: datetime | None
    close_requested_at: datetime | None
    close_deadline: datetime | None


# What a target depends on.
WAIT = (
    _t.id,
    _t.guild_id,
    _t.topic_id,
    _t.priority,
    sa.func.coalesce(_t.reopened_at, _t.created_at).label("began_at"),
    _t.waiting_since,
    _t.first_reply_at,
    _t.snoozed_until,
    _t.assignee_id,
    _t.member_active_at,
    _t.team_active_at,
)


async def of_tickets(
    connection: AsyncConnection, ticket_ids: Collection[TicketId]
) -> list[TicketTurn]:
    """The turns of those that are being opened or open, for a change in this transaction."""
    going_on = _t.state.in_([TicketState.OPENING.value, TicketState.OPEN.value])
    rows = (
        await connection.execute(
            sa.select(tickets)
            .where(_t.id.in_(ticket_ids), going_on)
            # In one order: two transactions the other way round would wait for each other.
            .order_by(_t.id)
            .with_for_update()
        )
    ).all()
    return [
        TicketTurn(
            row.id,
            Turn(
                row.waiting_since,
                row.first_reply_at,
                row.first_reply_by,
                row.member_active_at,
                row.team_active_at,
            ),
            row.channel_id,
            row.snoozed_until,
            row.close_requested_at,
            row.close_deadline,
        )
        for row in rows
    ]


async def find(connection: AsyncConnection, ticket_id: TicketId) -> TicketTurn | None:
    """The turn of an open ticket; None where there is none."""
    found = await of_tickets(connection, [ticket_id])
    return found[0] if found else None


async def save(connection: AsyncConnection, changed: TicketTurn) -> None:
    """Store what a message changed."""
    await connection.execute(
        sa.update(tickets)
        .where(_t.id == changed.ticket_id)
        .values(
            **columns_of(changed.turn),
            snoozed_until=changed.snoozed_until,
            **(NOT_ASKED if changed.close_requested_at is None else {}),
        )
    )


def columns_of(turn: Turn) -> dict[str, Any]:
    """A turn as it stands in its ticket's row."""
    return {
        "waiting_since": turn.waiting_since,
        "first_reply_at": turn.first_reply_at,
        "first_reply_by": turn.first_reply_by,
        "member_active_at": turn.member_active_at,
        "team_active_at": turn.team_active_at,
    }


async def merged(
    connection: AsyncConnection, ticket_ids: Collection[TicketId]
) -> dict[TicketId, TicketId]:
    """Where those of these tickets that were merged go on."""
    rows = await connection.execute(
        sa.select(_t.id, _t.merged_into).where(_t.id.in_(ticket_ids), _t.merged_into.is_not(None))
    )
    return {row.id: row.merged_into for row in rows}


def waits_since(moment: datetime) -> dict[str, datetime | None]:
    """What a ticket's row says from the moment at which it is the team's turn.

    What was to happen while it was the member's does not: no snooze, and no question.
    """
    return {"waiting_since": moment, "snoozed_until": None, **NOT_ASKED}


async def begin_waiting(connection: AsyncConnection, ticket_id: TicketId) -> None:
    """The member waits from the ticket's opening on."""
    await connection.execute(
        sa.update(tickets).where(_t.id == ticket_id).values(waiting_since=_t.created_at)
    )


def wait_of(row: sa.Row[*tuple[Any, ...]]) -> Wait:
    """A row with `WAIT`."""
    return Wait(
        row.id,
        row.guild_id,
        row.topic_id,
        Priority(row.priority),
        row.began_at,
        row.waiting_since,
        row.first_reply_at,
        row.snoozed_until,
        row.assignee_id,
        max(filter(None, (row.member_active_at, row.team_active_at)), default=None),
    )


async def wait(connection: AsyncConnection, ticket_id: TicketId) -> Wait | None:
    """What decides about the targets of a ticket that goes on; None for any other."""
    going_on = _t.state.in_([TicketState.OPENING.value, TicketState.OPEN.value])
    row = (await connection.execute(sa.select(*WAIT).where(_t.id == ticket_id, going_on))).first()
    return None if row is None else wait_of(row)


async def open_after(
    connection: AsyncConnection, after: TicketId | None, *, most: int
) -> list[Wait]:
    """A portion of the open tickets, by id."""
    statement = sa.select(*WAIT).where(_is_open).order_by(_t.id).limit(most)
    if after is not None:
        statement = statement.where(_t.id > after)
    return [wait_of(row) for row in await connection.execute(statement)]


async def missed(
    connection: AsyncConnection, ticket_ids: Sequence[TicketId]
) -> defaultdict[TicketId, set[tuple[Target, datetime]]]:
    """The targets of these tickets that are known to be missed, with their beginnings."""
    rows = await connection.execute(
        sa.select(sla_breaches).where(sla_breaches.c.ticket_id.in_(ticket_ids))
    )
    found: defaultdict[TicketId, set[tuple[Target, datetime]]] = defaultdict(set)
    for row in rows:
        found[row.ticket_id].add((Target(row.target), row.since))
    return found


async def note_breach(
    connection: AsyncConnection, ticket_id: TicketId, due: Due, *, now: datetime
) -> bool:
    """Remember that a target was missed; False when that is known already.

    Of one wait both replies are the same: by a merge a first one can become a later one.
    """
    if due.target in _REPLIES and await _knows_late_reply(connection, ticket_id, due.since):
        return False
    row = {
        "ticket_id": ticket_id,
        "target": due.target.value,
        "since": due.since,
        "due_at": due.at,
        "noticed_at": now,
    }
    unique = ["ticket_id", "target", "since"]
    return bool(await insert_new(connection, sla_breaches, [row], unique=unique))


async def _knows_late_reply(
    connection: AsyncConnection, ticket_id: TicketId, since: datetime
) -> bool:
    known = await connection.scalar(
        sa.select(sla_breaches.c.target).where(
            sla_breaches.c.ticket_id == ticket_id,
            sla_breaches.c.target.in_(_REPLIES),
            sla_breaches.c.since == since,
        )
    )
    return known is not None


async def take_late_replies(
    connection: AsyncConnection, source: TicketId, target: TicketId
) -> None:
    """Nobody is told again of a wait that goes on in another ticket."""
    rows = await connection.execute(
        sa.select(sla_breaches).where(
            sla_breaches.c.ticket_id == source, sla_breaches.c.target.in_(_REPLIES)
        )
    )
    known = [{**row._mapping, "ticket_id": target} for row in rows]
    await insert_new(connection, sla_breaches, known, unique=["ticket_id", "target", "since"])


async def breach(
    connection: AsyncConnection, ticket_id: TicketId, target: Target, since: datetime
) -> Due | None:
    """A target that was missed, as it was noticed."""
    row = (
        await connection.execute(
            sa.select(sla_breaches.c.due_at).where(
                sla_breaches.c.ticket_id == ticket_id,
                sla_breaches.c.target == target.value,
                sla_breaches.c.since == since,
            )
        )
    ).first()
    return None if row is None else Due(target, since, row.due_at)


async def newest_message(connection: AsyncConnection, ticket_id: TicketId) -> MessageId:
    """The last message of the ticket's own channel that is stored; 0 when there is none."""
    newest = await connection.scalar(
        sa.select(sa.func.coalesce(sa.func.max(ticket_messages.c.message_id), 0)).where(
            ticket_messages.c.ticket_id == ticket_id, ticket_messages.c.internal.is_(False)
        )
    )
    return MessageId(newest or 0)
