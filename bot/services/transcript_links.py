"""Links to transcripts: made for one person, and looked at again each time that one is opened.

Whoever holds a link reads as the person for whom it was made: there is no login. So making one and
its first opening are in the audit log, and a link to the team's copy opens in one browser.
"""

from datetime import datetime
from urllib.parse import urlsplit

from bot.domain.identifiers import RoleId, TicketId, UserId
from bot.domain.ticket import Ticket
from bot.domain.transcript import Copy, LinkClosedError, TranscriptLink, WhyClosed
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.membership import Membership
from bot.services.ticket_access import TicketAccess
from storage import audit, tickets, used_signatures


class TranscriptLinks:
    """Access to a transcript is the ticket's access, at each reading."""

    def __init__(
        self,
        context: Context,
        access: TicketAccess,
        membership: Membership,
        *,
        public_url: str | None,
        key: bytes | None,
    ) -> None:
        """Without an address and a key there are no links, and the file has to do."""
        self._context = context
        self._access = access
        self._membership = membership
        self._public_url = public_url
        self._key = key

    async def make(
        self, ticket_id: TicketId, user_id: UserId, copy: Copy, *, at: datetime | None = None
    ) -> str | None:
        """An address that shows this person their copy for a while; None without a web address.

        What may run again says since when it counts, and makes the same link again.
        """
        if self._public_url is None or self._key is None:
            return None
        link = TranscriptLink.made(ticket_id, user_id, copy, now=at or self._context.clock())
        await self._note("made", link, once=link.mark("made", self._key))
        return f"{self._public_url}/transcripts/{ticket_id}?{link.query(self._key)}"

    def query_of(self, link: TranscriptLink) -> str:
        """What stands behind the question mark."""
        return link.query(self._key) if self._key else ""

    def path_of(self, link: TranscriptLink) -> str:
        """Where browsers find it and its files."""
        return f"{urlsplit(self._public_url or '').path}/transcripts/{link.ticket_id}"

    def reader_of(self, link: TranscriptLink) -> str:
        """What the browser that opens a link shows with it from then on."""
        return link.reader(self._key) if self._key else ""

    async def open(self, link: TranscriptLink, signature: str, *, reader: str) -> Actor:
        """Somebody looks at the page; raises LinkClosedError or RolesUnknownError.

        `reader` is what the browser shows. Returns as whom they read.
        """
        ticket, person = await self._require_open(link, signature)
        if self._is_known(link, reader):
            return person
        is_first = await self._note("opened", link, once=signature)
        if link.copy is Copy.STAFF and not is_first:
            raise LinkClosedError(WhyClosed.OPENED_ELSEWHERE, ticket.number)
        return person

    async def require_opened(self, link: TranscriptLink, signature: str, *, reader: str) -> Actor:
        """Somebody wants something that stands in the page; raises and returns as `open` does."""
        ticket, person = await self._require_open(link, signature)
        if link.copy is Copy.STAFF and not self._is_known(link, reader):
            raise LinkClosedError(WhyClosed.OPENED_ELSEWHERE, ticket.number)
        return person

    def _is_known(self, link: TranscriptLink, reader: str) -> bool:
        return link.copy is Copy.STAFF and link.is_reader(reader, key=self._key or b"")

    async def _require_open(self, link: TranscriptLink, signature: str) -> tuple[Ticket, Actor]:
        if self._key is None or not link.fits(signature, key=self._key):
            raise LinkClosedError(WhyClosed.NOT_OURS)
        async with self._context.database.read() as connection:
            ticket = await tickets.find(connection, link.ticket_id)
        if ticket is None:
            raise LinkClosedError(WhyClosed.NOT_OURS)
        if self._context.clock() >= link.expires_at:
            raise LinkClosedError(WhyClosed.EXPIRED, ticket.number)
        if ticket.is_forgotten:
            raise LinkClosedError(WhyClosed.FORGOTTEN, ticket.number)
        of_copy = self._of_team if link.copy is Copy.STAFF else self._of_members
        person = await of_copy(ticket, link.user_id)
        if person is None:
            raise LinkClosedError(WhyClosed.NOT_THEIRS, ticket.number)
        return ticket, person

    async def _of_members(self, ticket: Ticket, user_id: UserId) -> Actor | None:
        """Who was removed from a ticket reads it no more. Roles open nothing in this copy."""
        person = _actor(ticket, user_id, frozenset())
        return person if await self._access.may_see(person, ticket) else None

    async def _of_team(self, ticket: Ticket, user_id: UserId) -> Actor | None:
        """Who has lost the role, or has become one of those whom the ticket is about, does not.

        Discord is asked last: nobody else knows who has a role.
        """
        if user_id in await self._access.members_side(ticket):
            return None
        roles = await self._membership.roles(ticket.guild_id, user_id)
        person = _actor(ticket, user_id, roles or frozenset())
        return person if await self._access.is_team(person, ticket) else None

    async def _note(self, what: str, link: TranscriptLink, *, once: str) -> bool:
        """Into the audit log, under whom the link is for; False where that was done before."""
        async with self._context.database.write() as connection:
            if not await used_signatures.use(
                connection, bytes.fromhex(once), expires_at=link.expires_at
            ):
                return False
            await audit.append(
                connection,
                actor_id=link.user_id,
                action=f"ticket.{link.copy}_link_{what}",
                subject=link.ticket_id,
                details={},
                now=self._context.clock(),
            )
        return True


def _actor(ticket: Ticket, user_id: UserId, role_ids: frozenset[RoleId]) -> Actor:
    return Actor(user_id, ticket.guild_id, role_ids, manages_guild=False)
