"""Signatures of the vendor's backend: who asks, for what, and when."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HEADER = "Mooring-Signature"
# Long enough for clocks that differ, short enough for what is remembered against repetition.
WINDOW = timedelta(seconds=300)
# A time in seconds, with decimals where one client sends the same request twice in a second.
_FORM = re.compile(r"t=([0-9]{1,12}(?:\.[0-9]{1,6})?),v1=([0-9a-f]{64})")


class SignatureRefusedError(Exception):
    """`code` is missing, invalid or expired."""

    def __init__(self, code: str) -> None:
        """Nothing of what was sent is repeated."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Signature:
    """One that fits. It may be used once; after `expires_at` it would not fit any more."""

    digest: bytes
    expires_at: datetime


def digest_of(secret: str, *, time: str, method: str, target: str, body: bytes) -> bytes:
    """HMAC-SHA256 of time, method, path with query, and body, with dots between them.

    `target` is the path as it was sent, percent-encoded as it was.
    """
    head = f"{time}.{method}.{target}.".encode("utf-8", "surrogateescape")
    return hmac.digest(secret.encode(), head + body, hashlib.sha256)


def read_signature(
    header: str | None, *, secret: str, method: str, target: str, body: bytes, now: datetime
) -> Signature:
    """Verify it in constant time; raises SignatureRefusedError."""
    if header is None:
        raise SignatureRefusedError("missing")
    found = _FORM.fullmatch(header)
    if found is None:
        raise SignatureRefusedError("invalid")
    time, given = found[1], bytes.fromhex(found[2])
    digest = digest_of(secret, time=time, method=method, target=target, body=body)
    if not hmac.compare_digest(digest, given):
        raise SignatureRefusedError("invalid")
    if abs(now.timestamp() - float(time)) > WINDOW.total_seconds():
        raise SignatureRefusedError("expired")
    return Signature(digest, datetime.fromtimestamp(float(time), UTC) + WINDOW)
