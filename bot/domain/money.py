"""Amounts of money in minor units of one currency."""

from dataclasses import dataclass

# As payment providers count. The digits that people write differ (CLDR): an amount of 100000 in rsd
# is 1,000 dinars, though nobody writes their hundredths.
_WITHOUT_MINOR_UNIT = frozenset(
    {
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
        *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"),
    }
)
_WITH_THREE_DIGITS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


def minor_digits(currency: str) -> int:
    """How many digits the minor unit has: an amount is that many places from the whole unit."""
    if currency in _WITHOUT_MINOR_UNIT:
        return 0
    return 3 if currency in _WITH_THREE_DIGITS else 2


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies were combined."""


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` counts the currency's minor unit: cents for usd, whole yen for jpy.

    `currency` is the lower-case ISO 4217 code, as payment providers send it.
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if len(self.currency) != 3 or not self.currency.islower():
            raise ValueError(f"not a lower-case ISO 4217 code: {self.currency!r}")

    def __add__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def _require_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency}")
