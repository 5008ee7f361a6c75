"""The customer's card, by button in a ticket and by /customer anywhere."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import NotInTicket
from bot.domain.identifiers import ChannelId, TicketId, UserId
from bot.services.guilds import Actor
from cogs.dependencies import Dependencies
from cogs.desk.customer_card import customer_card, ticket_of
from cogs.interactions import Interaction, actor_of, replace, reply
from cogs.layout import View
from cogs.refunds.render import payments_card


class CustomerCog(commands.Cog):
    """Only ever shown to the person who asks: the member shares the channel."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons."""
        self._is = dependencies
        dependencies.router.add("desk.customer", self.show)
        dependencies.router.add("desk.customer_again", self.again)
        dependencies.router.add("desk.refund", self.refund)

    @app_commands.command(name="customer", description="A member's plan and payments (support)")
    @app_commands.describe(member="Whose; in a ticket it is the ticket's member")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def customer(self, interaction: Interaction, member: discord.User | None = None) -> None:
        """At once, from the store."""
        actor = actor_of(interaction)
        if member is not None:
            file = await self._is.customers.of_member(actor, UserId(member.id))
            await reply(interaction, customer_card(file, self._is))
            return
        if interaction.channel_id is None:
            raise NotInTicket
        ticket = await self._is.ticket_work.at(ChannelId(interaction.channel_id))
        await reply(interaction, await self._beside(actor, ticket.id))

    async def show(self, interaction: Interaction, ticket_id: str) -> None:
        """The button in a ticket."""
        await reply(interaction, await self._beside(actor_of(interaction), TicketId(ticket_id)))

    async def again(self, interaction: Interaction, argument: str) -> None:
        """The same card as it is now, for whoever may still see it."""
        actor, ticket_id = actor_of(interaction), ticket_of(argument)
        if ticket_id is not None:
            await replace(interaction, await self._beside(actor, ticket_id))
            return
        user_id, _, _ = argument.partition("/")
        file = await self._is.customers.of_member(actor, UserId(int(user_id)))
        await replace(interaction, customer_card(file, self._is))

    async def _beside(self, actor: Actor, ticket_id: TicketId) -> View:
        file = await self._is.customers.of_ticket(actor, ticket_id)
        ticket = await self._is.tickets.find(ticket_id)
        return customer_card(file, self._is, ticket=ticket)

    async def refund(self, interaction: Interaction, ticket_id: str) -> None:
        """Support's request to the moderators, as with /refund-request."""
        ticket = await self._is.tickets.find(TicketId(ticket_id))
        if ticket.channel_id is None:
            raise NotInTicket
        _, payments = await self._is.refund_requests.ticket_in(
            actor_of(interaction), ticket.channel_id
        )
        await reply(
            interaction,
            payments_card(
                ticket.opener_id, payments, verb="refund.request_pick", argument=ticket.id
            ),
        )
