"""Which payments were made twice for the same period (S30)."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.identifiers import PaymentId, SubscriptionId
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose, is_proven_duplicate, proven_duplicates
from tests.integration.storage.samples import NOW, payment

PERIODS = [NOW + timedelta(days=30 * number) for number in range(3)]


def paid(number: int, *, month: int = 0, **changes: object) -> Payment:
    """A payment for a month of Mia's subscription."""
    given_period = {"period_start": PERIODS[month], "period_end": PERIODS[month + 1]}
    made = {
        "id": PaymentId(f"pi_{number}"),
        "paid_at": NOW + timedelta(minutes=number),
        **given_period,
        **changes,
    }
    return payment(**made)


def ids(*payments: Payment) -> list[list[str]]:
    """The groups that are found."""
    return [[each.id for each in group] for group in proven_duplicates(payments)]


def test_all_payments_of_a_period_that_was_paid_twice_are_one_group_oldest_first() -> None:
    assert ids(paid(2), paid(1), paid(3, month=1)) == [["pi_1", "pi_2"]]
    assert ids(paid(1), paid(2), paid(3), paid(4, month=1), paid(5, month=1)) == [
        ["pi_1", "pi_2", "pi_3"],
        ["pi_4", "pi_5"],
    ]


def test_top_ups_and_plan_switches_are_no_duplicates() -> None:
    top_ups = [
        paid(
            number,
            subscription_id=None,
            purpose=PaymentPurpose.TOP_UP,
            period_start=None,
            period_end=None,
        )
        for number in (1, 2)
    ]
    switched = paid(3, subscription_id=SubscriptionId("sub_other"))
    prorated = paid(4, period_start=PERIODS[0] + timedelta(days=3))
    assert ids(*top_ups, paid(5), switched, prorated) == []


def test_what_is_settled_or_with_the_bank_is_not_reported() -> None:
    assert ids(paid(1), paid(2, refunded=Money(2000, "usd"))) == []
    assert ids(paid(1), paid(2, refunded=Money(1, "usd"))) == []
    assert ids(paid(1), paid(2, disputed=True)) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([0, 0, 500, 2000]), st.booleans()),
        max_size=6,
    )
)
def test_every_group_has_two_at_least_and_each_is_proven(
    drawn: list[tuple[int, int, bool]],
) -> None:
    payments = [
        paid(number, month=month, refunded=Money(refunded, "usd"), disputed=disputed)
        for number, (month, refunded, disputed) in enumerate(drawn)
    ]
    groups = proven_duplicates(payments)
    found = [each for group in groups for each in group]
    assert all(len(group) >= 2 for group in groups)
    assert all(is_proven_duplicate(each, payments) for each in found)
    assert len(found) == len({each.id for each in found})
