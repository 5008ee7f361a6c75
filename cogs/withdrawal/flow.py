"""/withdraw: the contract, the statement, done. Two clicks, with the labels that the law names."""

from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import SubscriptionId
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    custom_id,
    guild_of,
    replace,
    reply,
    screen_of,
    user_of,
)
from cogs.layout import button, card, row, text
from cogs.withdrawal.receipts import received_card
from cogs.withdrawal.render import contracts_card, not_offered_card, statement_card, unlinked_card
from cogs.words import NEUTRAL_COLOUR


class WithdrawalCog(commands.Cog):
    """Asks for no reason and offers nothing."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons."""
        self._is = dependencies
        router = dependencies.router
        router.add("withdraw.start", self.start)
        router.add("withdraw.open", self.open)
        router.add("withdraw.confirm", self.confirm)
        router.add("withdraw.keep", self.keep)

    @app_commands.command(
        name="withdraw", description="Withdraw from a contract in its first days, where offered"
    )
    async def withdraw(self, interaction: Interaction) -> None:
        """The command."""
        await self.start(interaction, "")

    async def start(self, interaction: Interaction, _argument: str) -> None:
        """The contracts that are young enough."""
        if not self._is.policy.withdrawal.enabled:
            await reply(interaction, not_offered_card())
            return
        if await self._is.subscriptions.find_account(user_of(interaction)) is None:
            await reply(interaction, unlinked_card(self._is))
            return
        contracts = await self._is.withdrawals.contracts(user_of(interaction))
        await reply(interaction, contracts_card(contracts, self._is))

    async def open(self, interaction: Interaction, subscription_id: str) -> None:
        """Click one: what would be stated."""
        case = await self._is.withdrawals.look(
            user_of(interaction), SubscriptionId(subscription_id), name=_name_of(interaction)
        )
        view = statement_card if case.withdrawal is None else received_card
        await replace(interaction, view(case, self._is))

    async def confirm(self, interaction: Interaction, subscription_id: str) -> None:
        """Click two. Committed before the screen says so; jobs do the rest."""
        case = await self._is.withdrawals.request(
            user_of(interaction),
            SubscriptionId(subscription_id),
            name=_name_of(interaction),
            guild_id=guild_of(interaction),
            screen=screen_of(interaction),
        )
        await replace(interaction, received_card(case, self._is))

    async def keep(self, interaction: Interaction, _argument: str) -> None:
        """Nothing happens."""
        await replace(
            interaction,
            card(
                text(
                    "## Nothing was changed\nYour contract goes on. Run `/withdraw` if you change "
                    "your mind in time."
                ),
                row(button("Balance", custom_id("balance.show"))),
                accent=NEUTRAL_COLOUR,
            ),
        )


def _name_of(interaction: Interaction) -> str:
    """What the member calls themselves, and the name by which Discord tells them apart."""
    user = interaction.user
    shown, unique = (" ".join(each.split()) for each in (user.display_name, user.name))
    return shown if shown == unique else f"{shown} ({unique} in Discord)"
