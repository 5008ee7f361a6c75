"""Signatures of the vendor's backend: what fits, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.signing import WINDOW, Signature, SignatureRefusedError, digest_of, read_signature

SECRET = "a secret of the vendor"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BODY = b'{"entries": []}'
TARGET = "/v1/usage"


def time_of(moment: datetime) -> str:
    return f"{moment.timestamp():.0f}"


def header(
    *,
    time: str = time_of(NOW),
    method: str = "POST",
    target: str = TARGET,
    body: bytes = BODY,
    secret: str = SECRET,
) -> str:
    """As the vendor's backend writes it."""
    digest = digest_of(secret, time=time, method=method, target=target, body=body)
    return f"t={time},v1={digest.hex()}"


def read(text: str | None, *, body: bytes = BODY, target: str = TARGET) -> Signature:
    return read_signature(text, secret=SECRET, method="POST", target=target, body=body, now=NOW)


def refusal(text: str | None, *, body: bytes = BODY, target: str = TARGET) -> str:
    with pytest.raises(SignatureRefusedError) as refused:
        read(text, body=body, target=target)
    return refused.value.code


def test_the_signed_text_is_what_the_documents_say() -> None:
    """Computed once with `openssl dgst -sha256 -hmac`."""
    digest = digest_of(
        "secret", time="1700000000", method="GET", target="/v1/accounts/cus_1", body=b""
    )
    assert digest.hex() == "8ed49a413ed08ca59a71a326da2cf2185f355f1ecf64f43ee60bc38cfbd71659"


def test_one_that_fits_expires_with_its_time() -> None:
    signature = read(header())
    assert signature.expires_at == NOW + WINDOW
    assert read(header()) == signature


def test_decimals_make_two_signatures_in_one_second() -> None:
    time = time_of(NOW)
    one, other = (read(header(time=f"{time}.{part}")) for part in ("25", "250001"))
    assert one.digest != other.digest
    assert one.expires_at == NOW + WINDOW + timedelta(milliseconds=250)


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "another secret"},
        {"method": "PUT"},
        {"target": "/v1/links"},
        {"target": "/v1/usage?x=1"},
        {"body": BODY + b" "},
        {"body": b""},
    ],
)
def test_of_anything_else_it_does_not_fit(changed: dict[str, str]) -> None:
    assert refusal(header(**changed)) == "invalid"  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_within_the_window_it_is_taken(seconds: int) -> None:
    read(header(time=time_of(NOW + timedelta(seconds=seconds))))


@pytest.mark.parametrize("seconds", [-301, 301, -(10**9), 10**11])
def test_outside_the_window_it_has_expired(seconds: int) -> None:
    assert refusal(header(time=str(int(NOW.timestamp()) + seconds))) == "expired"


def test_missing_and_malformed_ones() -> None:
    good = header()
    time, digest = good.split(",v1=")
    assert refusal(None) == "missing"
    for text in (
        "",
        "t=,v1=",
        digest,
        f"v1={digest}",
        f"{time},v1={digest.upper()}",
        f"{time},v1={digest[:-1]}",
        f"{time},v1={digest}0",
        f"{time}, v1={digest}",
        f"{good},v1={digest}",
        f"{good}\n",
        f" {good}",
        good.replace("t=", "t=+"),
        good.replace("t=", "t=-"),
        good.replace("t=1", "t=\u0661"),
        good.replace("v1=", "v1=é"),
        f"t=1e9,v1={digest}",
        f"t=nan,v1={digest}",
        f"t={'9' * 400},v1={digest}",
        "\udcff",
    ):
        assert refusal(text) == "invalid", text


def test_nothing_of_what_was_sent_or_of_the_secret_is_in_the_error() -> None:
    with pytest.raises(SignatureRefusedError) as refused:
        read("t=1,v1=" + "a" * 64)
    assert str(refused.value) == "invalid"


@given(st.text(max_size=200))
def test_no_other_text_fits(text: str) -> None:
    assert refusal(text) == "invalid"


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_it_fits_its_own_body_alone(body: bytes, other: bytes) -> None:
    signed = header(body=body)
    read(signed, body=body)
    if other != body:
        assert refusal(signed, body=other) == "invalid"


def test_a_path_with_any_bytes_can_be_signed() -> None:
    """The server keeps bytes that are not UTF-8 as surrogates."""
    target = "/v1/accounts/\udcff%2F"
    read(header(target=target), target=target)
