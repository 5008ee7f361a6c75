"""Who may see a ticket, and who works on it. Buttons, transcripts and search ask here."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import GuildNotSetUp, NotPermitted
from bot.domain.identifiers import GuildId, RoleId, UserId
from bot.domain.ticket import Ticket
from bot.domain.ticket_record import TicketRecord
from bot.domain.ticket_search import TopicsInSight
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from storage import ticket_people


async def members_side(connection: AsyncConnection, ticket: Ticket) -> frozenset[UserId]:
    """Whom the ticket is about: who opened it, and who was added to it.

    Notes are kept from them, whichever roles they have.
    """
    return frozenset({ticket.opener_id, *await ticket_people.concerned(connection, ticket.id)})


class TicketAccess:
    """Asked anew at every click: roles and the list of people change."""

    def __init__(self, context: Context, guild_service: GuildService) -> None:
        """`guild_service` says who is support."""
        self._context = context
        self._guilds = guild_service

    async def team_role(self, ticket: Ticket) -> RoleId | None:
        """The role that answers this ticket: its topic's, or else the server's support role."""
        return await self.role_for(ticket.guild_id, ticket.topic_id)

    async def team_roles(self, ticket: Ticket) -> frozenset[RoleId]:
        """Every role that may work on it: the one that answers it, and the moderators'."""
        return await self.team_roles_for(ticket.guild_id, ticket.topic_id)

    async def team_roles_for(self, guild_id: GuildId, topic_id: str) -> frozenset[RoleId]:
        """The same of every ticket of this topic here."""
        moderators = (await self._guilds.settings(guild_id)).moderator_role_id
        roles = (await self.role_for(guild_id, topic_id), moderators)
        return frozenset(role for role in roles if role is not None)

    async def role_for(self, guild_id: GuildId, topic_id: str) -> RoleId | None:
        """The role that answers tickets of this topic here."""
        own = await self._guilds.topic_role(guild_id, topic_id)
        return own or (await self._guilds.settings(guild_id)).support_role_id

    async def is_for_one_team(self, ticket: Ticket) -> bool:
        """Whether its topic has a team of its own here."""
        return await self._guilds.topic_role(ticket.guild_id, ticket.topic_id) is not None

    async def is_team(self, actor: Actor, ticket: Ticket) -> bool:
        """Whether the actor answers this ticket, or moderates its server."""
        if ticket.guild_id != actor.guild_id or not self._guilds.trusts(actor.guild_id):
            return False
        return not actor.role_ids.isdisjoint(await self.team_roles(ticket))

    async def require_team(self, actor: Actor, ticket: Ticket) -> None:
        """Raise NotPermitted unless the actor answers this ticket or moderates its server."""
        self._guilds.require_trusted(actor.guild_id)
        if await self.is_team(actor, ticket):
            return
        if await self.team_role(ticket) is None:
            raise GuildNotSetUp(("support role",))
        raise NotPermitted(needs=Duty.SUPPORT)

    async def topics_in_sight(self, actor: Actor) -> TopicsInSight:
        """Of which topics the actor may see every ticket in the server; raises NotPermitted."""
        self._guilds.require_trusted(actor.guild_id)
        settings = await self._guilds.settings(actor.guild_id)
        with_team = await self._guilds.topics_with_team(actor.guild_id)
        own = frozenset(topic for topic, role in with_team.items() if role in actor.role_ids)
        if settings.moderator_role_id in actor.role_ids:
            return TopicsInSight()
        if settings.support_role_id in actor.role_ids:
            return TopicsInSight(without=frozenset(with_team) - own)
        if own:
            return TopicsInSight(only=own)
        if settings.support_role_id is None:
            raise GuildNotSetUp(("support role",))
        raise NotPermitted(needs=Duty.SUPPORT)

    async def may_see(self, actor: Actor, ticket: Ticket) -> bool:
        """Its opener, whoever was added to it, and the team; in its own server alone."""
        if ticket.guild_id != actor.guild_id:
            return False
        if ticket.opener_id == actor.user_id:
            return True
        async with self._context.database.read() as connection:
            if await ticket_people.is_in(connection, ticket.id, actor.user_id):
                return True
        return await self.is_team(actor, ticket)

    async def readable(self, actor: Actor, record: TicketRecord) -> TicketRecord:
        """What the actor may read of a ticket that they may see.

        What was merged into it was said to those who saw that ticket, and is read by them alone.
        """
        hidden = {each.id for each in record.merged if not await self.may_see(actor, each)}
        return record.without(hidden)

    async def for_log(self, record: TicketRecord) -> TicketRecord | None:
        """What the log channel may read of it: nothing of a topic with a team of its own."""
        if await self.is_for_one_team(record.ticket):
            return None
        hidden = {each.id for each in record.merged if await self.is_for_one_team(each)}
        return record.without(hidden)

    async def members_side(self, ticket: Ticket) -> frozenset[UserId]:
        """Whom the ticket is about, so that its notes are kept from them."""
        async with self._context.database.read() as connection:
            return await members_side(connection, ticket)

    async def require_sight(self, actor: Actor, ticket: Ticket) -> None:
        """Raise NotPermitted unless the actor may see the ticket."""
        if not await self.may_see(actor, ticket):
            raise NotPermitted(needs=Duty.SUPPORT)
