"""What comes with the wish for a ticket, and messages that one is to be about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import ChannelId, UserId
from bot.domain.opening_errors import BotHasNoTickets, QuoteGone
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.topic import ABOUT_MESSAGE
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from storage import ticket_quotes
from storage.ticket_quotes import Quote

# Of a message that is quoted; the ticket has a link to the whole of it.
QUOTED_LENGTH = 1_000
# Whoever picked a message and went away has forgotten it by then.
KEEP_QUOTES = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was given with the answers. Discord keeps it at `url` for a while."""

    filename: str
    url: str
    size: int

    def to_payload(self) -> dict[str, Any]:
        """For a job."""
        return {"filename": self.filename, "url": self.url, "size": self.size}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "Upload":
        """The inverse of `to_payload`."""
        return cls(str(payload["filename"]), str(payload["url"]), int(payload["size"]))


@dataclass(frozen=True, slots=True)
class Asking:
    """What comes with the answers.

    `channel_id` is where it was asked. `by` is set when the team opens a ticket for a member, and
    then has been seen to be of the team.
    """

    files: tuple[Upload, ...] = ()
    channel_id: ChannelId | None = None
    quote_id: str | None = None
    by: UserId | None = None

    def to_payload(self) -> dict[str, Any]:
        """What the job that makes the channel needs."""
        return {
            "files": [each.to_payload() for each in self.files],
            "asked_in": self.channel_id,
            "by_team": self.by is not None,
        }


async def all_answers(
    connection: AsyncConnection, answers: Mapping[str, str], asking: Asking, taker: UserId
) -> dict[str, str]:
    """The answers without secrets (S21), with the message that the ticket is about.

    Raises QuoteGone.
    """
    given = dict(answers)
    if asking.quote_id is not None:
        quoted = await ticket_quotes.take(connection, asking.quote_id, taker)
        if quoted is None:
            raise QuoteGone
        given[ABOUT_MESSAGE] = quoted
    return {name: remove_secrets(text)[0] for name, text in given.items()}


class TicketRequestService:
    """Tickets about a message, and for somebody else."""

    def __init__(self, context: Context, guild_service: GuildService) -> None:
        """`guild_service` says who is support."""
        self._context = context
        self._guilds = guild_service

    async def quote(
        self, actor: Actor, *, author_id: UserId, author_name: str, said: str, link: str
    ) -> str:
        """Keep a message until the questions are answered; returns the quotation's id."""
        cleaned = remove_secrets(said)[0][:QUOTED_LENGTH]
        quote = Quote(
            id=self._context.new_id(),
            guild_id=actor.guild_id,
            taken_by=actor.user_id,
            author_id=author_id,
            quoted=f"{author_name}: {cleaned}\n{link}",
        )
        async with self._context.database.write() as connection:
            await ticket_quotes.add(connection, quote, now=self._context.clock())
        return quote.id

    async def is_team(self, actor: Actor) -> bool:
        """Whether the actor answers tickets or moderates."""
        settings = await self._guilds.settings(actor.guild_id)
        team = {settings.support_role_id, settings.moderator_role_id} - {None}
        return not actor.role_ids.isdisjoint(team)

    async def require_for(self, actor: Actor, *, is_bot: bool = False) -> None:
        """Before a ticket is opened for somebody else; raises NotPermitted."""
        await self._guilds.require(actor, Duty.SUPPORT, Duty.MODERATOR)
        if is_bot:
            raise BotHasNoTickets
