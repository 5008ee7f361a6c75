"""Finding what a member must never send: card numbers, secret keys, passwords (rule S21)."""

import re
from enum import StrEnum


class SecretKind(StrEnum):
    """What was found; the member is told which."""

    CARD_NUMBER = "card number"
    SECRET_KEY = "secret key"  # noqa: S105
    PASSWORD = "password"  # noqa: S105


# Groups of digits as people write card numbers, with whatever stands between the groups. Discord's
# ids are as long, and one in ten passes the check digit test: mentions and message links are known
# by their form.
_DIGITS = re.compile(
    r"<(?:@[!&]?|\#|a?:\w+:|/[^<>]+:)\d{17,20}>"
    r"|https://(?:\w+\.)?discord\.com/channels/(?:@me|\d{17,20})(?:/\d{17,20}){1,2}"
    r"|(?P<run>\d+(?:[\s.,/_-]{1,3}\d+)*)"
)
_GROUP = re.compile(r"\d+")
CARD_LENGTHS = range(13, 20)
_SECRET_KEY = re.compile(
    # Payment providers; ids of payments, invoices and the like begin with other letters.
    r"\b(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{10,}"
    r"|creem_(?:test_)?[A-Za-z0-9]{10,}"
    # GitHub, GitLab, npm, PyPI, Slack, Google, AWS, SendGrid, OpenAI and Anthropic.
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|AIza[A-Za-z0-9_-]{35}|(?:AKIA|ASIA)[A-Z0-9]{16}\b|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|sk-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{20,}"
    # Discord's tokens, and what browsers and backends keep of a session.
    r"|[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,}|mfa\.[A-Za-z0-9_-]{20,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"
    r"|https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{20,}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"
    r"|(?i:\b(?:api[ _-]?key|secret(?:[ _-]key)?|(?:access|auth|bearer|session)[ _-]?(?:token|id)"
    r"|authorization:\s*bearer)\s*(?:is|:|=|\s)\s*)(?=[A-Za-z_./+=-]*\d)[A-Za-z0-9_./+=-]{16,}",
    re.DOTALL,
)
_LABEL = (
    r"(?i)\b(?:password|passwd|pwd|passwort|kennwort|contraseña|mot de passe|senha|wachtwoord"
    r"|пароль|hasło)"
)
# "My password is wrong" tells none: without a colon it takes a digit or a sign to be one.
_PASSWORD = re.compile(
    _LABEL + r"\s*(?:[:=]\s*\S+|(?:is|ist|es|est)\s*[:=]?\s+(?=\S*[\d#$%&@^*+=])"
    r"(?=\S{4,})\S+)"
)

REMOVED = "[removed]"


def passes_luhn(digits: str) -> bool:
    """The check digit test that every payment card number passes."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _card_number(run: str) -> tuple[int, int] | None:
    """Where the first card number in a run of groups begins and ends.

    It consists of whole groups: date and check code may follow it, other numbers go before it.
    """
    groups = list(_GROUP.finditer(run))
    for first, start in enumerate(groups):
        digits = ""
        for end in groups[first:]:
            digits += end.group()
            if len(digits) in CARD_LENGTHS and len(set(digits)) > 1 and passes_luhn(digits):
                return start.start(), end.end()
            if len(digits) >= CARD_LENGTHS.stop:
                break
    return None


def _remove_card_numbers(run: str) -> str:
    kept = ""
    while (found := _card_number(run)) is not None:
        kept += run[: found[0]] + REMOVED
        run = run[found[1] :]
    return kept + run


def remove_secrets(text: str) -> tuple[str, frozenset[SecretKind]]:
    """The text with every secret replaced, and which kinds were found."""
    found: set[SecretKind] = set()
    cleaned = _DIGITS.sub(
        lambda match: _remove_card_numbers(match["run"]) if match["run"] else match.group(), text
    )
    if cleaned != text:
        found.add(SecretKind.CARD_NUMBER)
    for pattern, kind in ((_SECRET_KEY, SecretKind.SECRET_KEY), (_PASSWORD, SecretKind.PASSWORD)):
        cleaned, count = pattern.subn(REMOVED, cleaned)
        if count:
            found.add(kind)
    return cleaned, frozenset(found)
