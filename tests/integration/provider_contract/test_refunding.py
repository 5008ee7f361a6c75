"""Giving money back: once, never more than is left (rules S11, S12)."""

import pytest

from bot.billing.provider import ProviderRefusedError, RefundReceipt
from bot.domain.identifiers import PaymentId
from bot.domain.money import Money
from bot.domain.refund import Ground, Payment
from tests.support.shops import Shop


async def refund(
    shop: Shop, payment: Payment, *, cents: int | None = None, reference: str = "R1"
) -> RefundReceipt:
    return await shop.provider.refund(
        payment.id,
        amount=payment.amount if cents is None else Money(cents, "usd"),
        ground=Ground.OUR_ERROR,
        reference=reference,
        idempotency_key=f"mooring-refund-{reference}",
    )


async def test_everything_is_given_back_and_found_again(shop: Shop) -> None:
    payment = await shop.payment()
    assert await shop.provider.find_refund(payment.id, reference="R1") is None

    receipt = await refund(shop, payment)

    assert receipt.status == "succeeded"
    assert shop.given_back() == 2000
    found = await shop.provider.find_refund(payment.id, reference="R1")
    assert found is not None
    assert found.provider_refund_id == receipt.provider_refund_id
    after = await shop.payment()
    assert (after.refunded, after.refundable) == (payment.amount, Money(0, "usd"))


async def test_it_ends_nothing_by_itself(shop: Shop) -> None:
    before = await shop.seen()
    await refund(shop, await shop.payment())
    assert await shop.seen() == before


async def test_asked_twice_it_moves_money_once(shop: Shop) -> None:
    """After a kill -9 nobody knows whether the first call got through."""
    payment = await shop.payment()
    first = await refund(shop, payment)

    try:
        second = await refund(shop, payment)
    except ProviderRefusedError:
        found = await shop.provider.find_refund(payment.id, reference="R1")
        assert found is not None
        second = found

    assert second.provider_refund_id == first.provider_refund_id
    assert shop.given_back() == 2000


@pytest.mark.parametrize("cents", [2001, 100_000])
async def test_more_than_was_paid_is_refused(shop: Shop, cents: int) -> None:
    with pytest.raises(ProviderRefusedError) as refused:
        await refund(shop, await shop.payment(), cents=cents)
    assert refused.value.code
    assert shop.given_back() == 0


async def test_of_what_is_given_back_nothing_is_left(shop: Shop) -> None:
    payment = await shop.payment()
    await refund(shop, payment)

    with pytest.raises(ProviderRefusedError):
        await refund(shop, payment, reference="R2")

    assert shop.given_back() == 2000


async def test_a_part_where_the_provider_can_give_back_a_part(shop: Shop) -> None:
    payment = await shop.payment()
    if not shop.provider.partial_refunds:
        with pytest.raises(ProviderRefusedError) as refused:
            await refund(shop, payment, cents=500)
        assert refused.value.code == "partial_refund_unsupported"
        assert shop.given_back() == 0
        return
    await refund(shop, payment, cents=500)
    with pytest.raises(ProviderRefusedError):
        await refund(shop, payment, cents=1501, reference="R2")
    await refund(shop, payment, cents=1500, reference="R3")
    assert shop.given_back() == 2000


async def test_what_was_disputed_is_not_given_back_on_top(shop: Shop) -> None:
    payment = await shop.payment()
    shop.dispute(payment.id)

    with pytest.raises(ProviderRefusedError):
        await refund(shop, payment)

    assert shop.given_back() == 0


async def test_a_payment_that_does_not_exist(shop: Shop) -> None:
    for nothing in (PaymentId("pi_nothing"), PaymentId("tran_nothing")):
        with pytest.raises(ProviderRefusedError):
            await shop.provider.fetch_payment(nothing)
