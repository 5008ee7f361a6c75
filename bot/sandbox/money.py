"""Amounts as a provider's pages and descriptions write them."""

from decimal import Decimal

_ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905
)
_THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def money(amount: int, currency: str) -> str:
    """From minor units: not every currency has two decimals."""
    currency = currency.lower()
    decimals = 0 if currency in _ZERO_DECIMAL else 3 if currency in _THREE_DECIMAL else 2
    sign = "-" if amount < 0 else ""
    symbol = {"usd": "$", "eur": "€", "gbp": "£"}.get(currency, f"{currency.upper()} ")
    return f"{sign}{symbol}{Decimal(abs(amount)).scaleb(-decimals):.{decimals}f}"
