"""Finding what a member must never send: card numbers, secret keys, passwords (rule S21)."""

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise


class SecretKind(StrEnum):
    """What was found; the member is told which."""

    CARD_NUMBER = "card number"
    SECRET_KEY = "secret key"  # noqa: S105
    PASSWORD = "password"  # noqa: S105


# Groups of digits with what may stand between those of a card number: spaces and dashes of all
# kinds, dots, slashes, markdown, and signs that nobody sees. A comma stands alone: with a space it
# makes a list. Discord's ids are as long, and one in ten passes the check digit test: mentions,
# message links and UUIDs are known by their form.
_GAP = (
    r"(?:[\s./*_~|`\u00ad\u200b-\u200d\u2060\ufeff"
    r"\-\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]{1,8}|,)"
)
_DIGITS = re.compile(
    r"<(?:@[!&]?|\#|a?:\w{1,32}:|/[^<>]{1,100}:)\d{17,20}>"
    r"|https://(?:\w+\.)?discord\.com/channels/(?:@me|\d{17,20})(?:/\d{17,20}){1,2}"
    r"|\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b"
    rf"|(?P<run>\d+(?:{_GAP}\d+)*)"
)
_GROUP = re.compile(r"\d+")
# Unbroken, in halves, by four with a rest, and as it stands on American Express, Diners and old
# Maestro cards.
_SHAPES = frozenset(
    {
        *((length,) for length in range(13, 20)),
        (8, 8),
        (4, 4, 4, 4),
        *((4, 4, 4, *rest) for last in (1, 2, 3) for rest in ((last,), (4, last))),
        (4, 6, 4),
        (4, 6, 5),
    }
)
_MOST_GROUPS = max(len(shape) for shape in _SHAPES)
# What each issuer's numbers begin with, by how long they are. Ids and times rarely do.
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720|220[0-4])\d{12}"  # Mastercard, Mir
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11}"  # Diners
    r"|(?:6011|64[4-9]\d|65\d\d|352[89]|35[3-8]\d|62\d\d)\d{12,15}"  # Discover, JCB, UnionPay
    r"|(?:50|5[6-9]|6\d)\d{11,17}"  # Maestro
)
# With the fullwidth signs of Chinese and Japanese keyboards, and the quotes of code.
_SIGN = r"[:=\uff1a\uff1d]"
_IS = rf"[\"'`]?+\s*+{_SIGN}\s*+[\"'`]?+"
# As a setting's name has it, too: DB_PASSWORD.
_BEGINS = r"(?<![^\W_])"
_SECRET_KEY = re.compile(
    # Payment providers; ids of payments, invoices and the like begin with other letters.
    r"\b(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{10,}"
    r"|creem_(?:test_)?[A-Za-z0-9]{10,}"
    # GitHub, GitLab, npm, PyPI, Slack, Google, AWS, DigitalOcean, Hugging Face, SendGrid, OpenAI
    # and Anthropic.
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|do[opr]_v1_[a-f0-9]{40,}|hf_[A-Za-z0-9]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|sk-(?=[A-Za-z_-]{0,100}\d)[A-Za-z0-9_-]{20,}"
    # Discord's tokens, and what browsers and backends keep of a session.
    r"|[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,}|mfa\.[A-Za-z0-9_-]{20,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"
    r"|https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{20,}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"
    r"|\d{8,10}:AA[A-Za-z0-9_-]{33,}"  # Telegram's
    rf"|(?i:{_BEGINS}(?:api[ _-]?key|secret(?:[ _-]?access)?(?:[ _-]?key)?"
    r"|(?:access|auth|bearer|session)[ _-]?(?:token|id)"
    rf"|authorization{_IS}(?:bearer|basic))(?:{_IS}|\s*+is\s*+|\s++))"
    r"(?=[A-Za-z_./+=-]{0,100}\d)[A-Za-z0-9_./+=-]{16,}"
    # A token is many things: a number of a case or a parcel, an id of a payment. So it has to look
    # random.
    rf"|(?i:{_BEGINS}token{_IS})(?![a-z]{{2,8}}_|[A-Z\d]{{1,19}}\b)"
    r"(?:(?=[A-Za-z]{1,100}\d|\d{1,100}[A-Za-z])[A-Za-z0-9]{16}"
    r"|(?=\S{0,100}[a-z])(?=\S{0,100}[A-Z])(?=\S{0,100}\d)[A-Za-z0-9_./+=-]{20})"
    r"[A-Za-z0-9_./+=-]*",
    re.DOTALL,
)
_LABEL = (
    r"(?:password|passwd|pwd|pw|passphrase|passwort|kennwort|contraseña|mot de passe|mdp|senha"
    r"|wachtwoord|пароль|hasło)"
)
# One token: of several ordinary words ("Password: I forgot it") none is a password. So it stands
# alone, or before the next label, or is no word. "My password is wrong" tells none, either.
_ODD = r"(?=\S{4,200}(?!\S))(?=\S{0,200}(?:[\d#$%&@^*+=]|[a-z][A-Z]))\S+"
_ALONE = (
    r"\S{1,200}+(?<![:\uff1a])(?!\S)"
    rf"(?=[^\S\n]{{0,200}}(?:\n|\Z)|(?<=[,;])\s\w{{1,30}}\s?{_SIGN})"
)
_PASSWORD = re.compile(
    # Neither a path or an address, nor what was removed already.
    rf"{_BEGINS}(?i:{_LABEL})(?:{_IS}(?!/|https?:|\[removed\])(?:{_ODD}|{_ALONE})"
    rf"|\s*+(?i:is|ist|lautet|es|est)(?:\s*+{_SIGN}\s*+|\s++){_ODD})"
    # A pass is many things.
    rf"|{_BEGINS}(?i:pass)\s*+{_SIGN}\s*+"
    r"(?=\S{6,200}(?!\S))(?=\S{0,200}\d)(?=\S{0,200}[A-Za-z])(?!https?:)\S+"
    # In an address, between whose it is and where it leads.
    r"|(?<=://)[^\s/:@]{0,100}:[^\s/?#]{1,200}(?=@)"
)

REMOVED = "[removed]"


def passes_luhn(digits: str) -> bool:
    """The check digit test that every payment card number passes."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_card_number(groups: Sequence[re.Match[str]], text: str) -> bool:
    """Whether these groups, with nothing else between them, are a card number."""
    if tuple(len(each.group()) for each in groups) not in _SHAPES:
        return False
    # In any writing that has digits.
    digits = "".join(str(int(digit)) for each in groups for digit in each.group())
    if not _ISSUED.fullmatch(digits) or not passes_luhn(digits):
        return False
    gaps = [text[one.end() : next_.start()] for one, next_ in pairwise(groups)]
    # One of these among other signs ends a sentence, makes a date, or is a decimal point.
    return all(len({sign in gap for gap in gaps}) <= 1 for sign in "./,")


def _remove_card_numbers(run: str) -> str:
    """A card number consists of whole groups: date and check code may follow it, other numbers go
    before it."""
    groups = list(_GROUP.finditer(run))
    kept, done, first = [], 0, 0
    while first < len(groups):
        for last in range(first + 1, min(first + _MOST_GROUPS, len(groups)) + 1):
            if _is_card_number(groups[first:last], run):
                kept += [run[done : groups[first].start()], REMOVED]
                done, first = groups[last - 1].end(), last
                break
        else:
            first += 1
    return "".join([*kept, run[done:]])


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
