"""What follows a paid purchase: the screen, and what member and team have to know."""

from bot.domain.checkout import OWNER_ONLY, Concern
from bot.domain.job import Job
from bot.services.screens import Screen
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text
from cogs.subscribe.concerns import TITLES, member_text, outcome_heading, owner_mail, staff_text
from cogs.subscribe.pages import outcome_card


class PurchaseEffects:
    """Handlers of the jobs that the purchase services add."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add("purchase.complete", dependencies.purchase_completion.carry_out)
        jobs.add("purchase.close_page", dependencies.purchases.pages.close_page)
        jobs.add("purchase.show", self.show, in_discord=True)
        jobs.add("purchase.tell_member", self.tell_member, in_discord=True)
        jobs.add("purchase.tell_staff", self.tell_staff, in_discord=True)

    async def show(self, job: Job) -> None:
        """The screen that led to the page shows balance and renewal date (S16, S20)."""
        case = await self._is.purchase_completion.case(job)
        view = outcome_card(case, self._is, heading=outcome_heading(case, self._is.catalogue))
        await self._is.messenger.show(Screen.from_payload(job.payload["screen"]), view)

    async def tell_member(self, job: Job) -> None:
        """A direct message, or mail where the member takes none.

        To the address that was typed on the provider's page mail goes in any case: only its owner
        can say whose it is.
        """
        concern, case = (
            Concern(job.payload["concern"]),
            await self._is.purchase_completion.case(job),
        )
        title, said = TITLES[concern], member_text(concern, case, self._is.catalogue)
        view = card(text(f"## {title}\n{said}"), accent=words.WARNING_COLOUR)
        user_id, address = case.checkout.user_id, case.account.email if case.account else None
        if concern in OWNER_ONLY:
            if case.owner_id is None:
                return
            user_id, address = case.owner_id, case.owner_address
        is_told = await self._is.messenger.tell(user_id, view, key=job.key)
        support = self._is.vendor.support_email
        written = f"{said}\n\nQuestions: {support}\n"
        if concern is Concern.KNOWN_ADDRESS:
            address = case.owner_address
            written = owner_mail(case, self._is.catalogue, support_email=support)
            if not is_told:
                await self._is.purchase_completion.call_team(job)
        elif is_told:
            return
        if address is not None:
            await self._is.send_mail(
                to=address,
                subject=f"{title} ({case.checkout.reference})",
                text=written,
                message_id=f"purchase-{concern}-{case.checkout.id}",
            )

    async def tell_staff(self, job: Job) -> None:
        """The log channel of the server where it was bought; mail where there is none."""
        concern, case = (
            Concern(job.payload["concern"]),
            await self._is.purchase_completion.case(job),
        )
        checkout, title = case.checkout, TITLES[concern]
        if checkout.guild_id is not None:
            settings = await self._is.guilds.settings(checkout.guild_id)
            said = staff_text(concern, case, self._is.catalogue, who=f"<@{checkout.user_id}>")
            view = card(text(f"### {title}\n{said}"), accent=words.WARNING_COLOUR)
            if await self._is.messenger.post(settings.log_channel_id, view, key=job.key):
                return
        who = f"Discord user {checkout.user_id}"
        await self._is.send_mail(
            to=self._is.vendor.support_email,
            subject=f"{title} ({checkout.reference})",
            text=f"{staff_text(concern, case, self._is.catalogue, who=who)}\n",
            message_id=f"purchase-team-{concern}-{checkout.id}",
        )
