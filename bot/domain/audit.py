"""What the audit log tells, and how it is searched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.identifiers import UserId


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to whom. `actor_id` is None where Mooring acted by itself, or where the person
    had themselves forgotten: `is_actor_erased` says so."""

    id: int
    at: datetime
    actor_id: UserId | None
    is_actor_erased: bool
    action: str
    subject: str
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None leaves nothing out. `member_id` finds what a person did and what was done to theirs.

    `action` is the beginning of one, such as `refund`; `reference` is what people quote: the id of
    a payment, a subscription, a ticket or a refund.
    """

    member_id: UserId | None = None
    action: str | None = None
    since: datetime | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The end of the chain: whoever keeps it elsewhere can tell later whether rows were cut off."""

    rows: int
    hash: str
