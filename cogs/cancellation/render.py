"""The screens of the cancel flow. Each shows a way to cancel that is as visible as any other."""

from datetime import datetime

from bot.domain.account import Account
from bot.domain.cancellation import (
    RENEWED_MEANWHILE,
    AttemptState,
    CancelAttempt,
    find_reason,
)
from bot.domain.errors import NotLinked
from bot.domain.subscription import Status, Subscription
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, link_button, row, text


def attempt_card(attempt: CancelAttempt, account: Account, deps: Dependencies) -> View:
    """The screen for where the attempt stands."""
    match attempt.state:
        case AttemptState.STARTED:
            return nudge_card(attempt, account, deps)
        case AttemptState.REASON_GIVEN:
            return confirm_card(attempt, account, deps)
        case AttemptState.REQUESTED:
            return requested_card(attempt, account, deps)
        case _:
            return outcome_card(attempt, account, deps)


def unlinked_card(deps: Dependencies) -> View:
    """Nobody has to link first in order to leave."""
    return card(
        text(
            f"{words.refusal(NotLinked())}\n\nYou can also cancel without Discord, on the page of "
            f"{deps.vendor.name}."
        ),
        row(link_button("Cancel without Discord", deps.vendor.cancel_url)),
        accent=words.WARNING_COLOUR,
    )


def nudge_card(attempt: CancelAttempt, account: Account, deps: Dependencies) -> View:
    """R1: point to a ticket once, and never stand in the way."""
    name = _name(account.subscription, deps)
    return card(
        text(
            f"## Cancel {name}\n{deps.vendor.nudge}\n\n"
            f"You can cancel at any time. {_keeps(account.subscription, name)}"
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


def confirm_card(attempt: CancelAttempt, account: Account, deps: Dependencies) -> View:
    """The exact end, and what is lost then; no more than that."""
    name = _name(account.subscription, deps)
    reason = find_reason(deps.policy.reasons, attempt.reason_id)
    given = f"-# Your reason: {reason.label}" if reason else ""
    return card(
        text(
            f"## Confirm: cancel {name}\n{_keeps(account.subscription, name)}\n\n"
            f"**What ends then:** {name} features, and what is left of your "
            f"{deps.catalogue.unit}. Your plan becomes Free.\n"
            "**Money:** what you have already paid is not refunded. You can use it until that "
            f"date.\n{given}"
        ),
        row(
            button("Confirm cancel", custom_id("cancel.confirm", attempt.id)),
            button("Change reason", custom_id("cancel.continue", attempt.id)),
            button("Keep my plan", custom_id("cancel.keep", attempt.id)),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def requested_card(attempt: CancelAttempt, account: Account, deps: Dependencies) -> View:
    """Recorded, and not yet confirmed by the provider: so it does not say cancelled."""
    name = _name(account.subscription, deps)
    when = words.day_and_time(attempt.requested_at) if attempt.requested_at else "now"
    return card(
        text(
            f"## Cancellation requested\nYou asked to cancel {name} on {when}. "
            "This is recorded. **You will not be charged again.**\n"
            "We are waiting for the payment provider to confirm. You will get a message here or "
            f"by direct message.\n-# Reference: {attempt.receipt_reference}"
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def outcome_card(attempt: CancelAttempt, account: Account | None, deps: Dependencies) -> View:
    """What became of it: the receipt, on the screen and as a direct message."""
    name = _name(account.subscription if account else None, deps)
    match attempt.state:
        case AttemptState.CANCELLED:
            return _receipt_card(attempt, account, deps)
        case AttemptState.FAILED:
            return card(
                text(
                    "## We could not cancel yet\n"
                    f"The payment provider refused to cancel {name} "
                    f"(`{attempt.failure}`). Your request of "
                    f"{words.day_and_time(attempt.requested_at or attempt.started_at)} is "
                    "recorded and our team has been told. You can also cancel without Discord, or "
                    f"write to {deps.vendor.support_email}.\n"
                    f"-# Reference: {attempt.receipt_reference}"
                ),
                row(link_button("Cancel without Discord", deps.vendor.cancel_url)),
                accent=words.WARNING_COLOUR,
            )
        case AttemptState.RESUMED:
            return card(
                text(f"## Not cancelled\n{name} goes on and renews as before."),
                accent=words.NEUTRAL_COLOUR,
            )
        case _:
            return kept_card(name)


def kept_card(name: str) -> View:
    """The member keeps the plan."""
    return card(
        text(
            f"## You keep {name}\nNothing was changed. You can cancel at any time with `/cancel`."
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def _receipt_card(attempt: CancelAttempt, account: Account | None, deps: Dependencies) -> View:
    subscription = account.subscription if account else None
    name, ends = _name(subscription, deps), _ends(attempt)
    charges = _charges(subscription)
    renewed = f"\n\n{_RENEWED}" if attempt.failure == RENEWED_MEANWHILE else ""
    requested = words.day_and_time(attempt.requested_at or attempt.started_at)
    return card(
        text(
            f"## {name} is cancelled\n"
            f"**Stays on until:** {words.day_and_time(ends)} ({words.relative(ends)})\n"
            f"**After that:** Free plan. {charges[0].upper()}{charges[1:]}\n"
            f"**Requested:** {requested}\n"
            f"**Reference:** {attempt.receipt_reference}{renewed}\n\n"
            f"Changed your mind? Press Resume, or run `/resume`, before {words.day(ends)}. After "
            "that you can subscribe again at any time."
        ),
        row(
            button("Resume", custom_id("resume.start")),
            button("Subscribe (cancel anytime)", custom_id("subscribe.start")),
            link_button("Manage without Discord", deps.vendor.cancel_url),
        ),
        accent=words.SUCCESS_COLOUR,
    )


_RENEWED = (
    "Your plan renewed once more after your request, before the payment provider confirmed. That "
    "is our error: our team has been told and will look at that payment."
)


def receipt_mail(attempt: CancelAttempt, account: Account, deps: Dependencies) -> tuple[str, str]:
    """Subject and text of the receipt by mail."""
    name = _name(account.subscription, deps)
    charges = _charges(account.subscription)
    ends = _ends(attempt)
    requested = attempt.requested_at or attempt.started_at
    return (
        f"{name} is cancelled ({attempt.receipt_reference})",
        f"Your {deps.vendor.name} subscription is cancelled.\n\n"
        f"Plan:            {name}\n"
        f"Requested:       {words.plain_time(requested)}\n"
        f"Stays on until:  {words.plain_time(ends)}\n"
        f"After that:      Free plan. {charges[0].upper()}{charges[1:]}\n"
        f"Reference:       {attempt.receipt_reference}\n\n"
        + (f"{_RENEWED}\n\n" if attempt.failure == RENEWED_MEANWHILE else "")
        + f"To come back: run /resume in Discord before {words.plain_day(ends)}. After that you "
        "can subscribe again at any time with /balance.\n"
        f"To see or cancel your subscription without Discord: {deps.vendor.cancel_url}\n"
        f"Questions: {deps.vendor.support_email}\n",
    )


def staff_card(attempt: CancelAttempt, account: Account | None, deps: Dependencies) -> View:
    """For the log channel. The comment is the member's own text: it is quoted as plain code."""
    subscription = account.subscription if account else None
    reason = find_reason(deps.policy.reasons, attempt.reason_id)
    headline = (
        "Cancellation failed" if attempt.state is AttemptState.FAILED else "Subscription cancelled"
    )
    lines = [
        f"### {headline}",
        f"<@{attempt.user_id}> · {_name(subscription, deps)} · {attempt.receipt_reference}",
        f"**Reason:** {reason.label if reason else 'not given'}",
    ]
    if attempt.comment:
        lines.append(f"```\n{words.plain(attempt.comment)}\n```")
    if attempt.failure == RENEWED_MEANWHILE:
        lines.append(
            "**The plan renewed after the request**, before the provider confirmed it. Please "
            "refund that payment as our error."
        )
    elif attempt.failure:
        lines.append(f"**The provider said:** `{attempt.failure}`. Please look at it by hand.")
    elif attempt.effective_at:
        lines.append(f"**Ends:** {words.day(attempt.effective_at)}")
    return card(text("\n".join(lines)), accent=words.WARNING_COLOUR)


def _name(subscription: Subscription | None, deps: Dependencies) -> str:
    return words.plan_name(subscription, deps.catalogue) if subscription else "your plan"


def _keeps(subscription: Subscription | None, name: str) -> str:
    if subscription is None:
        return "Nothing more will be charged."
    end = subscription.cancel_at or subscription.period_end
    return (
        f"{name} then stays on until **{words.day_and_time(end)}** ({words.relative(end)}), and "
        f"{_charges(subscription)}"
    )


def _charges(subscription: Subscription | None) -> str:
    """What is promised about money; a payment that has failed before is not called off by this."""
    if subscription is not None and subscription.status in (Status.PAST_DUE, Status.UNPAID):
        return (
            "no further period is charged. The payment that failed may still be tried again by "
            "the payment provider."
        )
    return "nothing more is charged."


def _ends(attempt: CancelAttempt) -> datetime:
    return attempt.effective_at or attempt.finished_at or attempt.started_at
