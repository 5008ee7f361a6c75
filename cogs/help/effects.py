"""What the bot sees by itself: beside a new billing ticket, and for the team."""

from collections.abc import Sequence

import discord

from bot.domain.identifiers import ChannelId, GuildId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.refund import Payment
from bot.services.jobs import TryAgainError
from cogs import words
from cogs.dependencies import Dependencies
from cogs.help.render import charges, findings_parts, plain_charges
from cogs.interactions import custom_id
from cogs.layout import View, button, card, row, text
from cogs.refunds.render import open_button


class HelpEffects:
    """Handlers of the jobs that look and tell."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the handlers."""
        self._is = dependencies
        jobs = dependencies.jobs
        jobs.add("help.look_into_ticket", self.look_into_ticket, in_discord=True)
        jobs.add("help.tell_team", self.tell_team, in_discord=True)

    async def look_into_ticket(self, job: Job) -> None:
        """After the ticket is open: it waits for nothing. Silence where nothing is wrong."""
        ticket = await self._is.self_help.open_ticket(TicketId(str(job.payload["ticket_id"])))
        if ticket is None:
            return
        found = await self._is.self_help.look(ticket.opener_id)
        if not found.provider_answered and not found.provider_refused:
            raise TryAgainError("the provider is silent")
        if not found.is_anything_wrong:
            return
        await self._is.messenger.post(
            ticket.channel_id,
            card(
                text("### What I see about the payments"),
                *(text(part) for part in findings_parts(found, self._is)),
                row(
                    button("Update card", custom_id("billing.portal")),
                    *self._refund_button(ticket.id, found.duplicates),
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
            key=job.key,
        )
        if found.duplicates:
            await self._is.self_help.ask_team(ticket.opener_id, ticket.guild_id, found.duplicates)

    def _refund_button(
        self, ticket_id: TicketId, duplicates: Sequence[Sequence[Payment]]
    ) -> list[discord.ui.Button[View]]:
        """S30: the request is prepared; the member says whether they want it."""
        if not duplicates or self._is.refunds.is_switched_off:
            return []
        return [button("Ask for a refund", custom_id("refund.wish", ticket_id))]

    async def tell_team(self, job: Job) -> None:
        """S30: the numbers of the payments, for a moderator to look at. Nothing is promised.

        By mail where no log channel takes it, so that "the team has been asked" is true.
        """
        group = await self._is.self_help.charges(job.payload["payment_ids"])
        member = UserId(int(job.payload["user_id"]))
        posted = [
            await self._is.messenger.post(
                channel_id, _team_card(member, group), key=f"{job.key}:{channel_id}"
            )
            for channel_id in await self._channels(job)
        ]
        if any(posted):
            return
        numbers = [each.id for each in group]
        await self._is.send_mail(
            to=self._is.vendor.support_email,
            subject="Charged twice?",
            text=(
                f"Discord user {member} has more than one payment for the same period:\n\n"
                f"{plain_charges(group)}\n\nPlease look at it with /refund in Discord. Nothing was "
                "promised to the member.\n"
            ),
            message_id=f"duplicate-{'-'.join(numbers)}",
        )

    async def _channels(self, job: Job) -> list[ChannelId]:
        """The log channel of the server where it was asked, or else every one."""
        if job.payload["guild_id"] is not None:
            guild_id = GuildId(int(job.payload["guild_id"]))
            settings = await self._is.guilds.settings(guild_id)
            if settings.log_channel_id is not None:
                return [settings.log_channel_id]
        return await self._is.guilds.log_channels()


def _team_card(member: UserId, group: Sequence[Payment]) -> View:
    return card(
        text(
            f"### Charged twice?\n<@{member}> has more than one payment for the same period:\n"
            f"{charges(group)}\n**Next:** look at it here or with `/refund` (ground: charged "
            "twice). Refunding one of them ends nothing. Nothing was promised to the member."
        ),
        row(open_button(member, group[-1].id)),
        accent=words.WARNING_COLOUR,
    )
