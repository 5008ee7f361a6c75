"""/tickets search: what was said in past tickets, for the team."""

from bot.domain.errors import NothingToSearch
from bot.domain.ticket_search import PAGE, Found, FoundPage, words_of
from bot.services.context import Context
from bot.services.guilds import Actor
from bot.services.ticket_access import TicketAccess
from storage import ticket_search, tickets


class TicketSearchService:
    """Finds only what the actor may open."""

    def __init__(self, context: Context, access: TicketAccess) -> None:
        """`access` says which topics' tickets the actor answers."""
        self._context = context
        self._access = access

    async def search(self, actor: Actor, typed: str, *, offset: int) -> FoundPage:
        """One page, newest first; raises NotPermitted, or NothingToSearch without a word."""
        topics = await self._access.topics_in_sight(actor)
        words = words_of(typed)
        if not words:
            raise NothingToSearch
        async with self._context.database.read() as connection:
            matches = await ticket_search.find(
                connection,
                words,
                guild_id=actor.guild_id,
                topics=topics,
                reader=actor.user_id,
                limit=PAGE + 1,
                offset=offset,
            )
            shown = matches[:PAGE]
            there = await tickets.find_many(connection, [each.ticket_id for each in shown])
        by_id = {each.ticket_id: each for each in shown}
        found = [
            Found(ticket, by_id[ticket.id].messages, by_id[ticket.id].said) for ticket in there
        ]
        return FoundPage(words, found, offset, more=len(matches) > PAGE)
