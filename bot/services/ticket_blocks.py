"""Who may not open tickets: said by the team, with an end, and asked whenever one is opened."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, UserId
from bot.domain.opening_errors import NotBlocked, TicketsBlocked
from bot.domain.secrets_in_text import remove_secrets
from bot.domain.ticket_block import TicketBlock
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from storage import audit, ticket_blocks

# What one message can list.
LISTED = 40


class TicketBlockService:
    """For the team. A block keeps nobody from cancelling: that needs no ticket."""

    def __init__(self, context: Context, guild_service: GuildService) -> None:
        """`guild_service` says who is support."""
        self._context = context
        self._guilds = guild_service

    async def block(
        self, actor: Actor, user_id: UserId, *, until: datetime | None, reason: str | None
    ) -> TicketBlock:
        """Block, or change the block that is there; raises NotPermitted."""
        await self._guilds.require(actor, Duty.SUPPORT, Duty.MODERATOR)
        now = self._context.clock()
        block = TicketBlock(
            id=self._context.new_id(),
            guild_id=actor.guild_id,
            user_id=user_id,
            until=until,
            reason=remove_secrets(reason)[0] if reason else None,
            blocked_by=actor.user_id,
            blocked_at=now,
        )
        async with self._context.database.write() as connection:
            await ticket_blocks.save(connection, block)
            await audit.append(
                connection,
                actor_id=actor.user_id,
                action="block.set",
                subject=block.id,
                details={"until": until.isoformat() if until else None},
                now=now,
            )
        return block

    async def unblock(self, actor: Actor, user_id: UserId) -> None:
        """Lift a block; raises NotPermitted and NotBlocked."""
        await self._guilds.require(actor, Duty.SUPPORT, Duty.MODERATOR)
        now = self._context.clock()
        async with self._context.database.write() as connection:
            lifted = await ticket_blocks.remove(connection, actor.guild_id, user_id)
            if lifted is None or (lifted.until is not None and lifted.until <= now):
                raise NotBlocked
            await audit.append(
                connection,
                actor_id=actor.user_id,
                action="block.lifted",
                subject=lifted.id,
                details={},
                now=now,
            )

    async def in_force(self, actor: Actor) -> Sequence[TicketBlock]:
        """The server's blocks, newest first; raises NotPermitted."""
        await self._guilds.require(actor, Duty.SUPPORT, Duty.MODERATOR)
        async with self._context.database.read() as connection:
            return await ticket_blocks.all_in(
                connection, actor.guild_id, now=self._context.clock(), most=LISTED
            )

    async def require_unblocked(self, guild_id: GuildId, user_id: UserId) -> None:
        """Before the questions are asked; raises TicketsBlocked."""
        async with self._context.database.read() as connection:
            await refuse_blocked(connection, self._context, guild_id, user_id)


async def refuse_blocked(
    connection: AsyncConnection, context: Context, guild_id: GuildId, user_id: UserId
) -> None:
    """Within the transaction that opens a ticket; raises TicketsBlocked."""
    block = await ticket_blocks.find(connection, guild_id, user_id, now=context.clock())
    if block is not None:
        raise TicketsBlocked(until=block.until, write_to=context.policy.support_email)
