"""The signatures of requests that were taken in: none is taken twice."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.purge import purge_some
from storage.schema import used_signatures
from storage.upsert import insert_new


async def use(connection: AsyncConnection, signature: bytes, *, expires_at: datetime) -> bool:
    """Remember it; False when it was used before."""
    row = {"signature": signature, "expires_at": expires_at}
    return bool(await insert_new(connection, used_signatures, [row], unique=["signature"]))


async def purge(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget a portion of those that expired before that time."""
    return await purge_some(connection, used_signatures, used_signatures.c.expires_at < before)
