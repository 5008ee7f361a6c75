"""Agreeing to one message, and taking it back."""

from bot.domain.identifiers import AttemptId
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, replace, reply, user_of
from cogs.win_back.render import agreement_card, stopped_card


class WinBackConsent:
    """Nothing is agreed to but by a click on a button that says so."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons."""
        self._is = dependencies
        router = dependencies.router
        router.add("winback.toggle", self.toggle)
        router.add("winback.agree", self.agree)
        router.add("winback.take_back", self.take_back)
        router.add("winback.stop", self.stop)

    async def toggle(self, interaction: Interaction, attempt_id: str) -> None:
        """The button under the receipt."""
        agreement = await self._is.win_backs.toggle(AttemptId(attempt_id), user_of(interaction))
        await reply(interaction, agreement_card(agreement))

    async def agree(self, interaction: Interaction, attempt_id: str) -> None:
        """After all."""
        agreement = await self._is.win_backs.agree(AttemptId(attempt_id), user_of(interaction))
        await replace(interaction, agreement_card(agreement))

    async def take_back(self, interaction: Interaction, attempt_id: str) -> None:
        """No message."""
        agreement = await self._is.win_backs.take_back(AttemptId(attempt_id), user_of(interaction))
        await replace(interaction, agreement_card(agreement))

    async def stop(self, interaction: Interaction, _argument: str) -> None:
        """The button in the message itself."""
        await self._is.win_backs.stop(user_of(interaction))
        await reply(interaction, stopped_card())
