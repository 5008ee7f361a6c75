"""`/queue`: what waits for the team, of the topics that the reader answers."""

from dataclasses import replace

from bot.domain.sla import dues
from bot.domain.ticket_queue import Queue, QueueFilter, QueueLine
from bot.services.agents import AgentService
from bot.services.context import Context
from bot.services.guilds import Actor
from storage import ticket_queue


class QueueService:
    """For everybody who answers tickets, and for moderators."""

    def __init__(self, context: Context, agent_service: AgentService) -> None:
        """`agent_service` says who is of the team."""
        self._context = context
        self._agents = agent_service

    async def page(self, actor: Actor, chosen: QueueFilter) -> Queue:
        """A page, or the last one where there are not so many any more; raises NotPermitted."""
        topics = await self._agents.topics_of(actor)
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
        return Queue(actor.guild_id, chosen, lines, total, topics)
