"""What the team sees of a customer beside the ticket: read at once from the store."""

from dataclasses import dataclass

from bot.domain.account import Account
from bot.domain.cancellation import CancelAttempt
from bot.domain.identifiers import GuildId, TicketId, UserId
from bot.domain.refund import Payment, Refund
from bot.domain.ticket import Ticket
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.ticket_work import TicketWorkService
from storage import accounts, cancel_attempts, payments, refunds, ticket_work

MOST_PAYMENTS = 5
MOST_TICKETS = 5
MOST_REFUNDS = 5


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """`account` None: nothing is linked. `attempt` is a cancellation that goes on right now."""

    user_id: UserId
    account: Account | None
    payments: tuple[Payment, ...]
    refunds: tuple[Refund, ...]
    attempt: CancelAttempt | None
    tickets: tuple[Ticket, ...]
    ticket_count: int


class CustomerService:
    """For the team alone: nothing of it is ever posted where the member reads."""

    def __init__(
        self, context: Context, guild_service: GuildService, work: TicketWorkService
    ) -> None:
        """`work` says who is of a ticket's team, `guild_service` who is of a server's."""
        self._context = context
        self._guilds = guild_service
        self._work = work

    async def of_ticket(self, actor: Actor, ticket_id: TicketId) -> CustomerFile:
        """The customer behind a ticket, for those who answer it."""
        ticket = (await self._work.look(actor, ticket_id)).ticket
        return await self.read(ticket.guild_id, ticket.opener_id)

    async def of_member(self, actor: Actor, user_id: UserId) -> CustomerFile:
        """Any customer, for the server's support and moderators."""
        await self._guilds.require(actor, Duty.SUPPORT, Duty.MODERATOR)
        return await self.read(actor.guild_id, user_id)

    async def read(self, guild_id: GuildId, user_id: UserId) -> CustomerFile:
        """Without asking who wants to know: for the notes, which only the team sees."""
        now = self._context.clock()
        async with self._context.database.read() as connection:
            account = await accounts.of_user(connection, user_id, now=now)
            newest, count = await ticket_work.of_member(
                connection, guild_id, user_id, limit=MOST_TICKETS
            )
            paid: list[Payment] = []
            given_back: list[Refund] = []
            attempt = None
            if account is not None:
                paid = await payments.of_customer(connection, account.customer_id)
                given_back = await refunds.earlier(
                    connection, account.customer_id, limit=MOST_REFUNDS
                )
                if account.subscription is not None:
                    attempt = await cancel_attempts.unfinished(connection, account.subscription.id)
        return CustomerFile(
            user_id=user_id,
            account=account,
            payments=tuple(paid[:MOST_PAYMENTS]),
            refunds=tuple(given_back),
            attempt=attempt,
            tickets=tuple(newest),
            ticket_count=count,
        )
