"""Money: exact, in one currency, and shown as the provider counts it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.money import CurrencyMismatchError, Money, minor_digits
from cogs.words import money, parse_amount

amounts = st.integers(-(10**12), 10**12)
currencies = st.sampled_from(["usd", "eur", "jpy", "kwd", "rsd", "gbp", "huf"])


@given(amounts, amounts, currencies)
def test_adding_and_taking_away_are_exact(first: int, second: int, currency: str) -> None:
    total = Money(first, currency) + Money(second, currency)
    assert total.amount == first + second
    assert total - Money(second, currency) == Money(first, currency)


@given(amounts, amounts)
def test_currencies_do_not_mix(first: int, second: int) -> None:
    with pytest.raises(CurrencyMismatchError):
        Money(first, "usd") + Money(second, "eur")
    with pytest.raises(CurrencyMismatchError):
        Money(first, "usd") - Money(second, "eur")


@pytest.mark.parametrize("code", ["USD", "us", "usdt", "", "u$d1"])
def test_only_iso_codes_in_lower_case(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, code)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Money(900, "usd"), "$9.00"),
        (Money(123456789, "usd"), "$1,234,567.89"),
        (Money(-5, "usd"), "-$0.05"),
        (Money(500, "jpy"), "¥500"),
        (Money(1005, "kwd"), "KWD\u00a01.005"),
        # CLDR writes these without decimals, but providers count their hundredths.
        (Money(100000, "rsd"), "RSD\u00a01,000.00"),
        (Money(100000, "huf"), "HUF\u00a01,000.00"),
    ],
)
def test_how_amounts_are_shown(amount: Money, shown: str) -> None:
    assert money(amount).replace("\u00a0", "") == shown.replace("\u00a0", "")


@given(st.integers(0, 10**15), currencies)
def test_no_digit_is_lost_on_the_way_to_the_screen(amount: int, currency: str) -> None:
    shown = "".join(each for each in money(Money(amount, currency)) if each in "0123456789.")
    assert Decimal(shown).scaleb(minor_digits(currency)) == amount


@given(st.integers(0, 10**11), currencies, st.sampled_from([".", ","]))
def test_what_is_shown_can_be_typed(amount: int, currency: str, point: str) -> None:
    typed = str(Decimal(amount).scaleb(-minor_digits(currency))).replace(".", point)
    assert parse_amount(f" {typed} ", currency) == Money(amount, currency)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-5",
        "5.001",
        "1,000",
        "1 000",
        "1e3",
        "NaN",
        "sNaN",
        "Infinity",
        "5.",
        ".5",
        "٣",
        "five",
    ],
)
def test_what_could_be_misread_is_refused(typed: str) -> None:
    assert parse_amount(typed, "usd") is None


@given(st.text())
def test_any_text_is_an_amount_or_none(typed: str) -> None:
    amount = parse_amount(typed, "usd")
    assert amount is None or amount.amount >= 0
