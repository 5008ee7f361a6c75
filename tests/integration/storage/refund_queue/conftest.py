"""Mia has paid for Pro once, and has an open ticket."""

import pytest

from bot.domain.ticket import TicketState
from bot.services.context import Context
from storage import payments, subscriptions, tickets
from tests.integration.storage.refund_queue.desk import CHANNEL, TICKET, Desk
from tests.integration.storage.samples import (
    GUILD,
    MIA,
    NOW,
    PAYMENT,
    SUBSCRIPTION,
    add_customer,
)


@pytest.fixture
async def desk(context: Context) -> Desk:
    """Mia has paid for Pro once, and has an open ticket."""
    await add_customer(context.database)
    async with context.database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
        await payments.save(connection, PAYMENT, asked_at=NOW)
        await tickets.reserve(
            connection,
            TICKET,
            number=1,
            guild_id=GUILD,
            opener_id=MIA,
            topic_id="billing",
            answers={},
            attempt_id=None,
            now=NOW,
        )
        await tickets.set_channel(connection, TICKET, CHANNEL)
        await tickets.advance(
            connection, TICKET, expected=(TicketState.OPENING,), to=TicketState.OPEN
        )
    return Desk(context)
