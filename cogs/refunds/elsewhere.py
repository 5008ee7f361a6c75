"""The team hears of a refund that was made in the provider's dashboard, and can end the plan."""

import discord

from bot.domain.identifiers import PaymentId
from bot.domain.job import Job
from bot.domain.refund import Consequence
from bot.services.refunds_elsewhere import RefundElsewhere
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, custom_id, reply, screen_of
from cogs.layout import View, button, card, row, text
from cogs.team import tell_team


class RefundsElsewhere:
    """The handler of the job, and of its button."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register both."""
        self._is = dependencies
        dependencies.jobs.add("refund.tell_elsewhere", self.tell_team, in_discord=True)
        dependencies.router.add("refund.end", self.end)

    async def tell_team(self, job: Job) -> None:
        """Once for each amount; not of what Mooring has refunded itself."""
        found = await self._is.refunds_elsewhere.find(PaymentId(str(job.payload["payment_id"])))
        if found is None:
            return
        next_step = f"\n\n{_BY_HAND}" if _should_end(found) else ""
        await tell_team(
            self._is,
            lambda: _card(found, self._is),
            key=job.key,
            subject=f"The payment {found.payment.id} was refunded in the provider's dashboard",
            text=(
                f"{words.money(found.amount)} of the payment {found.payment.id} was refunded in "
                f"the provider's dashboard.\n\n{_what_follows(found, self._is)}{next_step}\n"
            ),
        )

    async def end(self, interaction: Interaction, payment_id: str) -> None:
        """S11: end what was refunded. The service refuses whoever is no moderator."""
        found = await self._is.refunds_elsewhere.end(
            actor_of(interaction), PaymentId(payment_id), screen=screen_of(interaction)
        )
        said = (
            "**Nothing is left to end.** The plan has ended already, or another payment pays for "
            "it."
            if found is None
            else f"## Ending {_plan(found, self._is)}\nWe are waiting for the payment provider."
        )
        await reply(interaction, card(text(said), accent=words.NEUTRAL_COLOUR))


_BY_HAND = (
    "If it should end with the refund, end it in the payment provider's dashboard. The member can "
    "also use `/cancel`."
)


def _card(found: RefundElsewhere, deps: Dependencies) -> View:
    payment = found.payment
    lines = [
        "## Refunded in the provider's dashboard",
        f"{f'<@{found.member_id}>' if found.member_id else 'Nobody in Discord'} · "
        f"{words.money(found.amount)} of {words.money(payment.amount)} · paid on "
        f"{words.day(payment.paid_at)} · `{payment.id}`",
        _what_follows(found, deps),
    ]
    if not _should_end(found):
        return card(text("\n".join(lines)), accent=words.NEUTRAL_COLOUR)
    lines.append("**Next:** if it should end with the refund, a moderator ends it here.")
    end = button(
        "End the plan now", custom_id("refund.end", payment.id), style=discord.ButtonStyle.danger
    )
    return card(text("\n".join(lines)), row(end), accent=words.WARNING_COLOUR)


def _should_end(found: RefundElsewhere) -> bool:
    return found.consequence is Consequence.ENDS_SUBSCRIPTION


def _what_follows(found: RefundElsewhere, deps: Dependencies) -> str:
    name = _plan(found, deps)
    return {
        Consequence.ENDS_SUBSCRIPTION: (
            f"**{name} goes on**, with access and allowance: a refund there does not end it."
        ),
        Consequence.DUPLICATE_ENDS_NOTHING: (
            f"{name} goes on: another payment covers the same period. Nothing is left to do."
        ),
        Consequence.PARTIAL_ENDS_NOTHING: (
            f"{name} goes on: only a part was given back. Nothing is left to do."
        ),
        Consequence.TOP_UP_ENDS_NOTHING: (
            "Nothing ends: this payment was a top-up. What was left of it is taken back."
        ),
        Consequence.ALREADY_ENDED: f"{name} has ended already. Nothing is left to do.",
        Consequence.NO_SUBSCRIPTION: "This payment did not buy a subscription.",
    }[found.consequence]


def _plan(found: RefundElsewhere, deps: Dependencies) -> str:
    if found.subscription is None:
        return "The subscription"
    return words.plan_name(found.subscription, deps.catalogue)
