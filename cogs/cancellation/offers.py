"""An offer beside cancelling: the price now, then, for how long and after it (fairness rule 7)."""

from typing import assert_never

import discord

from bot.domain.cancellation import CancelAttempt
from bot.domain.offer import Offer, OfferKind, OfferTerms
from bot.services.cancellations import CancelCase
from bot.services.offers import ShownOffer
from cogs import prices, words
from cogs.cancellation.wording import plan_of
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, row, text

REFUSED = "The payment provider did not accept it. Nothing was changed and nothing was charged."
GONE = "The offer is not open to you any more, or its price has changed. Nothing was changed."


def offer_text(case: CancelCase, shown: ShownOffer, deps: Dependencies) -> str:
    """What it is, and all that the member agrees to by pressing its button."""
    title = _title(shown.offer, shown.terms, deps)
    return (
        f"### Instead of cancelling: {title}\n{terms_text(case, shown, deps)}\n"
        "-# You can still cancel at any time. This is the only offer."
    )


def offer_buttons(
    attempt: CancelAttempt, shown: ShownOffer, deps: Dependencies
) -> list[discord.ui.Button[View]]:
    """The button names the deal; the click on it is the member's agreement.

    None for a talk where no ticket can be opened: the text names the address.
    """
    match shown.offer.kind:
        case OfferKind.PAUSE | OfferKind.DISCOUNT | OfferKind.CREDITS:
            verb = custom_id("offer.take", f"{attempt.id}:{shown.terms.fingerprint}")
        case OfferKind.SMALLER_PLAN | OfferKind.MONTHLY:
            verb = custom_id("offer.change", attempt.id)
        case OfferKind.TALK:
            verb = custom_id("cancel.ticket", attempt.id)
            if attempt.guild_id is None:
                return []
        case _:
            assert_never(shown.offer.kind)
    return [button(_label(shown.offer, shown.terms, deps)[:80], verb)]


def terms_text(case: CancelCase, shown: ShownOffer, deps: Dependencies) -> str:
    """The price now, during it, until when, and after it."""
    terms, name = shown.terms, plan_of(case, deps)
    now, after = price(terms, "now"), price(terms, "after")
    match shown.offer.kind:
        case OfferKind.PAUSE | OfferKind.DISCOUNT:
            return made_text(shown.offer.kind, terms, name)
        case OfferKind.SMALLER_PLAN | OfferKind.MONTHLY:
            return (
                f"**Now:** you pay {now}.\n**After the change:** you pay {after}, from the day of "
                f"the change, until you cancel. {name} as it is now ends on that day. You see "
                "everything that changes before you pay."
            )
        case OfferKind.CREDITS:
            unit = deps.catalogue.unit
            return (
                f"**You get:** {words.count(terms.units)} {unit} for this billing period, for "
                f"free. They do not carry over.\n**Price:** {now}, as before, until you cancel."
            )
        case OfferKind.TALK:
            write = f" You can also write to {deps.vendor.support_email}."
            return (
                "Our support team can look at it with you. It does not stop you from cancelling."
                f"{write}\n**Price:** {_as_before(case, now)}, until you cancel."
            )
        case _:
            assert_never(shown.offer.kind)


def _as_before(case: CancelCase, now: str) -> str:
    """A talk is offered while the discount of another offer runs, too."""
    if case.subscription is None or case.subscription.reduction is None:
        return f"{now}, as before"
    return f"as before. It renews {prices.renewal(case.subscription)}"


def made_text(kind: OfferKind, terms: OfferTerms, name: str, *, mail: bool = False) -> str:
    """What is made at the provider, in three lines; the same on the offer and on its receipt."""
    day = words.plain_day if mail else words.day
    bold = "" if mail else "**"
    start, until = terms.starts_at, terms.until
    if start is None or until is None or terms.during is None:
        return f"{bold}Price:{bold} {price(terms, 'now')}."
    if kind is OfferKind.PAUSE:
        during = f"nothing is charged, and {name} is off"
    else:
        payments = "one payment" if terms.renewals == 1 else f"{terms.renewals} payments"
        during = f"{words.money(terms.during)} {words.every(terms.interval)}, for {payments}"
    return (
        f"{bold}Until {day(start)}:{bold} {name} stays on, and is paid already "
        f"({price(terms, 'now')}).\n"
        f"{bold}From {day(start)}:{bold} {during}.\n"
        f"{bold}From {day(until)}:{bold} {price(terms, 'after')} again, until you cancel."
    )


def accepting_card(case: CancelCase, deps: Dependencies) -> View:
    """Recorded, and not yet confirmed by the provider. Leaving stays as near as before."""
    attempt = case.attempt
    return card(
        text(
            f"## Your choice is recorded\nYou keep {plan_of(case, deps)}. We are waiting for the "
            "payment provider to confirm the offer. You will get a message here or by direct "
            "message. Nothing is changed before that.\nYou can still cancel now.\n"
            f"-# Reference: {attempt.receipt_reference}"
        ),
        row(button("Confirm cancel", custom_id("cancel.confirm", attempt.id))),
        accent=words.NEUTRAL_COLOUR,
    )


def saved_card(case: CancelCase, terms: OfferTerms, deps: Dependencies) -> View:
    """The receipt of an offer that is in effect, and the way out of it."""
    return card(
        text(
            f"## You keep {plan_of(case, deps)}\n{_agreed(case, terms, deps)}\n\n"
            "You can cancel at any time: run `/cancel`, or press the button. What you have paid "
            f"stays on until its end.\n-# Reference: {case.attempt.receipt_reference}"
        ),
        row(
            button("Cancel subscription", custom_id("cancel.start")),
            button("Balance", custom_id("balance.show")),
        ),
        accent=words.SUCCESS_COLOUR,
    )


def saved_mail(case: CancelCase, terms: OfferTerms, deps: Dependencies) -> tuple[str, str]:
    """Subject and text of the same by mail."""
    attempt, name = case.attempt, plan_of(case, deps)
    agreed_at = words.plain_time(attempt.accepted_at or attempt.started_at)
    return (
        f"You keep {name} ({attempt.receipt_reference})",
        f"You have taken an offer for your {deps.vendor.name} subscription.\n\n"
        f"{_agreed(case, terms, deps, mail=True)}\n\n"
        f"Taken:      {agreed_at}\nReference:  {attempt.receipt_reference}\n\n"
        "You can cancel at any time: run /cancel in Discord, or without Discord: "
        f"{deps.vendor.cancel_url}\nQuestions: {deps.vendor.support_email}\n",
    )


def not_applied_card(case: CancelCase, deps: Dependencies) -> View:
    """The provider has refused it: nothing was changed, and both ways are open."""
    attempt = case.attempt
    return card(
        text(
            f"## The offer could not be made\n{REFUSED}\nYou still have "
            f"{plan_of(case, deps)}, at the same price. What would you like to do?"
        ),
        row(
            button("Continue to cancel", custom_id("cancel.go_on", attempt.id)),
            button("Keep my plan", custom_id("cancel.keep", attempt.id)),
        ),
        accent=words.WARNING_COLOUR,
    )


def _agreed(case: CancelCase, terms: OfferTerms, deps: Dependencies, *, mail: bool = False) -> str:
    """The terms as they were agreed to, whatever the vendor has configured since."""
    if not terms.units:
        is_pause = terms.during is not None and terms.during.amount == 0
        kind = OfferKind.PAUSE if is_pause else OfferKind.DISCOUNT
        return made_text(kind, terms, plan_of(case, deps), mail=mail)
    return (
        f"You have {words.count(terms.units)} more {deps.catalogue.unit} for this billing period, "
        f"for free. They do not carry over. The price stays {price(terms, 'now')}, until you "
        "cancel."
    )


def price(terms: OfferTerms, when: str) -> str:
    """Such as "$20.00 monthly"; `when` is now or after."""
    if when == "now":
        return f"{words.money(terms.now)} {words.every(terms.interval)}"
    return f"{words.money(terms.after)} {words.every(terms.after_interval)}"


def _title(offer: Offer, terms: OfferTerms, deps: Dependencies) -> str:
    match offer.kind:
        case OfferKind.PAUSE:
            return f"a pause of {_months(offer.months)}"
        case OfferKind.DISCOUNT:
            return f"{offer.percent}% off for {_months(offer.months)}"
        case OfferKind.SMALLER_PLAN:
            return f"{_plan_name(offer, deps)} for {price(terms, 'after')}"
        case OfferKind.MONTHLY:
            return "pay by the month"
        case OfferKind.CREDITS:
            return f"{words.count(terms.units)} {deps.catalogue.unit} for free"
        case OfferKind.TALK:
            return "talk to our support team"
        case _:
            assert_never(offer.kind)


def _label(offer: Offer, terms: OfferTerms, deps: Dependencies) -> str:
    match offer.kind:
        case OfferKind.PAUSE:
            return f"Pause for {_months(offer.months)}"
        case OfferKind.DISCOUNT:
            return f"Take {offer.percent}% off for {_months(offer.months)}"
        case OfferKind.SMALLER_PLAN:
            return f"Change to {_plan_name(offer, deps)} for {price(terms, 'after')}"
        case OfferKind.MONTHLY:
            return f"Change to {price(terms, 'after')}"
        case OfferKind.CREDITS:
            return f"Take {words.count(terms.units)} {deps.catalogue.unit}"
        case OfferKind.TALK:
            return "Open a ticket"
        case _:
            assert_never(offer.kind)


def _months(number: int) -> str:
    return "one month" if number == 1 else f"{number} months"


def _plan_name(offer: Offer, deps: Dependencies) -> str:
    plan = deps.catalogue.plan(offer.plan_id) if offer.plan_id else None
    return plan.name if plan else "a smaller plan"
