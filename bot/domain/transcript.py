"""Transcripts: whose copy it is, and links to it that expire and cannot be made up."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import TicketId, UserId

# A member may come back to it; the team can ask for another one at any time.
MEMBER_LINK = timedelta(days=30)
STAFF_LINK = timedelta(hours=1)


class Copy(StrEnum):
    """The member's has no notes, and nothing that its author deleted or said before an edit."""

    MEMBER = "member"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class TranscriptLink:
    """What a link says: which copy of which ticket, for whom, until when."""

    ticket_id: TicketId
    user_id: UserId
    copy: Copy
    expires: int

    @classmethod
    def made(
        cls, ticket_id: TicketId, user_id: UserId, copy: Copy, *, now: datetime
    ) -> "TranscriptLink":
        """A link that begins to count now."""
        lifetime = STAFF_LINK if copy is Copy.STAFF else MEMBER_LINK
        return cls(ticket_id, user_id, copy, int((now + lifetime).timestamp()))

    def query(self, key: bytes) -> str:
        """What stands behind the question mark."""
        return (
            f"copy={self.copy}&expires={self.expires}&for={self.user_id}"
            f"&signature={self._signature(key)}"
        )

    def fits(self, signature: str, *, key: bytes) -> bool:
        """Whether we have made this link; in constant time."""
        return hmac.compare_digest(self._signature(key).encode(), signature.encode())

    def has_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now >= datetime.fromtimestamp(self.expires, UTC)

    def _signature(self, key: bytes) -> str:
        said = f"{self.ticket_id}.{self.user_id}.{self.copy}.{self.expires}"
        return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()


def link_key(secret: str) -> bytes:
    """A key for links alone, so that no other use of the secret can make one."""
    return hmac.new(secret.encode(), b"mooring transcript links", hashlib.sha256).digest()
