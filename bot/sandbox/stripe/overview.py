"""The provider's side at a glance, for the demo page's panel."""

from bot.sandbox.stripe.wire import Json
from bot.sandbox.stripe.world import World, copy_of


def overview(world: World) -> list[Json]:
    return [_customer(world, customer) for customer in world.store.oldest_first("customer")]


def _customer(world: World, customer: Json) -> Json:
    def theirs(kind: str) -> list[Json]:
        return [copy_of(obj) for obj in world.store.where(kind, "customer", customer["id"])]

    charges = theirs("charge")
    return {
        "id": customer["id"],
        "email": customer["email"],
        "name": customer["name"],
        "declines": customer["id"] in world.declines,
        "subscriptions": theirs("subscription"),
        "invoices": theirs("invoice"),
        "payments": charges,
        "refunds": [
            copy_of(refund)
            for charge in charges
            for refund in world.store.where("refund", "charge", charge["id"])
        ],
    }
