"""What people see of a refund that waits: the card, the question back, the ticket."""

from bot.domain.identifiers import RefundId
from bot.domain.job import Job
from bot.domain.refund import WAITING, Refund, RefundState
from bot.domain.refund_decision import DecisionKind
from bot.domain.ticket import Ticket
from bot.services import refund_jobs
from bot.services.refund_file import RefundFile
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, row, text
from cogs.refunds.outcome import ticket_card, waiting_card
from cogs.refunds.queue_card import queue_card
from cogs.refunds.render import describe


class RefundQueueEffects:
    """Handlers of the jobs in `bot.services.refund_jobs`. Each looks at what is so by now."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add(refund_jobs.CARD, self.bring_up_to_date, in_discord=True)
        jobs.add(refund_jobs.TELL_WISH, self.tell_wish, in_discord=True)
        jobs.add(refund_jobs.ASK_BACK, self.ask_back, in_discord=True)
        jobs.add(refund_jobs.TELL_TICKET, self.tell_ticket, in_discord=True)

    async def _file(self, job: Job) -> RefundFile:
        return await self._is.refund_queue.file(RefundId(str(job.payload["refund_id"])))

    async def bring_up_to_date(self, job: Job) -> None:
        """Edit the card, or post it where there is none; by mail where no channel takes it."""
        file = await self._file(job)
        refund = file.case.refund
        key = f"refund-card:{refund.id}"
        if refund.queue_channel_id is not None and refund.queue_message_id is not None:
            edited = await self._is.messenger.edit(
                refund.queue_channel_id, refund.queue_message_id, queue_card(file, self._is)
            )
            if edited or refund.state not in WAITING:
                return
            key = job.key  # somebody has deleted it: what waits must be seen
        channel_id = await self._is.guilds.refund_channel(refund.guild_id)
        if channel_id is not None:
            message_id = await self._is.messenger.pin_up(
                channel_id, queue_card(file, self._is), key=key
            )
            if message_id is not None:
                await self._is.refund_queue.remember_card(refund.id, channel_id, message_id)
                return
        await self._is.send_mail(
            to=self._is.vendor.support_email,
            subject=f"A refund waits for a moderator ({refund.reference})",
            text=(
                f"A refund of {words.money(refund.amount)} waits for a moderator, and no channel "
                "takes its card. Please choose one with /setup in Discord. /refunds shows what "
                f"waits.\n\nReference: {refund.reference}\n"
            ),
            message_id=job.key.replace(":", "-"),
        )

    async def tell_wish(self, job: Job) -> None:
        """In the ticket: what the member asks for, for support to look at."""
        file = await self._file(job)
        refund = file.case.refund
        if refund.state is not RefundState.DRAFT or file.ticket_channel_id is None:
            return
        if refund.ticket_id != job.payload["ticket_id"]:
            return  # merged since: the other ticket has a message of its own
        asked_in = job.payload["asked_in"]
        said = f"\n{words.quoted(refund.note)}" if refund.note else ""
        if asked_in is not None:
            # What was said there is not for everybody here.
            said = f"\nAsked for in ticket {asked_in:04}. Whoever prepares it reads why."
        asked = f"### <@{refund.member_id}> asks for a refund"
        shown = f"{asked} of {words.money(refund.amount)}\n{describe(file.case.payment)}{said}"
        if file.is_overheard and file.ticket is not None:
            where = (
                f"Ticket {file.ticket.number:04}, <#{file.ticket_channel_id}>. Others are in it, "
                f"so it is said here alone:\n{shown}"
            )
            if await self._tell_team(file.ticket, _wish(refund, where), key=f"{job.key}:team"):
                return
            shown = f"{asked}{said}"
        await self._is.messenger.post(file.ticket_channel_id, _wish(refund, shown), key=job.key)

    async def _tell_team(self, ticket: Ticket, said: View, *, key: str) -> bool:
        """Where nobody reads it who was added to the ticket; False where there is no such place."""
        settings = await self._is.guilds.settings(ticket.guild_id)
        where = ticket.notes_thread_id or settings.log_channel_id
        return await self._is.messenger.post(where, said, key=key)

    async def ask_back(self, job: Job) -> None:
        """The question, where it finds whoever asked for the refund."""
        file = await self._file(job)
        refund = file.case.refund
        if refund.state is not RefundState.ASKED_BACK or refund.requester_id is None:
            return
        by_member = refund.requester_id == refund.member_id
        if by_member and file.ticket_channel_id is not None and not file.is_overheard:
            told = await self._is.messenger.post(
                file.ticket_channel_id, _question(file), key=job.key
            )
        else:
            told = await self._is.messenger.tell(refund.requester_id, _question(file), key=job.key)
        if not told:
            channel_id = await self._is.guilds.refund_channel(refund.guild_id)
            await self._is.messenger.post(channel_id, _unreached(file), key=f"{job.key}:unreached")

    async def tell_ticket(self, job: Job) -> None:
        """What has become of it, for the member to read beside the conversation.

        Where others would read what they have no part in, the member hears how it ends by direct
        message and by mail alone.
        """
        file = await self._file(job)
        refund = file.case.refund
        if file.ticket_channel_id is None or job.payload["state"] != refund.state:
            return
        if not file.is_overheard:
            said = ticket_card(file.case, self._is)
        elif refund.state in WAITING:
            said = waiting_card(refund)
        else:
            return
        await self._is.messenger.post(file.ticket_channel_id, said, key=job.key)


def _wish(refund: Refund, said: str) -> View:
    return card(
        text(
            f"{said}\n-# For the team: look at it, and put it before the moderators, or decline it "
            "with a reason."
        ),
        row(
            button("Prepare the request", custom_id("refund.prepare", refund.id)),
            button("Decline", custom_id("refund.decline", refund.id)),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def _question(file: RefundFile) -> View:
    refund = file.case.refund
    asked = [each for each in file.case.decisions if each.kind is DecisionKind.ASKED]
    return card(
        text(
            f"### A question about the refund of {words.money(refund.amount)}\n"
            f"The moderators would like to know before they decide:\n"
            f"{words.quoted(asked[-1].note or '')}\n-# Reference: {refund.reference}"
        ),
        row(button("Answer", custom_id("refund.answer", refund.id))),
        accent=words.NEUTRAL_COLOUR,
    )


def _unreached(file: RefundFile) -> View:
    refund = file.case.refund
    return card(
        text(
            f"### Your question did not arrive\n<@{refund.requester_id}> takes no direct messages. "
            "Anybody of the support team can answer it here.\n"
            f"-# Reference: {refund.reference}"
        ),
        row(button("Answer", custom_id("refund.answer", refund.id))),
        accent=words.WARNING_COLOUR,
    )
