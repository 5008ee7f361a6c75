"""/cancel: nudge, reason, confirm (rules R1-R7). Three clicks, none of them needed twice."""

from discord import app_commands
from discord.ext import commands

from bot.domain.cancellation import AttemptState, find_reason
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import AttemptId
from cogs import words
from cogs.cancellation.modals import follow_up_modal, reason_modal
from cogs.cancellation.receipts import kept_card
from cogs.cancellation.render import attempt_card, confirm_card, unlinked_card
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    guild_of,
    modal_answers,
    replace,
    reply,
    screen_of,
    show_modal,
    user_of,
)


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
            ("cancel.go_on", self.go_on),
            ("cancel.ask", self.ask_follow_up),
            ("cancel.answer", self.take_answer),
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
        await show_modal(interaction, reason_modal(AttemptId(attempt_id), self._is))

    async def go_on(self, interaction: Interaction, attempt_id: str) -> None:
        """Back after a while: to the step that the member had come to, nudged no second time."""
        user_id = user_of(interaction)
        account = await self._is.subscriptions.find_account(user_id)
        if account is None:
            await reply(interaction, unlinked_card(self._is))
            return
        case = await self._is.cancellations.go_on(account, AttemptId(attempt_id), user_id)
        if case.attempt.state is AttemptState.STARTED:
            await show_modal(interaction, reason_modal(case.attempt.id, self._is))
        else:
            await reply(interaction, attempt_card(case, self._is))

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

    async def ask_follow_up(self, interaction: Interaction, attempt_id: str) -> None:
        """The reason's own question, for those who want to answer it."""
        attempt = await self._is.cancellations.require_asking(
            AttemptId(attempt_id), user_of(interaction)
        )
        reason = find_reason(self._is.policy.reasons, attempt.reason_id)
        if reason is None or not reason.follow_up:
            raise NoSuchThing("question")
        await show_modal(interaction, follow_up_modal(attempt.id, reason.follow_up))

    async def take_answer(self, interaction: Interaction, attempt_id: str) -> None:
        """Back to where the member was; an empty answer is none."""
        answered = modal_answers(interaction).get("answer", "").strip()
        own, user_id = AttemptId(attempt_id), user_of(interaction)
        if answered:
            case = await self._is.cancellations.answer(own, user_id, answered)
        else:
            case = await self._is.cancellations.find(own, user_id)
        await replace(interaction, attempt_card(case, self._is))

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
