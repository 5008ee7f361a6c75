"""The provider's side at a glance, for the demo page's panel: the same keys as the local
Stripe's overview has, with Creem's objects in them. Creem has no invoices of its own."""

from bot.sandbox.creem import shapes
from bot.sandbox.creem.records import Customer, Refund, Subscription, Transaction
from bot.sandbox.creem.wire import Json
from bot.sandbox.creem.world import World


def overview(world: World) -> list[Json]:
    """Customers, oldest first; what each has, newest first."""
    return [_customer(world, customer) for customer in world.all(Customer)]


def _customer(world: World, customer: Customer) -> Json:
    subscriptions = world.all(Subscription, customer_id=customer.id)
    payments = world.all(Transaction, customer_id=customer.id)
    paid = {payment.id for payment in payments}
    refunds = [refund for refund in world.all(Refund) if refund.transaction_id in paid]
    return {
        "id": customer.id,
        "email": customer.email,
        "name": customer.name,
        "declines": customer.id in world.declines,
        "subscriptions": [shapes.whole_subscription(world, one) for one in subscriptions[::-1]],
        "invoices": [],
        "payments": [shapes.transaction(one) for one in payments[::-1]],
        "refunds": [shapes.refund(world, one, expand=False) for one in refunds[::-1]],
    }
