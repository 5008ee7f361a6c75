"""The queue up to the provider's door, on both databases: what is asked for, and its facts."""

from datetime import timedelta

import pytest

from bot.domain.errors import (
    ConsequenceChanged,
    GroundNotAllowed,
    NoSuchThing,
    NotPermitted,
    NotRefundable,
    NotYours,
    RefundCapReached,
    RefundOutsideWindow,
    RefundOver,
    RefundsSwitchedOff,
    TicketOver,
)
from bot.domain.identifiers import (
    PaymentId,
)
from bot.domain.money import Money
from bot.domain.refund import Consequence, Ground, RefundMode, RefundState
from bot.domain.refund_decision import DecisionKind
from bot.domain.subscription import Status
from bot.domain.ticket import TicketState
from storage import payments, subscriptions, tickets
from tests.integration.storage.refund_queue.desk import (
    BY_ADA,
    BY_MAX,
    BY_MIA,
    BY_SAM,
    CHANNEL,
    SAM,
    SCREEN,
    TICKET,
    Desk,
    actor,
)
from tests.integration.storage.samples import (
    MAX,
    MIA,
    NOOR,
    NOW,
    PAYMENT,
    Clock,
    payment,
    subscription,
)


async def test_s14_a_request_waits_and_a_moderator_grants_it(desk: Desk) -> None:
    ticket, choices = await desk.requests.ticket_in(BY_SAM, CHANNEL)
    assert (ticket.opener_id, list(choices)) == (MIA, [PAYMENT])
    refund_id = await desk.waiting()
    waiting = await desk.queue.waiting(BY_MAX)
    assert ([each.id for each in waiting.listed], waiting.total) == ([refund_id], 1)

    granted = await desk.approve(BY_MAX, refund_id)

    assert granted.refund.state is RefundState.REQUESTED
    assert (granted.refund.moderator_id, granted.refund.requester_id) == (MAX, SAM)
    assert [each.kind for each in granted.decisions] == [
        DecisionKind.SUBMITTED,
        DecisionKind.APPROVED,
    ]
    assert (await desk.queue.waiting(BY_MAX)).total == 0
    for late in (
        desk.approve(BY_ADA, refund_id),
        desk.queue.deny(BY_ADA, refund_id, reason="no"),
        desk.queue.ask_back(BY_ADA, refund_id, question="?"),
        desk.queue.set_amount(BY_ADA, refund_id, Money(1, "usd")),
        desk.requests.submit(BY_SAM, refund_id, note=""),
    ):
        with pytest.raises(RefundOver):
            await late


async def test_a_wish_counts_from_the_click_and_is_prepared_by_anybody_of_the_team(
    desk: Desk, clock: Clock
) -> None:
    wished = await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="it broke")
    assert (wished.refund.state, wished.refund.ground) == (RefundState.DRAFT, None)
    with pytest.raises(NotRefundable) as twice:
        await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="again")
    assert twice.value.why == "asked"
    with pytest.raises(NotYours):
        await desk.requests.wish(actor(NOOR), TICKET, PAYMENT.id, why="mine")
    with pytest.raises(NotPermitted):
        await desk.requests.take_up(BY_MIA, wished.refund.id)
    with pytest.raises(NoSuchThing):  # no way around the queue
        await desk.direct.confirm(BY_MAX, wished.refund.id, screen=SCREEN)

    clock.advance(days=40)
    strict = Desk(desk.context, window_days={Ground.OUR_ERROR: 20})
    await strict.direct.set_ground(BY_MAX, wished.refund.id, Ground.OUR_ERROR)
    await strict.requests.submit(BY_SAM, wished.refund.id, note="")
    granted = await strict.approve(BY_MAX, wished.refund.id)
    assert granted.refund.state is RefundState.REQUESTED


async def test_a_request_that_no_moderator_could_grant_is_refused_at_once(
    desk: Desk, clock: Clock
) -> None:
    drafted = await desk.requests.draft(BY_SAM, TICKET, PAYMENT.id)
    refund_id = drafted.refund.id
    with pytest.raises(NoSuchThing):
        await desk.requests.submit(BY_SAM, refund_id, note="")
    await desk.direct.set_ground(BY_SAM, refund_id, Ground.OUR_ERROR)
    narrow = Desk(desk.context, grounds=(Ground.SERVICE_FAILURE,))
    with pytest.raises(GroundNotAllowed):
        await narrow.direct.set_ground(BY_SAM, refund_id, Ground.OUR_ERROR)
    with pytest.raises(GroundNotAllowed):
        await narrow.requests.submit(BY_SAM, refund_id, note="")
    with pytest.raises(RefundCapReached):
        await Desk(desk.context, daily_cap={"usd": 1999}).requests.submit(
            BY_SAM, refund_id, note=""
        )
    with pytest.raises(RefundsSwitchedOff):
        await Desk(desk.context, mode=RefundMode.NONE).requests.submit(BY_SAM, refund_id, note="")
    clock.advance(days=40)
    with pytest.raises(RefundOutsideWindow):
        await Desk(desk.context, window_days={Ground.OUR_ERROR: 20}).requests.submit(
            BY_SAM, refund_id, note=""
        )


async def test_what_changed_meanwhile_is_mended_on_the_card_and_not_granted(desk: Desk) -> None:
    refund_id = await desk.waiting()
    async with desk.context.database.write() as connection:
        ended = subscription(status=Status.CANCELED, ended_at=NOW)
        await subscriptions.save(connection, ended, asked_at=NOW)
        less = payment(refunded=Money(500, "usd"))
        await payments.save(connection, less, asked_at=NOW)

    with pytest.raises(ConsequenceChanged) as changed:
        await desk.approve(BY_MAX, refund_id)

    assert changed.value.in_queue
    case = await desk.direct.find(refund_id)
    assert (case.refund.amount, case.refund.consequence) == (
        Money(1500, "usd"),
        Consequence.ALREADY_ENDED,
    )
    granted = await desk.approve(BY_MAX, refund_id)
    assert granted.refund.state is RefundState.REQUESTED


async def test_a_question_is_answered_by_whom_it_concerns_and_can_be_done_without(
    desk: Desk,
) -> None:
    refund_id = await desk.waiting()
    await desk.queue.ask_back(BY_MAX, refund_id, question="Card 4242 4242 4242 4242, or which?")
    with pytest.raises(NotPermitted):
        await desk.queue.answer(NOOR, None, refund_id, text="I know")
    with pytest.raises(NotPermitted):
        await desk.queue.answer(MIA, BY_MIA, refund_id, text="I know")
    answered = await desk.queue.answer(SAM, None, refund_id, text="Tuesday")
    assert answered.refund.state is RefundState.SUBMITTED
    assert [each.note for each in answered.decisions][-1] == "Tuesday"
    assert "4242" not in str([each.note for each in answered.decisions])  # S21
    await desk.queue.ask_back(BY_MAX, refund_id, question="Sure?")
    granted = await desk.approve(BY_ADA, refund_id)
    assert granted.refund.state is RefundState.REQUESTED


async def test_the_facts_of_the_case(desk: Desk) -> None:
    other = payment(id=PaymentId("pi_other"), paid_at=NOW - timedelta(days=9), period_start=None)
    async with desk.context.database.write() as connection:
        await payments.save(connection, other, asked_at=NOW)
    await desk.queue.deny(BY_MAX, await desk.waiting(), reason="no")

    file = await Desk(desk.context, window_days={Ground.OUR_ERROR: 90}).queue.file(
        await desk.waiting()
    )

    assert [each.id for each in file.charges] == [other.id]
    assert [each.state for each in file.earlier] == [RefundState.DENIED]
    assert (file.used, file.granted) == (0, 0)
    assert file.ticket_channel_id == CHANNEL
    assert file.window_end == PAYMENT.paid_at + timedelta(days=90)
    assert file.due_at is None


async def test_a_closed_ticket_takes_no_request(desk: Desk) -> None:
    async with desk.context.database.write() as connection:
        await tickets.advance(
            connection, TICKET, expected=(TicketState.OPEN,), to=TicketState.CLOSING
        )
    with pytest.raises(TicketOver):
        await desk.requests.ticket_in(BY_SAM, CHANNEL)
    with pytest.raises(TicketOver):
        await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")
    with pytest.raises(TicketOver):
        await desk.requests.draft(BY_SAM, TICKET, PAYMENT.id)
