"""Two tickets of one member become one: what was said in both stays together."""

from typing import Any

from bot.domain.desk_errors import NothingToMerge
from bot.domain.errors import TicketOver
from bot.domain.identifiers import TicketId
from bot.domain.ticket import Priority, Ticket, TicketState
from bot.domain.ticket_work import MOST_TAGS, Act, TicketEvent
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.ticket_acts import Work
from bot.services.ticket_work import TicketWorkService
from bot.services.tickets import close_within
from storage import ticket_events, ticket_work

MERGED = "desk.merged"


class TicketMergeService:
    """Never across members, and never across servers."""

    def __init__(self, context: Context, work: TicketWorkService) -> None:
        """`work` says who is of the team."""
        self._context = context
        self._work = work

    async def candidates(self, actor: Actor, ticket_id: TicketId) -> list[Ticket]:
        """The member's other open tickets; raises NothingToMerge where there is none."""
        ticket = (await self._work.look(actor, ticket_id)).ticket
        async with self._context.database.read() as connection:
            found = await ticket_work.open_of_member(connection, ticket.guild_id, ticket.opener_id)
        others = [each for each in found if each.id != ticket_id]
        if not others:
            raise NothingToMerge
        return others

    async def merge(self, actor: Actor, ticket_id: TicketId, *, into: TicketId) -> Ticket:
        """Close `ticket_id` and go on in `into`; returns that one."""
        await self._work.look(actor, ticket_id)
        await self._work.look(actor, into)
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
            tags = await ticket_work.tags_of(connection, target.id)
            for tag in await ticket_work.tags_of(connection, source.id):
                if tag not in tags and len(tags) < MOST_TAGS:
                    await ticket_work.add_tag(connection, target.id, tag)
                    tags.append(tag)
            work = Work(self._context, connection, target, actor, now)
            event = await work.change(Act.MERGED, {"from": source.id}, **_kept(source, target))
            await work.then(MERGED, event, line=target.id, source=source.id)
        return work.ticket


_ORDER = tuple(Priority)


def _kept(source: Ticket, target: Ticket) -> dict[str, Any]:
    """The one that stays is as pressing as the more pressing of both was."""
    waits = [each for each in (source.waiting_since, target.waiting_since) if each is not None]
    return {
        "priority": max(source.priority, target.priority, key=_ORDER.index).value,
        "assignee_id": target.assignee_id or source.assignee_id,
        "waiting_since": min(waits, default=None),
        "snoozed_until": None if source.waiting_since is not None else target.snoozed_until,
    }
