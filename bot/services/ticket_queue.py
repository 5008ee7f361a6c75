"""`/queue`: what waits for the team, of the topics that the reader answers."""

from dataclasses import replace

from bot.domain.sla import dues
from bot.domain.ticket_queue import Queue, QueueFilter, QueueLine
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.ticket_access import TicketAccess
from storage import ticket_queue


class QueueService:
    """For everybody who answers tickets, and for moderators."""

    def __init__(self, context: Context, access: TicketAccess) -> None:
        """`access` says who is of the team."""
        self._context = context
        self._access = access

    async def page(self, actor: Actor, chosen: QueueFilter) -> Queue:
        """A page, or the last one where there are not so many any more; raises NotPermitted."""
        topics = await self._access.topics_in_sight(actor)
        while True:
            async with self._context.database.read() as connection:
                found, total = await ticket_queue.page(
                    connection,
                    actor.guild_id,
                    chosen,
                    topics=topics,
                    user_id=actor.user_id,
                    now=self._context.clock(),
                )
            if found or chosen.page == 0:
                break
            chosen = replace(chosen, page=chosen.page - 1)
        support = self._context.policy.support
        lines = tuple(
            QueueLine(each, next(iter(dues(each.wait, support.levels, support.hours)), None))
            for each in found
        )
        known = tuple(each.id for each in self._context.policy.topics if topics.has(each.id))
        return Queue(actor.guild_id, chosen, lines, total, known)
