"""Whether this is the only bot on an SQLite file, as the operating system sees it.

Every process shares a lock on a file beside the store until it ends, kill -9 included. So whoever
could have it alone knows that every other process which has worked on this store is gone.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from storage.database import Database

_LOOK_AGAIN_SECONDS = 0.05


@asynccontextmanager
async def process_lock(
    database: Database, *, when_alone: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Share the lock until the block ends; `when_alone` runs first where nobody else has it.

    Others wait for that to end. It never runs on PostgreSQL, whose processes may be on several
    machines.
    """
    path = database.url.database
    if not database.is_sqlite or not path or path == ":memory:":
        yield
        return
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if _locked(descriptor, fcntl.LOCK_EX):
            await when_alone()
        while not _locked(descriptor, fcntl.LOCK_SH):  # noqa: ASYNC110 - other processes wake nobody
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
