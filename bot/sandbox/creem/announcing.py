"""Events: what is told, and how it names other objects.

Documented by examples: events of a subscription hold its product and customer whole;
checkout.completed holds the subscription whole with ids inside; refunds and disputes hold the
transaction whole. The OpenAPI description allows an id in each of these places except for the
transaction, so the settings can ask for ids too.
"""

from bot.sandbox.creem import shapes
from bot.sandbox.creem.records import Checkout, Dispute, Refund, Subscription
from bot.sandbox.creem.world import World


def subscription_event(world: World, name: str, subscription: Subscription) -> None:
    """``name`` is the event's type after "subscription."."""
    content = shapes.subscription(world, subscription, expand=_expands(world))
    world.record_event(f"subscription.{name}", content)


def checkout_completed(world: World, checkout: Checkout) -> None:
    content = shapes.checkout(world, checkout, expand=_expands(world))
    world.record_event("checkout.completed", content)


def refund_created(world: World, refund: Refund) -> None:
    world.record_event("refund.created", shapes.refund(world, refund, expand=_expands(world)))


def dispute_created(world: World, dispute: Dispute) -> None:
    world.record_event("dispute.created", shapes.dispute(world, dispute, expand=_expands(world)))


def _expands(world: World) -> bool:
    """Whether the next event holds other objects whole."""
    if world.settings.references == "alternating":
        return len(world.events) % 2 == 0
    return world.settings.references == "documented"
