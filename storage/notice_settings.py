"""Which notices a member has switched off; what is not written here is on."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import UserId
from bot.domain.notice import NoticeKind
from storage.schema import notice_settings
from storage.upsert import insert_new


async def switched_off(connection: AsyncConnection, user_id: UserId) -> frozenset[NoticeKind]:
    """The kinds that this member does not want."""
    rows = await connection.scalars(
        sa.select(notice_settings.c.kind).where(
            notice_settings.c.user_id == user_id, notice_settings.c.enabled.is_(False)
        )
    )
    known = {kind.value: kind for kind in NoticeKind}
    return frozenset(known[each] for each in rows if each in known)


async def switch(
    connection: AsyncConnection, user_id: UserId, kind: NoticeKind, *, enabled: bool
) -> None:
    """Remember what the member wants; saying it twice changes nothing."""
    row = {"user_id": user_id, "kind": kind.value, "enabled": enabled}
    await insert_new(connection, notice_settings, [row], unique=["user_id", "kind"])
    await connection.execute(
        sa.update(notice_settings)
        .where(notice_settings.c.user_id == user_id, notice_settings.c.kind == kind.value)
        .values(enabled=enabled)
    )
