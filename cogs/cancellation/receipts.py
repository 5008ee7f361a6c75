"""What became of a cancellation: the receipts for the member, and the team's log entry."""

from datetime import datetime

from bot.domain.cancellation import RENEWED_MEANWHILE, AttemptState, CancelAttempt, find_reason
from bot.services.cancellations import CancelCase
from cogs import words
from cogs.cancellation.wording import no_more_charges, plan_of
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, link_button, row, text
from cogs.other_plans import cancel_command, with_way_out
from cogs.win_back.render import consent_parts

_RENEWED = (
    "Your plan renewed once more after your request, before the payment provider confirmed. That "
    "is our error: our team has been told and will look at that payment."
)


def outcome_card(case: CancelCase, deps: Dependencies) -> View:
    """What became of it: the receipt, on the screen and as a direct message."""
    attempt, name = case.attempt, plan_of(case, deps)
    match attempt.state:
        case AttemptState.CANCELLED if attempt.has_ended:
            return _ended_card(case, deps)
        case AttemptState.CANCELLED:
            return _scheduled_card(case, deps)
        case AttemptState.FAILED:
            return card(
                text(
                    "## We could not cancel yet\n"
                    f"The payment provider refused to cancel {name} "
                    f"(`{attempt.failure}`), so it is still on. Your request of "
                    f"{words.day_and_time(_requested(attempt))} is "
                    "recorded and our team has been told. You can also cancel without Discord, or "
                    f"write to {deps.vendor.support_email}.\n"
                    f"-# Reference: {attempt.receipt_reference}"
                ),
                row(
                    link_button(
                        "Cancel without Discord",
                        deps.vendor.cancel_url,
                        hosts=deps.vendor.link_hosts,
                    )
                ),
                accent=words.WARNING_COLOUR,
            )
        case AttemptState.SAVED:
            return card(
                text(
                    f"## You keep {name}\nThe offer that you took is on. You can cancel at any "
                    f"time with `/cancel`.\n-# Reference: {attempt.receipt_reference}"
                ),
                accent=words.SUCCESS_COLOUR,
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


def _scheduled_card(case: CancelCase, deps: Dependencies) -> View:
    attempt, ends = case.attempt, _ends(case.attempt)
    again = "" if case.others else " After that you can subscribe again at any time."
    return card(
        text(
            f"## {plan_of(case, deps)} is cancelled\n"
            f"**Stays on until:** {words.day_and_time(ends)} ({words.relative(ends)})\n"
            f"**After that:** {_afterwards(case, deps)}\n"
            f"{_request(attempt)}\n\n"
            f"Changed your mind? Press Resume, or run `/resume`, before {words.day(ends)}.{again}"
        ),
        row(
            button("Resume", custom_id("resume.start", attempt.subscription_id)),
            button("Subscribe (cancel anytime)", custom_id("subscribe.start")),
            link_button(
                "Manage without Discord", deps.vendor.cancel_url, hosts=deps.vendor.link_hosts
            ),
        ),
        *consent_parts(attempt, deps),
        accent=words.SUCCESS_COLOUR,
    )


def _ended_card(case: CancelCase, deps: Dependencies) -> View:
    """What is over cannot be resumed (S5)."""
    attempt = case.attempt
    again = "" if case.others else "\n\nYou can subscribe again at any time."
    return card(
        text(
            f"## {plan_of(case, deps)} is cancelled\n"
            f"**Ended:** {words.day_and_time(_ends(attempt))}\n"
            f"**Now:** {_afterwards(case, deps)}\n"
            f"{_request(attempt)}{again}"
        ),
        row(
            button("Subscribe (cancel anytime)", custom_id("subscribe.start")),
            link_button(
                "Manage without Discord", deps.vendor.cancel_url, hosts=deps.vendor.link_hosts
            ),
        ),
        *consent_parts(attempt, deps),
        accent=words.SUCCESS_COLOUR,
    )


def outcome_mail(case: CancelCase, deps: Dependencies) -> tuple[str, str] | None:
    """Subject and text; None where there is nothing that somebody must have in writing."""
    match case.attempt.state:
        case AttemptState.CANCELLED:
            return _receipt_mail(case, deps)
        case AttemptState.FAILED:
            return _refusal_mail(case, deps)
        case _:
            return None


def _refusal_mail(case: CancelCase, deps: Dependencies) -> tuple[str, str]:
    """Whoever takes no direct messages was last told that it is requested."""
    attempt, name = case.attempt, plan_of(case, deps)
    return (
        f"We could not cancel {name} yet ({attempt.receipt_reference})",
        f"The payment provider refused to cancel {name} ({attempt.failure}), so it is still on.\n\n"
        f"Your request of {words.plain_time(_requested(attempt))} is recorded, and our team has "
        "been told.\n\n"
        f"You can also cancel without Discord: {deps.vendor.cancel_url}\n"
        f"Reference: {attempt.receipt_reference}\n"
        f"Questions: {deps.vendor.support_email}\n",
    )


def _receipt_mail(case: CancelCase, deps: Dependencies) -> tuple[str, str]:
    attempt, name, ends = case.attempt, plan_of(case, deps), _ends(case.attempt)
    again = "" if case.others else "you can subscribe again at any time with /balance."
    if attempt.has_ended:
        when = f"Ended:           {words.plain_time(ends)}\nNow:             "
        back = f"To come back: {again}\n" if again else ""
    else:
        when = f"Stays on until:  {words.plain_time(ends)}\nAfter that:      "
        back = f"To come back: run /resume in Discord before {words.plain_day(ends)}."
        back += f" After that {again}\n" if again else "\n"
    return (
        f"{name} is cancelled ({attempt.receipt_reference})",
        f"Your {deps.vendor.name} subscription is cancelled.\n\n"
        f"Plan:            {name}\n"
        f"Requested:       {words.plain_time(_requested(attempt))}\n"
        f"{when}{_afterwards(case, deps, mail=True)}\n"
        f"Reference:       {attempt.receipt_reference}\n\n"
        + (f"{_RENEWED}\n\n" if attempt.failure == RENEWED_MEANWHILE else "")
        + back
        + f"To see or cancel your subscription without Discord: {deps.vendor.cancel_url}\n"
        f"Questions: {deps.vendor.support_email}\n",
    )


def staff_card(case: CancelCase, deps: Dependencies) -> View:
    """For the log channel. The comment is the member's own text: it is quoted as plain code."""
    attempt = case.attempt
    reason = find_reason(deps.policy.reasons, attempt.reason_id)
    headline = (
        "Cancellation failed" if attempt.state is AttemptState.FAILED else "Subscription cancelled"
    )
    lines = [
        f"### {headline}",
        f"<@{attempt.user_id}> · {plan_of(case, deps)} · {attempt.receipt_reference}",
        f"**Reason:** {reason.label if reason else 'not given'}",
    ]
    if attempt.comment:
        lines.append(f"```\n{words.plain(attempt.comment)}\n```")
    if attempt.follow_up:
        asked = reason.follow_up if reason and reason.follow_up else "Their answer"
        lines.append(f"**{asked}**\n```\n{words.plain(attempt.follow_up)}\n```")
    if attempt.failure == RENEWED_MEANWHILE:
        lines.append(
            "**The plan renewed after the request**, before the provider confirmed it. Please "
            "refund that payment as our error."
        )
    elif attempt.failure:
        lines.append(f"**The provider said:** `{attempt.failure}`. Please look at it by hand.")
    elif attempt.effective_at:
        verb = "Ended" if attempt.has_ended else "Ends"
        lines.append(f"**{verb}:** {words.day(attempt.effective_at)}")
    return card(text("\n".join(lines)), accent=words.WARNING_COLOUR)


def _afterwards(case: CancelCase, deps: Dependencies, *, mail: bool = False) -> str:
    """Which plan the member has from then on, and what is still charged."""
    charges = no_more_charges(case, deps)
    if case.attempt.has_ended:
        charges += ", and a payment that was still open is called off"
    elif case.subscription is not None and case.subscription.is_in_arrears:
        # A later end was promised, so it was not ended: its open payment is still collected.
        charges = (
            "no further period is charged. Your last payment did not go through and is still open: "
            f"run {cancel_command(mail=mail)} to end the plan now, so that {charges}"
        )
    promise = f"{charges[0].upper()}{charges[1:]}."
    if not case.others:
        return f"Free plan. {promise}"
    return f"{promise} {with_way_out(case.others, deps, mail=mail)}"


def _request(attempt: CancelAttempt) -> str:
    renewed = f"\n\n{_RENEWED}" if attempt.failure == RENEWED_MEANWHILE else ""
    return (
        f"**Requested:** {words.day_and_time(_requested(attempt))}\n"
        f"**Reference:** {attempt.receipt_reference}{renewed}"
    )


def _requested(attempt: CancelAttempt) -> datetime:
    return attempt.requested_at or attempt.started_at


def _ends(attempt: CancelAttempt) -> datetime:
    return attempt.effective_at or attempt.finished_at or attempt.started_at
