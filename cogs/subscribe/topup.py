"""/topup: more for the current billing period, once the month's allowance is used up (S24-S27)."""

from datetime import datetime

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.allowance import refills_at
from bot.domain.catalogue import TopUp, TopUpPrice
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import TopUpId
from bot.domain.top_up import TopUpOffer, cycle_end
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, chosen, custom_id, reply, user_of
from cogs.layout import View, card, row, select, text
from cogs.subscribe.pages import lead_to_page, place_of


class TopUpCog(commands.Cog):
    """From an amount to the checkout page."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the button and the select."""
        self._is = dependencies
        dependencies.router.add("topup.start", self.start)
        dependencies.router.add("topup.choose", self.choose)

    @app_commands.command(name="topup", description="Buy more for this billing period")
    async def topup(self, interaction: Interaction) -> None:
        """The command."""
        await self.start(interaction, "")

    async def start(self, interaction: Interaction, _argument: str) -> None:
        """The amounts, and how long they are good for."""
        offer = await self._is.purchases.look_at_top_ups(user_of(interaction))
        await reply(interaction, self._offer_card(offer))

    async def choose(self, interaction: Interaction, _argument: str) -> None:
        """To the page where it is paid."""
        top_up_id = TopUpId(chosen(interaction))
        top_up = self._is.catalogue.top_up(top_up_id)
        if top_up is None:
            raise NoSuchThing("top-up")
        place = place_of(interaction)
        await lead_to_page(
            interaction,
            self._is,
            self._is.purchases.buy_top_up(user_of(interaction), top_up_id, place=place),
            title=f"{words.count(top_up.units)} {self._is.catalogue.unit}",
            again=custom_id("topup.start"),
        )

    def _offer_card(self, offer: TopUpOffer) -> View:
        options = [self._option(top_up, price) for top_up, price in offer.choices]
        return card(
            text(offer_text(offer, unit=self._is.catalogue.unit, now=self._is.clock())),
            row(select(custom_id("topup.choose"), "How much?", options)),
            accent=words.NEUTRAL_COLOUR,
        )

    def _option(self, top_up: TopUp, price: TopUpPrice) -> discord.SelectOption:
        units = f"{words.count(top_up.units)} {self._is.catalogue.unit}"
        return discord.SelectOption(
            label=f"{units} · {words.money(price.money)}"[:100], value=top_up.id
        )


def offer_text(offer: TopUpOffer, *, unit: str, now: datetime) -> str:
    """Why it is possible now, and when what is bought is gone."""
    subscription, balance = offer.subscription, offer.balance
    lines = [
        "## Top up",
        f"This month's {words.count(balance.granted)} {unit} are used up.",
    ]
    if balance.top_up_left:
        lines.append(f"{words.count(balance.top_up_left)} {unit} of earlier top-ups are left.")
    if balance.overdrawn:
        lines.append(
            f"You have used {words.count(balance.overdrawn)} {unit} more than you had. A top-up "
            "makes up for them first."
        )
    end = cycle_end(subscription)
    lines.append(
        f"**For this billing period only:** a top-up ends on {words.day(end)} "
        f"({words.relative(end)}). What is left of it then does not carry over. A change of plan "
        "ends it too."
    )
    refill = refills_at(subscription.cycle_start, subscription.period_end, now=now)
    if refill is not None and refill < end:
        lines.append(f"**Your next monthly allowance:** {words.day(refill)}, without a top-up.")
    lines.append("You can top up as often as you like. You pay on our payment provider's own page.")
    return "\n".join(lines)
