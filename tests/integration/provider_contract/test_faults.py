"""Bad luck between Mooring and a provider: no answer, a late one, none that is of use."""

from collections.abc import Awaitable, Callable

import pytest

from bot.billing.provider import ProviderRefusedError, ProviderUnavailableError
from bot.domain.refund import Ground
from bot.domain.subscription import Status
from tests.support.shops import Shop

# A dead connection is tried three times, with pauses.
SLOW = pytest.mark.timeout(60)


async def schedule(shop: Shop) -> None:
    await shop.provider.schedule_cancellation(
        shop.subscription, feedback=None, comment=None, idempotency_key="cancel"
    )


async def undo(shop: Shop) -> None:
    await shop.provider.undo_cancellation(shop.subscription, idempotency_key="resume")


async def end(shop: Shop) -> None:
    await shop.provider.end_subscription(shop.subscription, idempotency_key="end")


async def read(shop: Shop) -> None:
    await shop.provider.fetch_account(shop.customer)


@SLOW
@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("ask", [read, schedule])
async def test_no_usable_answer(
    shop: Shop, ask: Callable[[Shop], Awaitable[None]], status: int
) -> None:
    shop.faults.add(path="/v1/", status=status)
    with pytest.raises(ProviderUnavailableError):
        await ask(shop)


@SLOW
async def test_a_dead_connection(shop: Shop) -> None:
    shop.faults.add(path="/v1/", drop=True)
    for ask in (read, schedule):
        with pytest.raises(ProviderUnavailableError):
            await ask(shop)


async def test_a_short_outage_is_bridged(shop: Shop) -> None:
    shop.faults.add(path=shop.subscriptions_path, method="GET", status=503, times=1)
    await schedule(shop)
    assert (await shop.seen()).cancel_at is not None


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_not_taken_is_an_outage(shop: Shop, status: int) -> None:
    """A key that was rolled must not make Mooring give up what members have confirmed."""
    locked_out = shop.with_key("rolled_last_night")
    try:
        with pytest.raises(ProviderUnavailableError):
            await locked_out.fetch_subscription(shop.subscription)
    finally:
        await locked_out.close()
    shop.faults.add(path=shop.subscriptions_path, status=status)
    with pytest.raises(ProviderUnavailableError):
        await schedule(shop)


async def test_a_refusal_is_no_outage(shop: Shop) -> None:
    shop.faults.add(path=shop.subscriptions_path, status=400)
    with pytest.raises(ProviderRefusedError):
        await schedule(shop)


@SLOW
@pytest.mark.parametrize("lost", ["answer", "error"])
async def test_work_whose_answer_is_lost_is_done_once(shop: Shop, lost: str) -> None:
    """The timeout comes after the work: a second try finds what the first has done."""

    async def lose_next_answer(ask: Callable[[Shop], Awaitable[None]], method: str) -> None:
        fault = shop.faults.add(
            method=method,
            path=shop.subscriptions_path,
            times=1,
            after_work=True,
            drop=lost == "answer",
            status=500 if lost == "error" else None,
        )
        try:
            await ask(shop)
        except ProviderUnavailableError:
            await ask(shop)
        assert fault.struck == 1

    await lose_next_answer(schedule, "POST")
    assert (await shop.seen()).cancel_at is not None
    await lose_next_answer(undo, "POST")
    assert (await shop.seen()).cancel_at is None
    await lose_next_answer(end, shop.end_method)
    assert (await shop.seen()).status is Status.CANCELED


@SLOW
async def test_a_refund_whose_answer_is_lost_moves_money_once(shop: Shop) -> None:
    """As `bot.services.refund_saga` asks: look for it before asking again."""
    payment = await shop.payment()
    shop.faults.add(method="POST", path=shop.refunds_path, drop=True, after_work=True, times=1)

    async def ask() -> None:
        await shop.provider.refund(
            payment.id,
            amount=payment.amount,
            ground=Ground.OUR_ERROR,
            reference="R1",
            idempotency_key="k",
        )

    try:
        await ask()
    except ProviderUnavailableError:
        assert await shop.provider.find_refund(payment.id, reference="R1") is not None

    assert shop.given_back() == 2000


@SLOW
async def test_a_refund_that_never_arrived_is_not_found(shop: Shop) -> None:
    payment = await shop.payment()
    lost = shop.faults.add(method="POST", path=shop.refunds_path, drop=True)
    with pytest.raises(ProviderUnavailableError):
        await shop.provider.refund(
            payment.id,
            amount=payment.amount,
            ground=Ground.OUR_ERROR,
            reference="R1",
            idempotency_key="k",
        )
    lost.remove()

    assert await shop.provider.find_refund(payment.id, reference="R1") is None
    assert shop.given_back() == 0
