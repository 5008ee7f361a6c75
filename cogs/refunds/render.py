"""The screens of the refund desk, and what the member is told."""

from collections.abc import Sequence

import discord

from bot.domain.dispute import DisputeStatus
from bot.domain.identifiers import UserId
from bot.domain.refund import Consequence, Ground, Payment, PaymentPurpose, RefundState
from bot.domain.subscription import Subscription
from bot.services.refunds import RefundCase
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, row, select, text
from cogs.other_plans import sentences, with_way_out

GROUNDS = {
    Ground.SERVICE_FAILURE: "The service failed",
    Ground.DUPLICATE_CHARGE: "Charged twice",
    Ground.OUR_ERROR: "Our error",
}
_PURPOSES = {
    PaymentPurpose.SUBSCRIPTION: "Subscription",
    PaymentPurpose.TOP_UP: "Top-up",
    PaymentPurpose.OTHER: "Payment",
}
# The provider decides both, and they differ by bank and country (rule S12).
NO_PROMISE = "The payment provider decides when the money arrives, and how."


def payments_card(member_id: UserId, payments: Sequence[Payment]) -> View:
    """Choose the payment."""
    options = [
        discord.SelectOption(
            label=f"{words.money(payment.refundable)} · {words.plain_day(payment.paid_at)}",
            description=_describe(payment)[:100],
            value=payment.id,
        )
        for payment in payments
    ]
    more = f"\n-# The newest 25 of {len(payments)}." if len(payments) > 25 else ""
    return card(
        text(f"## Refund a payment of <@{member_id}>\nNothing happens before you confirm.{more}"),
        row(select(custom_id("refund.pick", str(member_id)), "Choose a payment", options)),
        accent=words.NEUTRAL_COLOUR,
    )


def _describe(payment: Payment) -> str:
    parts = [_PURPOSES[payment.purpose], payment.id]
    if payment.period_start and payment.period_end:
        parts.insert(
            1, f"{words.plain_day(payment.period_start)} to {words.plain_day(payment.period_end)}"
        )
    if payment.disputed:
        parts.insert(0, "has a dispute")
    return " · ".join(parts)


def draft_card(case: RefundCase, deps: Dependencies) -> View:
    """The consequence, before anything happens."""
    refund, payment = case.refund, case.payment
    options = [
        discord.SelectOption(label=label, value=ground.value, default=refund.ground is ground)
        for ground, label in GROUNDS.items()
    ]
    already = (
        f"\n**Refunded before:** {words.money(payment.refunded)}" if payment.refunded.amount else ""
    )
    buttons = [
        button(
            f"Confirm: refund {words.money(refund.amount)}",
            custom_id("refund.confirm", refund.id),
            style=discord.ButtonStyle.danger,
            disabled=refund.ground is None,
        )
    ]
    if case.may_be_partial:
        buttons.append(button("Change amount", custom_id("refund.amount", refund.id)))
        whole = ""
    else:
        whole = "\n-# The provider of this payment gives back all that is left, or nothing."
    return card(
        text(
            f"## Refund {words.money(refund.amount)} to <@{refund.member_id}>?\n"
            f"**Payment:** {_describe(payment)}\n**Paid:** {words.day(payment.paid_at)}{already}\n"
            f"**Consequence:** {consequence_text(case, deps)}\n{_dispute_text(case)}"
            f"-# {NO_PROMISE}{whole}"
        ),
        row(select(custom_id("refund.ground", refund.id), "Why? (required)", options)),
        row(*buttons),
        accent=words.WARNING_COLOUR,
    )


def _dispute_text(case: RefundCase) -> str:
    """What a moderator should know of disputes that do not stand in the way."""
    said = {
        DisputeStatus.INQUIRY: (
            "The bank asks about this payment. What you give back it does not take as well."
        ),
        DisputeStatus.WON: "A dispute was decided for you. The payment stands.",
        DisputeStatus.DROPPED: "A dispute was dropped. The bank took nothing.",
    }
    newest = case.disputes[0].status if case.disputes else None
    return f"**Dispute:** {said[newest]}\n" if newest in said else ""


def consequence_text(case: RefundCase, deps: Dependencies) -> str:
    """What the refund does to the subscription."""
    name = _plan(case.subscription, deps)
    return {
        Consequence.ENDS_SUBSCRIPTION: f"{name} **ends at once**: {_what_stops(case, deps)}",
        Consequence.DUPLICATE_ENDS_NOTHING: (
            f"{name} **goes on**: another payment covers the same period, so this one is a "
            "duplicate."
        ),
        Consequence.PARTIAL_ENDS_NOTHING: (
            f"{name} **goes on**: only a part of the payment is given back."
        ),
        Consequence.TOP_UP_ENDS_NOTHING: (
            "Nothing ends: this payment was a top-up. What is left of it is taken back."
        ),
        Consequence.ALREADY_ENDED: f"None: {name} has ended already.",
        Consequence.NO_SUBSCRIPTION: "None: this payment did not buy a subscription.",
    }[case.refund.consequence]


def _what_stops(case: RefundCase, deps: Dependencies) -> str:
    if not case.others:
        return "access and allowance stop, and the plan becomes Free."
    others = sentences(case.others, deps, whose="The member's")
    return f"its access and allowance stop. {others}"


def _plan(subscription: Subscription | None, deps: Dependencies) -> str:
    return words.plan_name(subscription, deps.catalogue) if subscription else "The subscription"


def requested_card(case: RefundCase) -> View:
    """Committed, not yet done."""
    return card(
        text(
            f"## Refund requested\n{words.money(case.refund.amount)} to "
            f"<@{case.refund.member_id}>. We are waiting for the payment provider.\n"
            f"-# Reference: {case.refund.reference}"
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def outcome_card(case: RefundCase, deps: Dependencies) -> View:
    """How it ended, for the moderator and the log channel."""
    refund = case.refund
    amount = words.money(refund.amount)
    who = f"<@{refund.moderator_id}> → {_member(case)}"
    ground = GROUNDS[refund.ground] if refund.ground else "in the provider's dashboard"
    reference = " · ".join(filter(None, (refund.reference, refund.provider_refund_id)))
    if refund.state is RefundState.FAILED:
        return card(
            text(
                f"## Refund failed\n{amount}, {who}\nThe payment provider refused "
                f"(`{refund.failure}`). **No money was moved and nothing was ended.**\n"
                f"-# Reference: {refund.reference}"
            ),
            accent=words.WARNING_COLOUR,
        )
    pending = (
        " (the provider is still working on it)" if refund.provider_status == "pending" else ""
    )
    ended = {
        Consequence.ENDS_SUBSCRIPTION: f"{_plan(case.subscription, deps)} has ended.",
        Consequence.DUPLICATE_ENDS_NOTHING: f"{_plan(case.subscription, deps)} goes on.",
        Consequence.PARTIAL_ENDS_NOTHING: f"{_plan(case.subscription, deps)} goes on.",
    }.get(refund.consequence, "No subscription was ended.")
    return card(
        text(
            f"## Refunded {amount}{pending}\n{who} · {ground}\n{ended} {NO_PROMISE}\n"
            f"-# Reference: {reference}"
        ),
        accent=words.SUCCESS_COLOUR,
    )


def _member(case: RefundCase) -> str:
    return f"<@{case.refund.member_id}>" if case.refund.member_id else "nobody in Discord"


def stuck_card(case: RefundCase) -> View:
    """For the log channel: somebody has to act."""
    refund = case.refund
    return card(
        text(
            f"## Refunded, but not ended\n{words.money(refund.amount)} went back to "
            f"{_member(case)}, and the payment provider refuses to end the subscription "
            f"`{refund.subscription_id}`. **Please end it by hand in the provider's dashboard.** "
            f"The bot goes on trying.\n-# Reference: {refund.reference}"
        ),
        accent=words.WARNING_COLOUR,
    )


def member_text(case: RefundCase, deps: Dependencies) -> str:
    """What the member reads, without markup: it goes by mail too."""
    ended = {
        Consequence.ENDS_SUBSCRIPTION: _what_stopped(case, deps),
        Consequence.DUPLICATE_ENDS_NOTHING: (
            f"{_plan(case.subscription, deps)} goes on: it was paid for twice, and one payment "
            "stays."
        ),
        Consequence.PARTIAL_ENDS_NOTHING: f"{_plan(case.subscription, deps)} goes on.",
    }.get(case.refund.consequence, "Nothing else has changed.")
    done = case.refund.provider_status == "succeeded"
    verb = "We have refunded" if done else "We are refunding"
    return (
        f"{verb} {words.money(case.refund.amount)} of your payment of "
        f"{words.money(case.payment.amount)} from {words.plain_day(case.payment.paid_at)}. "
        f"{ended} {NO_PROMISE}"
    )


def _what_stopped(case: RefundCase, deps: Dependencies) -> str:
    name = _plan(case.subscription, deps)
    if not case.others:
        return (
            f"{name} has ended with it: access and allowance have stopped, and your plan is Free. "
            "Nothing more is charged."
        )
    return (
        f"{name} has ended with it: its access and allowance have stopped, and nothing more is "
        f"charged for it. {with_way_out(case.others, deps, mail=True)}"
    )


def member_card(case: RefundCase, deps: Dependencies) -> View:
    """The receipt as a direct message."""
    return card(
        text(
            f"## Refund of {words.money(case.refund.amount)}\n{member_text(case, deps)}\n"
            f"-# Reference: {case.refund.reference} · Questions: {deps.vendor.support_email}"
        ),
        accent=words.SUCCESS_COLOUR,
    )
