"""One process at a time knows that it is the only one on an SQLite file."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.database import Database
from storage.process_lock import process_lock

HOLD = """
import sys
from storage.database import Database
from storage.process_lock import process_lock
with process_lock(Database(sys.argv[1])) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'mooring.db'}"


def is_free(url: str) -> bool:
    with process_lock(Database(url)) as held:
        return held


def test_it_is_held_by_one_process_until_that_is_killed(url: str) -> None:
    holder = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == "True\n"
        while_it_lives = is_free(url)
        holder.send_signal(signal.SIGKILL)
        holder.wait()

    assert (while_it_lives, is_free(url)) == (False, True)


def test_on_postgresql_nobody_knows() -> None:
    assert not is_free("postgresql+asyncpg://mooring@localhost/mooring")
