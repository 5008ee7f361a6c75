"""Checkout: from an open session to an order, a payment and perhaps a subscription.

Documented: one product for each session; ``custom_price`` for one-time products only; the buyer is
found by email or made; the events are checkout.completed, subscription.active and subscription.paid
(or subscription.trialing); an incomplete subscription has 23 hours for its first payment. Chosen:
that a session is open for a day, that a declined card leaves it open, and that an incomplete
subscription that ran out of time is "expired".
"""

from bot.sandbox.creem.amounts import NOTHING, Amounts, amounts
from bot.sandbox.creem.announcing import checkout_completed, subscription_event
from bot.sandbox.creem.billing import DAY, charge, keep_discount, period_after, set_period
from bot.sandbox.creem.records import (
    Checkout,
    Customer,
    Discount,
    Order,
    Product,
    Subscription,
    Transaction,
)
from bot.sandbox.creem.wire import CreemError, Json, new_id
from bot.sandbox.creem.world import World

OPEN_SECONDS = DAY
FIRST_PAYMENT_SECONDS = 23 * 3600


def create(world: World, given: Json) -> Checkout:
    """Raises CreemError for what cannot be sold like this."""
    product = world.get(Product, given["product_id"])
    price = given.get("custom_price")
    if price is not None and product.recurring:
        raise CreemError("custom_price is only supported for one-time products")
    who = given.get("customer", {})
    if len(who) > 1:
        raise CreemError("You may only specify one of these parameters: id, email")
    customer = world.get(Customer, who["id"]) if "id" in who else None
    discount = _discount(world, given.get("discount_code"), product)
    checkout = world.make(
        Checkout,
        product_id=product.id,
        units=given.get("units", 1),
        request_id=given.get("request_id"),
        customer_id=customer.id if customer else None,
        email=customer.email if customer else who.get("email"),
        price=price,
        discount_id=discount.id if discount else None,
        success_url=given.get("success_url") or product.default_success_url,
        metadata=given.get("metadata"),
    )
    world.agenda.add(world.now() + OPEN_SECONDS, "checkout_expiry", checkout.id)
    return checkout


def _discount(world: World, code: str | None, product: Product) -> Discount | None:
    if code is None:
        return None
    for discount in world.all(Discount, code=code, deleted=False):
        over = discount.expires_at is not None and discount.expires_at <= world.now()
        limit = discount.max_redemptions
        used_up = limit is not None and discount.redeem_count >= limit
        if product.id in discount.products and not over and not used_up:
            return discount
    raise CreemError("Discount code is not valid for this product")


def cost_of(world: World, checkout: Checkout) -> Amounts:
    """What is to be paid now: nothing where a trial begins."""
    product = world.get(Product, checkout.product_id)
    if product.trial_days:
        return NOTHING
    discount = world.find(Discount, checkout.discount_id)
    return amounts(world, product, units=checkout.units, price=checkout.price, discount=discount)


def pay(world: World, checkout: Checkout, *, email: str | None = None) -> None:
    """What the Pay button does. Raises CreemError when the session is closed or the card
    refuses."""
    if checkout.status not in ("pending", "processing"):
        raise CreemError(f"Checkout is {checkout.status}")
    customer = _buyer(world, checkout, email)
    if cost_of(world, checkout).paid and world.declines_next(customer.id):
        raise CreemError("Your card was declined")
    if checkout.status == "pending":
        begin(world, checkout, customer)
    _settle(world, checkout, customer)


def _buyer(world: World, checkout: Checkout, email: str | None) -> Customer:
    """Raises CreemError when nobody has told who buys."""
    if checkout.customer_id:
        return world.get(Customer, checkout.customer_id)
    address = checkout.email or email
    if not address:
        raise CreemError("Your email address is required")
    known = [one for one in world.all(Customer) if one.email.lower() == address.lower()]
    return known[0] if known else world.make(Customer, email=address, name=None)


def begin(world: World, checkout: Checkout, customer: Customer) -> None:
    """Note the order, and a subscription that is incomplete until its first payment."""
    product = world.get(Product, checkout.product_id)
    cost = cost_of(world, checkout)
    order = world.make(
        Order,
        customer_id=customer.id,
        product_id=product.id,
        checkout_id=checkout.id,
        currency=product.currency,
        recurring=product.recurring,
        amount=cost.amount,
        discount_amount=cost.discount,
        tax_amount=cost.tax,
        amount_due=cost.paid,
        discount_id=checkout.discount_id,
    )
    checkout.customer_id, checkout.order_id = customer.id, order.id
    checkout.status = "processing"
    if not product.recurring:
        return
    now = world.now()
    subscription = world.make(
        Subscription,
        customer_id=customer.id,
        product_id=product.id,
        order_id=order.id,
        item_id=new_id("sitem"),
        units=checkout.units,
        status="incomplete",
        anchor=now,
        period_start=now,
        period_end=now,
        metadata=checkout.metadata,
    )
    checkout.subscription_id = subscription.id
    world.agenda.add(now + FIRST_PAYMENT_SECONDS, "incomplete_expiry", subscription.id)


def _settle(world: World, checkout: Checkout, customer: Customer) -> None:
    """The card has accepted."""
    product = world.get(Product, checkout.product_id)
    order = world.get(Order, checkout.order_id or "")
    subscription = world.find(Subscription, checkout.subscription_id)
    cost = cost_of(world, checkout)
    discount = world.find(Discount, checkout.discount_id)
    period = _first_period(world, product) if subscription else None
    payment: Transaction | None = None
    if not (subscription and product.trial_days):
        payment = charge(
            world,
            customer.id,
            product,
            cost,
            order_id=order.id,
            subscription=subscription,
            period=period,
        )
        order.transaction_id, order.amount_paid = payment.id, payment.amount_paid
    if discount:
        discount.redeem_count += 1
    if subscription and period:
        subscription.anchor = period[1] if product.trial_days else period[0]
        subscription.status = "trialing" if product.trial_days else "active"
        set_period(world, subscription, period, payment)
        if discount:
            keep_discount(subscription, discount)
    checkout.status = "completed"
    world.touch(checkout)
    checkout_completed(world, checkout)
    if subscription:
        subscription_event(world, "active", subscription)
        subscription_event(world, "trialing" if product.trial_days else "paid", subscription)


def _first_period(world: World, product: Product) -> tuple[int, int]:
    now = world.now()
    if product.trial_days:
        return now, now + product.trial_days * DAY
    return period_after(product, now, now)
