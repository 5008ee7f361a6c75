"""What a refund takes back of a top-up: the unspent part of that top-up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.money import Money
from bot.domain.top_up_refund import (
    TopUpShare,
    units_to_give_back,
    units_to_take_back,
    unspent_of,
)

PRICE = Money(1000, "usd")

amounts = st.integers(0, 3_000)


@st.composite
def cycles(draw: st.DrawFn) -> tuple[list[TopUpShare], int]:
    """A cycle's top-ups in order, and how much of them all is left."""
    shares = []
    for number in range(draw(st.integers(1, 5))):
        units = draw(st.integers(1, 3_000))
        shares.append(TopUpShare(f"top-up:{number}", units, draw(st.integers(0, units))))
    return shares, draw(st.integers(0, sum(share.kept for share in shares)))


@given(cycles())
def test_all_unspent_parts_are_what_is_left_and_the_older_are_spent_first(
    cycle: tuple[list[TopUpShare], int],
) -> None:
    shares, left = cycle
    unspent = [unspent_of(share.key, shares, left=left) for share in shares]

    assert sum(unspent) == left
    assert all(0 <= each <= share.kept for each, share in zip(unspent, shares, strict=True))
    touched = [each < share.kept for each, share in zip(unspent, shares, strict=True)]
    begun = [each > 0 for each in unspent]
    # Once one has something left, none after it is spent at all.
    if True in begun:
        assert not any(
            touch
            for touch, share in list(zip(touched, shares, strict=True))[begun.index(True) + 1 :]
            if share.kept
        )


def test_a_top_up_that_is_not_there_has_nothing_left() -> None:
    assert unspent_of("top-up:x", [TopUpShare("top-up:0", 500, 0)], left=500) == 0


@pytest.mark.parametrize(
    ("unspent", "refunded", "taken_back", "expected"),
    [
        (500, 1000, 0, 500),  # all of it
        (200, 1000, 0, 200),  # the rest is spent
        (0, 1000, 0, 0),
        (500, 500, 0, 250),  # half the price
        (100, 500, 0, 100),
        (250, 500, 250, 0),  # the same refund, seen again
        (250, 1000, 250, 250),  # the other half
        (500, 1, 0, 0),  # less than a unit's price
        (500, 1500, 0, 500),
    ],
)
def test_a_partial_refund_takes_its_share(
    unspent: int, refunded: int, taken_back: int, expected: int
) -> None:
    share = TopUpShare("top-up:0", 500, taken_back)
    taken = units_to_take_back(share, unspent=unspent, paid=PRICE, refunded=Money(refunded, "usd"))
    assert taken == expected


@given(st.integers(1, 3_000), amounts, amounts, st.integers(1, 10_000), st.data())
def test_never_more_than_is_unspent_and_never_twice(
    units: int, taken_back: int, unspent: int, price: int, data: st.DataObject
) -> None:
    taken_back = min(taken_back, units)
    share = TopUpShare("top-up:0", units, taken_back)
    unspent = min(unspent, share.kept)
    refunded = Money(data.draw(st.integers(0, price)), "usd")

    taken = units_to_take_back(share, unspent=unspent, paid=Money(price, "usd"), refunded=refunded)

    assert 0 <= taken <= unspent
    again = TopUpShare(share.key, units, taken_back + taken)
    left = unspent - taken
    assert units_to_take_back(again, unspent=left, paid=Money(price, "usd"), refunded=refunded) == 0


@pytest.mark.parametrize(
    ("refunded", "taken_back", "expected"),
    [
        (0, 380, 380),  # all of the refund has come back
        (0, 0, 0),  # it had taken nothing
        (300, 400, 250),  # one of two parts
        (700, 300, 0),  # less was taken than the part that stays is worth: the rest was spent
        (1000, 500, 0),
        (1500, 500, 0),
    ],
)
def test_a_refund_that_comes_back_gives_back_no_more_than_it_took(
    refunded: int, taken_back: int, expected: int
) -> None:
    share = TopUpShare("top-up:0", 500, taken_back)
    assert units_to_give_back(share, paid=PRICE, refunded=Money(refunded, "usd")) == expected


@given(st.integers(1, 3_000), st.integers(1, 10_000), st.data())
def test_what_was_taken_for_a_part_is_not_given_back_while_the_part_stays(
    units: int, price: int, data: st.DataObject
) -> None:
    paid, untouched = Money(price, "usd"), TopUpShare("top-up:0", units, 0)
    refunded = Money(data.draw(st.integers(0, price)), "usd")
    unspent = data.draw(st.integers(0, units))
    taken = units_to_take_back(untouched, unspent=unspent, paid=paid, refunded=refunded)
    after = TopUpShare(untouched.key, units, taken)

    assert units_to_give_back(after, paid=paid, refunded=refunded) == 0
    assert units_to_give_back(after, paid=paid, refunded=Money(0, "usd")) == taken
