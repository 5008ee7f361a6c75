"""The team hears of a refund that the provider has failed days later (rule S11)."""

from bot.domain.identifiers import RefundId
from bot.domain.job import Job
from bot.services.refund_jobs import LOOK_FOR_RETURNED, TELL_RETURNED
from cogs import words
from cogs.dependencies import Dependencies
from cogs.refunds.outcome import outcome_card
from cogs.refunds.wording import what_stays


class ReturnedRefunds:
    """Handlers of the jobs that a payment adds of which less was given back than before."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register both."""
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add(LOOK_FOR_RETURNED, dependencies.returned_refunds.look)
        jobs.add(TELL_RETURNED, self.tell_team, in_discord=True)

    async def tell_team(self, job: Job) -> None:
        """Where moderators decide; by mail where no channel takes it, because money waits."""
        case = await self._is.refunds.find(RefundId(str(job.payload["refund_id"])))
        refund = case.refund
        channel_id = await self._is.guilds.refund_channel(refund.guild_id)
        view = outcome_card(case, self._is)
        if await self._is.messenger.post(channel_id, view, key=job.key):
            return
        await self._is.send_mail(
            to=self._is.vendor.support_email,
            subject=f"A refund came back ({refund.reference})",
            text=(
                f"The payment provider could not deliver the refund of {words.money(refund.amount)}"
                f" of the payment {refund.payment_id}. The money is with you again, and the member "
                f"does not have it. {what_stays(refund)} Agree with the member on another way, or "
                f"refund it again with /refund.\n\nReference: {refund.reference}\n"
            ),
            message_id=job.key.replace(":", "-"),
        )
