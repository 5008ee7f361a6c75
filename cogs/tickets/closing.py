"""Closing: a reason, the transcript to the member, the channel away."""

from datetime import timedelta

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import NotPermitted
from bot.domain.identifiers import ChannelId, RefundId, TicketId
from bot.domain.job import Job
from bot.domain.refund import Refund
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_ends import asks_for_rating
from bot.domain.ticket_record import TicketRecord
from bot.domain.topic import Place
from bot.domain.transcript import Copy
from bot.services.jobs import TryAgainError
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
from cogs.layout import card, modal, text, text_field
from cogs.tickets.capture import CaptureCog
from cogs.tickets.closing_cards import member_card, staff_card
from cogs.tickets.left_behind import LeftBehind
from cogs.tickets.missed import MissedCog
from cogs.tickets.places import give_back
from cogs.tickets.transcripts import transcript_file, transcript_link

FILES_PAUSE = timedelta(seconds=0.5)


class ClosingCog:
    """For the member and the team alike."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        dependencies: Dependencies,
        capture: CaptureCog,
        missed: MissedCog,
    ) -> None:
        """Register the button, its modal and the effect."""
        self._bot = bot
        self._is = dependencies
        self._capture = capture
        self._missed = missed
        self._left_behind = LeftBehind(bot, dependencies)
        dependencies.router.add("ticket.close", self.ask_reason)
        dependencies.router.add("ticket.close_with", self.close)
        dependencies.jobs.add("ticket.close", self.carry_out, in_discord=True)

    def add_to(self, ticket_group: app_commands.Group) -> None:
        """Put the command beside the others of /ticket."""

        @ticket_group.command(name="close", description="Close the ticket of this channel")
        async def close(interaction: discord.Interaction) -> None:
            if interaction.channel_id is None:
                raise NotPermitted(needs="server")
            ticket = await self._is.ticket_people.at(ChannelId(interaction.channel_id))
            await self.ask_reason(interaction, ticket.id)

    async def ask_reason(self, interaction: Interaction, ticket_id: str) -> None:
        """The reason is optional: a member who is content need not write."""
        ticket = await self._is.tickets.may_close(actor_of(interaction), TicketId(ticket_id))
        await show_modal(
            interaction,
            modal(
                "Close this ticket",
                custom_id("ticket.close_with", f"{ticket.id}{ticket.life}"),
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

    async def close(self, interaction: Interaction, life_of_ticket: str) -> None:
        """Closed from this moment on; the rest is a job."""
        reason = modal_answers(interaction).get("reason") or None
        ticket_id, colon, began = life_of_ticket.partition(":")
        await self._is.tickets.close(
            actor_of(interaction), TicketId(ticket_id), reason=reason, life=f"{colon}{began}"
        )
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
        record = await self._is.ticket_records.record(TicketId(str(job.payload["ticket_id"])))
        ticket = record.ticket
        if ticket.state is not TicketState.CLOSING:
            return
        for talk in record.talks:
            # After a kill nobody hears any more what is said while it closes.
            self._capture.watch(ticket.id, talk.channel_id, internal=talk.internal)
        was_missed = await self._missed.complete(*record.talks)
        if await self._missed.look_back(*record.talks) or was_missed:
            record = await self._is.ticket_records.record(ticket.id)
        if not await self._is.transcripts.is_complete(ticket):
            raise TryAgainError("files are on their way", after=FILES_PAUSE)
        html = await self._is.transcripts.file(record, Copy.MEMBER)
        asked = asks_for_rating(ticket)
        reopen_until = self._is.ticket_reopening.offered_until(ticket)
        link = await transcript_link(
            self._is, ticket.id, ticket.opener_id, Copy.MEMBER, at=ticket.closed_at
        )
        by_dm = await self._is.messenger.tell(
            ticket.opener_id,
            member_card(ticket, reopen_until=reopen_until, asks_rating=asked, link=link),
            key=job.key,
            file=transcript_file(ticket, html),
        )
        told = by_dm or await self._mail(ticket, html)
        await self._capture.flush()
        if not await self._is.transcripts.is_complete(ticket):
            raise TryAgainError("files are on their way", after=FILES_PAUSE)
        left = await self._delete_places(ticket)
        if ticket.channel_id in left:
            await self._left_behind.shut(ticket, reopen_until=reopen_until, key=job.key)
        # Its last words were said meanwhile; the page behind the member's link has them, too.
        await self._capture.flush()
        record = await self._is.ticket_records.record(ticket.id)
        settings = await self._is.guilds.settings(ticket.guild_id)
        await self._is.messenger.post(
            settings.log_channel_id,
            staff_card(
                ticket,
                topic=self._is.tickets.label(ticket.topic_id),
                told=told,
                left=left,
                wishes=await self._wishes(job),
            ),
            key=f"{job.key}:log",
            file=await self._staff_file(record),
        )
        if ticket.channel_id not in left:
            self._capture.forget(ticket.channel_id)
        if not left:
            self._capture.forget(ticket.notes_thread_id)
        await self._is.tickets.closed(ticket.id, asked_for_rating=asked and by_dm)

    async def _wishes(self, job: Job) -> list[Refund]:
        """The member's requests for refunds that ended with it, and nobody has answered."""
        ids = job.payload.get("wishes", ())
        return [(await self._is.refunds.find(RefundId(each))).refund for each in ids]

    async def _staff_file(self, record: TicketRecord) -> discord.File | None:
        """For the log channel, without the notes; what is one topic's team's stays with it."""
        shown = await self._is.ticket_access.for_log(record)
        if shown is None:
            return None
        return transcript_file(record.ticket, await self._is.transcripts.file(shown, Copy.LOG))

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
            # Mail programs show one with a known id only once: each closing has its own.
            message_id=f"ticket-{ticket.id}{ticket.life.replace(':', '-')}",
            page=(f"{ticket.channel_name}.html", html),
        )

    async def _delete_places(self, ticket: Ticket) -> list[ChannelId]:
        """Returns those that are left, because the bot may not delete them."""
        places = [ticket.channel_id]
        if ticket.place == Place.THREAD:
            # Its notes hang on another channel, and would stay there.
            places.insert(0, ticket.notes_thread_id)
        why = f"Ticket {ticket.number:04} closed"
        return [
            place
            for place in places
            if place is not None and not await give_back(self._bot, place, why=why)
        ]
