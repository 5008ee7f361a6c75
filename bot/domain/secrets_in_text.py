"""Finding what a member must never send: card numbers, secret keys, passwords (rule S21)."""

import re
from enum import StrEnum


class SecretKind(StrEnum):
    """What was found; the member is told which."""

    CARD_NUMBER = "card number"
    SECRET_KEY = "secret key"  # noqa: S105
    PASSWORD = "password"  # noqa: S105


_DIGITS = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])")
_SECRET_KEY = re.compile(
    r"\b(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{10,}"
    r"|creem_(?:test_)?[A-Za-z0-9]{10,}|gh[pousr]_[A-Za-z0-9]{20,}"
    r"|[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,})"
)
_PASSWORD = re.compile(r"(?i)\b(?:password|passwd|passwort|contraseña)\s*(?:is|:|=)\s*\S+")

REMOVED = "[removed]"


def passes_luhn(digits: str) -> bool:
    """The check digit test that every payment card number passes."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def remove_secrets(text: str) -> tuple[str, frozenset[SecretKind]]:
    """The text with every secret replaced, and which kinds were found."""
    found: set[SecretKind] = set()

    def card(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match.group())
        if len(set(digits)) == 1 or not passes_luhn(digits):
            return match.group()
        found.add(SecretKind.CARD_NUMBER)
        return REMOVED

    text = _DIGITS.sub(card, text)
    for pattern, kind in ((_SECRET_KEY, SecretKind.SECRET_KEY), (_PASSWORD, SecretKind.PASSWORD)):
        text, count = pattern.subn(REMOVED, text)
        if count:
            found.add(kind)
    return text, frozenset(found)
