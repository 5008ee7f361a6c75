"""The screens of the refund desk, up to the confirmation."""

from collections.abc import Sequence

import discord

from bot.domain.dispute import DisputeStatus
from bot.domain.identifiers import PaymentId, UserId
from bot.domain.refund import (
    Consequence,
    Ground,
    Payment,
    PaymentPurpose,
    Refund,
)
from bot.domain.subscription import Subscription
from bot.services.refund_cases import RefundCase
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, row, select, text
from cogs.other_plans import sentences

GROUNDS = {
    Ground.SERVICE_FAILURE: "The service failed",
    Ground.DUPLICATE_CHARGE: "Charged twice",
    Ground.OUR_ERROR: "Our error",
    Ground.WITHDRAWAL: "Withdrawal from the contract",
}
_PURPOSES = {
    PaymentPurpose.SUBSCRIPTION: "Subscription",
    PaymentPurpose.TOP_UP: "Top-up",
    PaymentPurpose.OTHER: "Payment",
}
# The provider decides both, and they differ by bank and country (rule S12).
NO_PROMISE = "The payment provider decides when the money arrives, and how."


def open_button(member_id: UserId, payment_id: PaymentId) -> discord.ui.Button[View]:
    """Leads a moderator to what refunding this payment would do."""
    return button("Look at a refund", custom_id("refund.open", f"{member_id}/{payment_id}"))


def payments_card(
    member_id: UserId, payments: Sequence[Payment], *, verb: str = "refund.pick", argument: str = ""
) -> View:
    """Choose the payment; `verb` says what comes next."""
    more = f"\n-# The newest 25 of {len(payments)}." if len(payments) > 25 else ""
    return card(
        text(f"## Refund a payment of <@{member_id}>\nNothing happens before you confirm.{more}"),
        row(
            select(
                custom_id(verb, argument or str(member_id)), "Choose a payment", _options(payments)
            )
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def _options(payments: Sequence[Payment]) -> list[discord.SelectOption]:
    return [
        discord.SelectOption(
            label=f"{words.money(payment.refundable)} · {words.plain_day(payment.paid_at)}",
            description=describe(payment)[:100],
            value=payment.id,
        )
        for payment in payments
    ]


def describe(payment: Payment) -> str:
    """What it bought, for which time, and its id."""
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
        if ground in deps.refunds.grounds
    ]
    already = (
        f"\n**Refunded before:** {words.money(payment.refunded)}" if payment.refunded.amount else ""
    )
    buttons = [_next_button(case)]
    if case.may_be_partial:
        buttons.append(button("Change amount", custom_id("refund.amount", refund.id)))
        whole = ""
    else:
        whole = "\n-# The provider of this payment gives back all that is left, or nothing."
    return card(
        text(
            f"## Refund {words.money(refund.amount)} to <@{refund.member_id}>?\n"
            f"{_why_asked(refund)}**Payment:** {describe(payment)}\n"
            f"**Paid:** {words.day(payment.paid_at)}{already}\n"
            f"**Consequence:** {consequence_text(case, deps)}\n{dispute_text(case)}"
            f"{_second_person_text(case)}-# {NO_PROMISE}{whole}"
        ),
        row(select(custom_id("refund.ground", refund.id), "Why? (required)", options)),
        row(*buttons),
        accent=words.WARNING_COLOUR,
    )


def _next_button(case: RefundCase) -> discord.ui.Button[View]:
    """Confirming is for moderators; whoever asks puts it before them."""
    refund = case.refund
    if refund.requester_id is not None:
        return button(
            "Submit to the moderators",
            custom_id("refund.submit", refund.id),
            style=discord.ButtonStyle.primary,
            disabled=refund.ground is None,
        )
    return button(
        f"Confirm: refund {words.money(refund.amount)}",
        custom_id("refund.confirm", refund.id),
        style=discord.ButtonStyle.danger,
        disabled=refund.ground is None,
    )


def _why_asked(refund: Refund) -> str:
    return f"**The member asks for it:**\n{words.quoted(refund.note)}\n" if refund.note else ""


def _second_person_text(case: RefundCase) -> str:
    if not case.needs_two:
        return ""
    return "**Two people:** this amount takes the yes of two moderators.\n"


def dispute_text(case: RefundCase) -> str:
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
    name = plan_of(case.subscription, deps)
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


def plan_of(subscription: Subscription | None, deps: Dependencies) -> str:
    """Its name, where it is known."""
    return words.plan_name(subscription, deps.catalogue) if subscription else "The subscription"


def wish_choices_card(ticket_id: str, payments: Sequence[Payment]) -> View:
    """The member chooses what the wish is about."""
    return card(
        text(
            "## Ask for a refund\nWhich payment is it about? A person looks at each case. Asking "
            "changes nothing about your plan."
        ),
        row(
            select(custom_id("refund.wish_pick", ticket_id), "Choose a payment", _options(payments))
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def second_person_card(case: RefundCase) -> View:
    """Approved by one, and waiting for another."""
    return card(
        text(
            f"## One yes\n{words.money(case.refund.amount)} to <@{case.refund.member_id}>. "
            "**A second moderator has to approve it.** Nothing has been refunded yet. It waits in "
            f"the queue: `/refunds` shows it.\n-# Reference: {case.refund.reference}"
        ),
        accent=words.NEUTRAL_COLOUR,
    )


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
