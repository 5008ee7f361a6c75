"""The team hears of a payment for a plan that had ended by then, and can give it back (S14)."""

from bot.domain.identifiers import PaymentId
from bot.domain.job import Job
from bot.services.late_payments import TELL, LatePayment
from cogs import prices, words
from cogs.dependencies import Dependencies
from cogs.layout import View, card, row, text
from cogs.refunds.render import open_button
from cogs.team import tell_team

_TITLE = "A payment was made for a plan that had ended"


class LatePayments:
    """The handler of the job."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register it."""
        self._is = dependencies
        dependencies.jobs.add(TELL, self.tell_team, in_discord=True)

    async def tell_team(self, job: Job) -> None:
        """Once for each payment; not when it is settled by now."""
        found = await self._is.late_payments.find(PaymentId(str(job.payload["payment_id"])))
        if found is None:
            return
        who = f"Discord user {found.member_id}" if found.member_id else "Nobody in Discord"
        await tell_team(
            self._is,
            lambda: _card(found, self._is),
            key=job.key,
            subject=f"{_TITLE} ({found.payment.id})",
            text=(
                f"{_facts(found, self._is, who=who, day=words.plain_day)}\n\n"
                f"{_next(found, self._is)}\n"
            ),
        )


def _card(found: LatePayment, deps: Dependencies) -> View:
    member_id = found.member_id
    who = f"<@{member_id}>" if member_id else "Nobody in Discord"
    said = f"### {_TITLE}\n{_facts(found, deps, who=who, day=words.day)}\n{_next(found, deps)}"
    if member_id is None or deps.refunds.is_switched_off:
        return card(text(said), accent=words.WARNING_COLOUR)
    look = row(open_button(member_id, found.payment.id))
    return card(text(said), look, accent=words.WARNING_COLOUR)


def _facts(found: LatePayment, deps: Dependencies, *, who: str, day: prices.Day) -> str:
    payment, subscription = found.payment, found.subscription
    ended = f" ended on {day(subscription.ended_at)}" if subscription.ended_at else " has ended"
    return (
        f"{who} · account `{payment.customer_id}` · {words.money(payment.amount)} · paid on "
        f"{day(payment.paid_at)} · `{payment.id}`\n"
        f"{words.plan_name(subscription, deps.catalogue)}{ended}. The payment does not bring it "
        "back, and nothing was promised to the member."
    )


def _next(found: LatePayment, deps: Dependencies) -> str:
    by_hand = found.member_id is None or deps.refunds.is_switched_off
    where = "in the payment provider's dashboard" if by_hand else "with `/refund` in Discord"
    return (
        f"**Next:** look whether it is to be given back, {where}. An open invoice can be paid "
        "after the end of its plan, until it is voided in the provider's dashboard."
    )
