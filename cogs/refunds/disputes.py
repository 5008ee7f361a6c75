"""The team hears when a cardholder disputes a payment, and how it ended."""

from collections.abc import Callable

from bot.domain.dispute import Dispute, DisputeStatus
from bot.domain.identifiers import PaymentId
from bot.domain.job import Job
from bot.services.disputes import DisputeCase
from bot.services.jobs import TryAgainError
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import View, card, text
from cogs.team import tell_team

_REASONS = {
    "duplicate": "charged twice",
    "fraudulent": "the cardholder says that it was not them",
    "subscription_canceled": "charged after the subscription was cancelled",
    "product_unacceptable": "not as described, or broken",
    "product_not_received": "not received",
    "unrecognized": "the cardholder does not recognise the charge",
    "credit_not_processed": "a refund was expected and did not come",
}
_OUTCOMES = {
    DisputeStatus.WON: (
        "**The bank decided for you.** The payment stands, and `/refund` is open for it again.",
        words.SUCCESS_COLOUR,
    ),
    DisputeStatus.LOST: (
        "**The bank decided for the cardholder.** It has given the money back: do not refund it as "
        "well. The subscription goes on until somebody ends it.",
        words.WARNING_COLOUR,
    ),
    DisputeStatus.DROPPED: (
        "**It was dropped.** The bank takes nothing, and `/refund` is open for the payment.",
        words.SUCCESS_COLOUR,
    ),
}


# The payment can be seen as disputed a moment before the dispute itself, which says why.
TRIES_FOR_A_REASON = 4
_ONLY_ASKS = "So far the bank only asks. It takes nothing before it has decided."
_BANK_DECIDES = "The bank decides. Until then it holds the money."
_NO_REFUND = "Please do not refund it as well."


class DisputeEffects:
    """Handlers of the jobs that a changed dispute adds."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the handlers."""
        self._is = dependencies
        dependencies.jobs.add("dispute.tell_opened", self.tell_opened, in_discord=True)
        dependencies.jobs.add("dispute.tell_closed", self.tell_closed, in_discord=True)

    async def tell_opened(self, job: Job) -> None:
        """Once for each payment, and once more when an inquiry has become a dispute; not of one
        that is over by now."""
        case = await self._is.disputes.find(PaymentId(str(job.payload["payment_id"])))
        if not case.disputes and job.attempts < TRIES_FOR_A_REASON:
            raise TryAgainError("only the payment has told of it so far")
        if case.disputes and all(each.is_closed for each in case.disputes):
            return
        newest = case.disputes[0] if case.disputes else None
        what = _ONLY_ASKS if _is_inquiry(newest) else f"{_BANK_DECIDES} {_NO_REFUND}"
        await self._tell(job, lambda: _opened_card(case, newest), what)

    async def tell_closed(self, job: Job) -> None:
        """The bank's word."""
        case = await self._is.disputes.find(PaymentId(str(job.payload["payment_id"])))
        [dispute] = [each for each in case.disputes if each.id == job.payload["dispute_id"]]
        outcome, accent = _OUTCOMES.get(
            dispute.status, (f"It is closed (`{dispute.status}`).", words.NEUTRAL_COLOUR)
        )
        said = f"## Dispute closed\n{_subject(case, dispute)}\n{outcome}"
        await self._tell(job, lambda: card(text(said), accent=accent), outcome)

    async def _tell(self, job: Job, view: Callable[[], View], what: str) -> None:
        """By mail too where no channel is: evidence has a deadline."""
        payment_id = job.payload["payment_id"]
        await tell_team(
            self._is,
            view,
            key=job.key,
            subject=f"The payment {payment_id} is disputed",
            text=(
                f"The payment {payment_id}: {what} The payment provider's dashboard says what to "
                "do, and until when.\n"
            ),
        )


def _opened_card(case: DisputeCase, dispute: Dispute | None) -> View:
    lines = ["## Payment disputed", _subject(case, dispute)]
    if dispute is not None:
        lines.append(f"**Why:** {_REASONS.get(dispute.reason, dispute.reason.replace('_', ' '))}")
    lines.append(_ONLY_ASKS if _is_inquiry(dispute) else _BANK_DECIDES)
    if dispute is not None and dispute.answer_by is not None:
        lines.append(
            "**Next:** answer in the payment provider's dashboard before "
            f"{words.day_and_time(dispute.answer_by)} ({words.relative(dispute.answer_by)})."
        )
    else:
        lines.append("**Next:** answer in the payment provider's dashboard.")
    if _is_inquiry(dispute):
        lines.append("`/refund` is an answer too: what was given back is not taken as well.")
    else:
        lines.append("`/refund` is blocked for this payment: a refund on top would pay twice.")
    return card(text("\n".join(lines)), accent=words.WARNING_COLOUR)


def _is_inquiry(dispute: Dispute | None) -> bool:
    return dispute is not None and dispute.status is DisputeStatus.INQUIRY


def _subject(case: DisputeCase, dispute: Dispute | None) -> str:
    payment = case.payment
    amount = dispute.amount if dispute else payment.amount if payment else None
    parts = [
        f"<@{case.member_id}>" if case.member_id else "Nobody in Discord",
        words.money(amount) if amount else "",
        f"paid on {words.day(payment.paid_at)}" if payment else "",
        f"`{payment.id if payment else dispute.payment_id if dispute else ''}`",
    ]
    return " · ".join(part for part in parts if part)
