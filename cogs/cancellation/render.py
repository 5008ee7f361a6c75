"""The screens of the cancel flow. Each shows a way to cancel that is as visible as any other."""

from bot.domain.cancellation import AttemptState, find_reason
from bot.domain.errors import NotLinked
from bot.domain.plan_change import PlanPurchase
from bot.domain.subscription import Status, Subscription
from bot.services.cancellations import CancelCase
from cogs import prices, words
from cogs.cancellation.offers import accepting_card, offer_buttons, offer_text
from cogs.cancellation.receipts import outcome_card
from cogs.cancellation.wording import no_more_charges, plan_of
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, line, link_button, row, text
from cogs.other_plans import with_way_out
from cogs.refusals import refusal
from cogs.subscribe.render import consequence_text


def attempt_card(case: CancelCase, deps: Dependencies) -> View:
    """The screen for where the attempt stands."""
    match case.attempt.state:
        case AttemptState.STARTED:
            return nudge_card(case, deps)
        case AttemptState.REASON_GIVEN:
            return confirm_card(case, deps)
        case AttemptState.ACCEPTING:
            return accepting_card(case, deps)
        case AttemptState.REQUESTED:
            return requested_card(case, deps)
        case _:
            return outcome_card(case, deps)


def unlinked_card(deps: Dependencies) -> View:
    """Nobody has to link first in order to leave."""
    return card(
        text(
            f"{refusal(NotLinked())}\n\nYou can also cancel without Discord, on the page of "
            f"{deps.vendor.name}."
        ),
        row(
            link_button(
                "Cancel without Discord", deps.vendor.cancel_url, hosts=deps.vendor.link_hosts
            )
        ),
        accent=words.WARNING_COLOUR,
    )


def nudge_card(case: CancelCase, deps: Dependencies) -> View:
    """R1: point to a ticket once, and never stand in the way."""
    attempt = case.attempt
    return card(
        text(
            f"## Cancel {plan_of(case, deps)}\n{deps.vendor.nudge}\n\n"
            f"You can cancel at any time. {_what_happens(case, deps)}"
        ),
        row(
            button("Continue to cancel", custom_id("cancel.continue", attempt.id)),
            # Tickets are channels of a server; from a direct message none can be opened.
            *(
                [button("Open a ticket", custom_id("cancel.ticket", attempt.id))]
                if attempt.guild_id is not None
                else []
            ),
            button("Keep my plan", custom_id("cancel.keep", attempt.id)),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def confirm_card(case: CancelCase, deps: Dependencies, *, note: str = "") -> View:
    """The exact end, and what is lost then; one offer at most, above the buttons.

    Every button looks alike, and cancelling comes first (fairness rule 2). `note` is news.
    """
    attempt, name = case.attempt, plan_of(case, deps)
    reason = find_reason(deps.policy.reasons, attempt.reason_id)
    given = f"-# Your reason: {reason.label}" if reason else ""
    after = with_way_out(case.others, deps) or "Your plan becomes Free."
    news = f"**{note}**\n" if note else ""
    asks = reason is not None and reason.follow_up and attempt.follow_up is None
    return card(
        text(
            f"{news}## Confirm: cancel {name}\n{_what_happens(case, deps)}\n\n"
            f"**What ends then:** {name} features, and what is left of your "
            f"{deps.catalogue.unit}. {after}\n"
            f"**Money:** what you have already paid is not refunded."
            f"{_use_of_what_is_paid(case.subscription)}\n{given}"
        ),
        *([line(), text(offer_text(case, case.offer, deps))] if case.offer else []),
        row(
            button("Confirm cancel", custom_id("cancel.confirm", attempt.id)),
            *(offer_buttons(attempt, case.offer, deps) if case.offer else []),
            *([button("Answer one question", custom_id("cancel.ask", attempt.id))] if asks else []),
            button("Change reason", custom_id("cancel.continue", attempt.id)),
            button("Keep my plan", custom_id("cancel.keep", attempt.id)),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def change_card(case: CancelCase, purchase: PlanPurchase, deps: Dependencies) -> View:
    """What the offered plan changes, with the way out of everything first."""
    attempt, agreed = case.attempt, f"{purchase.offering.price.id}:{purchase.fingerprint}"
    return card(
        text(consequence_text(purchase, deps.catalogue)),
        line(),
        text(f"**If you cancel instead:** {_what_happens(case, deps)}"),
        row(
            button("Confirm cancel", custom_id("cancel.confirm", attempt.id)),
            button("Continue to checkout", custom_id("purchase.pay", agreed)),
            button("Keep my plan", custom_id("cancel.keep", attempt.id)),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def ticket_closed_card(case: CancelCase, deps: Dependencies) -> View:
    """Both ways on for somebody who had begun to cancel. This is said once."""
    attempt, name, subscription = case.attempt, plan_of(case, deps), case.subscription
    renews = (
        f" If you do nothing, you keep {name}. It renews {prices.renewal(subscription)}."
        if subscription is not None and not subscription.is_in_arrears
        else ""
    )
    return card(
        text(
            f"## Do you still want to cancel {name}?\nYou had begun to cancel, and opened a "
            f"ticket. The ticket is closed now.\nYou can cancel: {_what_happens(case, deps)}"
            f"{renews}\n-# We send this message once."
        ),
        row(
            button("Continue to cancel", custom_id("cancel.go_on", attempt.id)),
            button("Keep my plan", custom_id("cancel.keep", attempt.id)),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def requested_card(case: CancelCase, deps: Dependencies) -> View:
    """Recorded, and not yet confirmed by the provider: so it does not say cancelled."""
    attempt, name = case.attempt, plan_of(case, deps)
    when = words.day_and_time(attempt.requested_at) if attempt.requested_at else "now"
    ends = f" Then {name} ends." if attempt.is_to_end_at_once else ""
    others = f"{with_way_out(case.others, deps)}\n" if case.others else ""
    return card(
        text(
            f"## Cancellation requested\nYou asked to cancel {name} on {when}. "
            f"This is recorded. **You will not be charged again for {name}.** Should a payment "
            "still go through, that is our error, and our team looks at it.\n"
            f"We are waiting for the payment provider to confirm.{ends} You will get a message "
            f"here or by direct message.\n{others}-# Reference: {attempt.receipt_reference}"
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def _what_happens(case: CancelCase, deps: Dependencies) -> str:
    """What confirming does, and when. Reads on after another sentence."""
    name, subscription = plan_of(case, deps), case.subscription
    if subscription is None:
        return "Nothing more will be charged."
    if subscription.is_in_arrears:
        return (
            f"Your last payment for {name} did not go through, so the time that you have paid for "
            f"is over. If you confirm, **{name} ends at once**, the open payment is called off, "
            f"and {no_more_charges(case, deps)}."
        )
    end = subscription.period_end
    if subscription.status is Status.PAUSED:
        return (
            f"{name} is paused and off. It then ends on **{words.day_and_time(end)}**, and "
            f"{no_more_charges(case, deps)}."
        )
    return (
        f"{name} then stays on until **{words.day_and_time(end)}** ({words.relative(end)}), and "
        f"{no_more_charges(case, deps)}."
    )


def _use_of_what_is_paid(subscription: Subscription | None) -> str:
    if subscription is not None and subscription.is_in_arrears:
        return ""
    return " You can use it until that date."
