"""What a refund ends: the subscription that the payment paid for, and nothing else (S11, S30)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalogue import Interval
from bot.domain.identifiers import CustomerId, PaymentId, PriceId, ProviderName, SubscriptionId
from bot.domain.money import Money
from bot.domain.refund import Consequence, Payment, PaymentPurpose, consequence, is_proven_duplicate
from bot.domain.subscription import Status, Subscription

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=30)
STRIPE = ProviderName("stripe")
MIA = CustomerId("cus_mia")
SUB = SubscriptionId("sub_mia")
PAYMENT = Payment(
    PaymentId("pi_1"),
    STRIPE,
    MIA,
    None,
    SUB,
    PaymentPurpose.SUBSCRIPTION,
    Money(2000, "usd"),
    Money(0, "usd"),
    False,
    START,
    START,
    END,
)
TWIN = replace(PAYMENT, id=PaymentId("pi_2"))
PRO = Subscription(
    SUB,
    STRIPE,
    MIA,
    None,
    PriceId("price"),
    Interval.MONTH,
    Money(2000, "usd"),
    Status.ACTIVE,
    START,
    START,
    END,
    None,
    None,
)


def ends(
    payment: Payment = PAYMENT,
    *others: Payment,
    amount: int = 2000,
    subscription: Subscription | None = PRO,
    partial_ends: bool = True,
) -> Consequence:
    return consequence(
        payment,
        Money(amount, "usd"),
        others=[payment, *others],
        subscription=subscription,
        partial_ends_subscription=partial_ends,
    )


def test_the_only_payment_of_a_period_ends_its_subscription() -> None:
    assert ends() is Consequence.ENDS_SUBSCRIPTION


def test_a_proven_duplicate_ends_nothing_because_the_other_one_pays() -> None:
    assert ends(PAYMENT, TWIN) is Consequence.DUPLICATE_ENDS_NOTHING
    assert ends(TWIN, PAYMENT) is Consequence.DUPLICATE_ENDS_NOTHING


def test_the_twin_must_really_pay_for_the_same() -> None:
    for twin in (
        replace(TWIN, refunded=Money(1, "usd")),
        replace(TWIN, disputed=True),
        replace(TWIN, subscription_id=SubscriptionId("sub_other")),
        replace(TWIN, period_start=END, period_end=END + timedelta(days=30)),
        replace(TWIN, period_start=None, period_end=None),
    ):
        assert ends(PAYMENT, twin) is Consequence.ENDS_SUBSCRIPTION


def test_of_two_duplicates_the_second_refund_ends_the_subscription() -> None:
    refunded = replace(TWIN, refunded=TWIN.amount)
    assert ends(PAYMENT, refunded) is Consequence.ENDS_SUBSCRIPTION


def test_a_payment_without_a_period_is_no_duplicate() -> None:
    switch = replace(PAYMENT, period_start=None, period_end=None)
    assert not is_proven_duplicate(switch, [switch, replace(switch, id=PaymentId("pi_3"))])


def test_parts_follow_the_vendors_choice() -> None:
    assert ends(amount=500) is Consequence.ENDS_SUBSCRIPTION
    assert ends(amount=500, partial_ends=False) is Consequence.PARTIAL_ENDS_NOTHING
    assert ends(partial_ends=False) is Consequence.ENDS_SUBSCRIPTION


def test_a_part_that_gives_back_all_that_was_left_is_no_part() -> None:
    """S11: $5 came back before, now the other $15: the whole payment is refunded."""
    before = replace(PAYMENT, refunded=Money(500, "usd"))

    assert ends(before, amount=1500, partial_ends=False) is Consequence.ENDS_SUBSCRIPTION
    assert ends(before, amount=1499, partial_ends=False) is Consequence.PARTIAL_ENDS_NOTHING


statuses = st.sampled_from(Status)


@given(
    st.sampled_from(PaymentPurpose),
    st.one_of(st.none(), statuses),
    st.integers(1, 2000),
    st.booleans(),
    st.booleans(),
)
def test_only_a_live_subscription_that_was_paid_for_is_ever_ended(
    purpose: PaymentPurpose, status: Status | None, amount: int, partial_ends: bool, twin: bool
) -> None:
    found = ends(
        replace(PAYMENT, purpose=purpose),
        *([TWIN] if twin else []),
        amount=amount,
        subscription=None if status is None else replace(PRO, status=status),
        partial_ends=partial_ends,
    )

    ended = (
        purpose is not PaymentPurpose.TOP_UP
        and status is not None
        and replace(PRO, status=status).is_live
        and not twin
        and (amount == 2000 or partial_ends)
    )
    assert (found is Consequence.ENDS_SUBSCRIPTION) == ended
    assert (found is Consequence.TOP_UP_ENDS_NOTHING) == (purpose is PaymentPurpose.TOP_UP)


@given(st.integers(0, 2000))
def test_what_is_left(refunded: int) -> None:
    left = replace(PAYMENT, refunded=Money(refunded, "usd")).refundable
    assert left == Money(2000 - refunded, "usd")
