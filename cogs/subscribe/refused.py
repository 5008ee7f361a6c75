"""The team hears of what the payment provider gives no page for."""

from bot.domain.catalogue import Catalogue
from bot.domain.checkout import Checkout
from bot.domain.job import Job
from bot.domain.refund import PaymentPurpose
from bot.services.checkout_pages import TELL_REFUSED
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import card, text
from cogs.team import tell_team


class RefusedPurchases:
    """The handler of the job that is added once a day for each price and answer."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._is = dependencies
        dependencies.jobs.add(TELL_REFUSED, self.tell_team, in_discord=True)

    async def tell_team(self, job: Job) -> None:
        """In every server: it concerns whoever wants to buy this."""
        case = await self._is.purchase_completion.case(job)
        checkout, code = case.checkout, str(job.payload["code"])
        title = f"{checkout.provider.capitalize()} refuses a purchase"
        in_discord = _told(checkout, self._is.catalogue, code, who=f"<@{checkout.user_id}>")
        by_mail = _told(checkout, self._is.catalogue, code, who=f"Discord user {checkout.user_id}")
        await tell_team(
            self._is,
            lambda: card(text(f"### {title}\n{in_discord}"), accent=words.WARNING_COLOUR),
            key=job.key,
            subject=f"{title} ({checkout.reference})",
            text=f"{by_mail}\n",
        )


def _told(checkout: Checkout, catalogue: Catalogue, code: str, *, who: str) -> str:
    offering = catalogue.offering(checkout.price_id)
    if checkout.purpose is PaymentPurpose.TOP_UP:
        what = f"{words.count(checkout.units)} {catalogue.unit}"
    else:
        what = offering.plan.name if offering else "a plan"
    return (
        f"{who} wanted to buy {what} (price `{checkout.price_id}`). The payment provider did not "
        f"allow it and answered `{words.plain(code)}`. Nothing was charged. Reference: "
        f"`{checkout.reference}`.\n"
        "**Next:** run `mooring check`, and look in the provider's dashboard whether this price is "
        "active and the account can take payments. You are told once a day of each price and "
        "answer."
    )
