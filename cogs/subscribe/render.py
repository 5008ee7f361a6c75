"""The screens on which plans are chosen, and what buying one does is told before it is done."""

from collections.abc import Sequence
from datetime import datetime

import discord

from bot.domain.account import Account
from bot.domain.catalogue import Catalogue, Interval, Offering, Plan, yearly_saving
from bot.domain.checkout import Checkout
from bot.domain.errors import NothingForSale
from bot.domain.plan_change import PlanPurchase, is_same
from bot.domain.subscription import NextStep, Status, Subscription, next_step
from cogs import prices, words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import Part, View, button, card, row, section, select, text

_EVERY = {
    Interval.DAY: "every day",
    Interval.WEEK: "every week",
    Interval.MONTH: "every month",
    Interval.YEAR: "every year",
}
KEEP = "Keep my plan"
NOT_NOW = "Not now"


def live_plan(account: Account | None, *, now: datetime) -> Subscription | None:
    """The subscription that a purchase would replace."""
    subscription = account.subscription if account else None
    return None if next_step(subscription, now=now) is NextStep.SUBSCRIBE else subscription


def offered(account: Account | None, deps: Dependencies) -> Sequence[Offering]:
    """What this member may choose; raises NothingForSale."""
    found = deps.catalogue.offered_to(account.provider if account else None)
    if not found:
        raise NothingForSale
    return found


def label_of(offering: Offering) -> str:
    """Such as "Pro · $20.00 monthly"."""
    price = offering.price
    return f"{offering.plan.name} · {words.money(price.money)} {words.every(price.interval)}"


def plans_card(account: Account | None, deps: Dependencies) -> View:
    """The catalogue: each plan with its prices and the button that fits."""
    offerings = offered(account, deps)
    current = live_plan(account, now=deps.clock())
    parts: list[Part] = [
        text(
            "## Plans\nYou pay on our payment provider's own page, and you can cancel at any time."
        )
    ]
    for plan in deps.catalogue.plans:
        choices = [each for each in offerings if each.plan.id == plan.id]
        if choices:
            said = plan_text(choices, current=current, unit=deps.catalogue.unit)
            parts.append(section(said, _plan_button(plan, choices, current)))
    return card(*parts, accent=words.NEUTRAL_COLOUR)


def plan_text(choices: Sequence[Offering], *, current: Subscription | None, unit: str) -> str:
    """What one plan gives, its prices, what a year saves, and whether it is the member's own."""
    plan = choices[0].plan
    own = current if current is not None and current.plan_id == plan.id else None
    lines = [f"### {plan.name}{' · Your plan' if own else ''}"]
    gives = f"{words.count(plan.allowance)} {unit} a month."
    lines.append(f"{gives} {plan.summary}".strip())
    by_interval = {each.price.interval: each.price.money for each in choices}
    monthly = by_interval.get(Interval.MONTH)
    for each in choices:
        price = each.price
        said = f"{words.every(price.interval).capitalize()}: **{words.money(price.money)}**"
        if price.interval is Interval.YEAR and monthly is not None:
            saving = yearly_saving(monthly, price.money)
            if saving is not None:
                said += f" (saves {words.money(saving.money)}, {saving.percent} %)"
        lines.append(said)
    if own is not None:
        lines.append(f"-# You pay {prices.present(own)}.")
    return "\n".join(lines)


def _plan_button(
    plan: Plan, choices: Sequence[Offering], current: Subscription | None
) -> discord.ui.Button[View]:
    verb = custom_id("plans.choose", plan.id)
    if current is None:
        return button(f"Choose {plan.name}", verb)
    if current.plan_id != plan.id:
        return button(f"Change to {plan.name}", verb)
    if all(is_same(each, current) for each in choices):
        return button("Your plan", verb, disabled=True)
    return button("Change interval", verb)


def intervals_card(choices: Sequence[Offering], *, current: Subscription | None, unit: str) -> View:
    """One plan, and a button for each way to pay for it that is not the member's own already."""
    buttons = [
        button(
            f"{words.every(each.price.interval).capitalize()} · {words.money(each.price.money)}",
            custom_id("purchase.look", each.price.id),
        )
        for each in choices
        if current is None or not is_same(each, current)
    ]
    return card(
        text(plan_text(choices, current=current, unit=unit)),
        row(*buttons[:4], button(_stay(current), custom_id("purchase.keep"))),
        accent=words.NEUTRAL_COLOUR,
    )


def choose_card(account: Account | None, deps: Dependencies) -> View:
    """Every plan at every interval in one list."""
    current = live_plan(account, now=deps.clock())
    options = [
        discord.SelectOption(
            label=label_of(each)[:100],
            description=_describe(each, current, deps.catalogue)[:100],
            value=each.price.id,
        )
        for each in offered(account, deps)
    ]
    if current is None:
        heading = "## Choose a plan"
    else:
        name = words.plan_name(current, deps.catalogue)
        heading = f"## Change your plan\nYou are on {name}, paid {words.every(current.interval)}."
    linked = "" if account else "\n-# Do you pay already? Run `/link` first, so that you pay once."
    return card(
        text(
            f"{heading}\nYou pay on our payment provider's own page. You can cancel at any time. "
            f"We never ask for a card number here.{linked}"
        ),
        row(select(custom_id("subscribe.choose"), "Plan and interval", options)),
        accent=words.NEUTRAL_COLOUR,
    )


def _describe(offering: Offering, current: Subscription | None, catalogue: Catalogue) -> str:
    if current is not None and is_same(offering, current):
        return "This is your plan now."
    plan = offering.plan
    return f"{words.count(plan.allowance)} {catalogue.unit} a month. {plan.summary}".strip()


def still_on_card(subscription: Subscription, deps: Dependencies) -> View:
    """A second subscription would charge twice: what fits is to resume, or to change."""
    change = button("Change plan", custom_id("change.start"))
    if subscription.ends_with_period:
        return card(
            text(
                "## Your plan is still on\nIt is cancelled, but paid until its end. Press Resume "
                "to keep it: nothing is charged before the next renewal. Or change to another plan."
            ),
            row(button("Resume", custom_id("resume.start")), change),
            accent=words.NEUTRAL_COLOUR,
        )
    name = words.plan_name(subscription, deps.catalogue)
    return card(
        text(
            f"## You already have a plan\nYou are on {name}. A second plan would charge you twice. "
            "You can change to another one."
        ),
        row(
            change,
            button("Balance", custom_id("balance.show")),
            button("Cancel subscription", custom_id("cancel.start")),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def consequence_card(purchase: PlanPurchase, deps: Dependencies, *, changed: bool = False) -> View:
    """Exactly what happens, before anything does. Staying is as visible as going on."""
    price_id = purchase.offering.price.id
    note = (
        "-# Something has changed since you looked. Please read this again. Nothing was charged.\n"
        if changed
        else ""
    )
    return card(
        text(note + consequence_text(purchase, deps.catalogue)),
        row(
            button(
                "Continue to checkout",
                custom_id("purchase.pay", f"{price_id}:{purchase.fingerprint}"),
            ),
            button(_stay(purchase.replaces), custom_id("purchase.keep")),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def consequence_text(purchase: PlanPurchase, catalogue: Catalogue) -> str:
    """What is charged, what starts and ends, what is lost (rules S7-S10, S27)."""
    plan, price, old = purchase.offering.plan, purchase.offering.price, purchase.replaces
    amount, label = words.money(price.money), label_of(purchase.offering)
    lines = [f"## Change {words.plan_name(old, catalogue)} to {label}" if old else f"## {label}"]
    full = ", the full price" if old else ""
    lines.append(f"**Charged today:** {amount}{full}, on our payment provider's own page.")
    until = " Until then nothing changes." if old else ""
    lines.append(f"**{plan.name} starts** when the payment is complete.{until}")
    if old is None:
        gives = f"{words.count(plan.allowance)} {catalogue.unit} a month"
        lines.append(f"**You get:** {gives}.")
    else:
        lines += _what_ends(purchase, old, catalogue)
    lines.append(
        f"**After that:** {amount} {_EVERY[price.interval]}, until you cancel. You can cancel at "
        "any time with `/cancel`."
    )
    lines += [
        f"**You also have {words.plan_name(each, catalogue)}.** It goes on, and renews "
        f"{prices.renewal(each)}."
        for each in purchase.beside
    ]
    return "\n".join(lines)


def _what_ends(purchase: PlanPurchase, old: Subscription, catalogue: Catalogue) -> list[str]:
    unit, balance = catalogue.unit, purchase.balance
    lines = [
        _old_plan(old, words.plan_name(old, catalogue), purchase.offering.plan.name),
        f"**Your {unit} start again:** {words.count(purchase.offering.plan.allowance)} a month, "
        f"0 used. What is left now ends: {words.count(balance.allowance_left)} of "
        f"{words.count(balance.granted)} {unit} of this month.",
    ]
    if balance.top_up_left:
        lines.append(
            f"**Your top-ups end too:** {words.count(balance.top_up_left)} {unit} of them are "
            "left, and they do not carry over."
        )
    return lines


def _old_plan(old: Subscription, name: str, new_name: str) -> str:
    ends = f"**{name} ends at that moment.**"
    if old.is_in_arrears:
        return f"{ends} Its last payment did not go through. Nothing more is charged for it."
    if old.cancel_at is not None and old.ends_with_period:
        return (
            f"{ends} You have cancelled it, and it would go on until {_moment(old.cancel_at)}. The "
            f"rest of that time is not used and not refunded. {new_name} is not cancelled: it "
            "renews."
        )
    match old.status:
        case Status.PAUSED:
            return f"{ends} It is paused, and cannot be continued after that."
        case Status.TRIALING:
            return f"{ends} It is a trial, which would go on until {_moment(old.period_end)}."
        case _:
            return (
                f"{ends} It is paid until {_moment(old.period_end)}. The rest of that time is not "
                "used and not refunded."
            )


def _moment(moment: datetime) -> str:
    return f"{words.day(moment)} ({words.relative(moment)})"


def _stay(current: Subscription | None) -> str:
    return NOT_NOW if current is None else KEEP


def kept_card() -> View:
    """The member does not go on."""
    return card(
        text(
            "## Nothing was changed\nNothing was charged. You can look at the plans at any time "
            "with `/plans`."
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def refused_card(checkout: Checkout, deps: Dependencies) -> View:
    """The provider gives no page for this, now or in a minute."""
    return card(
        text(
            "## Nothing was charged\nThe payment provider did not allow this purchase, so there is "
            "no page to pay on. Everything is as before. Our team has been told.\n"
            f"If you have a question, write to {deps.vendor.support_email}, or open a ticket with "
            f"`/ticket open`, and give `{checkout.reference}`."
        ),
        accent=words.WARNING_COLOUR,
    )


def silent_card(again: str) -> View:
    """The provider has given no page. `again` is the custom_id of another try."""
    return card(
        text(
            "## Nothing was charged\nThe payment provider does not answer right now, so there is "
            "no page to pay on. Everything is as before. Please try again in a minute."
        ),
        row(button("Try again", again), button(NOT_NOW, custom_id("purchase.keep"))),
        accent=words.WARNING_COLOUR,
    )
