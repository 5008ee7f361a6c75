"""Charging subscriptions: renewals, failed ones and their retries, the end.

Documented: a failed payment makes a subscription past_due and is tried again; "expired" means that
the period is over without a payment while retries can go on; only "canceled" is terminal; one
whose retries are used up is canceled; a renewal's payment moves the period, a failed one does not.
Chosen: that the statuses follow each other as past_due, expired, unpaid, one with each failed
attempt, since the documentation names all three and gives no order; the days between attempts; that
a retry that succeeds pays from the old period's end; a declined transaction for each failure.
"""

from bot.sandbox.calendar import add_months, next_months_boundary
from bot.sandbox.creem.amounts import Amounts, amounts
from bot.sandbox.creem.announcing import subscription_event
from bot.sandbox.creem.records import (
    MONTHS,
    Customer,
    Discount,
    Product,
    Subscription,
    Transaction,
)
from bot.sandbox.creem.world import World

DAY = 86_400
FAILING = ("past_due", "expired", "unpaid")
"""Statuses after the first, the second and every further failed attempt at a renewal."""


def charge(
    world: World,
    customer_id: str,
    product: Product,
    cost: Amounts,
    *,
    order_id: str,
    subscription: Subscription | None = None,
    period: tuple[int, int] | None = None,
) -> Transaction:
    """Take the money. The transaction says whether that worked: "paid" or "declined"."""
    declined = cost.paid > 0 and world.declines_next(customer_id)
    return world.make(
        Transaction,
        customer_id=customer_id,
        product_id=product.id,
        order_id=order_id,
        subscription_id=subscription.id if subscription else None,
        currency=product.currency,
        amount=cost.amount,
        discount_amount=cost.discount,
        tax_amount=cost.tax,
        amount_paid=0 if declined else cost.paid,
        status="declined" if declined else "paid",
        description="Subscription payment" if subscription else "Payment",
        tax_country=world.get(Customer, customer_id).country,
        period_start=period[0] if period else None,
        period_end=period[1] if period else None,
    )


def period_after(product: Product, anchor: int, start: int) -> tuple[int, int]:
    """The period of this product that begins at ``start``."""
    return start, next_months_boundary(anchor, MONTHS[product.billing_period], start)


def standing_discount(world: World, subscription: Subscription) -> Discount | None:
    """The discount that still counts at a renewal now."""
    until = subscription.discount_until
    if until is not None and until <= world.now():
        return None
    return world.find(Discount, subscription.discount_id)


def keep_discount(subscription: Subscription, discount: Discount) -> None:
    """Have the discount of a purchase count for renewals too, if it is to."""
    if discount.duration == "once":
        return
    subscription.discount_id = discount.id
    if discount.duration == "repeating":
        subscription.discount_until = add_months(subscription.period_start, discount.months or 1)


def begin_period(
    world: World,
    subscription: Subscription,
    product: Product,
    *,
    units: int,
    period: tuple[int, int],
    credit: int,
) -> bool:
    """Charge a period of this product, and switch to both once that is paid. False when the card
    refuses: the subscription is then as it was, but for the transaction that it names as its
    last."""
    discount = standing_discount(world, subscription)
    cost = amounts(world, product, units=units, discount=discount, credit=credit)
    payment = charge(
        world,
        subscription.customer_id,
        product,
        cost,
        order_id=subscription.order_id,
        subscription=subscription,
        period=period,
    )
    if payment.status == "declined":
        if world.settings.last_transaction == "newest":
            subscription.last_transaction_id = payment.id
        return False
    subscription.credit = cost.credit_left
    switch(subscription, product, units)
    set_period(world, subscription, period, payment)
    return True


def switch(subscription: Subscription, product: Product, units: int) -> None:
    """The subscription is to this product from now on."""
    subscription.product_id, subscription.units = product.id, units
    subscription.next_product_id = subscription.next_units = None


def set_period(
    world: World, subscription: Subscription, period: tuple[int, int], paid: Transaction | None
) -> None:
    """A period begins, paid by this transaction (None: a free trial)."""
    subscription.period_start, subscription.period_end = period
    subscription.failures, subscription.retry_at = 0, None
    if paid is not None:
        subscription.last_transaction_id = paid.id
    world.touch(subscription)
    world.agenda.add(period[1], "period_end", subscription.id)


def renew(world: World, subscription: Subscription) -> None:
    """Charge the next period, with the changes that waited for it."""
    product = world.get(Product, subscription.next_product_id or subscription.product_id)
    units = subscription.next_units or subscription.units
    period = period_after(product, subscription.anchor, subscription.period_end)
    credit = subscription.credit
    if not begin_period(world, subscription, product, units=units, period=period, credit=credit):
        _failed(world, subscription)
        return
    subscription.status = "active"
    subscription_event(world, "paid", subscription)


def _failed(world: World, subscription: Subscription) -> None:
    waits = world.settings.retry_days
    if subscription.failures >= len(waits):
        end(world, subscription)
        return
    subscription.retry_at = world.now() + waits[subscription.failures] * DAY
    subscription.status = FAILING[min(subscription.failures, len(FAILING) - 1)]
    subscription.failures += 1
    world.touch(subscription)
    world.agenda.add(subscription.retry_at, "retry", subscription.id)
    subscription_event(world, subscription.status, subscription)


def end(world: World, subscription: Subscription) -> None:
    """Terminal: nothing is charged any more."""
    subscription.status = "canceled"
    subscription.canceled_at = world.now()
    subscription.at_period_end = subscription.retry_at = None
    world.touch(subscription)
    subscription_event(world, "canceled", subscription)
