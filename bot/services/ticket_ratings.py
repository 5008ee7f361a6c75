"""What members think of the help they got: asked once, and only where a person has helped."""

from datetime import datetime
from typing import Any

from bot.domain.errors import NoSuchThing, NotYours, RatingOver
from bot.domain.identifiers import TicketId, UserId
from bot.domain.job import NewJob
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.ticket import Ticket
from bot.domain.ticket_ends import BEST, WORST, may_rate
from bot.domain.ticket_work import Act, TicketEvent
from bot.services.context import Context
from storage import jobs, ticket_events, ticket_work, tickets

TELL = "ticket.tell_rating"


class TicketRatings:
    """The ratings of all tickets."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def rate(self, user_id: UserId, ticket_id: TicketId, rating: int) -> Ticket:
        """From 1 to 5; another click within a day changes it. Raises NotYours or RatingOver."""
        if not WORST <= rating <= BEST:
            raise NoSuchThing("rating")
        return await self._store(user_id, ticket_id, rating=rating)

    async def may_comment(self, user_id: UserId, ticket_id: TicketId) -> None:
        """Raise NotYours or RatingOver before anything is typed."""
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, ticket_id)
        _require(ticket, user_id, now=self._context.clock())

    async def comment(self, user_id: UserId, ticket_id: TicketId, comment: str) -> Ticket:
        """What the member adds in their own words, without secrets."""
        said = remove_secrets(comment)[0].strip() or None
        return await self._store(user_id, ticket_id, rating_comment=said)

    async def _store(self, user_id: UserId, ticket_id: TicketId, **values: Any) -> Ticket:
        now = self._context.clock()
        async with self._context.database.write() as connection:
            before = _require(await ticket_work.hold(connection, ticket_id), user_id, now=now)
            if all(getattr(before, name) == value for name, value in values.items()):
                return before
            rated_at = before.rated_at or now
            rated = await tickets.advance(
                connection,
                ticket_id,
                expected=(before.state,),
                to=before.state,
                rated_at=rated_at,
                **values,
            )
            if rated is None:
                raise NoSuchThing("ticket")
            # Numbers alone: the comment is in the ticket, where erasing finds it.
            details = {"rating": rated.rating}
            event = await ticket_events.add(
                connection, TicketEvent(ticket_id, Act.RATED, user_id, details, now)
            )
            told = NewJob(TELL, f"{TELL}:{ticket_id}:{event}", {"ticket_id": ticket_id})
            await jobs.add(connection, [told], now=now)
        return rated


def _require(ticket: Ticket | None, user_id: UserId, *, now: datetime) -> Ticket:
    if ticket is None:
        raise NoSuchThing("ticket")
    if ticket.opener_id != user_id:
        raise NotYours
    if not may_rate(ticket, now=now):
        raise RatingOver
    return ticket
