"""What begins with a ticket, in the transaction that reserves it: whose turn, and who has it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import RoleId, TicketId, UserId
from bot.domain.ticket import Ticket
from bot.domain.ticket_work import Act, TicketEvent
from bot.services import ticket_turns
from bot.services.agents import assign
from bot.services.context import Context
from storage import ticket_events, tickets


async def begin(
    connection: AsyncConnection,
    context: Context,
    ticket_id: TicketId,
    *,
    role_id: RoleId | None,
    by: UserId | None = None,
) -> Ticket:
    """The ticket as it begins. `role_id` answers it; `by` is of the team, for the member."""
    if by is None:
        await ticket_turns.hand_to_team(connection, context, ticket_id)
    else:
        await ticket_turns.hand_to_member(connection, context, ticket_id)
        done = TicketEvent(ticket_id, Act.OPENED_FOR_MEMBER, by, {}, context.clock())
        await ticket_events.add(connection, done)
    ticket = await tickets.find(connection, ticket_id)
    if ticket is None:
        raise NoSuchThing("ticket")
    if by is not None:
        return ticket
    return await assign(connection, context, ticket, role_id=role_id)
