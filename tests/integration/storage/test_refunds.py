"""The refund desk up to the provider's door: who may, what of, and money that moves once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.errors import (
    ConsequenceChanged,
    InvalidAmount,
    NoPayments,
    NoSuchThing,
    NotPermitted,
    NotRefundable,
    NotYours,
    OwnAccount,
    RefundOver,
    RefundsSwitchedOff,
    ServerNotTrusted,
)
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import GuildId, PaymentId, RefundId, RoleId, UserId
from bot.domain.money import Money
from bot.domain.refund import Consequence, Ground, RefundMode, RefundState
from bot.domain.subscription import Status
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.refund_cases import RefundCase
from bot.services.refunds import RefundService
from bot.services.screens import Screen
from storage import jobs, payments, refunds, subscriptions
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
DESK = Actor(MAX, GUILD, frozenset({MODERATOR}), manages_guild=False)


def service_over(
    context: Context, settings: dict[GuildId, GuildSettings] = SETTINGS
) -> RefundService:
    return RefundService(context, GuildService(context, settings))


def with_policy(context: Context, **changes: object) -> Context:
    policy = replace(context.policy.refunds, **changes)  # type: ignore[arg-type]
    return replace(context, policy=replace(context.policy, refunds=policy))


@pytest.fixture
async def service(context: Context) -> RefundService:
    """Mia has paid for Pro once."""
    await add_customer(context.database)
    async with context.database.write() as connection:
        await subscriptions.save(connection, SUBSCRIPTION, asked_at=NOW)
        await payments.save(connection, PAYMENT, asked_at=NOW)
    return service_over(context)


async def ready(service: RefundService, actor: Actor = DESK) -> RefundCase:
    drafted = await service.draft(actor, MIA, PAYMENT.id)
    return await service.set_ground(actor, drafted.refund.id, Ground.SERVICE_FAILURE)


async def learn(database: Database, **changes: object) -> None:
    """The mirror hears something new about the payment."""
    async with database.write() as connection:
        await payments.save(connection, payment(**changes), asked_at=NOW)


async def test_a_confirmed_refund_is_committed_with_its_job(
    service: RefundService, database: Database
) -> None:
    case = await ready(service)
    assert case.refund.consequence is Consequence.ENDS_SUBSCRIPTION
    assert case.refund.amount == PAYMENT.amount

    confirmed = await service.confirm(DESK, case.refund.id, screen=SCREEN)

    assert confirmed.refund.state is RefundState.REQUESTED
    assert confirmed.refund.requested_at == NOW
    async with database.write() as connection:
        claimed = await jobs.claim(
            connection, now=NOW, lease=timedelta(seconds=1), token="t", most=9
        )
    assert [(job.kind, job.payload["refund_id"]) for job in claimed] == [
        ("refund.carry_out", case.refund.id)
    ]
    with pytest.raises(RefundOver):  # a second click
        await service.confirm(DESK, case.refund.id, screen=SCREEN)
    with pytest.raises(RefundOver):
        await service.set_ground(DESK, case.refund.id, Ground.OUR_ERROR)


@pytest.mark.parametrize("roles", [frozenset(), frozenset({SUPPORT}), frozenset({RoleId(99)})])
async def test_only_moderators_whatever_discord_let_through(
    service: RefundService, roles: frozenset[RoleId]
) -> None:
    case = await ready(service)
    other = Actor(NOOR, GUILD, roles, manages_guild=True)
    for act in (
        service.payments(other, MIA),
        service.draft(other, MIA, PAYMENT.id),
        service.set_ground(other, case.refund.id, Ground.OUR_ERROR),
        service.set_amount(other, case.refund.id, Money(1, "usd")),
        service.confirm(other, case.refund.id, screen=SCREEN),
    ):
        with pytest.raises(NotPermitted):
            await act


async def test_a_moderator_of_another_server_or_with_another_draft(service: RefundService) -> None:
    case = await ready(service)
    colleague = replace(DESK, user_id=NOOR)
    with pytest.raises(NotYours):
        await service.confirm(colleague, case.refund.id, screen=SCREEN)
    with pytest.raises(ServerNotTrusted):
        await service.payments(replace(DESK, guild_id=GuildId(1)), MIA)


async def test_nobody_refunds_themselves(service: RefundService) -> None:
    with pytest.raises(OwnAccount):
        await service.payments(replace(DESK, user_id=MIA), MIA)


async def test_a_vendor_without_refunds(context: Context, service: RefundService) -> None:
    case = await ready(service)
    strict = service_over(with_policy(context, mode=RefundMode.NONE))
    with pytest.raises(RefundsSwitchedOff):
        await strict.payments(DESK, MIA)
    with pytest.raises(RefundsSwitchedOff):
        await strict.confirm(DESK, case.refund.id, screen=SCREEN)


async def test_payments_with_something_left(service: RefundService, database: Database) -> None:
    assert await service.payments(DESK, MIA) == [PAYMENT]
    with pytest.raises(NoPayments):
        await service.payments(DESK, NOOR)
    with pytest.raises(NoSuchThing):
        await service.draft(DESK, MIA, PaymentId("pi_other"))
    with pytest.raises(NoSuchThing):  # Mia's payment is not Noor's
        await service.draft(DESK, NOOR, PAYMENT.id)
    await learn(database, refunded=PAYMENT.amount)
    with pytest.raises(NoPayments):
        await service.payments(DESK, MIA)


async def test_everything_is_looked_at_again_on_confirming(
    service: RefundService, database: Database
) -> None:
    case = await ready(service)
    await learn(database, disputed=True)
    with pytest.raises(NotRefundable) as disputed:
        await service.confirm(DESK, case.refund.id, screen=SCREEN)
    assert disputed.value.why == "disputed"

    await learn(database, refunded=Money(500, "usd"))
    with pytest.raises(ConsequenceChanged):
        await service.confirm(DESK, case.refund.id, screen=SCREEN)

    await learn(database)
    async with database.write() as connection:
        ended = subscription(status=Status.CANCELED, ended_at=NOW)
        await subscriptions.save(connection, ended, asked_at=NOW)
    with pytest.raises(ConsequenceChanged):
        await service.confirm(DESK, case.refund.id, screen=SCREEN)


async def test_no_confirmation_without_a_ground(service: RefundService) -> None:
    drafted = await service.draft(DESK, MIA, PAYMENT.id)
    with pytest.raises(NoSuchThing):
        await service.confirm(DESK, drafted.refund.id, screen=SCREEN)
    with pytest.raises(NoSuchThing):
        await service.find(RefundId("nothing"))


@pytest.mark.parametrize(
    "amount", [Money(0, "usd"), Money(-1, "usd"), Money(2001, "usd"), Money(5, "eur")]
)
async def test_amounts_that_cannot_be_given_back(service: RefundService, amount: Money) -> None:
    case = await ready(service)
    with pytest.raises(InvalidAmount):
        await service.set_amount(DESK, case.refund.id, amount)


@pytest.mark.parametrize("ends", [True, False])
async def test_a_part_ends_the_subscription_unless_the_vendor_says_otherwise(
    context: Context, service: RefundService, ends: bool
) -> None:
    service = service_over(with_policy(context, partial_ends_subscription=ends))
    case = await ready(service)
    part = await service.set_amount(DESK, case.refund.id, Money(500, "usd"))

    expected = Consequence.ENDS_SUBSCRIPTION if ends else Consequence.PARTIAL_ENDS_NOTHING
    assert (part.refund.amount, part.refund.consequence) == (Money(500, "usd"), expected)


async def test_of_two_moderators_who_confirm_at_once_one_refunds(
    service: RefundService, database_url: str, clock: Clock
) -> None:
    """In two processes: both looks come before either row, and the unique index decides."""
    other = Database(database_url)
    colleague = replace(DESK, user_id=UserId(2002))
    async with service_context(other, clock) as far_context:
        far = service_over(replace(far_context, new_id=lambda: "FAR"))
        mine, theirs = await ready(service), await ready(far, colleague)
        outcomes = await asyncio.gather(
            service.confirm(DESK, mine.refund.id, screen=SCREEN),
            far.confirm(colleague, theirs.refund.id, screen=SCREEN),
            return_exceptions=True,
        )
    await other.close()

    assert sum(isinstance(each, RefundCase) for each in outcomes) == 1
    [refused] = [each for each in outcomes if isinstance(each, NotRefundable)]
    assert refused.why == "in_progress"


async def test_the_index_refuses_a_second_refund_under_way(
    service: RefundService, database: Database
) -> None:
    first, second = (await ready(service)).refund, (await ready(service)).refund

    async def move(refund_id: RefundId, *, frm: RefundState, to: RefundState) -> None:
        async with database.write() as connection:
            assert await refunds.advance(connection, refund_id, expected=(frm,), to=to)

    await move(first.id, frm=RefundState.DRAFT, to=RefundState.REQUESTED)
    with pytest.raises(IntegrityError):
        await move(second.id, frm=RefundState.DRAFT, to=RefundState.REQUESTED)
    await move(first.id, frm=RefundState.REQUESTED, to=RefundState.REFUNDED)
    with pytest.raises(IntegrityError):
        await move(second.id, frm=RefundState.DRAFT, to=RefundState.REQUESTED)
    async with database.read() as connection:
        found = await refunds.unfinished_of_payment(connection, PAYMENT.id)
    assert found is not None
    assert found.id == first.id
    await move(first.id, frm=RefundState.REFUNDED, to=RefundState.DONE)
    await move(second.id, frm=RefundState.DRAFT, to=RefundState.REQUESTED)


async def test_s11_of_two_runs_that_begin_a_try_at_once_one_gives_way(
    service: RefundService, database: Database
) -> None:
    """A process that has lost its lease without knowing it: one of them commits its key and time,
    at the first try as at a later one."""
    case = await ready(service)
    await service.confirm(DESK, case.refund.id, screen=SCREEN)

    keys = set()
    for generation in (0, 1):
        async with database.read() as connection:
            read = await refunds.find(connection, case.refund.id)
        assert read is not None
        begun = []
        for moment in (NOW, NOW + timedelta(minutes=generation)):
            async with database.write() as connection:
                now = moment + timedelta(minutes=10 * generation)
                begun.append(
                    await refunds.begin_try(connection, read, generation=generation, now=now)
                )
        first, second = begun
        assert first is not None
        assert (first.generation, second) == (generation, None)
        keys.add(first.idempotency_key)
    assert len(keys) == 2
