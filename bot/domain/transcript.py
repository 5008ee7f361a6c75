"""Transcripts: whose copy it is, and links to it that expire and cannot be made up."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import TicketId, UserId

# A member may come back to it; the team can ask for another one at any time.
MEMBER_LINK = timedelta(days=30)
# As long as the screen on which it stands.
STAFF_LINK = timedelta(minutes=15)


class Copy(StrEnum):
    """The member's has no notes, and nothing that its author deleted or said before an edit.

    The log's is the team's without the notes: among those who read the log there can be somebody
    whom the ticket is about.
    """

    MEMBER = "member"
    STAFF = "staff"
    LOG = "log"


class WhyClosed(StrEnum):
    """Why a link opens nothing. NOT_OURS is all that is told about one that we have not made."""

    NOT_OURS = "not ours"
    EXPIRED = "expired"
    NOT_THEIRS = "not theirs"
    FORGOTTEN = "forgotten"
    OPENED_ELSEWHERE = "opened elsewhere"


@dataclass(eq=False)
class LinkClosedError(Exception):
    """A link leads to nothing, or to nothing any more; a page says so, and never Discord.

    `number` is of the ticket, where whoever has the link may know it.
    """

    why: WhyClosed
    number: int | None = None


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

    def reader(self, key: bytes) -> str:
        """Tells the browser that has opened it first from all others."""
        return self.mark("reader", key)

    def mark(self, use: str, key: bytes) -> str:
        """Like the signature, for a use in which nobody who has the link can make it."""
        return hmac.new(key, f"{use}.{self._said}".encode(), hashlib.sha256).hexdigest()

    def is_reader(self, shown: str, *, key: bytes) -> bool:
        """Whether this is what that browser got; in constant time."""
        return hmac.compare_digest(self.reader(key).encode(), shown.encode())

    def fits(self, signature: str, *, key: bytes) -> bool:
        """Whether we have made this link; in constant time."""
        return hmac.compare_digest(self._signature(key).encode(), signature.encode())

    @property
    def expires_at(self) -> datetime:
        """When its time is over."""
        return datetime.fromtimestamp(self.expires, UTC)

    @property
    def _said(self) -> str:
        return f"{self.ticket_id}.{self.user_id}.{self.copy}.{self.expires}"

    def _signature(self, key: bytes) -> str:
        return hmac.new(key, self._said.encode(), hashlib.sha256).hexdigest()


def link_key(secret: str) -> bytes:
    """A key for links alone, so that no other use of the secret can make one."""
    return hmac.new(secret.encode(), b"mooring transcript links", hashlib.sha256).digest()
