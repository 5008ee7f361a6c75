"""How a refund ended: for the moderator, the team, the member and the ticket."""

from bot.domain.refund import WAITING, Consequence, Refund, RefundState
from bot.services.refund_cases import RefundCase
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import View, card, text
from cogs.other_plans import with_way_out
from cogs.refunds.render import GROUNDS, NO_PROMISE, plan_of
from cogs.refunds.wording import denied_text, failed_text, lapsed_text, returned_text, what_stays


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
    if refund.state is RefundState.RETURNED:
        return card(
            text(
                f"## Refund came back\n{amount}, {who}\nThe payment provider could not deliver "
                "it. **The money is with you again, and the member does not have it.** "
                f"{what_stays(refund)}\n**Next:** agree with the member on another "
                f"way, or refund it again with `/refund`.\n-# Reference: {reference}"
            ),
            accent=words.WARNING_COLOUR,
        )
    pending = (
        " (the provider is still working on it)" if refund.provider_status == "pending" else ""
    )
    ended = {
        Consequence.ENDS_SUBSCRIPTION: f"{plan_of(case.subscription, deps)} has ended.",
        Consequence.DUPLICATE_ENDS_NOTHING: f"{plan_of(case.subscription, deps)} goes on.",
        Consequence.PARTIAL_ENDS_NOTHING: f"{plan_of(case.subscription, deps)} goes on.",
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


def stuck_words(case: RefundCase) -> tuple[str, str]:
    """What has not been carried out, and what people do: a headline, and the rest."""
    refund = case.refund
    about = f"{words.money(refund.amount)} of the payment `{refund.payment_id}`"
    if refund.state is RefundState.REQUESTED:
        return (
            "A refund waits",
            f"{about} should go back. The payment provider refuses, or does not answer. The bot "
            "goes on trying, and refunds it once. **Please do not refund it by hand as well.** See "
            "what `mooring check` says.",
        )
    if refund.consequence is Consequence.ENDS_SUBSCRIPTION:
        return (
            "Refunded, but not ended",
            f"{about} went back. The payment provider refuses to end the subscription "
            f"`{refund.subscription_id}`, or does not answer. **Please end it by hand in the "
            "provider's dashboard.** The bot goes on trying.",
        )
    return (
        "Refunded, but not confirmed",
        f"{about} went back. The payment provider does not answer what has become of it, so the "
        "member has no receipt yet. The bot goes on trying. See what `mooring check` says.",
    )


def stuck_card(case: RefundCase) -> View:
    """For the log channel: somebody has to act."""
    headline, said = stuck_words(case)
    return card(
        text(f"## {headline}\n{_member(case)}: {said}\n-# Reference: {case.refund.reference}"),
        accent=words.WARNING_COLOUR,
    )


def member_text(case: RefundCase, deps: Dependencies, *, mail: bool = False) -> str:
    """What the member reads of how it ended."""
    if case.refund.state is RefundState.DENIED:
        return denied_text(case, deps, mail=mail)
    if case.refund.state is RefundState.FAILED:
        return failed_text(case, deps)
    if case.refund.state is RefundState.RETURNED:
        return returned_text(case, deps)
    if case.refund.state is RefundState.LAPSED:
        return lapsed_text(case, mail=mail)
    ended = {
        Consequence.ENDS_SUBSCRIPTION: _what_stopped(case, deps),
        Consequence.DUPLICATE_ENDS_NOTHING: (
            f"{plan_of(case.subscription, deps)} goes on: it was paid for twice, and one payment "
            "stays."
        ),
        Consequence.PARTIAL_ENDS_NOTHING: f"{plan_of(case.subscription, deps)} goes on.",
    }.get(case.refund.consequence, "Nothing else has changed.")
    done = case.refund.provider_status == "succeeded"
    verb = "We have refunded" if done else "We are refunding"
    return (
        f"{verb} {words.money(case.refund.amount)} of your payment of "
        f"{words.money(case.payment.amount)} from {words.plain_day(case.payment.paid_at)}. "
        f"{ended} {NO_PROMISE}"
    )


def _what_stopped(case: RefundCase, deps: Dependencies) -> str:
    name = plan_of(case.subscription, deps)
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
            f"{_heading(case)}\n{member_text(case, deps)}\n"
            f"-# Reference: {case.refund.reference} · Questions: {deps.vendor.support_email}"
        ),
        accent=_accent(case),
    )


def _heading(case: RefundCase) -> str:
    amount = words.money(case.refund.amount)
    return {
        RefundState.DENIED: f"## Your request to refund {amount}",
        RefundState.FAILED: f"## Your refund of {amount} was not made",
        RefundState.RETURNED: f"## Your refund of {amount} came back",
        RefundState.LAPSED: f"## Your request to refund {amount}",
    }.get(case.refund.state, f"## Refund of {amount}")


def _accent(case: RefundCase) -> int:
    return {
        RefundState.DONE: words.SUCCESS_COLOUR,
        RefundState.REFUNDED: words.SUCCESS_COLOUR,
        RefundState.FAILED: words.WARNING_COLOUR,
        RefundState.RETURNED: words.WARNING_COLOUR,
    }.get(case.refund.state, words.NEUTRAL_COLOUR)


def ticket_card(case: RefundCase, deps: Dependencies) -> View:
    """What has become of it, in the ticket that it came from."""
    refund = case.refund
    if refund.state in WAITING:
        said = (
            "The request is with the moderators. A person looks at each case. You will be told "
            "here what was decided."
        )
    else:
        said = member_text(case, deps)
    return card(
        text(f"{_heading(case)}\n{said}\n-# Reference: {refund.reference}"), accent=_accent(case)
    )


def waiting_card(refund: Refund) -> View:
    """The same of one that waits, where others read it who have no part in it."""
    return card(
        text(
            f"### Your request is with the moderators\n<@{refund.member_id}>, a person looks at "
            "each case. You will be told by direct message and by mail what was decided.\n"
            f"-# Reference: {refund.reference}"
        ),
        accent=words.NEUTRAL_COLOUR,
    )
