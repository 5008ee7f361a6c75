"""Rule S21: a secret that somebody posts in a ticket is taken out of the channel at once."""

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import ChannelId, MessageId, TicketId
from bot.domain.job import Job
from bot.domain.secrets_in_text import SecretKind
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import View, card, text

_NEXT = {
    SecretKind.CARD_NUMBER: "Nobody here needs it: you pay only on the payment provider's page.",
    SecretKind.SECRET_KEY: "Please make a new one now, and switch the old one off.",
    SecretKind.PASSWORD: "If you use it anywhere, please change it there.",
}

_log = structlog.get_logger(__name__)


class SecretEffects:
    """Deletes the message, and says why. What is left of it stays for the team."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._bot = bot
        self._is = dependencies
        dependencies.jobs.add("ticket.remove_secret", self.remove, in_discord=True)

    async def remove(self, job: Job) -> None:
        """Delete, then tell; where the bot may not delete, ask the author and the team."""
        channel_id = ChannelId(int(job.payload["channel_id"]))
        message_id = MessageId(int(job.payload["message_id"]))
        kinds = [SecretKind(each) for each in job.payload["kinds"]]
        author = f"<@{int(job.payload['author_id'])}>"
        try:
            await self._bot.http.delete_message(channel_id, message_id, reason="A secret in it")
        except discord.NotFound:
            _log.info("secret_gone_already", message=message_id)
        except discord.Forbidden as refusal:
            _log.error("secret_not_deleted", message=message_id, code=refusal.code)
            await self._is.messenger.post(channel_id, _please(author, kinds), key=job.key)
            await self._tell_team(job, channel_id, message_id)
            return
        rest = await self._is.ticket_records.text_of(message_id)
        files = await self._is.ticket_files.count_of(message_id)
        view = _removed(author, kinds, rest, files=files)
        await self._is.messenger.post(channel_id, view, key=job.key)

    async def _tell_team(self, job: Job, channel_id: ChannelId, message_id: MessageId) -> None:
        ticket = await self._is.tickets.find(TicketId(str(job.payload["ticket_id"])))
        settings = await self._is.guilds.settings(ticket.guild_id)
        address = f"https://discord.com/channels/{ticket.guild_id}/{channel_id}/{message_id}"
        await self._is.messenger.post(
            settings.log_channel_id,
            card(
                text(
                    f"### A secret is still in ticket {ticket.number:04}\nThe bot may not delete "
                    f"{address}. Please delete it by hand, and give the bot *Manage Messages* in "
                    "this server."
                ),
                accent=words.WARNING_COLOUR,
            ),
            key=f"{job.key}:log",
        )


def _what(kinds: list[SecretKind]) -> str:
    return " and ".join(f"a **{kind.value}**" for kind in kinds)


def _removed(author: str, kinds: list[SecretKind], rest: str, *, files: int) -> View:
    kept = f"\nThe rest of it:\n{words.quoted(rest)}" if rest.strip() else ""
    return card(
        text(
            f"{author}, I removed your message, because it looked as if {_what(kinds)} was in it. "
            f"{' '.join(_NEXT[kind] for kind in kinds)}{_again(files)}{kept}"
        ),
        accent=words.WARNING_COLOUR,
    )


def _again(files: int) -> str:
    """Not posted by the bot: a picture can show the same secret. The record keeps them."""
    if not files:
        return ""
    gone, them = ("file", "it") if files == 1 else ("files", "them")
    return f" Your {gone} went with it: please send {them} again, without a secret."


def _please(author: str, kinds: list[SecretKind]) -> View:
    return card(
        text(
            f"{author}, **please delete your message**: it looks as if {_what(kinds)} is in it, "
            f"and I may not delete it. {' '.join(_NEXT[kind] for kind in kinds)}"
        ),
        accent=words.WARNING_COLOUR,
    )
