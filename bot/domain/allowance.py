"""What a member may still use in the current billing period."""

from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    """What a ledger entry records. Grants and top-ups add; usage takes away."""

    GRANT = "grant"
    TOP_UP = "top_up"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Balance:
    """Sums of one period's ledger entries, in the catalogue's unit."""

    granted: int
    topped_up: int
    used: int

    @property
    def remaining(self) -> int:
        """What is left; never below zero, because usage is reported after the fact."""
        return max(0, self.granted + self.topped_up - self.used)


EMPTY_BALANCE = Balance(granted=0, topped_up=0, used=0)
