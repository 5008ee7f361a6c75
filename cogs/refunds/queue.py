"""The moderators' queue: /refunds, and the buttons of its cards (rules S13, S14)."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import RefundId, UserId
from bot.domain.refund import RefundState
from bot.services.guilds import Actor
from bot.services.refund_cases import RefundCase
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    actor_of,
    custom_id,
    guild_of,
    modal_answers,
    reply,
    screen_of,
    show_modal,
    user_of,
)
from cogs.layout import card, modal, text, text_field
from cogs.refunds.amount import amount_modal, typed_amount
from cogs.refunds.queue_card import history_card, queue_card, waiting_card
from cogs.refunds.render import requested_card, second_person_card

LONGEST_TEXT = 500


class RefundQueueCog(commands.Cog):
    """For moderators; the service reads again who clicks and what waits, at each click."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons and their modals."""
        self._is = dependencies
        router = dependencies.router
        router.add("refund.look", self.look)
        router.add("refund.approve", self.approve)
        router.add("refund.deny", self.ask_reason)
        router.add("refund.deny_with", self.deny)
        router.add("refund.ask", self.ask_question)
        router.add("refund.ask_with", self.ask_back)
        router.add("refund.answer", self.ask_answer)
        router.add("refund.answer_with", self.answer)
        router.add("refund.change", self.ask_amount)
        router.add("refund.change_to", self.set_amount)

    @app_commands.command(name="refunds", description="Refunds that wait for you (moderators)")
    @app_commands.describe(member="Show what was decided about this member instead")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def refunds(self, interaction: Interaction, member: discord.User | None = None) -> None:
        """What waits, longest first; or the history of one member."""
        actor = actor_of(interaction)
        if member is not None:
            decided = await self._is.refund_queue.history(actor, UserId(member.id))
            await reply(interaction, history_card(UserId(member.id), decided))
            return
        waiting = await self._is.refund_queue.waiting(actor)
        await reply(interaction, waiting_card(waiting, self._is))

    async def look(self, interaction: Interaction, refund_id: str) -> None:
        """The same card, for whoever cannot find it in the channel."""
        await self._is.refund_queue.waiting(actor_of(interaction))
        file = await self._is.refund_queue.file(RefundId(refund_id))
        await reply(interaction, queue_card(file, self._is))

    async def approve(self, interaction: Interaction, argument: str) -> None:
        """A yes to what the card shows; everything is looked at again."""
        refund_id, _, agreed = argument.partition(":")
        case = await self._is.refund_queue.approve(
            actor_of(interaction),
            RefundId(refund_id),
            agreed=agreed,
            screen=screen_of(interaction),
        )
        waits = case.refund.state is RefundState.SUBMITTED
        await reply(interaction, second_person_card(case) if waits else requested_card(case))

    async def ask_reason(self, interaction: Interaction, refund_id: str) -> None:
        """A no has a reason."""
        case = await self._is.refund_queue.require_deciding(
            actor_of(interaction), RefundId(refund_id)
        )
        readers = "The member can read it" if case.refund.was_asked_for else "For the team"
        await show_modal(
            interaction,
            modal(
                "Deny this refund",
                custom_id("refund.deny_with", refund_id),
                _long_field("Reason", "reason", f"{readers}. It stays in the audit log."),
            ),
        )

    async def deny(self, interaction: Interaction, refund_id: str) -> None:
        """Committed; the messages are jobs."""
        case = await self._is.refund_queue.deny(
            actor_of(interaction), RefundId(refund_id), reason=modal_answers(interaction)["reason"]
        )
        told = "The member is told, with your reason." if case.refund.was_asked_for else ""
        await self._done(interaction, "Denied", f"No money was moved. {told}", case)

    async def ask_question(self, interaction: Interaction, refund_id: str) -> None:
        """A question for whoever asked for the refund."""
        case = await self._is.refund_queue.require_deciding(
            actor_of(interaction), RefundId(refund_id)
        )
        by_member = case.refund.requester_id == case.refund.member_id
        to = "Goes to the member" if by_member else "Goes to the colleague who asked"
        await show_modal(
            interaction,
            modal(
                "Ask back",
                custom_id("refund.ask_with", refund_id),
                _long_field("Question", "question", f"{to}, with a button to answer."),
            ),
        )

    async def ask_back(self, interaction: Interaction, refund_id: str) -> None:
        """It waits on, and can be decided all the same."""
        question = modal_answers(interaction)["question"]
        case = await self._is.refund_queue.ask_back(
            actor_of(interaction), RefundId(refund_id), question=question
        )
        said = "The answer will be on the card. You can decide without it."
        await self._done(interaction, "Question sent", said, case)

    async def ask_answer(self, interaction: Interaction, refund_id: str) -> None:
        """The other end of the question."""
        await self._is.refund_queue.require_answering(
            user_of(interaction), _actor(interaction), RefundId(refund_id)
        )
        await show_modal(
            interaction,
            modal(
                "Your answer",
                custom_id("refund.answer_with", refund_id),
                _long_field("Answer", "answer", "The moderators read it."),
            ),
        )

    async def answer(self, interaction: Interaction, refund_id: str) -> None:
        """Back to the moderators."""
        case = await self._is.refund_queue.answer(
            user_of(interaction),
            _actor(interaction),
            RefundId(refund_id),
            text=modal_answers(interaction)["answer"],
        )
        said = "The moderators have your answer. You will be told what they decide."
        await self._done(interaction, "Thank you", said, case)

    async def ask_amount(self, interaction: Interaction, refund_id: str) -> None:
        """A part can be given back instead of everything."""
        await self._is.refund_queue.require_deciding(actor_of(interaction), RefundId(refund_id))
        await show_modal(interaction, amount_modal(custom_id("refund.change_to", refund_id)))

    async def set_amount(self, interaction: Interaction, refund_id: str) -> None:
        """The card shows the new amount and what it does; earlier yeses count no more."""
        actor = actor_of(interaction)
        waiting = await self._is.refund_queue.require_deciding(actor, RefundId(refund_id))
        amount = typed_amount(interaction, left=waiting.payment.refundable)
        case = await self._is.refund_queue.set_amount(actor, RefundId(refund_id), amount)
        said = f"It is {words.money(amount)} now. Look at the card before you approve."
        await self._done(interaction, "Amount changed", said, case)

    async def _done(
        self, interaction: Interaction, heading: str, said: str, case: RefundCase
    ) -> None:
        await reply(
            interaction,
            card(
                text(f"## {heading}\n{said}\n-# Reference: {case.refund.reference}"),
                accent=words.NEUTRAL_COLOUR,
            ),
        )


def _actor(interaction: Interaction) -> Actor | None:
    """Nobody has roles in a direct message."""
    return None if guild_of(interaction) is None else actor_of(interaction)


def _long_field(label: str, name: str, description: str) -> discord.ui.Label[discord.ui.Modal]:
    return text_field(label, name, description=description, paragraph=True, max_length=LONGEST_TEXT)
