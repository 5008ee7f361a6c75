"""The weekly post in the report channel."""

import asyncio

from bot.domain.job import Job
from cogs.dependencies import Dependencies
from cogs.retention.picture import draw
from cogs.retention.render import digest_card, picture_files
from cogs.retention.wording import names_of


class WeeklyDigest:
    """Handlers of the jobs that `RetentionReportService` adds."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register both."""
        self._is = dependencies
        dependencies.jobs.add("retention.digest", dependencies.retention.start_digest)
        dependencies.jobs.add("retention.post_digest", self.post, in_discord=True)

    async def post(self, job: Job) -> None:
        """Last week in short, in one channel."""
        found = await self._is.retention.digest(job)
        if found is None:
            return
        channel_id, digest = found
        pictures = await asyncio.to_thread(draw, digest.recent, names_of(self._is), "weeks")
        files = picture_files(pictures, digest.recent)
        await self._is.messenger.post(
            channel_id,
            digest_card(digest, pictures, self._is),
            key=job.key,
            picture=files[0] if files else None,
        )
