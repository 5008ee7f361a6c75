"""/subscribe: choose a plan, then pay on the provider's own page (rules S7, S19, S20)."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.billing.provider import ProviderRefusedError, ProviderUnavailableError
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import PriceId
from bot.domain.links import is_allowed_link
from bot.domain.subscription import NextStep, next_step
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    chosen,
    custom_id,
    guild_of,
    replace,
    reply,
    user_of,
)
from cogs.layout import button, card, link_button, row, select, text


class SubscribeCog(commands.Cog):
    """From the catalogue to the checkout page."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the button and the select."""
        self._is = dependencies
        dependencies.router.add("subscribe.start", self.start)
        dependencies.router.add("subscribe.choose", self.choose)

    @app_commands.command(name="subscribe", description="Choose a plan and pay")
    async def subscribe(self, interaction: Interaction) -> None:
        """The command."""
        await self.start(interaction, "")

    async def start(self, interaction: Interaction, _argument: str) -> None:
        """Show the catalogue; a plan that is still on is resumed instead of bought again."""
        account = await self._is.subscriptions.find_account(user_of(interaction))
        subscription = account.subscription if account else None
        step = next_step(subscription, now=self._is.clock())
        if subscription is not None and step is not NextStep.SUBSCRIBE:
            await reply(interaction, self._still_on(step))
            return
        options = [
            discord.SelectOption(
                label=(
                    f"{each.plan.name} · {words.money(each.price.money)} "
                    f"{words.every(each.price.interval)}"
                )[:100],
                description=(
                    f"{words.count(each.plan.allowance)} {self._is.catalogue.unit} a month. "
                    f"{each.plan.summary}"
                ).strip()[:100],
                value=each.price.id,
            )
            for each in self._is.catalogue.offered_to(account.provider if account else None)
        ]
        await reply(
            interaction,
            card(
                text(
                    "## Choose a plan\nYou pay on our payment provider's own page. You can cancel "
                    "at any time. We never ask for a card number here."
                ),
                row(select(custom_id("subscribe.choose"), "Plan and interval", options)),
                accent=words.NEUTRAL_COLOUR,
            ),
        )

    def _still_on(self, step: NextStep) -> discord.ui.LayoutView:
        if step is NextStep.RESUME:
            return card(
                text(
                    "## Your plan is still on\nIt is cancelled, but paid until its end. Press "
                    "Resume to keep it: nothing is charged before the next renewal."
                ),
                row(button("Resume", custom_id("resume.start"))),
                accent=words.NEUTRAL_COLOUR,
            )
        return card(
            text("## You already have a plan\nA second one would charge you twice."),
            row(
                button("Balance", custom_id("balance.show")),
                button("Cancel subscription", custom_id("cancel.start")),
            ),
            accent=words.NEUTRAL_COLOUR,
        )

    async def choose(self, interaction: Interaction, _argument: str) -> None:
        """Make the checkout page; that takes the provider a moment."""
        price_id = PriceId(chosen(interaction))
        offering = self._is.catalogue.offering(price_id)
        if offering is None:
            raise NoSuchThing("price")
        await interaction.response.defer()
        where = interaction.guild_id or "@me"
        try:
            url = await self._is.purchases.subscribe(
                user_of(interaction),
                price_id,
                guild_id=guild_of(interaction),
                return_url=f"https://discord.com/channels/{where}/{interaction.channel_id}",
            )
        except (ProviderUnavailableError, ProviderRefusedError):
            await replace(
                interaction, card(text(words.PROVIDER_SILENT), accent=words.WARNING_COLOUR)
            )
            return
        if not is_allowed_link(url, hosts=self._is.vendor.link_hosts):
            raise ValueError("the provider's checkout page is on a host that is not allowed")
        await replace(
            interaction,
            card(
                text(
                    f"## {offering.plan.name} · {words.money(offering.price.money)} "
                    f"{words.every(offering.price.interval)}\n"
                    "Your plan starts as soon as the payment is complete. Then run `/balance`."
                ),
                row(link_button("Pay on the checkout page", url)),
                accent=words.NEUTRAL_COLOUR,
            ),
        )
