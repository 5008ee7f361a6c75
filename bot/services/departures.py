"""Somebody is of the team no more: they leave the threads of open tickets, and their notes.

A channel follows their roles by itself. In a thread people are one by one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.domain.identifiers import GuildId, RoleId, UserId
from bot.domain.job import Job, NewJob
from bot.domain.ticket import Ticket
from bot.services.context import Context
from bot.services.ticket_access import TicketAccess
from storage import jobs, open_tickets

LEAVE = "agents.leave"
# Two calls for each of these at most, in one run.
PORTION = 20


def leave(
    guild_id: GuildId,
    user_id: UserId,
    occasion: str,
    *,
    after: open_tickets.Cursor = open_tickets.START,
) -> NewJob:
    """Have somebody taken out of the next portion of threads; each occasion counts once."""
    payload = {"guild_id": guild_id, "user_id": user_id, "occasion": occasion, "after": list(after)}
    key = f"{LEAVE}:{guild_id}:{user_id}:{occasion}:{after[0]}-{after[1]}"
    return NewJob(LEAVE, key, payload)


@dataclass(frozen=True, slots=True)
class Portion:
    """Tickets in threads that somebody does not answer; `last` is None where no more follow."""

    tickets: Sequence[Ticket]
    last: open_tickets.Cursor | None


class DepartureService:
    """Which threads they leave. Their own tickets, and those that they were added to, stay."""

    def __init__(self, context: Context, access: TicketAccess) -> None:
        """`access` says which roles answer a ticket."""
        self._context = context
        self._access = access

    async def portion(self, job: Job, held: Collection[RoleId]) -> Portion:
        """By the roles that they hold now: who has got the role back stays."""
        guild_id, user_id = GuildId(int(job.payload["guild_id"])), UserId(job.payload["user_id"])
        opener_id, number = job.payload["after"]
        async with self._context.database.read() as connection:
            found = await open_tickets.threads_of_others(
                connection, guild_id, user_id, after=(opener_id, number), most=PORTION
            )
        hidden = [each for each in found if (await self._access.team_roles(each)).isdisjoint(held)]
        return Portion(hidden, open_tickets.cursor_of(found[-1]) if len(found) == PORTION else None)

    async def go_on(self, job: Job, last: open_tickets.Cursor) -> None:
        """The next portion."""
        guild_id, user_id = GuildId(int(job.payload["guild_id"])), UserId(job.payload["user_id"])
        following = leave(guild_id, user_id, str(job.payload["occasion"]), after=last)
        async with self._context.database.write() as connection:
            await jobs.add(connection, [following], now=self._context.clock())
