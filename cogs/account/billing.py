"""/billing: the provider's own page for cards, made when it is asked for (rules S20-S22)."""

from discord import app_commands
from discord.ext import commands

from bot.billing.provider import ProviderRefusedError, ProviderUnavailableError
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, custom_id, reply, user_of
from cogs.layout import View, button, card, link_button, row, text


class BillingCog(commands.Cog):
    """The link opens without a password: one person sees it, and it is stored nowhere."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the button that screens and notices carry."""
        self._is = dependencies
        dependencies.router.add("billing.portal", self.open)

    @app_commands.command(name="billing", description="Change your card on the provider's page")
    async def billing(self, interaction: Interaction) -> None:
        """The command."""
        await self.open(interaction, "")

    async def open(self, interaction: Interaction, _argument: str) -> None:
        """Making the page takes the provider a moment."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        where = interaction.guild_id or "@me"
        try:
            url = await self._is.overviews.portal_url(
                user_of(interaction),
                return_url=f"https://discord.com/channels/{where}/{interaction.channel_id}",
            )
        except ProviderUnavailableError:
            await reply(interaction, _silent_card())
        except ProviderRefusedError:
            await reply(interaction, self._refused_card())
        else:
            await reply(interaction, self._portal_card(url))

    def _portal_card(self, url: str) -> View:
        return card(
            text(
                "## Cards and invoices\nThis opens the payment provider's own page. You can change "
                "your card and address there, and see every invoice.\n"
                "To cancel, run `/cancel` instead: the provider's page may end your plan at once, "
                "before the time that you have paid for.\n"
                "-# The link works for a few minutes and opens your account: show it to nobody. "
                "We never ask for a card number here."
            ),
            row(link_button("Open the billing portal", url, hosts=self._is.vendor.link_hosts)),
            accent=words.NEUTRAL_COLOUR,
        )

    def _refused_card(self) -> View:
        return card(
            text(
                "## The page could not be opened\nThe payment provider did not allow it. Nothing "
                f"was changed. Please write to {self._is.vendor.support_email}, or open a ticket "
                "with `/ticket open`."
            ),
            accent=words.WARNING_COLOUR,
        )


def _silent_card() -> View:
    return card(
        text(
            "## The payment provider does not answer right now\nNothing was changed. Please try "
            "again in a minute."
        ),
        row(button("Try again", custom_id("billing.portal"))),
        accent=words.WARNING_COLOUR,
    )
