"""The queue up to the provider's door, on both databases: who may say yes, and that one does."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.errors import (
    ApprovedBefore,
    ConsequenceChanged,
    NoSuchThing,
    NotInTicket,
    NotPermitted,
    NotRefundable,
    OwnAccount,
    OwnRequest,
    RefundCapReached,
    RefundOver,
)
from bot.domain.identifiers import (
    ChannelId,
    CustomerId,
    PaymentId,
)
from bot.domain.money import Money
from bot.domain.refund import Ground, RefundState
from bot.services.guilds import Actor
from storage import audit, customers, payments, refunds
from storage.database import Database
from tests.integration.storage.refund_queue.desk import (
    ADA,
    BY_ADA,
    BY_MAX,
    BY_MIA,
    BY_SAM,
    CHANNEL,
    MODERATOR,
    SAM,
    SCREEN,
    SUPPORT,
    Desk,
    actor,
)
from tests.integration.storage.samples import (
    MAX,
    MIA,
    NOW,
    PAYMENT,
    Clock,
    payment,
    service_context,
)


async def test_who_may_not(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        await desk.requests.ticket_in(BY_MIA, CHANNEL)
    with pytest.raises(NotInTicket):
        await desk.requests.ticket_in(BY_SAM, ChannelId(1))
    with pytest.raises(OwnAccount):
        await desk.requests.ticket_in(actor(MIA, SUPPORT), CHANNEL)
    refund_id = await desk.waiting()
    for decide in (
        desk.approve(BY_SAM, refund_id),
        desk.queue.deny(BY_MIA, refund_id, reason="no"),
        desk.queue.waiting(BY_SAM),
        desk.queue.history(BY_SAM, MIA),
    ):
        with pytest.raises(NotPermitted):
            await decide
    with pytest.raises(OwnRequest):
        await desk.approve(actor(SAM, MODERATOR), refund_id)
    with pytest.raises(OwnAccount):
        await desk.approve(actor(MIA, MODERATOR), refund_id)
    assert await desk.state(refund_id) is RefundState.SUBMITTED


async def test_an_account_of_ones_own_is_known_by_its_address_and_its_past(desk: Desk) -> None:
    """Ada pays elsewhere with the same address, and Max had Mia's account before her."""
    async with desk.context.database.write() as connection:
        await customers.save(
            connection, CustomerId("cus_ada"), provider=PAYMENT.provider, email="Mia@Example.com"
        )
        await customers.link(connection, CustomerId("cus_ada"), ADA, now=NOW)
        await audit.append(
            connection,
            actor_id=MAX,
            action="account.linked",
            subject=PAYMENT.customer_id,
            details={},
            now=NOW,
        )
    refund_id = await desk.waiting()
    for moderator in (BY_ADA, BY_MAX):
        with pytest.raises(OwnAccount):
            await desk.approve(moderator, refund_id)
        with pytest.raises(OwnAccount):
            await desk.direct.draft(moderator, MIA, PAYMENT.id)


async def test_two_people_above_the_limit_and_a_changed_amount_begins_anew(desk: Desk) -> None:
    desk = Desk(desk.context, two_person_above={"usd": 1000})
    refund_id = await desk.waiting()
    first = await desk.approve(BY_MAX, refund_id)
    assert (first.refund.state, first.needs_two) == (RefundState.SUBMITTED, True)
    with pytest.raises(ApprovedBefore):
        await desk.approve(BY_MAX, refund_id)
    await desk.queue.set_amount(BY_MAX, refund_id, Money(1500, "usd"))
    again = await desk.approve(BY_ADA, refund_id)
    assert again.refund.state is RefundState.SUBMITTED

    done = await desk.approve(BY_MAX, refund_id)

    assert (done.refund.state, done.refund.amount) == (RefundState.REQUESTED, Money(1500, "usd"))


async def test_a_yes_is_to_the_card_that_was_looked_at(desk: Desk) -> None:
    """Max has a card for a part before him, and Ada makes it everything: that he has not seen."""
    refund_id = await desk.waiting()
    await desk.queue.set_amount(BY_ADA, refund_id, Money(500, "usd"))
    seen = (await desk.queue.file(refund_id)).case.refund.fingerprint
    await desk.queue.set_amount(BY_ADA, refund_id, PAYMENT.amount)

    with pytest.raises(ConsequenceChanged) as changed:
        await desk.queue.approve(BY_MAX, refund_id, agreed=seen, screen=SCREEN)

    assert changed.value.in_queue
    assert await desk.state(refund_id) is RefundState.SUBMITTED
    granted = await desk.approve(BY_MAX, refund_id)
    assert granted.refund.amount == PAYMENT.amount


async def test_the_desks_own_draft_waits_for_the_second_and_keeps_others_out(desk: Desk) -> None:
    desk = Desk(desk.context, two_person_above={"usd": 1000})
    drafted = await desk.direct.draft(BY_MAX, MIA, PAYMENT.id)
    other = await desk.direct.draft(BY_ADA, MIA, PAYMENT.id)
    await desk.direct.set_ground(BY_MAX, drafted.refund.id, Ground.OUR_ERROR)
    await desk.direct.set_ground(BY_ADA, other.refund.id, Ground.OUR_ERROR)
    waits = await desk.direct.confirm(BY_MAX, drafted.refund.id, screen=SCREEN)
    assert waits.refund.state is RefundState.SUBMITTED
    with pytest.raises(NotRefundable) as kept_out:
        await desk.direct.confirm(BY_ADA, other.refund.id, screen=SCREEN)
    assert kept_out.value.why == "waiting"
    with pytest.raises(NoSuchThing):  # nobody asked for it, so that there is nobody to ask
        await desk.queue.ask_back(BY_ADA, drafted.refund.id, question="?")

    granted = await desk.approve(BY_ADA, drafted.refund.id)

    assert (granted.refund.state, granted.refund.moderator_id) == (RefundState.REQUESTED, ADA)


async def test_the_cap_counts_what_was_granted_in_the_last_day(desk: Desk, clock: Clock) -> None:
    """What the provider refused counts no more, and neither does yesterday's."""
    desk = Desk(desk.context, daily_cap={"usd": 3000})
    second = payment(id=PaymentId("pi_second"), invoice_id=None)
    third = payment(id=PaymentId("pi_third"), invoice_id=None, amount=Money(1000, "usd"))
    async with desk.context.database.write() as connection:
        await payments.save(connection, second, asked_at=NOW)
        await payments.save(connection, third, asked_at=NOW)

    async def grant(by: Actor, payment_id: PaymentId) -> RefundState:
        drafted = await desk.direct.draft(by, MIA, payment_id)
        await desk.direct.set_ground(by, drafted.refund.id, Ground.OUR_ERROR)
        confirmed = await desk.direct.confirm(by, drafted.refund.id, screen=SCREEN)
        return confirmed.refund.state

    assert await grant(BY_MAX, PAYMENT.id) is RefundState.REQUESTED
    with pytest.raises(RefundCapReached) as reached:
        await grant(BY_MAX, second.id)
    assert (reached.value.cap, reached.value.left) == (Money(3000, "usd"), Money(1000, "usd"))
    assert await grant(BY_MAX, third.id) is RefundState.REQUESTED
    clock.advance(hours=24, seconds=1)
    assert await grant(BY_MAX, second.id) is RefundState.REQUESTED


async def test_a_no_leaves_the_payment_open_for_another_look(desk: Desk) -> None:
    refund_id = await desk.waiting()
    denied = await desk.queue.deny(BY_MAX, refund_id, reason="It worked")
    assert (denied.refund.state, denied.refund.finished_at) == (RefundState.DENIED, NOW)
    [earlier] = await desk.queue.history(BY_MAX, MIA)
    assert earlier.id == refund_id
    assert await desk.state(await desk.waiting()) is RefundState.SUBMITTED


async def test_of_two_processes_one_decides(desk: Desk, database_url: str, clock: Clock) -> None:
    """A yes and a no at once, and two yeses of one moderator under a cap for one of them."""
    other = Database(database_url)
    refund_id = await desk.waiting()
    async with service_context(other, clock) as far_context:
        far = Desk(replace(far_context, new_id=iter(f"FAR{n}" for n in range(99)).__next__))
        outcomes = await asyncio.gather(
            desk.approve(BY_MAX, refund_id),
            far.queue.deny(BY_ADA, refund_id, reason="no"),
            return_exceptions=True,
        )
    await other.close()

    assert sum(isinstance(each, RefundOver) for each in outcomes) == 1
    assert await desk.state(refund_id) in (RefundState.REQUESTED, RefundState.DENIED)
    async with desk.context.database.read() as connection:
        said = [each.kind for each in await refunds.decisions_of(connection, refund_id)]
    assert len(said) == 2
