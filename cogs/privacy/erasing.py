"""/privacy erase: what goes and what has to stay, then two clicks."""

from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, replace, reply, screen_of, user_of
from cogs.privacy.render import kept_card, last_card, question_card, requested_card


class ErasureFlow:
    """Nothing is erased before the second click, and nothing is promised before it is done."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons."""
        self._is = dependencies
        router = dependencies.router
        router.add("privacy.ask_erase", self.ask)
        router.add("privacy.continue", self.ask_again)
        router.add("privacy.erase", self.request)
        router.add("privacy.keep", self.keep)

    async def ask(self, interaction: Interaction, _argument: str) -> None:
        """The first screen."""
        question = await self._is.privacy.ask(user_of(interaction))
        await reply(interaction, question_card(question, self._is))

    async def ask_again(self, interaction: Interaction, reference: str) -> None:
        """The second one."""
        await replace(interaction, last_card(reference))

    async def request(self, interaction: Interaction, reference: str) -> None:
        """Committed; a job carries it out."""
        await self._is.privacy.request(
            user_of(interaction), reference, screen=screen_of(interaction)
        )
        await replace(interaction, requested_card(reference))

    async def keep(self, interaction: Interaction, _argument: str) -> None:
        """Nothing happens."""
        await replace(interaction, kept_card())
