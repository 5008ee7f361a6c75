"""What happens by itself as time passes: renewals, retries, scheduled ends, expiries."""

from collections.abc import Callable

from bot.sandbox.creem import billing, subscriptions
from bot.sandbox.creem.announcing import subscription_event
from bot.sandbox.creem.records import Checkout, Subscription
from bot.sandbox.creem.world import World


def run_next(world: World, until: float) -> bool:
    """Handle the earliest thing due at ``until``. False when nothing is."""
    due = world.agenda.pop(until)
    if due is None:
        return False
    with world.frozen(due.at):
        _HANDLERS[due.action](world, due.object_id, due.at)
    return True


def catch_up(world: World) -> None:
    """Handle everything that real time has made due."""
    while run_next(world, world.clock.now()):
        pass


def _period_end(world: World, object_id: str, at: int) -> None:
    subscription = world.get(Subscription, object_id)
    if subscription.period_end != at:
        return
    if subscription.status == "scheduled_cancel":
        if subscription.at_period_end == "pause":
            subscriptions.set_paused(world, subscription)
        else:
            billing.end(world, subscription)
    elif subscription.status in ("active", "trialing"):
        billing.renew(world, subscription)


def _retry(world: World, object_id: str, at: int) -> None:
    subscription = world.get(Subscription, object_id)
    if subscription.status in billing.FAILING and subscription.retry_at == at:
        billing.renew(world, subscription)


def _incomplete_expiry(world: World, object_id: str, _at: int) -> None:
    subscription = world.get(Subscription, object_id)
    if subscription.status == "incomplete":
        subscription.status = "expired"
        world.touch(subscription)
        subscription_event(world, "expired", subscription)
        for checkout in world.all(Checkout, subscription_id=object_id):
            checkout.status = "expired"


def _checkout_expiry(world: World, object_id: str, _at: int) -> None:
    checkout = world.get(Checkout, object_id)
    if checkout.status in ("pending", "processing"):
        checkout.status = "expired"


_HANDLERS: dict[str, Callable[[World, str, int], None]] = {
    "period_end": _period_end,
    "retry": _retry,
    "incomplete_expiry": _incomplete_expiry,
    "checkout_expiry": _checkout_expiry,
}
