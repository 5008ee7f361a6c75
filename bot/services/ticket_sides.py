"""For whom somebody speaks in a ticket: the member, the team, or neither.

Somebody who was let into the channel by hand, or an administrator who looks in, answers nobody:
if their words counted, silence could close a ticket whose member waits (ADR 26).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.identifiers import MessageId, TicketId, UserId
from bot.domain.ticket import Ticket
from bot.domain.ticket_record import TicketMessage
from bot.domain.ticket_work import Act, TicketEvent
from bot.domain.turns import Side
from bot.services.context import Context
from bot.services.membership import Membership
from bot.services.ticket_access import TicketAccess
from storage import ticket_events, ticket_sides, tickets


class TicketSides:
    """Decided once for each message, when it is captured."""

    def __init__(self, context: Context, access: TicketAccess, membership: Membership) -> None:
        """`membership` tells the roles of whoever is not known."""
        self._context = context
        self._access = access
        self._membership = membership

    async def told(self, messages: Sequence[TicketMessage]) -> list[TicketMessage]:
        """The messages with their sides; raises RolesUnknownError where Discord has to be asked
        and does not answer."""
        counting: defaultdict[TicketId, list[TicketMessage]] = defaultdict(list)
        for each in messages:
            if each.is_word and not each.internal and not each.from_bot:
                counting[each.ticket_id].append(each)
        if not counting:
            return list(messages)
        async with self._context.database.read() as connection:
            found = await tickets.find_many(connection, list(counting))
        sides: dict[MessageId, Side | None] = {}
        for ticket in found:
            for as_it_was, said in await self._by_topic(ticket, counting[ticket.id]):
                own = await self._of_ticket(as_it_was, said)
                sides |= {each.message_id: own.get(each.author_id) for each in said}
        return [
            replace(each, side=sides[each.message_id]) if each.message_id in sides else each
            for each in messages
        ]

    async def _by_topic(
        self, ticket: Ticket, said: Sequence[TicketMessage]
    ) -> list[tuple[Ticket, list[TicketMessage]]]:
        """The messages with the ticket as it was when they were sent: another team answered it.

        What was just heard belongs to the topic of now, and nothing is asked for it.
        """
        moves: list[TicketEvent] = []
        if any(each.author_roles is None for each in said):
            async with self._context.database.read() as connection:
                events = await ticket_events.of_ticket(connection, ticket.id)
            moves = [each for each in events if each.act is Act.MOVED]
        by_topic: defaultdict[str, list[TicketMessage]] = defaultdict(list)
        for each in said:
            before = (str(move.details["from"]) for move in moves if each.sent_at < move.at)
            by_topic[next(before, ticket.topic_id)].append(each)
        return [(replace(ticket, topic_id=topic), own) for topic, own in by_topic.items()]

    async def _of_ticket(self, ticket: Ticket, said: Sequence[TicketMessage]) -> dict[UserId, Side]:
        members = await self._access.members_side(ticket)
        sides = {each.author_id: Side.MEMBER for each in said if each.author_id in members}
        others = {each.author_id: each.author_roles for each in said if each.author_id not in sides}
        if not others:
            return sides
        team_roles = await self._access.team_roles(ticket)
        fetched = [user_id for user_id, roles in others.items() if roles is None]
        known = {ticket.assignee_id}
        if fetched:
            async with self._context.database.read() as connection:
                known |= await ticket_sides.known_team(
                    connection, ticket.guild_id, ticket.id, fetched, team_roles=team_roles
                )
        for user_id, told in others.items():
            roles = told
            if roles is None and user_id not in known:
                roles = await self._membership.roles(ticket.guild_id, user_id)
            if user_id in known or not team_roles.isdisjoint(roles or ()):
                sides[user_id] = Side.TEAM
        return sides
