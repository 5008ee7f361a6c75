"""/cancel: nudge, reason, confirm (rules R1-R7). Three clicks, none of them needed twice."""

from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import AttemptId
from cogs import words
from cogs.cancellation.receipts import kept_card
from cogs.cancellation.render import attempt_card, confirm_card, unlinked_card
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    custom_id,
    guild_of,
    modal_answers,
    replace,
    reply,
    screen_of,
    show_modal,
    user_of,
)
from cogs.layout import modal, radio_field, text_field

COMMENT_LENGTH = 500


class CancellationCog(commands.Cog):
    """Leads a member out, politely and quickly."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the flow's buttons and its modal."""
        self._is = dependencies
        for verb, handler in (
            ("cancel.start", self.start),
            ("cancel.continue", self.ask_reason),
            ("cancel.reason", self.take_reason),
            ("cancel.confirm", self.confirm),
            ("cancel.keep", self.keep),
        ):
            dependencies.router.add(verb, handler)

    @app_commands.command(name="cancel", description="Cancel your subscription")
    async def cancel(self, interaction: Interaction) -> None:
        """The command."""
        await self.start(interaction, "")

    async def start(self, interaction: Interaction, _argument: str) -> None:
        """Begin, or go on where the member left off."""
        account = await self._is.subscriptions.find_account(user_of(interaction))
        if account is None:
            await reply(interaction, unlinked_card(self._is))
            return
        case = await self._is.cancellations.start(
            account, user_of(interaction), guild_of(interaction)
        )
        await reply(interaction, attempt_card(case, self._is))

    async def ask_reason(self, interaction: Interaction, attempt_id: str) -> None:
        """R5: one question, one choice; "Prefer not to say" is among them."""
        await self._is.cancellations.require_asking(AttemptId(attempt_id), user_of(interaction))
        choices = [(reason.id, reason.label) for reason in self._is.policy.reasons]
        await show_modal(
            interaction,
            modal(
                "Why are you leaving?",
                custom_id("cancel.reason", attempt_id),
                radio_field("Your reason", "reason", choices),
                text_field(
                    "Anything else? (you can leave this empty)",
                    "comment",
                    required=False,
                    paragraph=True,
                    max_length=COMMENT_LENGTH,
                ),
            ),
        )

    async def take_reason(self, interaction: Interaction, attempt_id: str) -> None:
        """Show what confirming does."""
        answers = modal_answers(interaction)
        case = await self._is.cancellations.give_reason(
            AttemptId(attempt_id),
            user_of(interaction),
            reason_id=answers["reason"],
            comment=answers.get("comment") or None,
        )
        await replace(interaction, confirm_card(case, self._is))

    async def confirm(self, interaction: Interaction, attempt_id: str) -> None:
        """R6. The request is committed before the screen says so; a job does the rest."""
        case = await self._is.cancellations.request(
            AttemptId(attempt_id), user_of(interaction), screen=screen_of(interaction)
        )
        await replace(interaction, attempt_card(case, self._is))

    async def keep(self, interaction: Interaction, attempt_id: str) -> None:
        """Stay."""
        await self._is.cancellations.abort(AttemptId(attempt_id), user_of(interaction))
        account = await self._is.subscriptions.account(user_of(interaction))
        name = (
            words.plan_name(account.subscription, self._is.catalogue)
            if account.subscription
            else "your plan"
        )
        await replace(interaction, kept_card(name))
