"""Prices that members pay and that `mooring.toml` does not have."""

from collections.abc import Iterator, Mapping

from bot.checks.findings import Finding, doubtful
from bot.domain.catalogue import Catalogue
from bot.domain.identifiers import PriceId


def check_old_prices(paid: Mapping[PriceId, int], catalogue: Catalogue) -> Iterator[Finding]:
    """`paid` says how many live subscriptions have each price."""
    for price_id, count in sorted(paid.items()):
        if catalogue.offering(price_id) is None:
            who = "1 subscription has" if count == 1 else f"{count} subscriptions have"
            yield doubtful(
                f"{who} the price {price_id}, which mooring.toml does not have. Put it back under "
                "its plan with `sold = false` as long as somebody pays it. If the price is not for "
                "a plan of the catalogue, nothing is to be done."
            )
