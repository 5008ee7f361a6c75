"""What a refund takes back of a top-up: the part of it that is not spent, and nothing else.

And what it gives back when the bank returns the money: what it took, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.money import Money


@dataclass(frozen=True, slots=True)
class TopUpShare:
    """One of a cycle's top-ups, by its key in the ledger, and what was taken back of it so far."""

    key: str
    units: int
    taken_back: int

    @property
    def kept(self) -> int:
        """What still belongs to the member, spent or not."""
        return self.units - self.taken_back


def unspent_of(key: str, shares: Sequence[TopUpShare], *, left: int) -> int:
    """How much of one top-up is not spent when `left` of all are: the older are spent first."""
    spent = sum(share.kept for share in shares) - left
    for share in shares:
        spent_here = min(share.kept, max(0, spent))
        if share.key == key:
            return share.kept - spent_here
        spent -= spent_here
    return 0


def units_to_take_back(share: TopUpShare, *, unspent: int, paid: Money, refunded: Money) -> int:
    """The unspent part, up to the share of the price that was given back.

    `refunded` is all that was ever given back, so that nothing is taken twice.
    """
    if refunded.amount >= paid.amount:
        return unspent
    return max(0, min(_due(share, paid, refunded) - share.taken_back, unspent))


def units_to_give_back(share: TopUpShare, *, paid: Money, refunded: Money) -> int:
    """What was taken beyond the share of the price that is given back now."""
    return max(0, share.taken_back - _due(share, paid, refunded))


def _due(share: TopUpShare, paid: Money, refunded: Money) -> int:
    if refunded.amount >= paid.amount:
        return share.units
    return share.units * refunded.amount // paid.amount
