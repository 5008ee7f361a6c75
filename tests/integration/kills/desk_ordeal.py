"""A support desk whose bot is killed again and again, and what has to be true of each ticket."""

import asyncio
import sqlite3
from collections.abc import Coroutine, Mapping
from functools import partial
from pathlib import Path

from bot.sandbox.discord import Channel, Message, Modal
from bot.sandbox.process import Running
from tests.integration.kills.desk_life import Death, live
from tests.scenario.bad_luck import until
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import ask, in_dm, read_transcript
from tests.support import preloaded

# What is sent or pressed when opening and closing begin.
OPENING, CLOSING = "ticket.submit", "ticket.close"
STORY = "The page stays empty"
SAID = ["It began this morning", "One more thing: only on my phone"]
NOTE = "The third one today"


class DeskOrdeal:
    """Mia's tickets, one after another. `death` is what the next life dies of."""

    def __init__(self, topic: str) -> None:
        """`topic` says whether tickets are channels or threads."""
        self.topic = topic
        self.death: Death | None = None
        self._number = 0
        self._screens: list[Message] = []

    async def launch(self, environment: Mapping[str, str], log: Path) -> Running:
        """How the bot's processes start."""
        return await preloaded.launch(environment, log, serve=partial(live, self.death))

    async def begin(self, stage: Stage) -> None:
        """Put the questions before Mia. They work after any number of restarts."""
        self.stage = stage
        self._modal: Modal = await ask(stage, stage.mia, self.topic)
        self._others = self._places()

    async def restart(self, death: Death | None) -> None:
        """The next life."""
        self.death = death
        await self.stage.kill_and_restart()

    async def open(self, *, then: Death | None, clicks: int = 1) -> bool:
        """Mia sends her answers. Whether the bot died of it; the next life dies of `then`."""
        self._number += 1
        self._screens.clear()
        died = await self._outlive(*(self._send() for _ in range(clicks)), then=then)
        if not self._screens:
            # She saw that it failed, whether it did or not.
            await self._send()
            await jobs_done(self.stage)
        return died

    async def close(self, *, then: Death | None, clicks: int = 1) -> bool:
        """Mia writes, and Sam closes at once. The same."""
        [channel] = self._channels()
        await self.stage.mia.say(channel, SAID[0])
        await self.stage.sam.slash("note", channel=channel, text=NOTE)
        await jobs_done(self.stage)
        await self.stage.mia.say(channel, SAID[1])
        died = await self._outlive(*(self._end(channel) for _ in range(clicks)), then=then)
        if self._row()["state"] == "open":
            await self._end(channel)
            await jobs_done(self.stage)
        return died

    async def is_open_once(self) -> None:
        """One row, one place, one first message that calls Mia in, one way there, one log line."""
        await until(lambda: len(self._channels()) == 1)
        [channel], row = self._channels(), self._row()
        [welcome] = channel.messages
        assert row["state"] == "open"
        assert (str(row["channel_id"]), str(row["welcome_id"])) == (channel.id, welcome.id)
        assert self.stage.mia.user in welcome.mentions
        assert STORY in welcome.text
        for screen in self._screens:
            assert f"<#{channel.id}>" in screen.text or "is being opened" in screen.text
        self._logged("opened")

    async def is_closed_once(self) -> None:
        """No place is left. Mia has one message, and the log one line, each with everything."""
        await until(lambda: self._places() == self._others)
        assert self._row()["state"] == "closed"
        [told] = in_dm(self.stage.mia, f"Ticket {self._number:04} is closed")
        for message in (told, self._logged("closed")):
            assert read_transcript(message).said_by("Mia") == SAID
        assert NOTE not in told.attachments[0].data.decode()

    async def _outlive(self, *deeds: Coroutine[object, object, None], then: Death | None) -> bool:
        """Do this with a bot that may die of it, kill it in any case, and begin the next life."""
        doing = asyncio.create_task(self._through(deeds))
        ended = asyncio.create_task(self.stage.bot.ended())
        await asyncio.wait({doing, ended}, return_when=asyncio.FIRST_COMPLETED)
        # What it was doing may have failed of that in the same moment.
        died = ended.done()
        if died:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
        else:
            doing.result()
        await self.stage.bot.kill()
        await ended
        self.stage.scene.discord.faults.clear()
        await self.restart(then)
        await jobs_done(self.stage)
        return died

    async def _through(self, deeds: tuple[Coroutine[object, object, None], ...]) -> None:
        await asyncio.gather(*deeds)
        await jobs_done(self.stage)

    async def _send(self) -> None:
        sent = await self.stage.mia.submit(self._modal, {"What can we help with?": STORY})
        assert sent.message is not None
        self._screens.append(sent.message)

    async def _end(self, channel: Channel) -> None:
        asked = await self.stage.sam.click(channel.messages[0], "Close ticket")
        if asked.modal is not None:
            await self.stage.sam.submit(asked.modal, {"Reason": "A restart has helped"})

    def _row(self) -> sqlite3.Row:
        rows = self.stage.rows("SELECT * FROM tickets ORDER BY number")
        assert [row["number"] for row in rows] == list(range(1, self._number + 1))
        return rows[-1]

    def _channels(self) -> list[Channel]:
        """What is there beside what was there before all tickets; notes are not for the member."""
        guild = self.stage.scene.guild
        return [
            each
            for each in (*guild.channels, *guild.threads)
            if each.id not in self._others and each.name.startswith("ticket-")
        ]

    def _places(self) -> set[str]:
        guild = self.stage.scene.guild
        return {each.id for each in (*guild.channels, *guild.threads)}

    def _logged(self, what: str) -> Message:
        words = f"Ticket {self._number:04} {what}"
        log = self.stage.scene.log
        [line] = [each for each in self.stage.sam.messages(log) if words in each.text]
        return line
