"""Products, prices and the discounts on them."""

from bot.sandbox.calendar import add_months
from bot.sandbox.stripe.shapes import catalogue as shapes
from bot.sandbox.stripe.store import new_id
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World


def create_product(world: World, name: str, given: Json) -> Json:
    product_id = given.get("id") or new_id("prod", 14)
    if world.store.find("product", product_id):
        raise StripeError("Product already exists.", code="resource_already_exists", param="id")
    product = shapes.product(product_id, name=name, created=world.now(), given=given)
    world.store.put(product)
    world.emit("product.created", product)
    return product


def create_price(
    world: World,
    product: Json,
    *,
    currency: str,
    unit_amount: int,
    recurring: Json | None,
    given: Json,
    price_id: str | None = None,
) -> Json:
    """Raises StripeError when another active price has the lookup key and it is not transferred."""
    key = given.get("lookup_key")
    holder = key and next(
        (price for price in world.store.newest_first("price") if price["lookup_key"] == key), None
    )
    if holder:
        if not given.get("transfer_lookup_key"):
            raise StripeError(
                f"A price (`{holder['id']}`) already uses that lookup key.", param="lookup_key"
            )
        holder["lookup_key"] = None
    price = shapes.price(
        price_id or new_id("price"),
        product_id=product["id"],
        currency=currency.lower(),
        unit_amount=unit_amount,
        recurring=recurring,
        created=world.now(),
        given=given,
    )
    world.store.put(price)
    world.emit("price.created", price)
    return price


def create_coupon(world: World, given: Json) -> Json:
    if ("percent_off" in given) == ("amount_off" in given):
        raise StripeError("Must provide exactly one of percent_off or amount_off.")
    if "amount_off" in given and "currency" not in given:
        raise StripeError(
            "Missing required param: currency.", code="parameter_missing", param="currency"
        )
    if given.get("duration") == "repeating" and "duration_in_months" not in given:
        raise StripeError(
            "Missing required param: duration_in_months.",
            code="parameter_missing",
            param="duration_in_months",
        )
    coupon_id = given.get("id") or new_id("", 8)[1:]
    if world.store.find("coupon", coupon_id):
        raise StripeError("Coupon already exists.", code="resource_already_exists", param="id")
    products = given.get("applies_to", {}).get("products")
    for position, product_id in enumerate(products or []):
        world.store.named("product", product_id, f"applies_to[products][{position}]")
    if products:
        world.coupon_products[coupon_id] = products
    coupon = shapes.coupon(coupon_id, created=world.now(), given=given)
    world.store.put(coupon)
    world.emit("coupon.created", coupon)
    return coupon


def takes_off(world: World, coupon_id: str, product_id: str) -> bool:
    """Whether a coupon is good for a product: for all of them, unless it names some."""
    return product_id in world.coupon_products.get(coupon_id, [product_id])


def redeem(
    world: World,
    coupon_id: str,
    *,
    customer: str,
    subscription: str | None = None,
    checkout_session: str | None = None,
) -> Json:
    """A discount from the coupon. Raises StripeError for an unknown or used-up coupon."""
    coupon = world.store.named("coupon", coupon_id, "discounts[0][coupon]")
    redeem_by = coupon["redeem_by"]
    if not coupon["valid"] or (redeem_by is not None and redeem_by < world.now()):
        raise StripeError(f"Coupon {coupon_id} is expired.", code="coupon_expired")
    coupon["times_redeemed"] += 1
    if coupon["max_redemptions"] is not None:
        coupon["valid"] = coupon["times_redeemed"] < coupon["max_redemptions"]
    start = world.now()
    months = coupon["duration_in_months"] if coupon["duration"] == "repeating" else None
    discount = shapes.discount(
        new_id("di"),
        coupon_id=coupon_id,
        customer=customer,
        subscription=subscription,
        checkout_session=checkout_session,
        start=start,
        end=add_months(start, months) if months else None,
    )
    world.store.put(discount)
    world.emit("customer.discount.created", discount)
    return discount
