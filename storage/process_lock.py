"""Whether this is the only bot on an SQLite file, as the operating system sees it.

A lock on a file beside the store ends with the process that holds it, kill -9 included. So whoever
gets it knows that every other process which has worked on this store is gone.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from storage.database import Database


@contextmanager
def process_lock(database: Database) -> Iterator[bool]:
    """Hold the lock until the block ends; False where another process has it, or on PostgreSQL,
    whose processes may be on several machines."""
    path = database.url.database
    if not database.is_sqlite or not path or path == ":memory:":
        yield False
        return
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
