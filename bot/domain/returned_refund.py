"""Which refunds have come back: made, and failed by the provider days later (rule S11)."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from bot.domain.identifiers import RefundId
from bot.domain.money import Money
from bot.domain.refund import Refund, RefundState

# Banks send back what they cannot book within about a month.
MAY_RETURN_FOR = timedelta(days=45)


def made_of(known: Sequence[Refund]) -> list[Refund]:
    """Those that count as made, of all that were ever begun."""
    return [each for each in known if each.state is RefundState.DONE]


def missing(made: Sequence[Refund], *, refunded: Money) -> Money:
    """How much less the provider says it has given back than these refunds come to together."""
    total = sum(each.amount.amount for each in made)
    return Money(max(0, total - refunded.amount), refunded.currency)


def returned(
    made: Sequence[Refund], *, refunded: Money, not_there: Collection[RefundId]
) -> list[Refund]:
    """Those of them that are gone, newest first, as far as what is missing explains.

    `not_there` are those that the provider calls failed, or does not know.
    """
    left = missing(made, refunded=refunded).amount
    gone: list[Refund] = []
    for refund in sorted(made, key=lambda each: each.created_at, reverse=True):
        if refund.id in not_there and refund.amount.amount <= left:
            left -= refund.amount.amount
            gone.append(refund)
    return gone
