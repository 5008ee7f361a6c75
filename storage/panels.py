"""Panels: the messages with buttons that open tickets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import GuildId, PanelId
from bot.domain.panel import Panel, PanelLayout, PanelState
from storage.purge import purge_some
from storage.schema import panels


def _panel(row: sa.Row[tuple[object, ...]]) -> Panel:
    return Panel(
        row.id,
        row.guild_id,
        row.channel_id,
        row.title,
        row.body,
        tuple(row.topics),
        PanelLayout(row.layout),
        row.created_by,
        row.created_at,
        PanelState(row.state),
        row.message_id,
    )


async def add(connection: AsyncConnection, panel: Panel) -> None:
    """Keep a draft."""
    await connection.execute(
        sa.insert(panels).values(
            id=panel.id,
            state=panel.state.value,
            guild_id=panel.guild_id,
            channel_id=panel.channel_id,
            title=panel.title,
            body=panel.body,
            topics=list(panel.topics),
            layout=panel.layout.value,
            created_by=panel.created_by,
            created_at=panel.created_at,
        )
    )


async def find(connection: AsyncConnection, panel_id: PanelId) -> Panel | None:
    """The panel, whatever its state."""
    row = (await connection.execute(sa.select(panels).where(panels.c.id == panel_id))).first()
    return None if row is None else _panel(row)


async def advance(
    connection: AsyncConnection,
    panel_id: PanelId,
    *,
    expected: Sequence[PanelState],
    to: PanelState,
    **values: Any,
) -> Panel | None:
    """Move a panel on; None when it is in none of the expected states, or gone."""
    row = (
        await connection.execute(
            sa.update(panels)
            .where(panels.c.id == panel_id, panels.c.state.in_([each.value for each in expected]))
            .values(state=to.value, **values)
            .returning(panels)
        )
    ).first()
    return None if row is None else _panel(row)


async def remove(connection: AsyncConnection, panel_id: PanelId, guild_id: GuildId) -> Panel | None:
    """The panel that was there."""
    row = (
        await connection.execute(
            sa.delete(panels)
            .where(panels.c.id == panel_id, panels.c.guild_id == guild_id)
            .returning(panels)
        )
    ).first()
    return None if row is None else _panel(row)


async def all_in(connection: AsyncConnection, guild_id: GuildId) -> list[Panel]:
    """A server's panels that are posted or on their way, oldest first."""
    rows = await connection.execute(
        sa.select(panels)
        .where(panels.c.guild_id == guild_id, panels.c.state != PanelState.DRAFT.value)
        .order_by(panels.c.created_at, panels.c.id)
    )
    return [_panel(row) for row in rows]


async def purge_drafts(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget a portion of those that nobody has confirmed."""
    return await purge_some(
        connection,
        panels,
        panels.c.state == PanelState.DRAFT.value,
        panels.c.created_at < before,
    )
