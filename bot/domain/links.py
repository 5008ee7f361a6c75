"""Which links may leave Mooring (rule S22)."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

PROVIDER_HOSTS = frozenset({"stripe.com", "creem.io", "discord.com"})

# Python takes a backslash for a part of the host where browsers take it for the host's end:
# https://evil.example\.stripe.com leads to evil.example.
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


def is_allowed_link(url: str, *, hosts: Collection[str]) -> bool:
    """Whether `url` is HTTPS, without credentials or port, on one of `hosts` or a subdomain."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    # Browsers drop tabs and line breaks, markdown ends a link there.
    if not url.isprintable() or " " in url or parts.scheme != "https" or not _HOST.fullmatch(host):
        return False
    if port is not None or "@" in parts.netloc:
        return False
    return any(host == allowed or host.endswith(f".{allowed}") for allowed in hosts)
