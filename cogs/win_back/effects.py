"""Sends the one message, as a direct message and in no other way."""

from bot.domain.job import Job
from cogs.dependencies import Dependencies
from cogs.win_back.render import win_back_card


class WinBackEffects:
    """The handler of the job that waits."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register it."""
        self._is = dependencies
        dependencies.jobs.add("win_back.send", self.send, in_discord=True)

    async def send(self, job: Job) -> None:
        """Once: a second run after a crash carries the same nonce. Whoever takes no direct
        messages gets none: a mail was not agreed to."""
        message = await self._is.win_backs.prepare(job)
        if message is not None:
            view = win_back_card(message, self._is)
            await self._is.messenger.tell(message.user_id, view, key=job.key)
