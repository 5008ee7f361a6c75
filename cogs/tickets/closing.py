"""Closing: a reason, the transcript to the member, the channel away."""

import io

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import TicketId
from bot.domain.job import Job
from bot.domain.ticket import Ticket, TicketState
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    actor_of,
    custom_id,
    modal_answers,
    reply,
    show_modal,
)
from cogs.layout import View, card, modal, text, text_field
from cogs.messenger import UNKNOWN_CHANNEL
from cogs.tickets.capture import CaptureCog
from cogs.tickets.transcript import render_transcript

_log = structlog.get_logger(__name__)


class ClosingCog(commands.Cog):
    """For the member and the team alike."""

    def __init__(
        self, bot: commands.AutoShardedBot, dependencies: Dependencies, capture: CaptureCog
    ) -> None:
        """Register the button, its modal and the effect."""
        self._bot = bot
        self._is = dependencies
        self._capture = capture
        dependencies.router.add("ticket.close", self.ask_reason)
        dependencies.router.add("ticket.close_with", self.close)
        dependencies.jobs.add("ticket.close", self.carry_out, in_discord=True)

    async def ask_reason(self, interaction: Interaction, ticket_id: str) -> None:
        """The reason is optional: a member who is content need not write."""
        await self._is.tickets.may_close(actor_of(interaction), TicketId(ticket_id))
        await show_modal(
            interaction,
            modal(
                "Close this ticket",
                custom_id("ticket.close_with", ticket_id),
                text_field(
                    "Reason",
                    "reason",
                    description="Both sides can read it in the transcript",
                    required=False,
                    paragraph=True,
                    max_length=500,
                ),
            ),
        )

    async def close(self, interaction: Interaction, ticket_id: str) -> None:
        """Closed from this moment on; the rest is a job."""
        reason = modal_answers(interaction).get("reason") or None
        await self._is.tickets.close(actor_of(interaction), TicketId(ticket_id), reason=reason)
        await reply(
            interaction,
            card(
                text(
                    "## Ticket closed\nThe transcript goes to the member by direct message. This "
                    "channel disappears in a moment."
                ),
                accent=words.SUCCESS_COLOUR,
            ),
        )

    async def carry_out(self, job: Job) -> None:
        """Transcript first, then the channel: nothing is deleted before it is safe."""
        await self._capture.flush()
        ticket, messages = await self._is.tickets.transcript(job)
        if ticket.state is not TicketState.CLOSING:
            return
        if await self._capture.complete(ticket, newest=messages[-1].message_id if messages else 0):
            ticket, messages = await self._is.tickets.transcript(job)
        names = {topic.id: topic.label for topic in self._is.tickets.topics}
        html = render_transcript(ticket, messages, topic=names.get(ticket.topic_id, "Ticket"))

        def file() -> discord.File:
            return discord.File(io.BytesIO(html.encode()), f"{ticket.channel_name}.html")

        told = await self._is.messenger.tell(
            ticket.opener_id, self._member_card(ticket), key=job.key, file=file()
        )
        told = told or await self._mail(ticket, html)
        await self._delete_channel(ticket)
        settings = await self._is.guilds.settings(ticket.guild_id)
        await self._is.messenger.post(
            settings.log_channel_id,
            self._staff_card(ticket, told=told),
            key=f"{job.key}:log",
            file=file(),
        )
        await self._is.tickets.closed(ticket.id)

    async def _mail(self, ticket: Ticket, html: str) -> bool:
        """For a member who takes no direct messages, where the billing address is known."""
        account = await self._is.subscriptions.find_account(ticket.opener_id)
        if account is None or account.email is None:
            return False
        number = f"{ticket.number:04}"
        return await self._is.send_mail(
            to=account.email,
            subject=f"Your {self._is.vendor.name} support ticket {number} is closed",
            text=(
                f"Your support ticket {number} on Discord is closed. Everything that was said is "
                "in the attached file.\n\nYou get it by mail because you take no direct messages "
                f"from the bot.\n\n{self._is.vendor.name}\n{self._is.vendor.support_email}\n"
            ),
            message_id=f"ticket-{ticket.id}",
            page=(f"{ticket.channel_name}.html", html),
        )

    async def _delete_channel(self, ticket: Ticket) -> None:
        self._capture.forget(ticket.channel_id)
        if ticket.channel_id is None:
            return
        try:
            await self._bot.http.delete_channel(
                ticket.channel_id, reason=f"Ticket {ticket.number:04} closed"
            )
        except discord.NotFound as missing:
            if missing.code != UNKNOWN_CHANNEL:
                raise
        except discord.Forbidden as refusal:
            # The ticket is closed all the same; people can delete the channel.
            _log.error("ticket_channel_not_deleted", ticket=ticket.id, code=refusal.code)

    def _member_card(self, ticket: Ticket) -> View:
        reason = (
            f"\n**Reason:**\n{words.quoted(ticket.close_reason)}" if ticket.close_reason else ""
        )
        by = " by you" if ticket.closed_by == ticket.opener_id else " by the team"
        how = by if ticket.closed_by is not None else ", because its channel was deleted"
        return card(
            text(
                f"## Ticket {ticket.number:04} is closed\nIt was closed{how}.{reason}\n"
                "Everything that was said is in this file. You can open a new ticket at any time."
            ),
            accent=words.NEUTRAL_COLOUR,
        )

    def _staff_card(self, ticket: Ticket, *, told: bool) -> View:
        by = f"<@{ticket.closed_by}>" if ticket.closed_by else "nobody: its channel was deleted"
        reason = f"\n{words.quoted(ticket.close_reason)}" if ticket.close_reason else ""
        delivery = "" if told else "\n⚠️ The member could not be reached: no transcript was sent."
        return card(
            text(
                f"### Ticket {ticket.number:04} closed\n<@{ticket.opener_id}> · "
                f"{ticket.topic_id} · closed by {by}{reason}{delivery}"
            )
        )
