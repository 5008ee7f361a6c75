"""Taking an offer instead of cancelling, and telling what became of it (fairness rule 7)."""

from discord.ext import commands

from bot.domain.cancellation import AttemptState
from bot.domain.errors import OfferGone
from bot.domain.identifiers import AttemptId
from bot.domain.job import Job
from bot.domain.offer import OfferTerms
from bot.services import offer_jobs
from bot.services.cancellations import CancelCase
from bot.services.screens import Screen
from cogs.cancellation.offers import (
    GONE,
    REFUSED,
    accepting_card,
    not_applied_card,
    saved_card,
    saved_mail,
)
from cogs.cancellation.render import attempt_card, change_card, confirm_card
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, replace, reply, screen_of, user_of


class OfferCog(commands.Cog):
    """The buttons of offers, and the jobs that follow."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons and the effects."""
        self._is = dependencies
        router, jobs = dependencies.router, dependencies.jobs
        router.add("offer.take", self.take)
        router.add("offer.change", self.change)
        jobs.add(offer_jobs.APPLY, dependencies.offer_saga.apply)
        jobs.add(offer_jobs.CALL_OFF, dependencies.offer_saga.call_off)
        jobs.add(offer_jobs.SHOW, self.show, in_discord=True)
        jobs.add(offer_jobs.TELL_MEMBER, self.tell_member, in_discord=True)
        jobs.add(offer_jobs.MAIL_RECEIPT, self.mail_receipt)

    async def take(self, interaction: Interaction, argument: str) -> None:
        """The click that agrees to the terms; whether they are still true is looked up."""
        attempt_id, _, agreed = argument.partition(":")
        user_id = user_of(interaction)
        case = await self._is.cancellations.find(AttemptId(attempt_id), user_id)
        try:
            taken = await self._is.offers.take(
                AttemptId(attempt_id), user_id, agreed=agreed, screen=screen_of(interaction)
            )
        except OfferGone:
            again = await self._is.cancellations.find(AttemptId(attempt_id), user_id)
            await replace(interaction, confirm_card(again, self._is, note=GONE))
            return
        if taken.state is AttemptState.SAVED and case.offer is not None:
            await replace(interaction, saved_card(case, case.offer.terms, self._is))
            return
        await replace(interaction, accepting_card(case, self._is))

    async def change(self, interaction: Interaction, attempt_id: str) -> None:
        """What the other plan changes, beside the confirm screen, which stays.

        From there it goes on as every change does. Once it is paid, the attempt is over.
        """
        own, user_id = AttemptId(attempt_id), user_of(interaction)
        await self._is.cancellations.require_asking(own, user_id)
        case = await self._is.cancellations.find(own, user_id)
        price_id = case.offer.terms.price_id if case.offer else None
        if price_id is None:
            await replace(interaction, confirm_card(case, self._is, note=GONE))
            return
        purchase = await self._is.purchases.look(user_id, price_id)
        await reply(interaction, change_card(case, purchase, self._is))

    async def show(self, job: Job) -> None:
        """Fill in the screen; after a refusal the way out is where it was."""
        case = await self._case(job)
        if job.payload["applied"]:
            view = saved_card(case, _terms(job), self._is)
        elif case.attempt.state is AttemptState.REASON_GIVEN:
            view = confirm_card(case, self._is, note=REFUSED)
        else:
            view = attempt_card(case, self._is)
        await self._is.messenger.show(Screen.from_payload(job.payload["screen"]), view)

    async def tell_member(self, job: Job) -> None:
        """A lasting message beside the screen."""
        case = await self._case(job)
        if job.payload["applied"]:
            view = saved_card(case, _terms(job), self._is)
        elif case.attempt.state is AttemptState.REASON_GIVEN:
            view = not_applied_card(case, self._is)
        else:
            return  # decided meanwhile, and told of that
        await self._is.messenger.tell(case.attempt.user_id, view, key=job.key)

    async def mail_receipt(self, job: Job) -> None:
        """The accepted terms by mail, where the provider has an address."""
        case = await self._case(job)
        if case.email is None:
            return
        subject, text = saved_mail(case, _terms(job), self._is)
        await self._is.send_mail(
            to=case.email, subject=subject, text=text, message_id=f"offer-{case.attempt.id}"
        )

    async def _case(self, job: Job) -> CancelCase:
        return await self._is.cancellations.outcome(AttemptId(str(job.payload["attempt_id"])))


def _terms(job: Job) -> OfferTerms:
    return OfferTerms.from_payload(job.payload["terms"])
