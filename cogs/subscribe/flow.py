"""/subscribe, and what every purchase of a plan shares: choose, see what it does, pay (S7, S20)."""

from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import CheckoutId, PriceId
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, chosen, custom_id, replace, reply, user_of
from cogs.subscribe.pages import lead_to_page, outcome_card, place_of
from cogs.subscribe.render import (
    choose_card,
    consequence_card,
    kept_card,
    label_of,
    live_plan,
    still_on_card,
)


class SubscribeCog(commands.Cog):
    """From a plan and an interval to the checkout page."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons and the select."""
        self._is = dependencies
        for verb, handler in (
            ("subscribe.start", self.start),
            ("subscribe.choose", self.choose),
            ("purchase.look", self.look),
            ("purchase.pay", self.pay),
            ("purchase.keep", self.keep),
        ):
            dependencies.router.add(verb, handler)

    @app_commands.command(name="subscribe", description="Choose a plan and pay")
    async def subscribe(self, interaction: Interaction) -> None:
        """The command."""
        await self.start(interaction, "")

    async def start(self, interaction: Interaction, _argument: str) -> None:
        """Show the catalogue; a plan that is on is resumed or changed instead of bought again."""
        account = await self._is.subscriptions.find_account(user_of(interaction))
        current = live_plan(account, now=self._is.clock())
        if current is not None:
            await reply(interaction, still_on_card(current, self._is))
        else:
            await reply(interaction, choose_card(account, self._is))

    async def choose(self, interaction: Interaction, _argument: str) -> None:
        """A plan and an interval, from the list."""
        await self.look(interaction, chosen(interaction))

    async def look(self, interaction: Interaction, price_id: str) -> None:
        """What it does, before anything is done."""
        purchase = await self._is.purchases.look(user_of(interaction), PriceId(price_id))
        await replace(interaction, consequence_card(purchase, self._is))

    async def pay(self, interaction: Interaction, argument: str) -> None:
        """To the page where it is paid."""
        price_id, _, agreed = argument.rpartition(":")
        offering = self._is.catalogue.offering(PriceId(price_id))
        await lead_to_page(
            interaction,
            self._is,
            self._is.purchases.buy_plan(
                user_of(interaction),
                PriceId(price_id),
                agreed=agreed,
                place=place_of(interaction),
            ),
            title=label_of(offering) if offering else "",
            again=custom_id("purchase.pay", argument),
        )

    async def keep(self, interaction: Interaction, checkout_id: str) -> None:
        """Stay; the page that was made is closed."""
        user_id = user_of(interaction)
        if not checkout_id or await self._is.purchases.pages.give_up(
            user_id, CheckoutId(checkout_id)
        ):
            await replace(interaction, kept_card())
            return
        paid = await self._is.purchase_completion.outcome(CheckoutId(checkout_id))
        heading = "**This purchase is paid already.**"
        await replace(interaction, outcome_card(paid, self._is, heading=heading))
