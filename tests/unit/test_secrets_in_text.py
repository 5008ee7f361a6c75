"""Card numbers, keys and passwords never stay in what people write (S21)."""

import random
import re
import string
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.secrets_in_text import REMOVED, SecretKind, passes_luhn, remove_secrets


def luhn_digit(digits: str) -> str:
    """The check digit that makes a number of these digits pass."""
    return next(each for each in "0123456789" if passes_luhn(digits + each))


# Which numbers issuers give out: what they begin with, and how long they are.
ISSUED: dict[str, tuple[Sequence[int], Sequence[int]]] = {
    "Visa": ([4], [13, 16, 19]),
    "Mastercard": ([*range(51, 56), *range(2221, 2721)], [16]),
    "American Express": ([34, 37], [15]),
    "Discover": ([6011, *range(644, 650), 65], [16, 17, 18, 19]),
    "Diners": ([*range(300, 306), 36, 38, 39], [14]),
    "JCB": (range(3528, 3590), [16, 17, 18, 19]),
    "UnionPay": ([62], [16, 17, 18, 19]),
    "Maestro": ([50, *range(56, 70)], range(13, 20)),
    "Mir": (range(2200, 2205), [16]),
}
BY_FOUR = r"(.{4})(.{4})(.{4})(.{1,4})(.{1,3})?"
AS_PRINTED = r"(.{4})(.{6})(.{4,5})"
SEPARATORS = [" ", "-", ".", ". ", " - ", "_", "*", "\n", "\t", "** **", "|| ||", "` `"]
SEPARATORS += ["/", " / ", ","]
# Spaces, hyphens and dashes of other kinds, and signs that nobody sees.
SEPARATORS += ["\u00a0", "\u2009", "\u202f", "\u2011", "\u2013", " \u2014 ", "\u2212"]
SEPARATORS += ["\u200b", "\u2060", "\ufeff", "\u00ad"]
words = st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=20)


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    """Of every issuer, of every length that it gives out."""
    beginnings, lengths = ISSUED[draw(st.sampled_from(sorted(ISSUED)))]
    begins, length = str(draw(st.sampled_from(beginnings))), draw(st.sampled_from(lengths))
    missing = length - len(begins) - 1
    digits = begins + draw(st.text("0123456789", min_size=missing, max_size=missing))
    return digits + luhn_digit(digits)


def by_four(number: str, separator: str) -> str:
    return _grouped(BY_FOUR, number, separator)


def _grouped(shape: str, number: str, separator: str) -> str:
    match = re.fullmatch(shape, number)
    return separator.join(filter(None, match.groups())) if match else number


def ways_to_write(number: str, separator: str) -> tuple[str, str, str]:
    """In one, counted to four, and as it stands on cards that have other groups."""
    return number, by_four(number, separator), _grouped(AS_PRINTED, number, separator)


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", text)


@settings(max_examples=1_000)
@given(words, card_numbers(), st.sampled_from(SEPARATORS), words)
def test_a_card_of_every_issuer_is_found_however_it_is_written(
    before: str, number: str, separator: str, after: str
) -> None:
    for written in ways_to_write(number, separator):
        cleaned, found = remove_secrets(f"{before}{written}{after}")

        assert SecretKind.CARD_NUMBER in found, written
        assert number not in digits_of(cleaned)


@pytest.mark.parametrize(
    "written",
    [
        "My card 4242\u20134242\u20134242\u20134242 was charged",
        "**4242** **4242** **4242** **4242**",
        "||4242|| ||4242|| ||4242|| ||4242||",
        "4242\u200b4242\u200b4242\u200b4242",
        "3782 822463 10005",
        "3782 8224 6310 005",
        "42424242 42424242",
        "4242/4242/4242/4242",
        "4242,4242,4242,4242",
        "card4242424242424242exp",
        "\u0664\u0662\u0664\u0662 " * 4,
        "\uff14\uff12\uff14\uff12" * 4,
    ],
)
def test_a_card_in_other_signs(written: str) -> None:
    cleaned, found = remove_secrets(written)

    assert found == {SecretKind.CARD_NUMBER}
    assert not re.search(r"\d", cleaned)


@given(
    card_numbers(),
    st.sampled_from([" ", " - ", "\n"]),
    st.from_regex(r"[01][0-9]/[23][0-9] [0-9]{3}", fullmatch=True),
)
def test_date_and_check_code_beside_it_do_not_hide_it(
    number: str, separator: str, rest: str
) -> None:
    for text in (f"{by_four(number, ' ')}{separator}{rest}", f"{number} {rest}", f"77 {number}"):
        cleaned, found = remove_secrets(text)
        assert SecretKind.CARD_NUMBER in found
        assert number not in digits_of(cleaned)


@given(card_numbers(), card_numbers())
def test_two_in_a_row(first: str, second: str) -> None:
    cleaned, _ = remove_secrets(f"{first} {second}")
    assert first not in digits_of(cleaned)
    assert second not in digits_of(cleaned)


def _several(of: Callable[[], str], most: int = 6, between: str = ", ") -> str:
    return between.join(of() for _ in range(CHANCE.randint(1, most)))


def _digits(least: int, most: int | None = None) -> str:
    return "".join(CHANCE.choices("0123456789", k=CHANCE.randint(least, most or least)))


def _signs(length: int) -> str:
    return "".join(CHANCE.choices(string.ascii_letters + string.digits, k=length))


def _moment(form: str) -> str:
    seconds = CHANCE.randint(1_400_000_000, 2_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime(form)


def _address() -> str:
    return ".".join(str(CHANCE.randint(1, 254)) for _ in range(4))


def _log_line() -> str:
    return (
        f"{_moment('%Y-%m-%d %H:%M:%S')},{_digits(3)} ERROR worker-{_digits(1)} {_address()} "
        f"GET /api/v2/items/{_digits(4, 8)} 500 took {_digits(2, 5)} ms"
    )


CHANCE = random.Random()  # noqa: S311 - each test seeds it: the same texts at every run
# What somebody with a problem writes or pastes.
STRUCTURED: dict[str, Callable[[], str]] = {
    "IP addresses": lambda: _several(_address),
    "dates": lambda: _several(lambda: _moment("%Y-%m-%d")),
    "German dates": lambda: _several(lambda: _moment("%d.%m.%Y")),
    "dates with slashes": lambda: _several(lambda: _moment("%Y/%m/%d %d/%m/%Y"), between="/"),
    "dotted times": lambda: _moment("%Y-%m-%d %H.%M.%S.") + _digits(3),
    "times in one": lambda: _several(lambda: _moment("%Y%m%d%H%M%S")),
    "Unix times": lambda: (
        f"{_moment('%s')} {_moment('%s')}{_digits(3)} {_moment('%s')}{_digits(6)}"
    ),
    "amounts": lambda: _several(lambda: f"{_digits(2)}.{_digits(2)}", 8),
    "large amounts": lambda: _several(
        lambda: f"{_digits(1)},{_digits(3)},{_digits(3)}.{_digits(2)}"
    ),
    "log lines": lambda: _several(_log_line, 10, "\n"),
    "versions": lambda: _several(lambda: f"{_digits(1)}.{_digits(1, 2)}.{_digits(1, 4)}"),
    "a list": lambda: " ".join(map(str, range(1, CHANCE.randint(15, 60)))),
    "a list of points": lambda: "\n".join(f"{n}. x" for n in range(1, CHANCE.randint(15, 60))),
    "numbers": lambda: _several(lambda: str(CHANCE.randint(0, 9999)), 8),
    "thousands": lambda: _several(lambda: f"{_digits(1, 3)},{_digits(3)},{_digits(3)}", 8, "/"),
    "pages": lambda: _several(lambda: f"{_digits(1, 4)}/{_digits(1, 4)}", 8),
    "phone numbers": lambda: _several(lambda: f"+49 {_digits(3)} {_digits(7)}", 3, " / "),
    "years": lambda: " ".join(str(year) for year in range(2000, CHANCE.randint(2004, 2030))),
    "ids of our days": lambda: str(CHANCE.randint(10**18, 2 * 10**18 - 1)),
    "Google's orders": lambda: (
        f"GPA.{_digits(4)}-{_digits(4)}-{_digits(4)}-{_digits(5)}..{_digits(1)}"
    ),
    "Stripe's ids": lambda: f"{CHANCE.choice(['pi', 'ch', 'in', 'sub'])}_{_signs(24)}",
    "UUIDs": lambda: str(UUID(int=CHANCE.getrandbits(128), version=4)),
}
# Nobody can tell these from a card in every case: how many in a hundred may be taken for one.
UNSTRUCTURED: dict[str, tuple[Callable[[], str], float]] = {
    "older ids": (lambda: str(CHANCE.randint(10**16, 10**18 - 1)), 2.5),
    "orders of 16": (lambda: str(CHANCE.randint(10**15, 10**16 - 1)), 5),
    "orders of 17": (lambda: str(CHANCE.randint(10**16, 10**17 - 1)), 2.5),
    "numbers in a row": (lambda: _several(lambda: str(CHANCE.randint(0, 9999)), 20, " "), 20),
    "a row of a table": (lambda: _several(lambda: str(CHANCE.randint(0, 9999)), 20, ","), 20),
}
TIMES = 3_000


@pytest.mark.parametrize("kind", STRUCTURED)
def test_what_has_another_form_is_never_taken_for_a_card(kind: str) -> None:
    CHANCE.seed(kind)
    for _ in range(TIMES):
        written = STRUCTURED[kind]()
        assert remove_secrets(written) == (written, frozenset())


@pytest.mark.parametrize("kind", UNSTRUCTURED)
def test_what_looks_like_a_card_is_rarely_taken_for_one(kind: str) -> None:
    CHANCE.seed(kind)
    make, in_a_hundred = UNSTRUCTURED[kind]

    taken = sum(bool(remove_secrets(make())[1]) for _ in range(TIMES))

    assert taken / TIMES * 100 <= in_a_hundred


@pytest.mark.parametrize(
    "repeated",
    [
        "1", "4", "4242 ", "4242 4242 4242 4242 ", "4242.", "1 ", " ", "-", "4242        ",
        "password:", "password: x ", "password ", "pass:a1", "sk-", "secret ", "eyJa.", "<@1",
        "-----BEGIN ", "api key", "4/", "4242,", "token:", "a_", "a_token", "://", "a://b:",
        "secret_", "_secret_access_", "a_password=", "authorization: ", "12345678:AA", "AA",
    ],
)  # fmt: skip
def test_a_text_takes_time_by_its_length_alone(repeated: str) -> None:
    """Where every part were compared with every other one, this would take minutes."""
    text = repeated * (400_000 // len(repeated))
    began = time.process_time()

    remove_secrets(text)

    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "begun",
    ["password", "password:", "my password is", "pass", "api key", "token", "token:", "a://"],
)
@pytest.mark.parametrize("rest", [" ", "a", ":"])
def test_nor_does_what_is_begun_and_never_ends(begun: str, rest: str) -> None:
    began = time.process_time()

    remove_secrets(begun + rest * 100_000)

    assert time.process_time() - began < 5


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
        "Password: I forgot it, please help",
        "My password:\nI forgot it",
        "Passwort: weiß ich nicht mehr",
        "Email: mia@example.com\nPassword:\nPlan: Pro",
        "password reset: https://example.com/reset",
        "Password reset page, password: https://example.com/reset",
        "Season pass: expired",
        "Battle pass: $9.99 since 2026",
        "pwd: /home/mia/project1",
        "It is my 2nd password: can't log in with it",
        "Is my password too short? The password reset does not work",
        "a risk-free-trial-of-30-days-and-more, task-1234567890123456789012",
        "The secret is to ask the session id from your administrator",
        "Mein Passwort ist falsch",
        # Where nothing says that it is the password, every word after it could be one.
        "My password hunter2 does not work",
        "The token is not accepted. Token: expired since 2026-11-22",
        "Token: https://example.com/what-is-a-token-2026",
        "Token: pi_3Nabc8fGh2KlmNOP, ticket token: TICKET-2026-11-22-0001",
        "payment token: 00340434161094042557, token = 550e8400-e29b-41d4-a716-446655440000",
        "tracking token: 1Z999AA10123456784, client_secret is not set, 12:AA, 123456789:AAbc",
        "https://example.com:8443/login?next=@mia, http://localhost:8080, write to mia@x.example",
        "pk_live_abcdefghij1234 is public",
        "+1 (415) 555-0132, 0800 123 4567",
        "0000 0000 0000 0000",
        "4242 4242 4242 4241",
        "1234 5678 9012 3452, and no issuer begins so",
        "versions 1.2.3, 1.2.4, 1.2.5, 2.0.1, 2.0.2",
        "192.168.100.101 and 10.0.0.255, 172.16.0.12, 8.8.8.8",
        "It failed on 2026-11-20, 2026-11-17, 2026-11-11",
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
        ("hf_abcdefghijklmnopqrstuvwxyzABCDEF12", SecretKind.SECRET_KEY),
        ("ya29.abcdefghij_1234567890-abc", SecretKind.SECRET_KEY),
        ("dop_v1_" + "abcdef0123456789" * 4, SecretKind.SECRET_KEY),
        ("-----BEGIN RSA PRIVATE KEY-----\nabcdefghij\n", SecretKind.SECRET_KEY),
        ("api key: abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("Authorization: Bearer abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("session_token=abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("token: abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("Token: aB3-abcdefghij_1234567890", SecretKind.SECRET_KEY),
        ("MY_BOT_TOKEN=abcdefghij1234567890", SecretKind.SECRET_KEY),
        ('{"token": "abcdefghij1234567890"}', SecretKind.SECRET_KEY),
        ("api_key = 'abcdefghij1234567890'", SecretKind.SECRET_KEY),
        ("MY_API_KEY=abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("STRIPE_SECRET_KEY=abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("AWS_SECRET_ACCESS_KEY=abcdefghij/K7MDENG/bPxRfi", SecretKind.SECRET_KEY),
        ("secret access key: abcdefghij1234567890", SecretKind.SECRET_KEY),
        ('"secretAccessKey": "abcdefghij1234567890"', SecretKind.SECRET_KEY),
        ("client_secret=abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("x-api-key: abcdefghij1234567890", SecretKind.SECRET_KEY),
        ("Authorization: Basic abcdefghij1234567890==", SecretKind.SECRET_KEY),
        ('{"Authorization": "Bearer abcdefghij1234567890"}', SecretKind.SECRET_KEY),
        ("SOME_TOKEN=0A1B2C3D4E5F0A1B2C3D4E5F-abcdefghij", SecretKind.SECRET_KEY),
        ("123456789:AAabcdefghijabcdefghij1234567890_-a", SecretKind.SECRET_KEY),
        (
            "https://api.telegram.org/bot1234567890:AAabcdefghijabcdefghij1234567890_-a/getMe",
            SecretKind.SECRET_KEY,
        ),
        ("DB_PASSWORD=hunter2x", SecretKind.PASSWORD),
        ("POSTGRES_PASSWORD: s3cret!hunter2", SecretKind.PASSWORD),
        ("SMTP_PASS=hunter2", SecretKind.PASSWORD),
        ("mot de passe : hunter2", SecretKind.PASSWORD),
        ("пароль: hunter2", SecretKind.PASSWORD),
        ("the password is: hunter2", SecretKind.PASSWORD),
        ("Password: hunter2", SecretKind.PASSWORD),
        ("passwd\uff1ahunter2", SecretKind.PASSWORD),
        ('{"password": "hunter2"}', SecretKind.PASSWORD),
        ("postgres://user:hunter2@host/db", SecretKind.PASSWORD),
        ("redis://:hunter2@10.0.0.1:6379", SecretKind.PASSWORD),
        ("https://mia:a@hunter2@example.com", SecretKind.PASSWORD),
        ("my password is hunter2", SecretKind.PASSWORD),
        ("Passwort = hunter2", SecretKind.PASSWORD),
        ("contraseña:hunter2", SecretKind.PASSWORD),
        ("pw: hunter2", SecretKind.PASSWORD),
        ("pass: hunter2", SecretKind.PASSWORD),
        ("pwd=hunter2", SecretKind.PASSWORD),
        ("Passwort lautet hunter2!", SecretKind.PASSWORD),
        ("mi contraseña es: hunter2", SecretKind.PASSWORD),
        ("Mail: a@b.c, password: hunter2, please look", SecretKind.PASSWORD),
        ("Password:\nhunter2\nIt does not work", SecretKind.PASSWORD),
        ("password: abcdefghij, user: mia", SecretKind.PASSWORD),
    ],
)
def test_keys_and_passwords(text: str, kind: SecretKind) -> None:
    cleaned, found = remove_secrets(text)
    assert found == {kind}
    assert REMOVED in cleaned
    assert not any(part in cleaned for part in ("abcdefghij", "hunter2"))


@pytest.mark.parametrize("text", ["contraseña: x", "mot de passe : x", "Password: x\nand so on"])
def test_one_word_alone_is_a_password(text: str) -> None:
    assert remove_secrets(text)[1] == {SecretKind.PASSWORD}


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    cleaned, _ = remove_secrets(text)
    assert remove_secrets(cleaned)[0] == cleaned


@pytest.mark.parametrize("digits", ["4242424242424242", "378282246310005", "6011111111111117"])
def test_luhn(digits: str) -> None:
    assert passes_luhn(digits)
    assert not passes_luhn(digits[:-1] + str((int(digits[-1]) + 1) % 10))
