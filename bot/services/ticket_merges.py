"""Two tickets of one member become one: what was said in both stays together.

Nobody reads more by it: what was said in either is for those who saw that one (`TicketAccess`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.desk_errors import NothingToMerge
from bot.domain.errors import TicketOver
from bot.domain.identifiers import RoleId, TicketId, UserId
from bot.domain.ticket import Priority, Ticket, TicketState
from bot.domain.ticket_work import MOST_TAGS, Act, TicketEvent
from bot.domain.turns import Turn
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.refund_wishes import go_along
from bot.services.ticket_access import TicketAccess, members_side
from bot.services.ticket_acts import Work
from bot.services.ticket_notes import keeping_out
from bot.services.ticket_work import TicketWorkService
from bot.services.tickets import close_within
from storage import cancel_attempts, jobs, ticket_events, ticket_people, ticket_turns, ticket_work
from storage.ticket_turns import NOT_ASKED

MERGED = "desk.merged"


@dataclass(frozen=True, slots=True)
class Audience:
    """A ticket with those who read it beside its opener and the moderators."""

    ticket: Ticket
    team: RoleId | None
    people: tuple[UserId, ...]


@dataclass(frozen=True, slots=True)
class MergeChoice:
    """A ticket, and the others in which it can go on."""

    source: Audience
    others: Sequence[Audience]


class TicketMergeService:
    """Never across members, and never across servers."""

    def __init__(self, context: Context, work: TicketWorkService, access: TicketAccess) -> None:
        """`work` says who is of the team, `access` which team that is."""
        self._context = context
        self._work = work
        self._access = access

    async def candidates(self, actor: Actor, ticket_id: TicketId) -> MergeChoice:
        """The member's other open tickets that the actor answers; raises NothingToMerge."""
        ticket = (await self._work.look(actor, ticket_id)).ticket
        async with self._context.database.read() as connection:
            found = await ticket_work.open_of_member(connection, ticket.guild_id, ticket.opener_id)
        others = [
            await self._audience(each)
            for each in found
            if each.id != ticket_id and await self._access.is_team(actor, each)
        ]
        if not others:
            raise NothingToMerge
        return MergeChoice(await self._audience(ticket), others)

    async def _audience(self, ticket: Ticket) -> Audience:
        async with self._context.database.read() as connection:
            people = await ticket_people.of_ticket(connection, ticket.id)
        return Audience(ticket, await self._access.team_role(ticket), tuple(people))

    async def merge(self, actor: Actor, ticket_id: TicketId, *, into: TicketId) -> Ticket:
        """Close `ticket_id` and go on in `into`; returns that one. For who answers both.

        Tags and who has it go along within a team.
        """
        is_one_team = await self._is_one_team(
            (await self._work.look(actor, ticket_id)).ticket,
            (await self._work.look(actor, into)).ticket,
        )
        now = self._context.clock()
        async with self._context.database.write() as connection:
            # Always in one order: two merges the other way round would wait for each other.
            held = {
                each: await ticket_work.hold(connection, each) for each in sorted({ticket_id, into})
            }
            source, target = held[ticket_id], held[into]
            if source is None or target is None or source.id == target.id:
                raise NothingToMerge
            if (source.guild_id, source.opener_id) != (target.guild_id, target.opener_id):
                raise NothingToMerge
            if {source.state, target.state} != {TicketState.OPEN}:
                raise TicketOver
            turn = await _joined_turn(connection, source, target)
            attempts = await cancel_attempts.go_on_in(connection, source, target)
            await go_along(connection, source, target.id, now=now)
            await close_within(
                connection,
                source.id,
                by=actor.user_id,
                reason=f"It goes on in your ticket {target.number:04}.",
                now=now,
                merged_into=target.id,
            )
            # What was merged into the one that goes belongs to the one that stays.
            await ticket_work.point_merged(connection, source.id, target.id)
            gone = TicketEvent(source.id, Act.MERGED, actor.user_id, {"into": target.id}, now)
            await ticket_events.add(connection, gone)
            await ticket_turns.take_late_replies(connection, source.id, target.id)
            if is_one_team:
                await _take_tags(connection, source, target)
            members = await members_side(connection, target)
            kept = _kept(source, target, members=members, is_one_team=is_one_team)
            work = Work(self._context, connection, target, actor, now)
            event = await work.change(
                Act.MERGED, {"from": source.id}, **kept, **ticket_turns.columns_of(turn)
            )
            await work.then(
                MERGED,
                event,
                line=target.id,
                source=source.id,
                attempts=attempts,
                lets_moderators_in=target.escalated_at is None and source.escalated_at is not None,
            )
            if people := members - {target.opener_id}:
                # Whoever was added to the one may be in the notes of the other.
                kept_out = keeping_out(target.id, f"merged-{event}", people)
                await jobs.add(connection, [kept_out], now=now)
        return work.ticket

    async def _is_one_team(self, source: Ticket, target: Ticket) -> bool:
        return await self._access.team_role(source) == await self._access.team_role(target)


async def _joined_turn(connection: AsyncConnection, source: Ticket, target: Ticket) -> Turn:
    both = await ticket_turns.of_tickets(connection, [source.id, target.id])
    turns = {each.ticket_id: each.turn for each in both}
    return turns[target.id].joined(turns[source.id])


async def _take_tags(connection: AsyncConnection, source: Ticket, target: Ticket) -> None:
    tags = await ticket_work.tags_of(connection, target.id)
    for tag in await ticket_work.tags_of(connection, source.id):
        if tag not in tags and len(tags) < MOST_TAGS:
            await ticket_work.add_tag(connection, target.id, tag)
            tags.append(tag)


_ORDER = tuple(Priority)


def _kept(
    source: Ticket, target: Ticket, *, members: frozenset[UserId], is_one_team: bool
) -> dict[str, Any]:
    """The one that stays is as pressing as the more pressing of both was, and no more put off.

    Whoever had one of them has it, if they may. The question whether it is solved was asked about
    one of both alone, and is over.
    """
    candidates = (target.assignee_id, source.assignee_id if is_one_team else None)
    assignees = (each for each in candidates if each is not None and each not in members)
    kept: dict[str, Any] = {
        "priority": max(source.priority, target.priority, key=_ORDER.index).value,
        "assignee_id": next(assignees, None),
        "escalated_at": target.escalated_at or source.escalated_at,
        **NOT_ASKED,
    }
    if source.waiting_since is not None:
        kept["snoozed_until"] = None
    return kept
