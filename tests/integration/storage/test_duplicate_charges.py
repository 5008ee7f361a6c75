"""What a refund of one of two payments for the same period ends, once the bank has spoken (S30)."""

from dataclasses import replace

import pytest

from bot.domain.dispute import DisputeStatus
from bot.domain.identifiers import PaymentId
from bot.domain.refund import Consequence
from bot.services.context import Context
from bot.services.refund_consequences import consequence_of
from bot.services.self_help import SelfHelpService
from bot.services.subscriptions import SubscriptionService
from storage import disputes, payments, subscriptions
from storage.database import Database
from tests.integration.storage.samples import MIA, NOW, PAYMENT, SUBSCRIPTION, add_customer
from tests.unit.test_dispute_effects import DISPUTE

AGAIN = replace(PAYMENT, id=PaymentId("pi_again"))


@pytest.mark.parametrize(
    ("status", "consequence", "duplicates"),
    [
        (DisputeStatus.WON, Consequence.DUPLICATE_ENDS_NOTHING, 1),
        (DisputeStatus.DROPPED, Consequence.DUPLICATE_ENDS_NOTHING, 1),
        (DisputeStatus.NEEDS_ANSWER, Consequence.ENDS_SUBSCRIPTION, 0),
        (DisputeStatus.LOST, Consequence.ENDS_SUBSCRIPTION, 0),
    ],
)
async def test_s30_a_payment_that_the_bank_left_to_the_vendor_still_pays_for_the_plan(
    database: Database,
    context: Context,
    status: DisputeStatus,
    consequence: Consequence,
    duplicates: int,
) -> None:
    await add_customer(database)
    async with database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
        await payments.save(connection, replace(PAYMENT, disputed=True), asked_at=NOW)
        await payments.save(connection, AGAIN, asked_at=NOW)
        await disputes.save(connection, replace(DISPUTE, status=status), asked_at=NOW)

    async with database.read() as connection:
        assert await consequence_of(connection, context, AGAIN, AGAIN.amount) is consequence
    found = await SelfHelpService(context, SubscriptionService(context)).look(MIA)
    assert len(found.duplicates) == duplicates
