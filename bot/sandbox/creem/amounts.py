"""What something costs: units, discounts, credit and tax.

Documented by examples: ``amount`` is the price without a tax that is added on top, and
``amount_paid`` is what leaves the customer's account. Chosen: one tax rate for everybody.
"""

from dataclasses import dataclass

from bot.sandbox.creem.records import Discount, Product
from bot.sandbox.creem.world import World


@dataclass(frozen=True, slots=True)
class Amounts:
    """``credit_left`` is what of a credit was not needed."""

    amount: int
    discount: int
    tax: int
    paid: int
    credit_left: int = 0


NOTHING = Amounts(0, 0, 0, 0)


def amounts(
    world: World,
    product: Product,
    *,
    units: int,
    price: int | None = None,
    discount: Discount | None = None,
    credit: int = 0,
) -> Amounts:
    """``price`` replaces the product's own; ``credit`` is taken off before any discount."""
    subtotal = (product.price if price is None else price) * units
    amount = max(0, subtotal - credit)
    off = discount.off(amount) if discount else 0
    net = amount - off
    percent = world.settings.tax_percent
    if product.tax_mode == "exclusive":
        tax = round(net * percent / 100)
        paid = net + tax
    else:
        tax = net - round(net * 100 / (100 + percent))
        paid = net
    return Amounts(amount, off, tax, paid, max(0, credit - subtotal))
