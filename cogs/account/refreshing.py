"""The Refresh button of the screens that show an account (rule S17)."""

from bot.billing.provider import ProviderRefusedError, ProviderUnavailableError
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, user_of
from cogs.words import PROVIDER_SILENT


async def refresh(interaction: Interaction, deps: Dependencies) -> str | None:
    """Ask the provider for the member's account, which takes a moment; then read it again.

    The note to show when the provider does not answer; raises NotLinked.
    """
    account = await deps.subscriptions.account(user_of(interaction))
    await interaction.response.defer()
    try:
        await deps.subscriptions.refresh(account.customer_id)
    except (ProviderUnavailableError, ProviderRefusedError):
        return PROVIDER_SILENT
    return None
