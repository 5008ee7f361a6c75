"""What each notice says: the same words in a direct message and in a mail."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from bot.domain.allowance import refills_at
from bot.domain.notice import (
    AccessEnded,
    AllowanceUsed,
    CardExpiring,
    Facts,
    PaymentFailed,
    PaymentReceived,
    RenewalComing,
    TrialEnding,
    renews,
)
from bot.domain.refund import PaymentPurpose
from bot.domain.subscription import Subscription
from cogs import prices, words
from cogs.dependencies import Dependencies
from cogs.notices.declines import in_plain_words
from cogs.other_plans import sentences

# A time in a message: in Discord everybody sees their own, in a mail it is written out.
Day = Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class Wording:
    """A title, and paragraphs in Discord's markdown."""

    title: str
    paragraphs: tuple[str, ...]


def wording(facts: Facts, deps: Dependencies, day: Day) -> Wording:  # noqa: PLR0911 - one for each
    """Title and text for these facts."""
    match facts:
        case PaymentReceived():
            return _received(facts, deps, day)
        case PaymentFailed():
            return _failed(facts, deps, day)
        case RenewalComing():
            return _renewal(facts, deps, day)
        case TrialEnding():
            return _trial(facts, deps, day)
        case CardExpiring():
            return _card(facts, deps, day)
        case AccessEnded():
            return _ended(facts, deps, day)
        case AllowanceUsed():
            return _used(facts, deps, day)
    assert_never(facts)


def _received(facts: PaymentReceived, deps: Dependencies, day: Day) -> Wording:
    """S16: the new balance and renewal date. Top-ups end with the billing period (S26)."""
    subscription, balance, unit = facts.subscription, facts.balance, deps.catalogue.unit
    if subscription is not None and facts.is_over:
        return _over(facts, subscription, deps, day)
    lines: list[str] = []
    if subscription is not None:
        lines.append(f"**Plan:** {_priced(subscription, deps)}")
    if balance is not None and balance.granted + balance.topped_up > 0:
        total = balance.granted + balance.topped_up
        lines.append(
            f"**Balance:** {words.count(balance.remaining)} of {words.count(total)} {unit} left"
        )
    if subscription is not None and renews(subscription):
        lines.append(f"**Renews:** {day(subscription.renews_at)}")
        if subscription.cancel_at is not None:
            lines.append(f"**Ends:** {day(subscription.cancel_at)}")
        lines += prices.changes(subscription, day=day)
    elif subscription is not None and subscription.cancel_at is not None:
        lines.append(f"**Stays on until:** {day(subscription.cancel_at)}. It does not renew.")
    if facts.invoice is not None and facts.invoice.number is not None:
        lines.append(f"**Invoice:** {facts.invoice.number}")
    paragraphs = ["Thank you. The payment is complete.", "\n".join(lines)]
    if facts.payment.purpose is PaymentPurpose.TOP_UP and subscription is not None:
        paragraphs.append(f"A top-up is yours until {day(subscription.period_end)}.")
    shown = tuple(each for each in paragraphs if each)
    return Wording(f"Payment received: {words.money(facts.payment.amount)}", shown)


def _over(
    facts: PaymentReceived, subscription: Subscription, deps: Dependencies, day: Day
) -> Wording:
    """A plan that is over has no balance and no renewal (S4). What a payment that came too late
    becomes is for people to decide (S12, S14)."""
    payment, name = facts.payment, words.plan_name(subscription, deps.catalogue)
    ended = day(subscription.ended_at or subscription.cancel_at or subscription.period_end)
    invoice = facts.invoice.number if facts.invoice is not None else None
    if facts.is_late:
        paragraphs = [
            f"**{name} had ended on {ended}, before this payment was made.** So the payment does "
            "not bring it back. Our team has been told, and a person looks at it.",
            "If you have a question, open a ticket with `/ticket open` and give the payment: "
            f"`{payment.id}`.",
        ]
    else:
        paragraphs = ["Thank you. The payment is complete.", f"{name} has ended on {ended}."]
    paragraphs += [f"**Invoice:** {invoice}"] if invoice is not None else []
    return Wording(f"Payment received: {words.money(payment.amount)}", tuple(paragraphs))


def _failed(facts: PaymentFailed, deps: Dependencies, day: Day) -> Wording:
    """S28: why, what helps, and how long the plan stays on."""
    subscription, unit = facts.subscription, deps.catalogue.unit
    name = words.plan_name(subscription, deps.catalogue)
    decline = in_plain_words(facts.decline_code)
    if facts.has_access:
        access = (
            f"**{name} stays on until {day(facts.grace_end)}.** If the payment is not complete by "
            f"then, its features and {unit} stop until it is."
        )
    else:
        access = f"**{name} is off until the payment is complete.**"
    return Wording(
        "Your payment did not go through",
        (
            f"{name} could not renew for {words.money(subscription.present_price)}. {decline.why}",
            f"**What to do:** {decline.what_next} Run `/billing` for your billing page. The "
            "payment provider tries again by itself.",
            access,
        ),
    )


def _renewal(facts: RenewalComing, deps: Dependencies, day: Day) -> Wording:
    subscription, price = facts.subscription, _price_after(facts, day)
    charged = f"On that day {words.money(facts.charge)} is charged"
    price = f"{charged}. {price}" if price else f"{charged}, {_every(subscription)}."
    name, end = words.plan_name(subscription, deps.catalogue), day(subscription.period_end)
    return Wording(
        f"{name} renews on {end}",
        (
            f"{price} To keep your plan you need to do nothing.",
            f"{_stop(name)} {name} then stays on until {end}.",
        ),
    )


def _price_after(facts: RenewalComing | TrialEnding, day: Day) -> str | None:
    """Where what is charged then is not the price: what the price is, and from when."""
    subscription, reduction = facts.subscription, facts.subscription.reduction
    price = f"{words.money(subscription.price)} {_every(subscription)}"
    if reduction is not None and reduction.until > subscription.period_end:
        again = " again" if isinstance(facts, RenewalComing) else ""
        return f"From {day(reduction.until)} on you pay {price}{again}."
    if facts.charge != subscription.price:
        return f"The price of the plan is {price}."
    return None


def _trial(facts: TrialEnding, deps: Dependencies, day: Day) -> Wording:
    subscription, price = facts.subscription, _price_after(facts, day)
    charged = f"On that day the first {words.money(facts.charge)} is charged"
    price = f"{charged}. {price}" if price else f"{charged}, and then {_every(subscription)}."
    name, end = words.plan_name(subscription, deps.catalogue), day(subscription.period_end)
    return Wording(
        f"Your trial of {name} ends on {end}",
        (
            f"{price} To keep your plan you need to do nothing.",
            f"{_stop(name)} Then nothing is charged, and {name} stays on until {end}.",
        ),
    )


def _card(facts: CardExpiring, deps: Dependencies, day: Day) -> Wording:
    subscription, card = facts.subscription, facts.card
    name = words.plan_name(subscription, deps.catalogue)
    is_over = card.expires_at <= deps.clock()
    last_day = card.expires_at - timedelta(days=1)
    return Wording(
        "Your card has expired" if is_over else "Your card expires soon",
        (
            f"The card ending in {card.last_digits} is good until {last_day:%m/%Y}. {name} renews "
            f"on {day(subscription.period_end)}, and this card will not work then.",
            "**What to do:** press “Update card”, or run `/billing`, and enter a new card on the "
            "payment provider's own page. Never send card details here.",
        ),
    )


def _ended(facts: AccessEnded, deps: Dependencies, day: Day) -> Wording:
    """S4: what has stopped, and how to come back."""
    subscription, unit = facts.subscription, deps.catalogue.unit
    name = words.plan_name(subscription, deps.catalogue)
    if facts.unpaid:
        return Wording(
            f"{name} is off: a payment is still open",
            (
                f"The payment of {words.money(subscription.present_price)} has not gone through. "
                f"The features and {unit} of {name} have stopped.",
                "**What to do:** press “Update card”, or run `/billing`. As soon as the payment "
                f"is complete, {name} is on again. If you do not want it any more, you can cancel.",
            ),
        )
    if facts.others:
        stopped = (
            f"The features and {unit} of {name} have stopped, and nothing more is charged for it. "
            f"{sentences(facts.others, deps, day=day)}"
        )
    else:
        stopped = (
            f"Your plan is Free now. The features and {unit} of {name} have stopped, and nothing "
            "more is charged."
        )
    return Wording(
        f"{name} has ended",
        (
            stopped,
            "To come back, press “Subscribe (cancel anytime)”, or run `/subscribe`.",
        ),
    )


def _used(facts: AllowanceUsed, deps: Dependencies, day: Day) -> Wording:
    subscription, balance, unit = facts.subscription, facts.balance, deps.catalogue.unit
    start, end = subscription.cycle_start, subscription.period_end
    refill = refills_at(start, end, now=deps.clock())
    if refill is None and renews(subscription):
        refill = end
    total = words.count(balance.granted + balance.topped_up)
    paragraphs = [f"You have used all {total} {unit} of this month."]
    if refill is not None:
        paragraphs.append(f"New {unit} come on {day(refill)}.")
    if deps.catalogue.sells_top_ups(subscription.provider):
        paragraphs.append("If you need more before, press “Top up”, or run `/topup`.")
    return Wording(f"Your {unit} are used up", tuple(paragraphs))


def _priced(subscription: Subscription, deps: Dependencies) -> str:
    name = words.plan_name(subscription, deps.catalogue)
    return f"{name} · {prices.present(subscription)}"


def _every(subscription: Subscription) -> str:
    return words.every(subscription.interval)


def _stop(name: str) -> str:
    return f"If you do not want {name} any more, press “Cancel subscription”, or run `/cancel`."
