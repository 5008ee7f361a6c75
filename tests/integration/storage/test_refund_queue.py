"""The queue up to the provider's door, on both databases: who may say yes, and that one does."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import (
    ApprovedBefore,
    ConsequenceChanged,
    GroundNotAllowed,
    NoSuchThing,
    NotInTicket,
    NotPermitted,
    NotRefundable,
    NotYours,
    OwnAccount,
    OwnRequest,
    RefundCapReached,
    RefundOutsideWindow,
    RefundOver,
    RefundsSwitchedOff,
    TicketOver,
)
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import (
    ChannelId,
    CustomerId,
    PaymentId,
    RefundId,
    RoleId,
    TicketId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.refund import Consequence, Ground, RefundMode, RefundState
from bot.domain.refund_decision import DecisionKind
from bot.domain.subscription import Status
from bot.domain.ticket import TicketState
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.refund_cases import RefundCase
from bot.services.refund_queue import RefundQueueService
from bot.services.refund_requests import RefundRequestService
from bot.services.refunds import RefundService
from bot.services.screens import Screen
from storage import audit, customers, payments, refunds, subscriptions, tickets
from storage.database import Database
from tests.integration.storage.samples import (
    GUILD,
    MAX,
    MIA,
    NOOR,
    NOW,
    PAYMENT,
    SUBSCRIPTION,
    Clock,
    add_customer,
    payment,
    service_context,
    subscription,
)

SUPPORT, MODERATOR = RoleId(5), RoleId(6)
SETTINGS = {GUILD: GuildSettings(SUPPORT, MODERATOR)}
SCREEN = Screen(1, "token")
SAM, ADA = UserId(1004), UserId(1005)
TICKET, CHANNEL = TicketId("TICKET"), ChannelId(9001)


def actor(user_id: UserId, *roles: RoleId) -> Actor:
    return Actor(user_id, GUILD, frozenset(roles), manages_guild=False)


BY_MAX, BY_ADA = actor(MAX, MODERATOR), actor(ADA, MODERATOR)
BY_SAM, BY_MIA = actor(SAM, SUPPORT), actor(MIA)


class Desk:
    """The services of one process, under a policy."""

    def __init__(self, context: Context, **policy: object) -> None:
        changed = replace(context.policy.refunds, **policy)  # type: ignore[arg-type]
        self.context = replace(context, policy=replace(context.policy, refunds=changed))
        guilds = GuildService(self.context, SETTINGS)
        self.direct = RefundService(self.context, guilds)
        self.requests = RefundRequestService(self.context, guilds)
        self.queue = RefundQueueService(self.context, guilds)

    async def waiting(self, by: Actor = BY_SAM) -> RefundId:
        """Support has put Mia's payment before the moderators."""
        drafted = await self.requests.draft(by, TICKET, PAYMENT.id)
        await self.direct.set_ground(by, drafted.refund.id, Ground.OUR_ERROR)
        submitted = await self.requests.submit(by, drafted.refund.id, note="")
        assert submitted.refund.state is RefundState.SUBMITTED
        return submitted.refund.id

    async def approve(self, by: Actor, refund_id: RefundId) -> RefundCase:
        """By somebody who has the newest card before them."""
        agreed = (await self.direct.find(refund_id)).refund.fingerprint
        return await self.queue.approve(by, refund_id, agreed=agreed, screen=SCREEN)

    async def state(self, refund_id: RefundId) -> RefundState:
        return (await self.direct.find(refund_id)).refund.state


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


async def test_a_no_leaves_the_payment_open_for_another_look(desk: Desk) -> None:
    refund_id = await desk.waiting()
    denied = await desk.queue.deny(BY_MAX, refund_id, reason="It worked")
    assert (denied.refund.state, denied.refund.finished_at) == (RefundState.DENIED, NOW)
    [earlier] = await desk.queue.history(BY_MAX, MIA)
    assert earlier.id == refund_id
    assert await desk.state(await desk.waiting()) is RefundState.SUBMITTED


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
