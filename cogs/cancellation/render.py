"""The screens of the cancel flow. Each shows a way to cancel that is as visible as any other."""

from bot.domain.cancellation import AttemptState, find_reason
from bot.domain.errors import NotLinked
from bot.domain.subscription import Subscription
from bot.services.cancellations import CancelCase
from cogs import words
from cogs.cancellation.receipts import outcome_card
from cogs.cancellation.wording import no_more_charges, plan_of
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, link_button, row, text
from cogs.other_plans import with_way_out
from cogs.refusals import refusal


def attempt_card(case: CancelCase, deps: Dependencies) -> View:
    """The screen for where the attempt stands."""
    match case.attempt.state:
        case AttemptState.STARTED:
            return nudge_card(case, deps)
        case AttemptState.REASON_GIVEN:
            return confirm_card(case, deps)
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


def confirm_card(case: CancelCase, deps: Dependencies) -> View:
    """The exact end, and what is lost then; no more than that."""
    attempt, name = case.attempt, plan_of(case, deps)
    reason = find_reason(deps.policy.reasons, attempt.reason_id)
    given = f"-# Your reason: {reason.label}" if reason else ""
    after = with_way_out(case.others, deps) or "Your plan becomes Free."
    return card(
        text(
            f"## Confirm: cancel {name}\n{_what_happens(case, deps)}\n\n"
            f"**What ends then:** {name} features, and what is left of your "
            f"{deps.catalogue.unit}. {after}\n"
            f"**Money:** what you have already paid is not refunded."
            f"{_use_of_what_is_paid(case.subscription)}\n{given}"
        ),
        row(
            button("Confirm cancel", custom_id("cancel.confirm", attempt.id)),
            button("Change reason", custom_id("cancel.continue", attempt.id)),
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
    """What confirming does, and when."""
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
    return (
        f"{name} then stays on until **{words.day_and_time(end)}** ({words.relative(end)}), and "
        f"{no_more_charges(case, deps)}."
    )


def _use_of_what_is_paid(subscription: Subscription | None) -> str:
    if subscription is not None and subscription.is_in_arrears:
        return ""
    return " You can use it until that date."
