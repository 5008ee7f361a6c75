"""/unlink: part the Discord user and the billing account; nothing is cancelled by it."""

from discord import app_commands
from discord.ext import commands

from bot.domain.account import Account
from bot.domain.identifiers import CustomerId
from bot.domain.subscription import NextStep, Subscription, next_step
from cogs import prices, words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, custom_id, replace, reply, user_of
from cogs.layout import View, button, card, link_button, row, text


class UnlinkCog(commands.Cog):
    """What it does and does not do, then one click."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons."""
        self._is = dependencies
        dependencies.router.add("unlink.ask", self.ask)
        dependencies.router.add("unlink.confirm", self.confirm)
        dependencies.router.add("unlink.keep", self.keep)

    @app_commands.command(name="unlink", description="Part your Discord and billing accounts")
    async def unlink(self, interaction: Interaction) -> None:
        """The command."""
        await self.ask(interaction, "")

    async def ask(self, interaction: Interaction, _argument: str) -> None:
        """Say what happens to the subscription: nothing."""
        account = await self._is.subscriptions.account(user_of(interaction))
        await reply(interaction, self._question(account))

    async def confirm(self, interaction: Interaction, customer_id: str) -> None:
        """The account that was on the screen, and no other one."""
        await self._is.accounts.unlink(user_of(interaction), CustomerId(customer_id))
        await replace(
            interaction,
            card(
                text(
                    "## Unlinked\nThe bot shows nothing of this billing account to you any more. "
                    "Roles of your plan are taken back in a moment.\n"
                    "A subscription goes on as before. To end it, run `/link` and then `/cancel`, "
                    f"or write to {self._is.vendor.support_email}."
                ),
                row(
                    link_button(
                        "Cancel without Discord",
                        self._is.vendor.cancel_url,
                        hosts=self._is.vendor.link_hosts,
                    )
                ),
                accent=words.SUCCESS_COLOUR,
            ),
        )

    async def keep(self, interaction: Interaction, _argument: str) -> None:
        """Nothing happens."""
        await replace(
            interaction,
            card(
                text("## Still linked\nNothing was changed."),
                row(button("Account", custom_id("account.show"))),
                accent=words.NEUTRAL_COLOUR,
            ),
        )

    def _question(self, account: Account) -> View:
        step = next_step(account.subscription, now=self._is.clock())
        offered = [
            button("Unlink", custom_id("unlink.confirm", account.customer_id)),
            button("Keep it linked", custom_id("unlink.keep")),
        ]
        if step is NextStep.CANCEL:
            offered.append(button("Cancel subscription", custom_id("cancel.start")))
        return card(
            text(
                "## Unlink your billing account?\nYour Discord account and the billing account "
                "are parted: no balance, invoices or notices here any more, and the roles of your "
                "plan are taken back. You can link again at any time with `/link`."
            ),
            text(self._what_goes_on(account.subscription, step)),
            row(*offered),
            accent=words.WARNING_COLOUR,
        )

    def _what_goes_on(self, subscription: Subscription | None, step: NextStep) -> str:
        if subscription is None or step is NextStep.SUBSCRIBE:
            return "You have no paid plan, so nothing is charged."
        name = words.plan_name(subscription, self._is.catalogue)
        if step is NextStep.RESUME:
            return f"{name} is cancelled already, and ends as planned."
        return (
            f"**This does not cancel {name}.** It renews {prices.renewal(subscription)}. If you "
            "want it to end, cancel first: without the link you cannot do it here."
        )
