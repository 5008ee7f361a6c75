"""A scene whose bot runs, with what scenarios often do and say."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.sandbox.discord import Message, Persona
from bot.sandbox.process import BotProcess
from bot.sandbox.scene import MIA_ADDRESS, Scene

# Longer than anything takes on a busy machine.
PATIENCE_SECONDS = 20
COMMENT = "Anything else? (you can leave this empty)"


class Stage:
    """`here` is the channel where people type commands."""

    def __init__(self, scene: Scene, bot: BotProcess) -> None:
        self.scene = scene
        self.bot = bot
        self.ada, self.mia, self.noor = scene.people.ada, scene.people.mia, scene.people.noor
        self.sam, self.max = scene.people.sam, scene.people.max
        self.here = scene.billing
        self._expected_errors: list[str] = []

    async def link_mia(self) -> None:
        """Mia links her account, as she does once."""
        await self.scene.link(self.mia, MIA_ADDRESS)

    async def kill_and_restart(self) -> None:
        """kill -9, then a new process on the same store."""
        await self.bot.kill()
        await self.bot.start()

    @property
    def subscription(self) -> dict[str, Any]:
        """Mia's subscription as Stripe has it now."""
        return dict(self.scene.stripe.get(self.scene.mia_subscription))

    async def balance_of(self, person: Persona) -> Message:
        """What /balance shows this person."""
        answer = await person.slash("balance", channel=self.here)
        return await answer.settled()

    async def balance_saying(self, person: Persona, words: str) -> Message:
        """Ask for /balance until it says so: the provider's events take a moment."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                balance = await self.balance_of(person)
                if words in balance.text:
                    return balance

    def rows(self, statement: str, *parameters: object) -> list[sqlite3.Row]:
        """Read the bot's store from outside, while it runs."""
        path = self.bot.environment["DATABASE_URL"].removeprefix("sqlite:///")
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    def expect_error(self, event: str) -> None:
        """A scenario that breaks something on purpose names the log entry it causes."""
        self._expected_errors.append(f'"event": "{event}"')

    def expects(self, line: str) -> bool:
        """Whether a log line was announced by `expect_error`."""
        return any(event in line for event in self._expected_errors)

    def errors_logged(self) -> Iterator[str]:
        """Every entry of level error in the bot's log."""
        log: Path = self.bot.log
        for line in log.read_text(errors="replace").splitlines():
            if '"level": "error"' in line or '"level": "critical"' in line:
                yield line[:2000]
