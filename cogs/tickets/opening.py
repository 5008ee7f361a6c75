"""The channel of a reserved ticket. Every step finds out first whether it is done already."""

import discord
import structlog
from discord.ext import commands

from bot.domain.errors import TicketOver
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import AttemptId, ChannelId, MessageId, TicketId
from bot.domain.job import Job
from bot.domain.secrets_in_text import REMOVED
from bot.domain.ticket import OCCUPYING, Ticket, TicketState, ticket_id_in
from bot.services.jobs import TryAgainError
from bot.services.screens import Screen
from cogs import words
from cogs.cancellation.wording import about_leaving
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, finished, row, text
from cogs.messenger import MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_CHANNEL
from cogs.tickets.capture import CaptureCog

GUILD_FULL = 30013
INVALID_FORM = 50035
MAX_IN_CATEGORY = 50
# Of the 4,000 characters that Discord shows in one message; labels and greeting need the rest.
ANSWERS_LENGTH = 3_200
# Rule S21: say what was done and why.
_REMOVED_NOTE = (
    "⚠️ What looked like a card number, a password or a secret key was removed from your answers "
    "before they were stored. If it was one, others must not know it: nobody here needs it."
)

_log = structlog.get_logger(__name__)


class OpeningEffects:
    """Carries out what `TicketService.open` reserved."""

    def __init__(
        self, bot: commands.AutoShardedBot, dependencies: Dependencies, capture: CaptureCog
    ) -> None:
        """Register the handlers."""
        self._bot = bot
        self._is = dependencies
        self._capture = capture
        dependencies.jobs.add("ticket.open", self.open, in_discord=True)
        dependencies.jobs.add("ticket.tell_staff", self.tell_staff, in_discord=True)

    async def open(self, job: Job) -> None:
        """Create or adopt the channel, welcome both sides, show the way there."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        screen = Screen.from_payload(job.payload["screen"])
        if ticket.state is TicketState.FAILED and ticket.close_reason is not None:
            # An earlier run was cut short before it had said so.
            await self._is.messenger.show(screen, self._failed_card(ticket.close_reason))
        if ticket.state not in OCCUPYING:
            return
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise TryAgainError("the server is not available")
        settings = await self._is.guilds.settings(ticket.guild_id)
        try:
            channel_id = ticket.channel_id or await self._make_channel(guild, ticket, settings)
            self._capture.watch(ticket.id, channel_id)
            welcome_id = await self._welcome(channel_id, ticket, settings)
        except discord.HTTPException as refusal:
            if not await self._give_up(ticket, screen, refusal):
                raise
            return
        try:
            await self._is.tickets.opened(ticket.id, welcome_id)
        except TicketOver:
            await self._is.messenger.show(screen, _deleted_card())
            return
        await self._is.messenger.show(
            screen,
            card(
                text(f"## Your ticket is open\nGo on here: <#{channel_id}>"),
                accent=words.SUCCESS_COLOUR,
            ),
        )

    async def _give_up(
        self, ticket: Ticket, screen: Screen, refusal: discord.HTTPException
    ) -> bool:
        """Free the member's place and say why; False when trying again may help."""
        if refusal.code == UNKNOWN_CHANNEL:
            await self._is.tickets.channel_gone(ticket.id)
            await self._is.messenger.show(screen, _deleted_card())
            return True
        why = _why_impossible(refusal)
        if why is None:
            return False
        _log.error("ticket_not_opened", ticket=ticket.id, code=refusal.code, text=refusal.text)
        await self._is.tickets.opening_failed(ticket.id, why)
        await self._is.messenger.show(screen, self._failed_card(why))
        return True

    async def _make_channel(
        self, guild: discord.Guild, ticket: Ticket, settings: GuildSettings
    ) -> ChannelId:
        """Adopt the channel that an earlier run created, or create it."""
        made = _channels_of(guild, ticket)
        if made:
            _log.info("ticket_channel_adopted", ticket=ticket.id, channel=made[0].id)
        channel = made[0] if made else await self._create_channel(guild, ticket, settings)
        # discord.py asks again when Discord's answer is a 500, even where it had done the work.
        for twin in _channels_of(guild, ticket):
            if twin.id != channel.id:
                _log.warning("ticket_channel_doubled", ticket=ticket.id, channel=twin.id)
                await twin.delete(reason="Made twice for one ticket")
        channel_id = ChannelId(channel.id)
        await self._is.tickets.attach_channel(ticket.id, channel_id)
        return channel_id

    async def _create_channel(
        self, guild: discord.Guild, ticket: Ticket, settings: GuildSettings
    ) -> discord.TextChannel:
        talk = discord.PermissionOverwrite(
            view_channel=True, send_messages=True, read_message_history=True, attach_files=True
        )
        overwrites: dict[
            discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite
        ] = {
            guild.default_role: discord.PermissionOverwrite(view_channel=False),
            discord.Object(ticket.opener_id, type=discord.Member): talk,
            guild.me: talk,
        }
        if settings.support_role_id is not None:
            overwrites[discord.Object(settings.support_role_id, type=discord.Role)] = talk
        category = self._roomy_category(guild, settings)
        try:
            return await guild.create_text_channel(
                ticket.channel_name,
                category=category,
                overwrites=overwrites,
                topic=ticket.channel_topic,
            )
        except discord.HTTPException as refusal:
            # Filled up or deleted between looking and creating: a ticket outside it is better
            # than none.
            if category is None or refusal.code != INVALID_FORM:
                raise
            return await guild.create_text_channel(
                ticket.channel_name, overwrites=overwrites, topic=ticket.channel_topic
            )

    def _roomy_category(
        self, guild: discord.Guild, settings: GuildSettings
    ) -> discord.CategoryChannel | None:
        category = guild.get_channel(settings.ticket_category_id or 0)
        if not isinstance(category, discord.CategoryChannel):
            return None
        return None if len(category.channels) >= MAX_IN_CATEGORY else category

    async def _welcome(
        self, channel_id: ChannelId, ticket: Ticket, settings: GuildSettings
    ) -> MessageId:
        """The only message that mentions anybody: opener and support, once."""
        if ticket.welcome_id is not None:
            return ticket.welcome_id
        role = settings.support_role_id
        mentions = discord.AllowedMentions(
            everyone=False,
            users=[discord.Object(ticket.opener_id)],
            roles=[discord.Object(role)] if role else False,
        )
        sent = await self._bot.get_partial_messageable(channel_id).send(
            view=finished(await self._welcome_card(ticket, settings)),
            nonce=f"welcome-{ticket.id}"[:25],
            allowed_mentions=mentions,
        )
        return MessageId(sent.id)

    async def _welcome_card(self, ticket: Ticket, settings: GuildSettings) -> View:
        topic = next((each for each in self._is.tickets.topics if each.id == ticket.topic_id), None)
        labels = {field.id: field.label for field in topic.fields} if topic else {}
        answers = "\n".join(
            f"**{labels.get(name, name)}**\n{_cut(words.quoted(answer), len(ticket.answers))}"
            for name, answer in ticket.answers.items()
            if answer
        )
        removed = any(REMOVED in answer for answer in ticket.answers.values())
        team = f"<@&{settings.support_role_id}>" if settings.support_role_id else "The team"
        return card(
            text(
                f"## {topic.label if topic else 'Ticket'} · {ticket.number:04}\n"
                f"Hello <@{ticket.opener_id}>. {team} will answer here.\n"
                "-# Never send a password, a card number or a secret key: nobody here needs one."
            ),
            text(answers or "-# Nothing was filled in."),
            *([text(await self._leaving(ticket.attempt_id))] if ticket.attempt_id else []),
            *([text(_REMOVED_NOTE)] if removed else []),
            row(
                button("Close ticket", custom_id("ticket.close", ticket.id)),
                *self._refund_button(ticket),
            ),
            accent=words.NEUTRAL_COLOUR,
        )

    def _refund_button(self, ticket: Ticket) -> list[discord.ui.Button[View]]:
        """R9: nothing is offered that the vendor never grants."""
        if ticket.topic_id != self._is.policy.billing_topic or self._is.refunds.is_switched_off:
            return []
        return [button("Ask for a refund", custom_id("refund.wish", ticket.id))]

    async def _leaving(self, attempt_id: AttemptId) -> str:
        """From where in the cancel flow the member came."""
        return about_leaving(await self._is.cancellations.outcome(attempt_id), self._is)

    def _failed_card(self, why: str) -> View:
        return card(
            text(
                f"## Your ticket could not be opened\n{why}\nThe server's administrators can mend "
                f"it. Until then, please write to {self._is.vendor.support_email}."
            ),
            accent=words.WARNING_COLOUR,
        )

    async def tell_staff(self, job: Job) -> None:
        """One line in the log channel."""
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        settings = await self._is.guilds.settings(ticket.guild_id)
        await self._is.messenger.post(
            settings.log_channel_id,
            card(
                text(
                    f"### Ticket {ticket.number:04} opened\n<@{ticket.opener_id}> · "
                    f"{ticket.topic_id} · <#{ticket.channel_id}>"
                )
            ),
            key=job.key,
        )


def _channels_of(guild: discord.Guild, ticket: Ticket) -> list[discord.TextChannel]:
    """The channels that name this ticket: one at most, unless an answer was lost."""
    return [each for each in guild.text_channels if ticket_id_in(each.topic) == ticket.id]


def _deleted_card() -> View:
    return card(
        text(
            "## Your ticket is closed\nIts channel was deleted while it was being opened. "
            "You can open a new one with `/ticket`."
        ),
        accent=words.WARNING_COLOUR,
    )


def _cut(answer: str, answers: int) -> str:
    """A share of what one message can hold; the transcript has the whole answer."""
    share = ANSWERS_LENGTH // max(answers, 1)
    return answer if len(answer) <= share else f"{answer[: share - 1]}…"


def _why_impossible(refusal: discord.HTTPException) -> str | None:
    """A reason that trying again will not change; None for one that may pass."""
    if refusal.code in (MISSING_ACCESS, MISSING_PERMISSIONS):
        return (
            "The bot may not create channels here: it needs Manage Channels, in the ticket "
            "category too."
        )
    if refusal.code == GUILD_FULL:
        return "This server has 500 channels, which is as many as Discord allows."
    return None
