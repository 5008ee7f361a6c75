"""What the vendor and the customer do with a running subscription: cancel, pause, resume.

Documented: the cancel modes and what ``onExecute`` does; that a missing mode means the store's own
setting; that resuming takes back a pause or a scheduled cancellation; that the customer portal ends
a subscription at once. Chosen: what is refused; that a scheduled cancellation of one whose renewal
has failed happens at once (its period is over); that one resumed after its period's end is charged
then, for a period that begins then.
"""

from bot.sandbox.creem.announcing import subscription_event
from bot.sandbox.creem.billing import FAILING, begin_period, end, period_after
from bot.sandbox.creem.records import Product, Subscription
from bot.sandbox.creem.wire import CreemError
from bot.sandbox.creem.world import World


def cancel(
    world: World, subscription: Subscription, *, mode: str | None, on_execute: str | None
) -> None:
    """Raises CreemError where there is nothing to cancel."""
    if subscription.status == "canceled":
        raise CreemError("Subscription is already canceled")
    if (mode or world.settings.cancel_mode) == "immediate" or subscription.status in FAILING:
        end(world, subscription)
        return
    if subscription.status == "scheduled_cancel":
        raise CreemError("Subscription is already scheduled for cancellation")
    if subscription.status not in ("active", "trialing"):
        raise CreemError(f"A subscription that is {subscription.status} cannot be scheduled")
    subscription.status = "scheduled_cancel"
    subscription.at_period_end = (on_execute if mode else None) or "cancel"
    world.touch(subscription)
    subscription_event(world, "scheduled_cancel", subscription)


def pause(world: World, subscription: Subscription) -> None:
    """Raises CreemError for one that is not running."""
    if subscription.status not in ("active", "trialing"):
        raise CreemError(f"A subscription that is {subscription.status} cannot be paused")
    set_paused(world, subscription)


def set_paused(world: World, subscription: Subscription) -> None:
    subscription.status, subscription.at_period_end = "paused", None
    world.touch(subscription)
    subscription_event(world, "paused", subscription)


def resume(world: World, subscription: Subscription) -> None:
    """Raises CreemError for one that is neither paused nor about to end, or when the card
    refuses."""
    if subscription.status not in ("paused", "scheduled_cancel"):
        raise CreemError(f"A subscription that is {subscription.status} cannot be resumed")
    begins_anew = subscription.period_end <= world.now()
    if begins_anew:
        _begin_anew(world, subscription)
    subscription.status = "active" if subscription.last_transaction_id else "trialing"
    subscription.at_period_end = None
    world.touch(subscription)
    subscription_event(world, "update", subscription)
    if begins_anew:
        subscription_event(world, "paid", subscription)


def _begin_anew(world: World, subscription: Subscription) -> None:
    product = world.get(Product, subscription.product_id)
    period = period_after(product, world.now(), world.now())
    if not begin_period(
        world,
        subscription,
        product,
        units=subscription.units,
        period=period,
        credit=subscription.credit,
    ):
        raise CreemError("The payment was declined")
    subscription.anchor = period[0]
