"""The member's account: link and unlink, balance, invoices, card."""

from discord.ext import commands

from cogs.account.balance import BalanceCog
from cogs.account.billing import BillingCog
from cogs.account.invoices import InvoicesCog
from cogs.account.link import LinkCog
from cogs.account.overview import AccountCog
from cogs.account.unlink import UnlinkCog
from cogs.dependencies import Dependencies


async def setup(bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
    """Add this feature's commands and buttons."""
    for cog in (LinkCog, UnlinkCog, AccountCog, BalanceCog, InvoicesCog, BillingCog):
        await bot.add_cog(cog(dependencies))
