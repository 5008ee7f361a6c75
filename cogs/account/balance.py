"""/balance: plan, allowance, renewal date and invoices, and the step that fits (R2, R3)."""

from discord import app_commands
from discord.ext import commands

from cogs.account.refreshing import refresh
from cogs.account.render import account_card
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, replace, reply, user_of


class BalanceCog(commands.Cog):
    """Shows an account from the store, in one answer."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the Refresh button."""
        self._is = dependencies
        dependencies.router.add("balance.refresh", self.refresh)
        dependencies.router.add("balance.show", self.show)

    @app_commands.command(name="balance", description="Your plan, balance, renewal and invoices")
    async def balance(self, interaction: Interaction) -> None:
        """The command."""
        await self.show(interaction, "")

    async def show(self, interaction: Interaction, _argument: str) -> None:
        """What the store knows needs no waiting."""
        account = await self._is.subscriptions.account(user_of(interaction))
        await reply(interaction, account_card(account, self._is))

    async def refresh(self, interaction: Interaction, _argument: str) -> None:
        """Ask the provider (rule S17)."""
        note = await refresh(interaction, self._is)
        account = await self._is.subscriptions.account(user_of(interaction))
        await replace(interaction, account_card(account, self._is, note=note))
