"""What the member reads when a refund is refused, fails or has come back (rules S12, S14)."""

from bot.domain.refund import Consequence, Refund
from bot.domain.refund_decision import DecisionKind
from bot.services.refund_cases import RefundCase
from cogs import words
from cogs.dependencies import Dependencies
from cogs.other_plans import cancel_command


def denied_text(case: RefundCase, deps: Dependencies, *, mail: bool) -> str:
    """The answer, why, and what the member can do."""
    said = next(
        (each.note for each in reversed(case.decisions) if each.kind is DecisionKind.DENIED), None
    )
    reason = f"Why: {said}" if mail else f"**Why:**\n{words.quoted(said or '')}"
    return (
        f"A person has looked at the request to refund {words.money(case.refund.amount)} of your "
        f"payment from {words.plain_day(case.payment.paid_at)}. We will not refund it."
        f"{f'{chr(10)}{reason}{chr(10)}' if said else ' '}"
        "Nothing has changed about your plan. If something is missing here, answer in your ticket "
        f"or write to {deps.vendor.support_email}. You can end your plan at any time with "
        f"{cancel_command(mail=mail)}; then nothing more is charged."
    )


def failed_text(case: RefundCase, deps: Dependencies) -> str:
    """S12: a yes of ours moves no money where the provider says no."""
    return (
        f"We wanted to refund {words.money(case.refund.amount)} of your payment from "
        f"{words.plain_day(case.payment.paid_at)}. The payment provider has refused it. No money "
        "was moved, and nothing else has changed. Our team has been told. If you have a question, "
        f"answer in your ticket or write to {deps.vendor.support_email}."
    )


def lapsed_text(case: RefundCase, *, mail: bool) -> str:
    """Nobody has said no, and nobody looks at it any more."""
    command = "/ticket open" if mail else "`/ticket open`"
    return (
        f"You have asked us to refund {words.money(case.refund.amount)} of your payment from "
        f"{words.plain_day(case.payment.paid_at)}. Your ticket was closed before anybody decided "
        "about it, so that your request ended without a decision. No money was moved, and nothing "
        f"has changed about your plan. You can ask again in a new ticket: {command}."
    )


def what_stays(refund: Refund) -> str:
    """What is left of a refund that came back, for the team."""
    if refund.consequence is Consequence.TOP_UP_ENDS_NOTHING:
        return "What it took of the top-up is there again, if that billing period still goes on."
    return "What the refund has ended stays ended."


def returned_text(case: RefundCase, deps: Dependencies) -> str:
    """S12: the provider decides how money travels, and it can come back days later."""
    ended = {
        Consequence.ENDS_SUBSCRIPTION: " Your plan has ended with the refund, and stays ended.",
        Consequence.TOP_UP_ENDS_NOTHING: (
            f" The {deps.catalogue.unit} that it took are yours again, until the refund is made or "
            "their billing period ends."
        ),
    }.get(case.refund.consequence, "")
    return (
        f"Your refund of {words.money(case.refund.amount)} did not arrive. The payment provider "
        f"could not deliver it, and the money is with us again.{ended} We still owe it to you. "
        "Our team has been told and looks for another way. You can answer in your ticket or write "
        f"to {deps.vendor.support_email}."
    )
