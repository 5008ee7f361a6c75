"""/block, /unblock and /blocks: who may not open tickets, and until when."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import TicketId, UserId
from bot.domain.opening_errors import BotHasNoTickets, InvalidUntil
from bot.domain.ticket_block import TicketBlock, parse_until
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, custom_id, modal_answers, reply
from cogs.layout import card, modal, text, text_field

LONGEST_REASON = 200
# Of a reason, in the list.
SHOWN = 60


class BlockCog(commands.Cog):
    """Discord hides the commands from others; the service refuses everybody else."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the modal that a ticket leads to."""
        self._is = dependencies
        dependencies.router.add("block.with", self.block_opener)

    @app_commands.command(name="block", description="Keep a person from opening tickets (team)")
    @app_commands.describe(
        member="Tickets that are open stay open; cancelling always works",
        until="How long (12h, 7d, 2w) or the last day (2027-01-31); left out: no end",
        reason="For the team; the member does not see it",
    )
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def block(
        self,
        interaction: Interaction,
        member: discord.User,
        until: str | None = None,
        reason: app_commands.Range[str, 1, LONGEST_REASON] | None = None,
    ) -> None:
        """Block, or change the block that is there."""
        if member.bot:
            raise BotHasNoTickets
        await self._block(interaction, UserId(member.id), until, reason)

    async def block_opener(self, interaction: Interaction, ticket_id: str) -> None:
        """The member of a ticket, by “More…”."""
        ticket = (
            await self._is.ticket_work.look(actor_of(interaction), TicketId(ticket_id))
        ).ticket
        given = modal_answers(interaction)
        await self._block(
            interaction, ticket.opener_id, given.get("until"), given.get("reason") or None
        )

    async def _block(
        self, interaction: Interaction, user_id: UserId, until: str | None, reason: str | None
    ) -> None:
        end = parse_until(until, now=self._is.clock()) if until else None
        if until and end is None:
            raise InvalidUntil
        block = await self._is.ticket_blocks.block(
            actor_of(interaction), user_id, until=end, reason=reason
        )
        await reply(
            interaction,
            card(
                text(
                    f"## <@{user_id}> cannot open tickets\nUntil: {_end(block)}. Open tickets "
                    "stay open, and cancelling needs no ticket. `/unblock` takes it back."
                ),
                accent=words.SUCCESS_COLOUR,
            ),
        )

    @app_commands.command(name="unblock", description="Let a person open tickets again (team)")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def unblock(self, interaction: Interaction, member: discord.User) -> None:
        """Lift a block."""
        await self._is.ticket_blocks.unblock(actor_of(interaction), UserId(member.id))
        await reply(
            interaction,
            card(text(f"## <@{member.id}> can open tickets again"), accent=words.SUCCESS_COLOUR),
        )

    @app_commands.command(name="blocks", description="Who may not open tickets (team)")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def blocks(self, interaction: Interaction) -> None:
        """Those that are in force, newest first."""
        found = await self._is.ticket_blocks.in_force(actor_of(interaction))
        listed = "\n".join(_line(block) for block in found) or "Nobody."
        await reply(
            interaction,
            card(text(f"## Who cannot open tickets\n{listed}"), accent=words.NEUTRAL_COLOUR),
        )


def block_modal(ticket_id: TicketId) -> discord.ui.Modal:
    """Until when, and why."""
    return modal(
        "Block this member",
        custom_id("block.with", ticket_id),
        text_field(
            "Until when?",
            "until",
            description="How long or the last day; empty: no end",
            placeholder="7d",
            required=False,
            max_length=30,
        ),
        text_field(
            "Why?",
            "reason",
            description="For the team; the member does not see it",
            required=False,
            max_length=LONGEST_REASON,
        ),
    )


def _end(block: TicketBlock) -> str:
    return words.day_and_time(block.until) if block.until else "no end"


def _line(block: TicketBlock) -> str:
    why = f" · `{words.plain(block.reason[:SHOWN])}`" if block.reason else ""
    return f"- <@{block.user_id}> · until: {_end(block)} · by <@{block.blocked_by}>{why}"
