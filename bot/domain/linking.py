"""Limits of linking a Discord user to a billing account by a code sent to its address."""

import re
import secrets
from datetime import timedelta

CODE_LENGTH = 8
CODE_LIFETIME = timedelta(minutes=15)
# With eight digits, five guesses and these request limits, guessing for a day succeeds with a
# probability below one in 160,000.
MAX_ATTEMPTS = 5
REQUEST_WINDOW = timedelta(hours=1)
MAX_REQUESTS_PER_USER = 5
MAX_REQUESTS_PER_ADDRESS = 5
# A select in Discord has 25 options, and each account takes four requests to read.
MOST_OFFERED = 25

_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def new_code() -> str:
    """A fresh code: digits only, so that a phone offers its number keys."""
    return f"{secrets.randbelow(10**CODE_LENGTH):0{CODE_LENGTH}}"


def normalize_address(text: str) -> str | None:
    """The address in the form that limits are counted by; None when it cannot be an address."""
    address = text.strip()
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        return None
    return address.lower()


def normalize_code(text: str) -> str:
    """The digits of what a person typed: spaces and hyphens come from reading in groups."""
    return re.sub(r"[\s-]", "", text)
