"""Which payments were made twice for the same period (S30)."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.identifiers import InvoiceId, PaymentId, SubscriptionId
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


def parts(*amounts: int, total: int | None = 2000) -> list[Payment]:
    """Payments of one invoice over `total`; None where that is not known."""
    whole = None if total is None else Money(total, "usd")
    return [
        paid(number, amount=Money(amount, "usd"), invoice_total=whole)
        for number, amount in enumerate(amounts, 1)
    ]


def test_parts_of_one_invoice_are_duplicates_only_beyond_its_total() -> None:
    """Stripe lets an invoice be paid in several payments."""
    assert ids(*parts(1000, 1000)) == []
    assert ids(*parts(500, 700, 800)) == []
    assert ids(*parts(1000, 500)) == []
    assert ids(*parts(1000, 1000, 1000)) == [["pi_1", "pi_2", "pi_3"]]
    assert ids(*parts(2000, 2000)) == [["pi_1", "pi_2"]]
    assert ids(*parts(2000, 500)) == [["pi_1", "pi_2"]]
    assert ids(*parts(1500, 1500)) == [["pi_1", "pi_2"]]
    assert ids(*parts(2000, 2000, total=None)) == []


def test_only_what_is_too_much_of_an_invoice_can_be_given_back_without_an_end() -> None:
    whole, more = parts(2000, 500)
    assert is_proven_duplicate(more, [whole, more])
    assert not is_proven_duplicate(whole, [whole, more])
    assert is_proven_duplicate(whole, [whole, more], amount=Money(500, "usd"))
    assert not is_proven_duplicate(whole, [whole, more], amount=Money(501, "usd"))
    first, second = parts(1000, 1000)
    assert not is_proven_duplicate(first, [first, second], amount=Money(1, "usd"))


def test_another_invoice_covers_the_period_once_it_is_paid() -> None:
    first, second = parts(1000, 1000)
    other = paid(3, invoice_id=InvoiceId("in_other"), invoice_total=Money(2000, "usd"))
    half = replace(other, amount=Money(1000, "usd"))
    assert ids(first, second, other) == [["pi_1", "pi_2", "pi_3"]]
    assert is_proven_duplicate(other, [first, second, other])
    assert not is_proven_duplicate(other, [first, other])
    assert ids(first, second, half) == [["pi_1", "pi_2", "pi_3"]]
    assert is_proven_duplicate(half, [first, second, half])
    assert not is_proven_duplicate(first, [first, second, half])
    unknown = replace(other, invoice_total=None)
    assert is_proven_duplicate(first, [first, second, unknown])


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
