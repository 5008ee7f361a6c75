"""Another product or another number of units, in the middle of a period.

Documented: the three update behaviours. With "proration-charge-immediately" a new billing cycle
begins today; with "proration-charge" the cycle stays and the unused part of the old price is a
credit on the next payment; with "proration-none" the change waits for the next cycle. Chosen:
"proration-charge-immediately" takes the new price less the unused part of the old one (the
documentation's example charges half a month's difference, which does not fit a new cycle); a
declined payment is a 400 that leaves everything as it was; in a free trial every behaviour only
changes the product; only what runs can be changed.
"""

from bot.sandbox.creem.announcing import subscription_event
from bot.sandbox.creem.billing import begin_period, period_after, switch
from bot.sandbox.creem.records import Product, Subscription, Transaction
from bot.sandbox.creem.wire import CreemError
from bot.sandbox.creem.world import World

BEHAVIORS = ("proration-charge-immediately", "proration-charge", "proration-none")


def change(
    world: World, subscription: Subscription, product: Product, *, units: int, behavior: str
) -> None:
    """Raises CreemError for what cannot be changed, or when the card refuses."""
    _check(world, subscription, product, units)
    now, later, waiting = BEHAVIORS
    paid = False
    if subscription.status == "trialing":
        switch(subscription, product, units)
    elif behavior == waiting:
        subscription.next_product_id, subscription.next_units = product.id, units
    elif behavior == later:
        subscription.credit += unused(world, subscription)
        switch(subscription, product, units)
    elif behavior == now:
        _charge_now(world, subscription, product, units)
        paid = True
    world.touch(subscription)
    subscription_event(world, "update", subscription)
    if paid:
        subscription_event(world, "paid", subscription)


def _check(world: World, subscription: Subscription, product: Product, units: int) -> None:
    if subscription.status not in ("active", "trialing"):
        raise CreemError(f"A subscription that is {subscription.status} cannot be changed")
    if not product.recurring:
        raise CreemError("A subscription cannot be changed to a one-time product")
    current = world.get(Product, subscription.product_id)
    if current.currency != product.currency:
        raise CreemError("A subscription cannot be changed to another currency")
    coming = (
        subscription.next_product_id or current.id,
        subscription.next_units or subscription.units,
    )
    if coming == (product.id, units):
        raise CreemError("The subscription has this product already")


def unused(world: World, subscription: Subscription) -> int:
    """The part of the current period's payment that is for the time to come."""
    payment = world.find(Transaction, subscription.last_transaction_id)
    if payment is None or payment.period_end != subscription.period_end:
        return 0
    length = subscription.period_end - subscription.period_start
    left = max(0, subscription.period_end - world.now())
    return round((payment.amount - payment.discount_amount) * left / length)


def _charge_now(world: World, subscription: Subscription, product: Product, units: int) -> None:
    period = period_after(product, world.now(), world.now())
    credit = subscription.credit + unused(world, subscription)
    if not begin_period(world, subscription, product, units=units, period=period, credit=credit):
        raise CreemError("The payment was declined")
    subscription.anchor = period[0]
