"""`mooring run` in a process that need not import everything first.

A fork server holds the imported modules and nothing else: no loop, no thread, no connection. Each
bot is a fork of it, a process of its own to signal and to kill, and starts within a tenth of the
time. The processes of the foundation's scenarios, the demo and the benchmarks are executed anew.
"""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from bot.sandbox.process import ROOT, Running

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.preloading"])


class _Forked:
    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, signal: int) -> None:
        os.kill(self.pid, signal)

    async def wait(self) -> int:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        # A descriptor of its own: each caller has to be told.
        watched = os.dup(self._process.sentinel)
        loop.add_reader(watched, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(watched)
            os.close(watched)
        self._process.join()
        return self._process.exitcode or 0


async def run(target: Callable[..., object], *arguments: Any) -> int:
    """Have a fork run this to its end; returns its exit code, negative for a signal."""
    process = _context.Process(target=target, args=arguments, daemon=True)
    process.start()
    return await _Forked(process).wait()


async def launch(
    environment: Mapping[str, str], log: Path, *, serve: Callable[[], object] | None = None
) -> Running:
    """Start one; `log` collects what it writes. `serve` stands in for `mooring run`."""
    arguments = (dict(environment), str(log), serve or _serve)
    process = _context.Process(target=_run, args=arguments, daemon=True)
    process.start()
    return _Forked(process)


def _run(environment: Mapping[str, str], log: str, serve: Callable[[], object]) -> None:
    """Become what `python -m bot run` is with this environment."""
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for descriptor, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(source, descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    serve()


def _serve() -> None:
    sys.argv = ["mooring", "run"]
    from bot.cli import main

    main(["run"])
