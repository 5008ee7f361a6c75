"""/refund: choose the payment, see the consequence, confirm (rules S11-S14, R9)."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import PaymentId, RefundId, UserId
from bot.domain.refund import Ground, RefundState
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    actor_of,
    chosen,
    custom_id,
    replace,
    reply,
    screen_of,
    show_modal,
)
from cogs.refunds.amount import amount_modal, typed_amount
from cogs.refunds.render import (
    draft_card,
    payments_card,
    requested_card,
    second_person_card,
)


class RefundCog(commands.Cog):
    """For moderators. Discord hides the command; the service refuses everybody else."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the selects and the button."""
        self._is = dependencies
        dependencies.router.add("refund.pick", self.pick)
        dependencies.router.add("refund.open", self.open)
        dependencies.router.add("refund.ground", self.choose_ground)
        dependencies.router.add("refund.amount", self.ask_amount)
        dependencies.router.add("refund.set_amount", self.set_amount)
        dependencies.router.add("refund.confirm", self.confirm)

    @app_commands.command(name="refund", description="Refund a member's payment (moderators)")
    @app_commands.describe(member="Whose payment")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def refund(self, interaction: Interaction, member: discord.User) -> None:
        """List what can be refunded."""
        member_id = UserId(member.id)
        payments = await self._is.refunds.payments(actor_of(interaction), member_id)
        await reply(interaction, payments_card(member_id, payments))

    async def pick(self, interaction: Interaction, member_id: str) -> None:
        """Show the consequence."""
        case = await self._is.refunds.draft(
            actor_of(interaction), UserId(int(member_id)), PaymentId(chosen(interaction))
        )
        await replace(interaction, draft_card(case, self._is))

    async def open(self, interaction: Interaction, argument: str) -> None:
        """A button beside one payment leads to its consequence."""
        member_id, _, payment_id = argument.partition("/")
        case = await self._is.refunds.draft(
            actor_of(interaction), UserId(int(member_id)), PaymentId(payment_id)
        )
        await reply(interaction, draft_card(case, self._is))

    async def choose_ground(self, interaction: Interaction, refund_id: str) -> None:
        """S14: every refund has a ground."""
        case = await self._is.refunds.set_ground(
            actor_of(interaction), RefundId(refund_id), Ground(chosen(interaction))
        )
        await replace(interaction, draft_card(case, self._is))

    async def ask_amount(self, interaction: Interaction, refund_id: str) -> None:
        """A part can be given back instead of everything."""
        await show_modal(interaction, amount_modal(custom_id("refund.set_amount", refund_id)))

    async def set_amount(self, interaction: Interaction, refund_id: str) -> None:
        """Show the consequence of the new amount."""
        actor = actor_of(interaction)
        drafted = await self._is.refunds.own_draft(actor, RefundId(refund_id))
        amount = typed_amount(interaction, left=drafted.payment.refundable)
        case = await self._is.refunds.set_amount(actor, RefundId(refund_id), amount)
        await replace(interaction, draft_card(case, self._is))

    async def confirm(self, interaction: Interaction, refund_id: str) -> None:
        """Commit; a job moves the money."""
        case = await self._is.refunds.confirm(
            actor_of(interaction), RefundId(refund_id), screen=screen_of(interaction)
        )
        waits = case.refund.state is RefundState.SUBMITTED
        await replace(interaction, second_person_card(case) if waits else requested_card(case))
