"""Carrying a withdrawal out at every provider: ended once, and each payment put before people."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.billing.provider import ProviderUnavailableError
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import CREEM, STRIPE, GuildId, RefundId, RoleId, UserId
from bot.domain.job import Job
from bot.domain.money import Money
from bot.domain.refund import Consequence, Ground, Payment, Refund, RefundState
from bot.domain.refund_decision import Decision, DecisionKind, approvers
from bot.domain.subscription import Status
from bot.domain.withdrawal import Withdrawal, WithdrawalState
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.jobs import TryAgainError
from bot.services.links import link
from bot.services.mirror import apply
from bot.services.screens import Screen
from bot.services.withdrawal_saga import WithdrawalSaga
from bot.services.withdrawals import WithdrawalService
from storage import jobs, payments, refunds, subscriptions, withdrawals
from storage.schema import jobs as jobs_table
from tests.support.contexts import open_context
from tests.support.shops import Shop, open_shop

MEMBER, GUILD = UserId(1001), GuildId(7001)
SCREEN = Screen(1, "token")
TEAM = {GUILD: GuildSettings(moderator_role_id=RoleId(7))}


@dataclass(slots=True)
class World:
    """A member with a plan of today, who has stated their withdrawal."""

    shop: Shop
    context: Context
    stated: Withdrawal

    async def run(self, *, attempt: int = 1, servers: dict[GuildId, GuildSettings] = TEAM) -> None:
        """Its job runs, for the first time or again after it was cut short."""
        payload = {"withdrawal_id": self.stated.id, "screen": SCREEN.to_payload()}
        job = Job(1, "withdrawal.carry_out", "key", payload, attempt)
        await self.saga(servers).carry_out(job)

    def saga(self, servers: dict[GuildId, GuildSettings] = TEAM) -> WithdrawalSaga:
        return WithdrawalSaga(self.context, GuildService(self.context, servers))

    async def job(self, kind: str) -> Job:
        """The one of this kind that waits in the line."""
        async with self.context.database.read() as connection:
            rows = await connection.execute(sa.select(jobs_table).where(jobs_table.c.kind == kind))
            [row] = rows.all()
        return Job(row.id, row.kind, row.key, row.payload, 1)

    async def state(self) -> WithdrawalState:
        async with self.context.database.read() as connection:
            found = await withdrawals.find(connection, self.stated.id)
        assert found is not None
        return found.state

    async def asked_for(self) -> list[Refund]:
        async with self.context.database.read() as connection:
            return [
                refund
                for payment in await payments.of_customer(connection, self.shop.customer)
                for refund in await refunds.of_payment(connection, payment.id)
            ]

    async def was_added(self, key: str) -> bool:
        async with self.context.database.read() as connection:
            return await jobs.exists(connection, f"{key}:{self.stated.id}")


@pytest.fixture(params=[STRIPE, CREEM])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with (
        open_shop(request.param) as shop,
        open_context(shop, tmp_path) as context,
    ):
        asked_at = context.clock()
        snapshot = await shop.provider.fetch_account(shop.customer)
        async with context.database.write() as connection:
            await apply(connection, context, snapshot, asked_at=asked_at)
            await link(connection, shop.customer, MEMBER, by="test", now=asked_at)
        case = await WithdrawalService(context).request(
            MEMBER, shop.subscription, name="Mia", guild_id=None, screen=SCREEN
        )
        assert case.withdrawal is not None
        yield World(shop, context, case.withdrawal)


async def test_the_contract_ends_and_its_payment_waits_for_a_person(world: World) -> None:
    await world.run()
    await world.run(attempt=2)  # cut short after its commit

    assert (await world.shop.seen()).status is Status.CANCELED
    assert await world.state() is WithdrawalState.DONE
    [refund] = await world.asked_for()
    assert (refund.state, refund.ground) == (RefundState.SUBMITTED, Ground.WITHDRAWAL)
    assert (refund.guild_id, refund.withdrawal_id) == (GUILD, world.stated.id)
    assert (refund.member_id, refund.requester_id) == (MEMBER, MEMBER)
    async with world.context.database.read() as connection:
        seen = await subscriptions.find(connection, world.shop.subscription)
    assert seen is not None
    assert not seen.is_live


async def test_a_provider_that_is_away_leaves_it_requested(world: World) -> None:
    down = world.shop.faults.add(path="/v1/", status=503)
    with pytest.raises(ProviderUnavailableError):
        await world.run()
    assert await world.state() is WithdrawalState.REQUESTED
    assert await world.asked_for() == []

    down.remove()
    await world.run(attempt=2)

    assert await world.state() is WithdrawalState.DONE
    assert len(await world.asked_for()) == 1


async def test_an_answer_that_is_lost_after_the_work_ends_it_once(world: World) -> None:
    world.shop.faults.add(
        method=world.shop.end_method,
        path=world.shop.subscriptions_path,
        drop=True,
        times=1,
        after_work=True,
    )

    await world.run()

    assert await world.state() is WithdrawalState.DONE
    assert len(await world.asked_for()) == 1


async def test_a_refusal_is_told_and_the_money_is_looked_at_all_the_same(world: World) -> None:
    path = f"{re.escape(world.shop.subscriptions_path)}/.*{world.shop.subscription}"
    world.shop.faults.add(path=path, status=404)

    await world.run()

    assert await world.state() is WithdrawalState.FAILED
    assert await world.was_added("withdraw-failed")
    assert len(await world.asked_for()) == 1


async def test_what_was_asked_for_before_is_the_withdrawals_now(world: World) -> None:
    """The vendor's policy can refuse a request; not one that the law gives."""
    await world.run(servers={})
    assert await world.state() is WithdrawalState.DONE
    assert await world.asked_for() == []  # without a team nobody could decide
    payment = await world.shop.payment()
    async with world.context.database.write() as connection:
        await connection.exec_driver_sql("UPDATE withdrawals SET state = 'requested'")
    await world.run()
    [waiting] = await world.asked_for()
    assert waiting.payment_id == payment.id
    async with world.context.database.write() as connection:
        await connection.exec_driver_sql(
            "UPDATE refunds SET ground = 'our_error', withdrawal_id = NULL, state = 'asked_back', "
            "amount = 500"
        )
        await connection.exec_driver_sql("UPDATE withdrawals SET state = 'requested'")
        yes = Decision(UserId(9), DecisionKind.APPROVED, None, world.context.clock())
        await refunds.add_decision(connection, waiting.id, yes)

    await world.run()

    [taken] = await world.asked_for()
    assert (taken.id, taken.state) == (waiting.id, RefundState.SUBMITTED)
    assert (taken.ground, taken.withdrawal_id) == (Ground.WITHDRAWAL, world.stated.id)
    assert taken.amount == payment.refundable
    async with world.context.database.read() as connection:
        said = await refunds.decisions_of(connection, taken.id)
    assert approvers(said) == ()  # that was a yes to something else
    assert said[-1].kind is DecisionKind.WITHDRAWN


async def test_what_an_approved_refund_leaves_is_asked_for_when_that_has_ended(
    world: World,
) -> None:
    """Whether it is made or fails: all that is left by then waits for a person."""
    payment = await world.shop.payment()
    part = Money(500, payment.amount.currency)
    async with world.context.database.write() as connection:
        await refunds.add(connection, approved(payment, part))
    await world.run()
    [under_way] = await world.asked_for()
    assert (under_way.state, under_way.withdrawal_id) == (RefundState.REQUESTED, None)
    rest = await world.job("withdrawal.ask_rest")
    with pytest.raises(TryAgainError):
        await world.saga().ask_for_the_rest(rest)
    async with world.context.database.write() as connection:
        await connection.exec_driver_sql("UPDATE refunds SET state = 'done'")
        await connection.exec_driver_sql("UPDATE payments SET refunded = 500")

    await world.saga().ask_for_the_rest(rest)
    await world.saga().ask_for_the_rest(rest)  # cut short after its commit

    [asked] = [each for each in await world.asked_for() if each.state is RefundState.SUBMITTED]
    assert (asked.amount, asked.withdrawal_id) == (payment.amount - part, world.stated.id)


def approved(payment: Payment, amount: Money) -> Refund:
    """A moderator has said yes under the vendor's policy, and the provider has not answered."""
    now = datetime.now(UTC)
    return Refund(
        id=RefundId("R1"),
        guild_id=GUILD,
        moderator_id=UserId(9),
        member_id=MEMBER,
        payment_id=payment.id,
        subscription_id=payment.subscription_id,
        amount=amount,
        ground=Ground.OUR_ERROR,
        note=None,
        consequence=Consequence.ENDS_SUBSCRIPTION,
        state=RefundState.REQUESTED,
        created_at=now,
        requested_at=now,
        finished_at=None,
        provider_refund_id=None,
        provider_status=None,
        failure=None,
    )
