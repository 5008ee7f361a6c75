"""The production bot as a process of its own, which a test may kill at any moment."""

import asyncio
import fcntl
import os
import random
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Protocol

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
# Longer than it takes on a busy machine; one that has ended is noticed at once.
START_SECONDS = 60
# A process that is asked more often spends a tenth of its start on answering.
POLL_SECONDS = 0.05


@cache
def _given_ports() -> tuple[int, set[int]]:
    """A file in which each port that was given is a locked byte, and those given here.

    Who ends gives their locks back.
    """
    name = f"mooring-ports-{os.getuid()}"
    path = Path(tempfile.gettempdir()) / name
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), set()


def _give(port: int) -> bool:
    """Whether it is the caller's now. While a bot has not begun or has just been killed its port
    looks free, and another process must not be given it."""
    descriptor, given = _given_ports()
    if port in given:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    given.add(port)
    return True


def free_port() -> int:
    """A port of this machine that nobody listens on, and that is given to nobody else.

    It lies below those that systems give to outgoing connections: one of these could be in use
    again before the bot has bound it.
    """
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - spreads, protects nothing
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if _give(port):
                return port


class Running(Protocol):
    """A process that was started: what asyncio's own ones have."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        ...

    def send_signal(self, signal: int, /) -> None:
        """Raises ProcessLookupError when it has ended."""
        ...

    async def wait(self) -> int:
        """Until it has ended; the exit status."""
        ...


Launch = Callable[[Mapping[str, str], Path], Awaitable[Running]]


async def execute(environment: Mapping[str, str], log: Path) -> Running:
    """`mooring run` in a new interpreter; `log` collects what it writes."""
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "run",
            cwd=ROOT,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C in a terminal reaches the demo, which stops the bot in order.
            start_new_session=True,
        )


class BotProcess:
    """`mooring run`, pointed at local servers by environment variables alone."""

    def __init__(
        self, environment: Mapping[str, str], *, log: Path, launch: Launch = execute
    ) -> None:
        """`environment` holds Mooring's own variables; `log` collects standard error."""
        self.environment = dict(environment)
        self.log = log
        self._launch = launch
        self._process: Running | None = None

    @property
    def web_url(self) -> str:
        """Where its web server listens."""
        return f"http://127.0.0.1:{self.environment['WEB_PORT']}"

    @property
    def pid(self) -> int:
        """The running process; raises RuntimeError when there is none."""
        if self._process is None:
            raise RuntimeError("the bot is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start and wait until it says that it is healthy; raises RuntimeError otherwise."""
        await self.launch()
        await self.wait_until_healthy()

    async def launch(self) -> None:
        """Start without waiting."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._process = await self._launch({**inherited, **self.environment}, self.log)

    async def wait_until_healthy(self) -> None:
        """Poll the health page; raises RuntimeError with the log's end when the process died."""
        async with asyncio.timeout(START_SECONDS):
            while not await self.is_healthy():
                if not self.is_running():
                    raise RuntimeError(f"the bot has ended:\n{self.log_tail()}")
                await asyncio.sleep(POLL_SECONDS)

    async def ended(self) -> None:
        """Return once the process has ended, by itself or not."""
        if self._process is not None:
            await self._process.wait()

    def is_running(self) -> bool:
        """Whether the process has been started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def is_healthy(self) -> bool:
        """What its health page says; False when nobody answers."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.web_url}/healthz") as response,
            ):
                return response.status == 200
        except aiohttp.ClientError:
            return False

    def log_tail(self, size: int = 4_000) -> str:
        """The end of what it has logged."""
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""

    async def kill(self) -> None:
        """kill -9: no warning, no cleaning up."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """The clean way; returns the exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, signum: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            # It may end by itself meanwhile.
            with suppress(ProcessLookupError):
                process.send_signal(signum)
        return await process.wait()
