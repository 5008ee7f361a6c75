"""Which links may leave Mooring (rule S22)."""

from collections.abc import Collection
from urllib.parse import urlsplit

PROVIDER_HOSTS = frozenset({"stripe.com", "discord.com"})


def is_allowed_link(url: str, *, hosts: Collection[str]) -> bool:
    """Whether `url` is HTTPS, without credentials or port, on one of `hosts` or a subdomain."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or not parts.hostname or port is not None or "@" in parts.netloc:
        return False
    host = parts.hostname.lower()
    return any(host == allowed or host.endswith(f".{allowed}") for allowed in hosts)
