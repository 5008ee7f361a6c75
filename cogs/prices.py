"""What a plan costs now and at its renewals, the same on every screen that tells it."""

from collections.abc import Callable
from datetime import datetime

from bot.domain.subscription import Subscription
from cogs import words

Day = Callable[[datetime], str]


def present(subscription: Subscription) -> str:
    """The running period's price, such as "$20.00 monthly"."""
    return f"{words.money(subscription.present_price)} {words.every(subscription.interval)}"


def renewal(subscription: Subscription, *, day: Day = words.day) -> str:
    """Reads on after "renews": the day, what is charged then, and from when on it is another."""
    every, charge = words.every(subscription.interval), words.money(subscription.next_charge)
    told, later = f"on {day(subscription.renews_at)} for {charge}", subscription.reduction
    if later is None or subscription.next_charge == later.after:
        return f"{told} {every}"
    return f"{told}, and from {day(later.until)} on again for {words.money(later.after)} {every}"


def changes(subscription: Subscription, *, day: Day = words.day) -> list[str]:
    """A line for what changes about the present price, and when; none where nothing does."""
    reduction, every = subscription.reduction, words.every(subscription.interval)
    if reduction is None or not subscription.may_charge_again:
        return []
    if subscription.present_price == reduction.during:
        until = day(reduction.until)
        return [f"**From {until}:** {words.money(reduction.after)} {every} again"]
    return [
        f"**From {day(reduction.starts_at)}:** {words.money(reduction.during)} {every}",
        f"**From {day(reduction.until)}:** {words.money(reduction.after)} {every} again",
    ]
