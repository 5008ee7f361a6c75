"""Sends notices: as a direct message, or by mail to whoever takes none."""

import structlog

from bot.domain.job import Job
from bot.services.notice_jobs import PURCHASED, SEND
from cogs.dependencies import Dependencies
from cogs.notices.render import notice_card, notice_mail

_log = structlog.get_logger(__name__)


class NoticeEffects:
    """Handlers of the jobs in `bot.services.notice_jobs`."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register every handler."""
        self._is = dependencies
        dependencies.jobs.add(PURCHASED, dependencies.notices.purchased)
        dependencies.jobs.add(SEND, self.send, in_discord=True)

    async def send(self, job: Job) -> None:
        """Once: a second run after a crash carries the same nonce, or the same mail's id."""
        notice = await self._is.notices.prepare(job)
        if notice is None:
            await self._is.notices.set_aside(job)
            return
        if notice.user_id is not None:
            view = notice_card(notice, self._is)
            if await self._is.messenger.tell(notice.user_id, view, key=job.key):
                return
        if notice.address is None:
            _log.info("notice_without_reader", kind=notice.kind, user=notice.user_id)
            return
        subject, text = notice_mail(notice, self._is)
        await self._is.send_mail(
            to=notice.address,
            subject=subject,
            text=text,
            message_id=job.key.replace(":", "-"),
        )
