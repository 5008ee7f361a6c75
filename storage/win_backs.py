"""Who would like to hear once after leaving, and who has."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import AttemptId, UserId
from storage.schema import win_backs
from storage.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Consent:
    """`sent_at` is when it was decided to send; from then on nothing more comes of it."""

    attempt_id: AttemptId
    user_id: UserId
    consented_at: datetime
    sent_at: datetime | None


async def add(
    connection: AsyncConnection, attempt_id: AttemptId, user_id: UserId, *, now: datetime
) -> None:
    """The member agrees; saying it twice changes nothing."""
    row = {"attempt_id": attempt_id, "user_id": user_id, "consented_at": now}
    await insert_new(connection, win_backs, [row], unique=["attempt_id"])


async def find(connection: AsyncConnection, attempt_id: AttemptId) -> Consent | None:
    """What was agreed to when leaving with this attempt."""
    statement = sa.select(win_backs).where(win_backs.c.attempt_id == attempt_id)
    row = (await connection.execute(statement)).first()
    return None if row is None else Consent(**row._mapping)


async def take_back(
    connection: AsyncConnection, user_id: UserId, attempt_id: AttemptId | None = None
) -> int:
    """Forget what has not been sent yet: of one attempt, or all; returns how many there were."""
    which = sa.true() if attempt_id is None else win_backs.c.attempt_id == attempt_id
    result = await connection.execute(
        sa.delete(win_backs).where(
            win_backs.c.user_id == user_id, win_backs.c.sent_at.is_(None), which
        )
    )
    return int(result.rowcount)


async def heard_since(
    connection: AsyncConnection, user_id: UserId, moment: datetime, *, besides: AttemptId
) -> bool:
    """Whether this member was sent another one since then."""
    found = await connection.scalar(
        sa.select(win_backs.c.attempt_id)
        .where(
            win_backs.c.user_id == user_id,
            win_backs.c.attempt_id != besides,
            win_backs.c.sent_at > moment,
        )
        .limit(1)
    )
    return found is not None


async def note_sent(connection: AsyncConnection, attempt_id: AttemptId, *, now: datetime) -> None:
    """It is about to be sent."""
    await connection.execute(
        sa.update(win_backs).where(win_backs.c.attempt_id == attempt_id).values(sent_at=now)
    )
