"""Paused collection: what a subscription invoices meanwhile is void, and nothing is charged."""

from bot.sandbox.stripe import invoices
from bot.sandbox.stripe.wire import Json, StripeError
from bot.sandbox.stripe.world import World


def set_pause(world: World, subscription: Json, wanted: Json | None) -> None:
    """Pause the collection, until ``resumes_at`` where that is given; None lets it go on now."""
    if wanted is None:
        subscription["pause_collection"] = None
        return
    resumes_at = wanted.get("resumes_at")
    if resumes_at is not None and resumes_at <= world.now():
        raise StripeError(
            "The `resumes_at` timestamp must be in the future.",
            param="pause_collection[resumes_at]",
        )
    subscription["pause_collection"] = {"behavior": wanted["behavior"], "resumes_at": resumes_at}
    if resumes_at is not None:
        world.agenda.add(resumes_at, "resume_collection", subscription["id"])


def leave_out(world: World, subscription: Json, draft: Json) -> None:
    """A draft that is made while collection is paused is void at once: no balance pays for it."""
    if subscription["pause_collection"]:
        invoices.leave_out(world, draft)


def go_on(subscription: Json, at: int) -> None:
    """Collect again, if this is still the moment that was set for it."""
    paused = subscription["pause_collection"]
    if paused and paused["resumes_at"] == at:
        subscription["pause_collection"] = None
