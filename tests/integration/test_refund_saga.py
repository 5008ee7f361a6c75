"""Carrying a refund out at every provider, beside everything else that a member has confirmed."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.billing.provider import ProviderUnavailableError
from bot.domain.cancellation import AttemptState
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import CREEM, STRIPE, AttemptId, GuildId, RoleId, UserId
from bot.domain.money import Money
from bot.domain.refund import Consequence, Ground, Refund, RefundState
from bot.domain.subscription import Status
from bot.domain.withdrawal import WithdrawalState
from bot.sandbox.faults import FaultHandle
from bot.services.cancellation_saga import CancellationSaga
from bot.services.cancellations import CancellationService
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.jobs import Handler, TryAgainError
from bot.services.links import link
from bot.services.mirror import apply
from bot.services.refund_jobs import end_what_it_paid_for
from bot.services.refund_saga import RefundSaga
from bot.services.refunds import RefundService
from bot.services.resumptions import ResumptionService
from bot.services.screens import Screen
from bot.services.subscriptions import SubscriptionService
from bot.services.withdrawal_saga import WithdrawalSaga
from bot.services.withdrawals import WithdrawalService
from storage import cancel_attempts, jobs, refunds, withdrawals
from storage.schema import jobs as table
from tests.support.contexts import open_context
from tests.support.shops import Shop, open_shop

MEMBER, GUILD, ROLE = UserId(1001), GuildId(7001), RoleId(7)
TEAM = {GUILD: GuildSettings(moderator_role_id=ROLE)}
MODERATOR = Actor(UserId(1), GUILD, frozenset({ROLE}), manages_guild=False)
SCREEN = Screen(1, "token")
LEASE = timedelta(seconds=9)
# Longer than any request can still be under way.
SOME_MINUTES = timedelta(minutes=5)


@dataclass(slots=True)
class Clock:
    """Ahead of the world's by as much as a test wants."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(slots=True)
class World:
    """A member with a plan, whose payment a moderator has refunded and nobody has carried out."""

    shop: Shop
    context: Context
    clock: Clock
    failed: list[str] = field(default_factory=list)

    async def work(self) -> None:
        """Every job that is due and free in its line runs; one that fails waits for the next time.

        `failed` names those.
        """
        self.failed.clear()
        while await self._turn():
            pass

    async def _turn(self) -> bool:
        done = False
        for kind, handler in self._handlers().items():
            async with self.context.database.write() as connection:
                claimed = await jobs.claim(
                    connection,
                    now=self.clock(),
                    lease=LEASE,
                    token="worker",
                    most=16,
                    kind=kind,
                )
            for job in claimed:
                try:
                    await handler(job)
                except (ProviderUnavailableError, TryAgainError) as error:
                    self.failed.append(kind)
                    async with self.context.database.write() as connection:
                        await jobs.put_back(
                            connection,
                            job.id,
                            token="worker",
                            run_at=self.clock() + timedelta(seconds=1),
                            error=str(error),
                            now=self.clock(),
                        )
                else:
                    done = True
                    async with self.context.database.write() as connection:
                        await jobs.finish(connection, [job.id], token="worker", now=self.clock())
        return done

    def _handlers(self) -> Mapping[str, Handler]:
        refunding = RefundSaga(self.context)
        withdrawing = WithdrawalSaga(self.context, GuildService(self.context, TEAM))
        return {
            "refund.carry_out": refunding.carry_out,
            "refund.end": refunding.end,
            "cancellation.carry_out": CancellationSaga(self.context).carry_out,
            "resumption.carry_out": ResumptionService(self.context).carry_out,
            "withdrawal.carry_out": withdrawing.carry_out,
            "withdrawal.ask_rest": withdrawing.ask_for_the_rest,
        }

    async def later(self, passed: timedelta) -> None:
        """What has failed runs again that much later."""
        self.clock.ahead += passed
        await self.work()

    def refuse_refunds(self, **how: object) -> FaultHandle:
        wanted = {"method": "POST", "path": f"{self.shop.refunds_path}$", **how}
        return self.shop.faults.add(**wanted)  # type: ignore[arg-type]

    async def confirm_refund(self, cents: int | None = None) -> None:
        """A moderator's last click."""
        desk = RefundService(self.context, GuildService(self.context, TEAM))
        payment = await self.shop.payment()
        refund_id = (await desk.draft(MODERATOR, MEMBER, payment.id)).refund.id
        await desk.set_ground(MODERATOR, refund_id, Ground.OUR_ERROR)
        if cents is not None:
            part = Money(cents, payment.amount.currency)
            await desk.set_amount(MODERATOR, refund_id, part)
        await desk.confirm(MODERATOR, refund_id, screen=SCREEN)

    async def confirm_cancellation(self) -> AttemptId:
        """The member's last click."""
        cancelling = CancellationService(self.context)
        account = await SubscriptionService(self.context).find_account(MEMBER)
        assert account is not None
        attempt = (await cancelling.start(account, MEMBER, GUILD)).attempt
        reason = self.context.policy.reasons[0].id
        await cancelling.give_reason(attempt.id, MEMBER, reason_id=reason, comment=None)
        await cancelling.request(attempt.id, MEMBER, screen=SCREEN)
        return attempt.id

    async def withdraw(self) -> None:
        """The member's last click."""
        await WithdrawalService(self.context).request(
            MEMBER, self.shop.subscription, name="Mia", guild_id=None, screen=SCREEN
        )

    async def refund(self) -> Refund:
        async with self.context.database.read() as connection:
            [found] = await refunds.of_payment(connection, (await self.shop.payment()).id)
        return found

    async def attempt_state(self, attempt_id: AttemptId) -> AttemptState:
        async with self.context.database.read() as connection:
            found = await cancel_attempts.find(connection, attempt_id)
        assert found is not None
        return found.state

    async def withdrawal_state(self) -> WithdrawalState:
        async with self.context.database.read() as connection:
            found = await withdrawals.of_subscription(connection, self.shop.subscription)
        assert found is not None
        return found.state

    def given_back(self) -> int:
        return self.shop.given_back()

    def keys(self) -> list[str | None]:
        """Those under which refunds were asked for, each once."""
        path = self.shop.refunds_path
        asked = [
            each.idempotency_key
            for each in self.shop.requests.entries
            if (each.method, each.path) == ("POST", path)
        ]
        return list(dict.fromkeys(asked))


@pytest.fixture(params=[STRIPE, CREEM])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    clock = Clock()
    async with (
        open_shop(request.param) as shop,
        open_context(shop, tmp_path, clock=clock) as context,
    ):
        asked_at = context.clock()
        snapshot = await shop.provider.fetch_account(shop.customer)
        async with context.database.write() as connection:
            await apply(connection, context, snapshot, asked_at=asked_at)
            await link(connection, shop.customer, MEMBER, by="test", now=asked_at)
        yield World(shop, context, clock)


async def waits(world: World) -> FaultHandle:
    """The provider refuses the key for as long as the fault is there: the money does not move."""
    fault = world.refuse_refunds(status=403)
    await world.confirm_refund()
    await world.work()
    assert world.failed == ["refund.carry_out"]
    assert (await world.refund()).state is RefundState.REQUESTED
    return fault


async def and_then_it_is_made(world: World, fault: FaultHandle) -> None:
    """Money back once, and what it paid for is over, whatever has happened to that meanwhile."""
    assert world.given_back() == 0
    fault.remove()
    await world.later(timedelta(seconds=2))
    refund = await world.refund()
    assert (refund.state, world.given_back()) == (RefundState.DONE, 2000)
    assert (await world.shop.seen()).status is Status.CANCELED
    await world.later(timedelta(hours=1))
    assert world.failed == []
    assert world.given_back() == 2000


async def test_s3_a_cancellation_does_not_wait_for_a_refund_whose_money_waits(
    world: World,
) -> None:
    fault = await waits(world)

    attempt = await world.confirm_cancellation()
    await world.work()

    assert await world.attempt_state(attempt) is AttemptState.CANCELLED
    ending = await world.shop.seen()
    assert ending.is_live
    assert ending.cancel_at is not None
    await and_then_it_is_made(world, fault)
    assert await world.attempt_state(attempt) is AttemptState.CANCELLED


async def test_s5_a_resumption_does_not_wait_for_it_either(world: World) -> None:
    await world.confirm_cancellation()
    await world.work()
    fault = await waits(world)

    await ResumptionService(world.context).request(MEMBER, None, screen=SCREEN)
    await world.work()

    assert (await world.shop.seen()).cancel_at is None
    await and_then_it_is_made(world, fault)


async def test_a_withdrawal_does_not_wait_for_it_either(world: World) -> None:
    fault = await waits(world)

    await world.withdraw()
    await world.work()

    assert await world.withdrawal_state() is WithdrawalState.DONE
    assert (await world.shop.seen()).status is Status.CANCELED
    await and_then_it_is_made(world, fault)


async def test_s3_what_a_withdrawal_asks_for_behind_it_holds_up_no_cancellation(
    world: World,
) -> None:
    """The provider has refused to end the contract, so that the member cancels it."""
    fault = await waits(world)
    path = f"{re.escape(world.shop.subscriptions_path)}/.*{world.shop.subscription}"
    refused = world.shop.faults.add(path=path, status=404)
    await world.withdraw()
    await world.work()
    assert await world.withdrawal_state() is WithdrawalState.FAILED
    refused.remove()

    attempt = await world.confirm_cancellation()
    await world.work()

    assert await world.attempt_state(attempt) is AttemptState.CANCELLED
    await and_then_it_is_made(world, fault)


async def test_the_end_of_a_refunded_plan_takes_its_turn_behind_what_was_confirmed_before(
    world: World,
) -> None:
    """Two requests about one subscription at once could refuse each other."""
    fault = await waits(world)
    path = f"{re.escape(world.shop.subscriptions_path)}/.*{world.shop.subscription}"
    away = world.shop.faults.add(path=path, status=503)
    await world.confirm_cancellation()
    await world.later(timedelta(seconds=2))
    fault.remove()

    await world.later(timedelta(seconds=2))

    assert world.failed == ["cancellation.carry_out"]
    assert ((await world.refund()).state, world.given_back()) == (RefundState.REFUNDED, 2000)
    away.remove()
    await world.later(timedelta(seconds=2))
    assert (await world.refund()).state is RefundState.DONE
    assert world.shop.status(world.shop.subscription) == "canceled"


async def test_s3_an_end_that_the_provider_refuses_holds_up_no_cancellation(world: World) -> None:
    """The team is told, and it is tried again where nobody waits behind it."""
    method = "DELETE" if world.shop.name == STRIPE else "POST"
    path = f"{re.escape(world.shop.subscriptions_path)}/.*{world.shop.subscription}"
    world.shop.faults.add(method=method, path=path, status=404, times=2)
    await world.confirm_refund()
    await world.work()
    assert world.failed == ["refund.end"]
    assert ((await world.refund()).state, world.given_back()) == (RefundState.REFUNDED, 2000)

    attempt = await world.confirm_cancellation()
    await world.work()

    assert await world.attempt_state(attempt) is AttemptState.CANCELLED
    await world.later(timedelta(seconds=2))
    assert world.failed == []
    assert (await world.refund()).state is RefundState.DONE
    assert world.shop.status(world.shop.subscription) == "canceled"


@pytest.mark.parametrize("consequence", list(Consequence))
async def test_only_a_refund_that_ends_a_plan_stands_in_its_line(
    world: World, consequence: Consequence
) -> None:
    await world.confirm_refund()
    refund = replace(await world.refund(), consequence=consequence)

    line = end_what_it_paid_for(refund, {}).line

    ends = consequence is Consequence.ENDS_SUBSCRIPTION
    assert (line == world.shop.subscription) is ends


@pytest.mark.parametrize("world", [STRIPE], indirect=True)
async def test_a_refund_of_the_rest_does_not_wait_for_a_withdrawal_that_asks_for_it(
    world: World,
) -> None:
    """Which looks again in some minutes only, and would wait for the refund in turn."""
    fault = world.refuse_refunds(status=403)
    await world.confirm_refund(500)
    await world.work()
    await world.withdraw()
    await world.work()
    assert "withdrawal.ask_rest" in world.failed
    async with world.context.database.write() as connection:
        late = sa.update(table).where(table.c.kind == "withdrawal.ask_rest")
        await connection.execute(late.values(run_at=world.clock() + timedelta(minutes=10)))
    fault.remove()
    await world.later(timedelta(seconds=2))
    assert world.given_back() == 500

    await world.confirm_refund(1500)
    await world.work()

    assert world.given_back() == 2000
    await world.later(timedelta(minutes=20))
    assert world.failed == []
    assert world.given_back() == 2000


async def test_s11_an_error_that_stripe_keeps_under_the_key_holds_it_up_for_minutes(
    world: World,
) -> None:
    """Nothing was made, and for a day the same key would bring the same error."""
    cents = 500 if world.shop.provider.partial_refunds else 2000
    struck = world.refuse_refunds(status=500, saved=True, times=1)
    await world.confirm_refund(cents)

    await world.work()
    await world.later(timedelta(seconds=30))
    if world.shop.name == STRIPE:  # Creem knows no keys, and makes it at the second try
        assert world.failed == ["refund.carry_out"]
        assert len(world.keys()) == 1  # a request may still be under way
        await world.later(SOME_MINUTES)

    assert struck.struck == 1
    assert ((await world.refund()).state, world.given_back()) == (RefundState.DONE, cents)
    assert len(world.keys()) == (2 if world.shop.name == STRIPE else 1)


async def test_s11_a_refund_that_was_made_is_found_before_another_key_is_tried(
    world: World,
) -> None:
    cents = 500 if world.shop.provider.partial_refunds else 2000
    world.refuse_refunds(status=500, after_work=True, times=1)
    await world.confirm_refund(cents)
    await world.work()

    await world.later(SOME_MINUTES)

    assert ((await world.refund()).state, world.given_back()) == (RefundState.DONE, cents)
    assert len(world.keys()) == 1


@pytest.mark.parametrize("world", [STRIPE], indirect=True)
async def test_s11_a_key_lasts_for_as_long_as_it_is_tried_again_and_again(world: World) -> None:
    """The time counts from the last try: its request may be under way, however old the first is."""
    world.refuse_refunds(status=500, saved=True, times=1)
    await world.confirm_refund(500)
    await world.work()
    for _ in range(8):
        await world.later(timedelta(minutes=1))
    assert len(world.keys()) == 1

    await world.later(SOME_MINUTES)

    assert len(world.keys()) == 2
    assert world.given_back() == 500


@pytest.mark.parametrize("world", [STRIPE], indirect=True)
async def test_s11_another_key_is_committed_before_it_is_used(world: World) -> None:
    """Its request is lost, or the process is: the next try goes on under the same one."""
    world.refuse_refunds(status=500, saved=True, times=1)
    await world.confirm_refund(500)
    await world.work()
    lost = world.refuse_refunds(drop=True)
    await world.later(SOME_MINUTES)
    assert (await world.refund()).generation == 1
    lost.remove()

    await world.later(timedelta(seconds=30))

    assert len(world.keys()) == 2
    assert world.given_back() == 500
