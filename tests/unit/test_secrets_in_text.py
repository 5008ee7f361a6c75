"""Card numbers, keys and passwords never stay in what people write (S21)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.secrets_in_text import REMOVED, SecretKind, passes_luhn, remove_secrets


def luhn_digit(digits: str) -> str:
    """The check digit that makes a number of these digits pass."""
    return next(each for each in "0123456789" if passes_luhn(digits + each))


card_numbers = (
    st.from_regex(r"[0-9]{12,18}", fullmatch=True)
    .filter(str.isascii)
    .map(lambda digits: digits + luhn_digit(digits))
    .filter(lambda digits: len(set(digits)) > 1)
)
SEPARATORS = ["", " ", "-", ".", " - ", "\u00a0", "\n", "_"]
words = st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=20)


def grouped(number: str, separator: str) -> str:
    return separator.join(re.findall(".{1,4}", number))


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", text)


@given(words, card_numbers, st.sampled_from(SEPARATORS), words)
def test_a_card_number_never_stays_however_it_is_grouped(
    before: str, number: str, separator: str, after: str
) -> None:
    cleaned, found = remove_secrets(f"{before}{grouped(number, separator)}{after}")

    assert SecretKind.CARD_NUMBER in found
    assert number not in digits_of(cleaned)


@given(
    card_numbers,
    st.sampled_from([" ", " - ", "\n"]),
    st.from_regex(r"[01][0-9]/[23][0-9] [0-9]{3}", fullmatch=True),
)
def test_date_and_check_code_beside_it_do_not_hide_it(
    number: str, separator: str, rest: str
) -> None:
    for text in (f"{grouped(number, ' ')}{separator}{rest}", f"{number} {rest}", f"77 {number}"):
        cleaned, found = remove_secrets(text)
        assert SecretKind.CARD_NUMBER in found
        assert number not in digits_of(cleaned)


@given(card_numbers, card_numbers)
def test_two_in_a_row(first: str, second: str) -> None:
    cleaned, _ = remove_secrets(f"{first} {second}")
    assert first not in digits_of(cleaned)
    assert second not in digits_of(cleaned)


@pytest.mark.parametrize(
    "text",
    [
        "My invoice is MIA-0001 from 2026-11-01.",
        "I paid 1,234,567.89 on 01.02.2026 at 12:30:45",
        "Transaction pi_3Nabc8fGh2KlmNOP and in_1NabcDEF",
        "Call me: +49 30 901820",
        "Order 2026-11-22-0017, parcel 00340434161094042557",
        "sub_1NabcDEFghijKLMNOP, cus_Nabc1234567890ab, txn_3Nabc8fGh2KlmNOP, cs_test_a1b2c3d4e5f6",
        "ch_4xAbCdEfGhIjKlMnOp and prod_6hJkLmNoPqRsTuVw from Creem",
        "550e8400-e29b-41d4-a716-446655440000",
        "My password is wrong! And my password is not accepted.",
        "Is my password too short? The password reset does not work",
        "a risk-free-trial-of-30-days-and-more, task-1234567890123456789012",
        "The secret is to ask the session id from your administrator",
        "Mein Passwort ist falsch",
        "pk_live_abcdefghij1234 is public",
        "+1 (415) 555-0132, 0800 123 4567",
        "0000 0000 0000 0000",
        "4242 4242 4242 4241",
        "<@100000000000000008> and <@!100000000000000008>, <#100000000000000008>",
        "<@&100000000000000008> <:anchor:100000000000000008> </cancel:100000000000000008>",
        "https://discord.com/channels/100000000000000008/100000000000000008/100000000000000008",
        "https://discord.com/channels/@me/100000000000000008",
    ],
)
def test_what_is_no_secret_stays_word_for_word(text: str) -> None:
    assert remove_secrets(text) == (text, frozenset())


def test_the_ids_above_would_pass_for_card_numbers() -> None:
    assert passes_luhn("100000000000000008")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("key sk_live_abcdefghij1234", SecretKind.SECRET_KEY),
        ("rk_test_abcdefghij1234.", SecretKind.SECRET_KEY),
        ("whsec_abcdefghij1234", SecretKind.SECRET_KEY),
        ("creem_test_abcdefghij1234", SecretKind.SECRET_KEY),
        ("ghp_abcdefghijklmnopqrst", SecretKind.SECRET_KEY),
        ("MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0", SecretKind.SECRET_KEY),
        ("github_pat_abcdefghij1234567890_abc", SecretKind.SECRET_KEY),
        ("glpat-abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("npm_abcdefghijklmnopqrstuvwxyz0123456789", SecretKind.SECRET_KEY),
        ("xoxb-1234567890-abcdefghij", SecretKind.SECRET_KEY),
        ("AIzaabcdefghijklmnopqrstuvwxyz012345678", SecretKind.SECRET_KEY),
        ("AKIAABCDEFGHIJ123456", SecretKind.SECRET_KEY),
        ("SG.abcdefghij123456.abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("sk-ant-api03-abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("cookie eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abcdefghij12345", SecretKind.SECRET_KEY),
        (
            "https://discord.com/api/webhooks/100000000000000009/abcdefghij_1234567890",
            SecretKind.SECRET_KEY,
        ),
        ("-----BEGIN RSA PRIVATE KEY-----\nabcdefghij\n", SecretKind.SECRET_KEY),
        ("api key: abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("Authorization: Bearer abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("session_token=abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("mot de passe : hunter2", SecretKind.PASSWORD),
        ("пароль: hunter2", SecretKind.PASSWORD),
        ("the password is: hunter2", SecretKind.PASSWORD),
        ("Password: hunter2", SecretKind.PASSWORD),
        ("my password is hunter2", SecretKind.PASSWORD),
        ("Passwort = hunter2", SecretKind.PASSWORD),
        ("contraseña:hunter2", SecretKind.PASSWORD),
    ],
)
def test_keys_and_passwords(text: str, kind: SecretKind) -> None:
    cleaned, found = remove_secrets(text)
    assert found == {kind}
    assert REMOVED in cleaned
    assert not any(part in cleaned for part in ("abcdefghij", "hunter2"))


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    cleaned, _ = remove_secrets(text)
    assert remove_secrets(cleaned)[0] == cleaned


@pytest.mark.parametrize("digits", ["4242424242424242", "378282246310005", "6011111111111117"])
def test_luhn(digits: str) -> None:
    assert passes_luhn(digits)
    assert not passes_luhn(digits[:-1] + str((int(digits[-1]) + 1) % 10))
