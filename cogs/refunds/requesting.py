"""Asking for a refund in a ticket: the member's wish, and support's request (rules S14, S30)."""

from discord import app_commands
from discord.ext import commands

from bot.domain.errors import NotInTicket
from bot.domain.identifiers import ChannelId, PaymentId, RefundId, TicketId, UserId
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    actor_of,
    chosen,
    custom_id,
    modal_answers,
    replace,
    reply,
    show_modal,
    user_of,
)
from cogs.layout import View, card, modal, text, text_field
from cogs.refunds.render import draft_card, payments_card, wish_choices_card


class RefundRequestCog(commands.Cog):
    """From a ticket to the moderators' queue."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons, selects and modals."""
        self._is = dependencies
        router = dependencies.router
        router.add("refund.wish", self.wish)
        router.add("refund.wish_pick", self.ask_why)
        router.add("refund.wish_send", self.send_wish)
        router.add("refund.request_pick", self.pick)
        router.add("refund.prepare", self.prepare)
        router.add("refund.decline", self.ask_reason)
        router.add("refund.decline_with", self.decline)
        router.add("refund.submit", self.ask_note)
        router.add("refund.submit_with", self.submit)

    # The member

    async def wish(self, interaction: Interaction, ticket_id: str) -> None:
        """The member of a ticket chooses the payment."""
        choices = await self._is.refund_requests.choices(user_of(interaction), TicketId(ticket_id))
        await reply(interaction, wish_choices_card(ticket_id, choices))

    async def ask_why(self, interaction: Interaction, ticket_id: str) -> None:
        """A person decides about each case, and wants to know what happened."""
        await show_modal(
            interaction,
            modal(
                "Ask for a refund",
                custom_id("refund.wish_send", f"{ticket_id}/{chosen(interaction)}"),
                text_field(
                    "What happened?",
                    "why",
                    description="A person of the team reads it and decides",
                    paragraph=True,
                    max_length=500,
                ),
            ),
        )

    async def send_wish(self, interaction: Interaction, argument: str) -> None:
        """It counts from now on; support takes it up in the ticket."""
        ticket_id, _, payment_id = argument.partition("/")
        case = await self._is.refund_requests.wish(
            actor_of(interaction),
            TicketId(ticket_id),
            PaymentId(payment_id),
            why=modal_answers(interaction)["why"],
        )
        await replace(
            interaction,
            card(
                text(
                    f"## You have asked for {words.money(case.refund.amount)}\nA person looks at "
                    "each case. You will be told here what was decided. Nothing has changed until "
                    f"then.\n-# Reference: {case.refund.reference}"
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
        )

    # Support

    @app_commands.command(
        name="refund-request", description="Ask the moderators for a refund, in a ticket (support)"
    )
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def request(self, interaction: Interaction) -> None:
        """In a ticket's channel: whose refund it is, is known."""
        if interaction.channel_id is None:
            raise NotInTicket
        ticket, payments = await self._is.refund_requests.ticket_in(
            actor_of(interaction), ChannelId(interaction.channel_id)
        )
        await reply(
            interaction,
            payments_card(
                UserId(ticket.opener_id), payments, verb="refund.request_pick", argument=ticket.id
            ),
        )

    async def pick(self, interaction: Interaction, ticket_id: str) -> None:
        """Show the consequence."""
        case = await self._is.refund_requests.draft(
            actor_of(interaction), TicketId(ticket_id), PaymentId(chosen(interaction))
        )
        await replace(interaction, draft_card(case, self._is))

    async def prepare(self, interaction: Interaction, refund_id: str) -> None:
        """Look at what the member has asked for, before it goes to the moderators."""
        case = await self._is.refund_requests.take_up(actor_of(interaction), RefundId(refund_id))
        await reply(interaction, draft_card(case, self._is))

    async def ask_reason(self, interaction: Interaction, refund_id: str) -> None:
        """A no has a reason."""
        await self._is.refund_requests.require_declining(actor_of(interaction), RefundId(refund_id))
        await show_modal(
            interaction,
            modal(
                "Decline this request",
                custom_id("refund.decline_with", refund_id),
                text_field(
                    "Reason",
                    "reason",
                    description="The member can read it. It stays in the audit log.",
                    paragraph=True,
                    max_length=500,
                ),
            ),
        )

    async def decline(self, interaction: Interaction, refund_id: str) -> None:
        """Committed; the messages are jobs."""
        case = await self._is.refund_requests.decline(
            actor_of(interaction), RefundId(refund_id), reason=modal_answers(interaction)["reason"]
        )
        await reply(
            interaction,
            card(
                text(
                    "## Declined\nNo money was moved. The member is told, with your reason.\n"
                    f"-# Reference: {case.refund.reference}"
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
        )

    async def ask_note(self, interaction: Interaction, refund_id: str) -> None:
        """What the moderators should know."""
        await self._is.refund_requests.take_up(actor_of(interaction), RefundId(refund_id))
        await show_modal(
            interaction,
            modal(
                "Submit to the moderators",
                custom_id("refund.submit_with", refund_id),
                text_field(
                    "What should they know?",
                    "note",
                    description="The moderators read it",
                    required=False,
                    paragraph=True,
                    max_length=500,
                ),
            ),
        )

    async def submit(self, interaction: Interaction, refund_id: str) -> None:
        """Into the queue."""
        case = await self._is.refund_requests.submit(
            actor_of(interaction), RefundId(refund_id), note=modal_answers(interaction)["note"]
        )
        await replace(interaction, _submitted_card(case.refund.reference))


def _submitted_card(reference: str) -> View:
    return card(
        text(
            "## Submitted\nThe moderators decide. The ticket is told what they say, and so is the "
            f"member. You cannot approve it yourself.\n-# Reference: {reference}"
        ),
        accent=words.SUCCESS_COLOUR,
    )
