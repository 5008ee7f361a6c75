"""Ports of bots: one that looks free may be that of a bot which has just been killed."""

import random
import subprocess
import sys

import pytest

from bot.sandbox.process import free_port

TAKE = """
import sys
from bot.sandbox.process import free_port
print(free_port(), flush=True)
sys.stdin.read()
"""


def drawn(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """What chance chooses next, and then what it likes."""
    following, draw = iter(ports), random.randrange
    monkeypatch.setattr(random, "randrange", lambda *given: next(following, None) or draw(*given))


def test_a_port_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = free_port()
    drawn(monkeypatch, mine)

    assert free_port() != mine


def test_the_port_of_another_process_is_given_when_that_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", TAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = int(other.stdout.readline())
        drawn(monkeypatch, theirs)
        while_it_lives = free_port()
        other.communicate()
    drawn(monkeypatch, theirs)

    assert while_it_lives != theirs
    assert free_port() == theirs
