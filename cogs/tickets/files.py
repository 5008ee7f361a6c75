"""Fetches files that came with messages from Discord, before their addresses expire."""

import aiohttp
import discord
from discord.ext import commands

from bot.domain.identifiers import AttachmentId
from bot.domain.job import Job
from bot.domain.ticket_record import KeptFile
from bot.services.jobs import TryAgainError
from bot.services.ticket_records import FETCH_FILE
from cogs.dependencies import Dependencies

# Within the time that a job may take.
TIMEOUT = aiohttp.ClientTimeout(total=45)
CHUNK_BYTES = 1 << 16
# About half a minute with growing pauses: the transcript waits for it.
MOST_ATTEMPTS = 6
_GONE = (403, 404, 410)


class FileCog(commands.Cog):
    """One connection pool for all of them."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the handler."""
        self._bot = bot
        self._is = dependencies
        dependencies.jobs.add(FETCH_FILE, self.fetch, in_discord=True)

    async def cog_load(self) -> None:
        """Open the pool."""
        self._session = aiohttp.ClientSession(timeout=TIMEOUT)

    async def cog_unload(self) -> None:
        """Close it."""
        await self._session.close()

    async def fetch(self, job: Job) -> None:
        """Get it, or a new address for it once, or say why not."""
        file = await self._is.ticket_files.wanted(AttachmentId(int(job.payload["attachment_id"])))
        if file is None:
            return
        try:
            if await self._download(file, str(job.payload["url"])):
                return
            fresh = await self._fresh_url(job, file)
            if fresh is None or not await self._download(file, fresh):
                await self._is.ticket_files.give_up(file, "it was deleted before it was fetched")
        except (aiohttp.ClientError, OSError) as error:
            if job.attempts < MOST_ATTEMPTS:
                raise TryAgainError(f"a file: {type(error).__name__}") from error
            await self._is.ticket_files.give_up(file, "Discord did not hand it out")

    async def _download(self, file: KeptFile, url: str) -> bool:
        """False when there is nothing at this address any more."""
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status in _GONE:
                return False
            if response.status != 200:
                raise aiohttp.ClientError(f"status {response.status}")
            await self._is.ticket_files.keep(file, response.content.iter_chunked(CHUNK_BYTES))
        return True

    async def _fresh_url(self, job: Job, file: KeptFile) -> str | None:
        """A message that is read again carries addresses that work again."""
        channel_id, message_id = int(job.payload["channel_id"]), int(job.payload["message_id"])
        try:
            message = await self._bot.http.get_message(channel_id, message_id)
        except (discord.NotFound, discord.Forbidden):
            return None
        urls = {int(each["id"]): each["url"] for each in message["attachments"]}
        return urls.get(file.id)
