"""The team's services, and tickets to work on."""

from collections.abc import AsyncIterator

import pytest

from bot.domain.identifiers import AttemptId, ChannelId, MessageId, UserId
from bot.domain.ticket import Ticket, TicketState
from bot.services.close_requests import CloseRequestService
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.screens import Screen
from bot.services.ticket_work import TicketWorkService
from bot.services.tickets import TicketService
from storage import tickets
from tests.integration.storage.samples import GUILD, MIA
from tests.integration.storage.ticket_work.team import SETTINGS, Open, work_over


@pytest.fixture
def work(context: Context) -> TicketWorkService:
    return work_over(context)


@pytest.fixture
def asking(context: Context, work: TicketWorkService) -> CloseRequestService:
    return CloseRequestService(context, work)


@pytest.fixture
async def opened(context: Context) -> AsyncIterator[Open]:
    service = TicketService(context, GuildService(context, SETTINGS))

    async def one(
        opener: UserId = MIA, topic: str = "billing", attempt: AttemptId | None = None
    ) -> Ticket:
        ticket = await service.open(
            guild_id=GUILD,
            opener_id=opener,
            topic_id=topic,
            answers={},
            screen=Screen(1, "token"),
            attempt_id=attempt,
        )
        async with context.database.write() as connection:
            await tickets.advance(
                connection,
                ticket.id,
                expected=(TicketState.OPENING,),
                to=TicketState.OPEN,
                channel_id=ChannelId(900 + ticket.number),
                welcome_id=MessageId(800 + ticket.number),
            )
        return await service.find(ticket.id)

    yield one
