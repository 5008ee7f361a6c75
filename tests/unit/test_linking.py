"""Codes, and the addresses that they go to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.linking import (
    CODE_LENGTH,
    MAX_ATTEMPTS,
    MAX_REQUESTS_PER_USER,
    REQUEST_WINDOW,
    new_code,
    normalize_address,
    normalize_code,
)


def test_codes_are_digits_of_full_length_and_differ() -> None:
    codes = {new_code() for _ in range(200)}
    assert all(len(code) == CODE_LENGTH and code.isdecimal() for code in codes)
    assert len(codes) == 200


def test_guessing_for_a_day_is_hopeless() -> None:
    windows_a_day = 86_400 / REQUEST_WINDOW.total_seconds()
    guesses = windows_a_day * MAX_REQUESTS_PER_USER * MAX_ATTEMPTS
    assert guesses / 10**CODE_LENGTH < 1 / 160_000


@given(st.from_regex(r"[0-9]{8}", fullmatch=True), st.sampled_from(["", " ", "-", "\t", "\u00a0"]))
def test_a_code_read_in_groups_is_the_same_code(code: str, separator: str) -> None:
    assert normalize_code(f" {code[:4]}{separator}{code[4:]}\n") == code


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("mia@example.com", "mia@example.com"),
        ("  Mia.Muster+notes@Mail.Example.COM ", "mia.muster+notes@mail.example.com"),
        ("o'neil@example.ie", "o'neil@example.ie"),
    ],
)
def test_addresses(typed: str, address: str) -> None:
    assert normalize_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "mia",
        "@example.com",
        "mia@",
        "mia@example",
        "mia@example..com",
        "mia@@example.com",
        "mia@exam ple.com",
        "mia@example.com, max@example.com",
        "mia@example.com\nBcc: max@example.com",
        "Mia <mia@example.com>",
        "a" * 65 + "@example.com",
        "mia@" + "a" * 250 + ".com",
    ],
)
def test_what_cannot_be_an_address(typed: str) -> None:
    assert normalize_address(typed) is None


@given(st.text())
def test_no_text_smuggles_a_second_address_or_a_header(text: str) -> None:
    address = normalize_address(text)
    if address is not None:
        assert address.count("@") == 1
        assert not set(address) & set("\r\n\t ,;<>")
        assert normalize_address(address) == address
