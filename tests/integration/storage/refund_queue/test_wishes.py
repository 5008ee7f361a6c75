"""What a member has asked for ends with its ticket or goes on with it, on both databases (S14)."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa

from bot.domain.errors import NoSuchThing, NotPermitted, NotRefundable, RefundOver, TicketOver
from bot.domain.identifiers import RefundId, TicketId
from bot.domain.money import Money
from bot.domain.refund import Ground, RefundMode, RefundState
from bot.domain.refund_decision import DecisionKind
from bot.domain.ticket import TicketState
from bot.services.refund_wishes import go_along
from bot.services.tickets import close_within
from storage import payments, refund_wishes, refunds, tickets
from storage.schema import audit_log, jobs
from tests.integration.storage.refund_queue.desk import (
    BY_MAX,
    BY_MIA,
    BY_SAM,
    SAM,
    SCREEN,
    TICKET,
    Desk,
    actor,
)
from tests.integration.storage.samples import GUILD, MIA, NOW, PAYMENT, Clock, payment

OTHER = TicketId("OTHER")


async def close(desk: Desk, ticket_id: TicketId = TICKET) -> None:
    async with desk.context.database.write() as connection:
        await close_within(connection, ticket_id, by=SAM, reason=None, now=desk.context.clock())


async def open_other(desk: Desk, *, number: int = 2) -> None:
    """Mia's second ticket."""
    async with desk.context.database.write() as connection:
        await tickets.reserve(
            connection,
            OTHER,
            number=number,
            guild_id=GUILD,
            opener_id=MIA,
            topic_id="help",
            answers={},
            attempt_id=None,
            now=NOW,
        )
        await tickets.advance(
            connection, OTHER, expected=(TicketState.OPENING,), to=TicketState.OPEN
        )


async def told(desk: Desk) -> dict[str, list[str]]:
    """The jobs by kind, with what their keys say."""
    async with desk.context.database.read() as connection:
        rows = (await connection.execute(sa.select(jobs.c.kind, jobs.c.key))).all()
    found: dict[str, list[str]] = {}
    for kind, key in sorted(rows):
        found.setdefault(kind, []).append(key)
    return found


async def audited(desk: Desk) -> list[str]:
    async with desk.context.database.read() as connection:
        named = sa.select(audit_log.c.action).order_by(audit_log.c.id)
        return list(await connection.scalars(named))


async def test_it_ends_when_its_ticket_is_closed_and_can_be_asked_for_again(desk: Desk) -> None:
    wished = await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="it broke")
    refund_id = wished.refund.id

    await close(desk)

    over = (await desk.direct.find(refund_id)).refund
    assert (over.state, over.finished_at) == (RefundState.LAPSED, desk.context.clock())
    found = await told(desk)
    assert found["refund.tell_member"] == [f"refund-dm:{refund_id}:lapsed"]
    assert found["refund.mail_receipt"] == [f"refund-mail:{refund_id}:lapsed"]
    assert (await audited(desk))[-2:] == ["refund.lapsed", "ticket.closed"]
    for late in (
        desk.requests.submit(BY_SAM, refund_id, note=""),
        desk.requests.decline(BY_SAM, refund_id, reason="no"),
        desk.direct.set_ground(BY_SAM, refund_id, Ground.OUR_ERROR),
    ):
        with pytest.raises(RefundOver) as error:
            await late
        assert error.value.state == "lapsed"
    await open_other(desk)
    again = await desk.requests.wish(BY_MIA, OTHER, PAYMENT.id, why="it broke")
    assert again.refund.id != refund_id


async def test_what_support_drafts_by_itself_promises_nothing(desk: Desk) -> None:
    drafted = await desk.requests.draft(BY_SAM, TICKET, PAYMENT.id)

    await close(desk)

    assert await desk.state(drafted.refund.id) is RefundState.DRAFT
    assert "refund.tell_member" not in await told(desk)


async def test_what_the_moderators_have_is_theirs_to_decide(desk: Desk) -> None:
    refund_id = (await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")).refund.id
    await desk.direct.set_ground(BY_SAM, refund_id, Ground.OUR_ERROR)
    await desk.requests.submit(BY_SAM, refund_id, note="")

    await close(desk)

    assert await desk.state(refund_id) is RefundState.SUBMITTED


async def test_whoever_has_had_an_answer_is_not_told_that_there_was_none(desk: Desk) -> None:
    refund_id = (await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")).refund.id
    other = await desk.waiting()
    await desk.queue.deny(BY_MAX, other, reason="no")

    await close(desk)

    assert await desk.state(refund_id) is RefundState.LAPSED
    assert (await told(desk))["refund.tell_member"] == [f"refund-dm:{other}:denied"]


async def test_an_answer_from_before_the_wish_is_none_to_it(desk: Desk, clock: Clock) -> None:
    await desk.queue.deny(BY_MAX, await desk.waiting(), reason="no")
    clock.advance(days=1)
    refund_id = (await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")).refund.id

    await close(desk)

    assert f"refund-dm:{refund_id}:lapsed" in (await told(desk))["refund.tell_member"]


async def test_no_wish_gets_into_a_ticket_that_closes_at_the_same_moment(desk: Desk) -> None:
    """The click was looked at while the ticket was open."""
    looked = asyncio.Event()
    real = desk.context.clock

    def clock() -> datetime:
        looked.set()
        return real()

    slow = Desk(replace(desk.context, clock=clock))
    async with desk.context.database.write() as connection:
        await close_within(connection, TICKET, by=SAM, reason=None, now=real())
        click = asyncio.create_task(slow.requests.wish(BY_MIA, TICKET, PAYMENT.id, why=""))
        await looked.wait()

    with pytest.raises(TicketOver):
        await click
    async with desk.context.database.read() as connection:
        assert await refunds.of_payment(connection, PAYMENT.id) == []


async def test_it_goes_along_when_its_ticket_is_merged(desk: Desk) -> None:
    refund_id = (await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")).refund.id
    await open_other(desk)
    async with desk.context.database.write() as connection:
        source = await tickets.find(connection, TICKET)
        assert source is not None
        await go_along(connection, source, OTHER, now=NOW)
        await close_within(connection, TICKET, by=SAM, reason=None, now=NOW)

    moved = (await desk.direct.find(refund_id)).refund
    assert (moved.state, moved.ticket_id) == (RefundState.DRAFT, OTHER)
    found = await told(desk)
    assert found["refund.tell_wish"] == [
        f"refund-wish:{refund_id}:{each}" for each in (OTHER, TICKET)
    ]
    assert "refund.tell_member" not in found
    with pytest.raises(NotRefundable) as twice:
        await desk.requests.wish(BY_MIA, OTHER, PAYMENT.id, why="")
    assert twice.value.why == "asked"
    await close(desk, OTHER)
    assert await desk.state(refund_id) is RefundState.LAPSED


async def test_support_declines_it_with_a_reason(desk: Desk) -> None:
    """Also what the policy lets nobody submit; but nobody declines for the moderators."""
    refund_id = (await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")).refund.id
    own = await desk.requests.draft(BY_SAM, TICKET, PAYMENT.id)
    with pytest.raises(NotPermitted):
        await desk.requests.decline(BY_MIA, refund_id, reason="no")
    with pytest.raises(NotPermitted):
        await desk.requests.decline(actor(SAM), refund_id, reason="no")
    with pytest.raises(NoSuchThing):
        await desk.requests.decline(BY_SAM, own.refund.id, reason="no")

    closed_desk = Desk(desk.context, mode=RefundMode.NONE)
    case = await closed_desk.requests.decline(
        BY_SAM, refund_id, reason="Card 4242 4242 4242 4242 or not: no"
    )

    assert case.refund.state is RefundState.DENIED
    [decision] = case.decisions
    assert (decision.actor_id, decision.kind) == (SAM, DecisionKind.DENIED)
    assert "4242" not in str(decision.note)  # S21
    found = await told(desk)
    assert found["refund.tell_member"] == [f"refund-dm:{refund_id}:denied"]
    assert found["refund.tell_ticket"] == [f"refund-ticket:{refund_id}:denied"]
    assert "refund.card" not in found
    waiting = await desk.waiting()
    with pytest.raises(RefundOver):
        await desk.requests.decline(BY_SAM, waiting, reason="no")


async def settle(desk: Desk, refunded: int) -> None:
    """The provider has given back that much of it."""
    async with desk.context.database.write() as connection:
        given_back = payment(refunded=Money(refunded, "usd"))
        await payments.save(connection, given_back, asked_at=desk.context.clock())


async def has_wish(desk: Desk) -> bool:
    async with desk.context.database.read() as connection:
        return await refund_wishes.has_wish(connection, TICKET)


@pytest.mark.parametrize(("refunded", "why"), [(500, "in_progress"), (2000, "refunded")])
async def test_what_was_given_back_in_the_dashboard_is_settled(
    desk: Desk, refunded: int, why: str
) -> None:
    """Nobody is told that no money was moved, or that it will not be."""
    refund_id = (await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")).refund.id
    assert await has_wish(desk)
    await settle(desk, refunded)

    assert not await has_wish(desk)
    with pytest.raises(NotRefundable) as refused:
        await desk.requests.decline(BY_SAM, refund_id, reason="no")
    assert refused.value.why == why
    await close(desk)

    assert await desk.state(refund_id) is RefundState.LAPSED
    assert "refund.tell_member" not in await told(desk)


async def test_what_a_moderator_refunds_is_not_declined_any_more(desk: Desk) -> None:
    refund_id = (await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")).refund.id
    drafted = await desk.direct.draft(BY_MAX, MIA, PAYMENT.id)
    await desk.direct.set_ground(BY_MAX, drafted.refund.id, Ground.OUR_ERROR)
    assert await has_wish(desk)
    await desk.direct.confirm(BY_MAX, drafted.refund.id, screen=SCREEN)

    assert not await has_wish(desk)
    with pytest.raises(NotRefundable) as refused:
        await desk.requests.decline(BY_SAM, refund_id, reason="no")
    assert refused.value.why == "in_progress"
    await finish(desk, drafted.refund.id, RefundState.DONE)
    await settle(desk, 2000)
    assert not await has_wish(desk)
    with pytest.raises(NotRefundable):
        await desk.requests.require_declining(BY_SAM, refund_id)
    await close(desk)
    assert "refund.tell_member" not in await told(desk)


async def finish(desk: Desk, refund_id: RefundId, state: RefundState) -> None:
    """The provider has answered."""
    async with desk.context.database.write() as connection:
        await refunds.advance(
            connection,
            refund_id,
            expected=(RefundState.REQUESTED,),
            to=state,
            finished_at=desk.context.clock(),
        )


async def test_a_refund_that_failed_answers_whoever_asked_for_it_alone(desk: Desk) -> None:
    """A moderator's own attempt is told to nobody: the wish is not answered by it."""
    refund_id = (await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")).refund.id
    drafted = await desk.direct.draft(BY_MAX, MIA, PAYMENT.id)
    await desk.direct.set_ground(BY_MAX, drafted.refund.id, Ground.OUR_ERROR)
    await desk.direct.confirm(BY_MAX, drafted.refund.id, screen=SCREEN)
    await finish(desk, drafted.refund.id, RefundState.FAILED)

    assert await has_wish(desk)
    await desk.requests.require_declining(BY_SAM, refund_id)
    await close(desk)

    assert (await told(desk))["refund.tell_member"] == [f"refund-dm:{refund_id}:lapsed"]


async def test_a_wish_is_declined_once(desk: Desk, clock: Clock) -> None:
    """The moderators have said no to support's request; the member knows, and may ask again."""
    refund_id = (await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="")).refund.id
    await desk.queue.deny(BY_MAX, await desk.waiting(), reason="no")

    assert not await has_wish(desk)
    with pytest.raises(RefundOver) as refused:
        await desk.requests.decline(BY_SAM, refund_id, reason="no")
    assert refused.value.state == "denied"
    clock.advance(minutes=1)
    again = await desk.requests.wish(BY_MIA, TICKET, PAYMENT.id, why="and yet")
    assert again.refund.state is RefundState.DRAFT
    assert await has_wish(desk)


async def test_what_the_moderators_have_stays_with_the_ticket_that_is_merged(desk: Desk) -> None:
    """Whoever was added to the other one does not read what becomes of it."""
    refund_id = await desk.waiting()
    await open_other(desk)
    async with desk.context.database.write() as connection:
        source = await tickets.find(connection, TICKET)
        assert source is not None
        await go_along(connection, source, OTHER, now=NOW)
        await close_within(connection, TICKET, by=SAM, reason=None, now=NOW, merged_into=OTHER)

    await desk.queue.deny(BY_MAX, refund_id, reason="no")

    file = await desk.queue.file(refund_id)
    assert (file.case.refund.ticket_id, file.ticket_channel_id) == (TICKET, None)
    found = await told(desk)
    assert found["refund.tell_member"] == [f"refund-dm:{refund_id}:denied"]
    assert "refund.tell_wish" not in found
