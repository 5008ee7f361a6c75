"""What the vendor may know about leaving: report, files, comments, and the weekly digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.errors import InvalidPeriod
from bot.domain.identifiers import ChannelId, PlanId
from bot.domain.job import Job, NewJob
from bot.domain.retention_report import (
    LONGEST_PERIOD,
    WEEK,
    AttemptRecord,
    Cell,
    Comment,
    Period,
    Report,
    build,
    monday_of,
)
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from storage import jobs, retention

COMMENTS_PER_PAGE = 3
# Those that the file has; the newest ones where there are more.
MOST_COMMENTS = 20_000
_PORTION = 1_000
# On SQLite readers take turns: nobody has to wait for a whole year to be counted.
_COUNTED_AT_ONCE = 4 * WEEK
_DIGEST_HOUR = time(9, tzinfo=UTC)
# The digest shows what was before it too: one week alone says little.
_DIGEST_WEEKS = 8


@dataclass(frozen=True, slots=True)
class Selection:
    """What a report is about; `plan_id` None means all plans."""

    period: Period
    plan_id: PlanId | None


@dataclass(frozen=True, slots=True)
class CommentPage:
    """Some comments, newest first. `number` counts from 0."""

    comments: Sequence[Comment]
    number: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """The week that is over, and the weeks up to it."""

    week: Report
    recent: Report


class RetentionReportService:
    """For those who manage the server, and for its moderators.

    Attempts are of the vendor's customers, whichever server they were in, so a report is of all.
    """

    def __init__(self, context: Context, guilds: GuildService) -> None:
        """Build on the process's context."""
        self._context = context
        self._guilds = guilds

    async def report(self, actor: Actor, selection: Selection) -> Report:
        """The numbers; raises NotPermitted, or InvalidPeriod."""
        await self._require(actor, selection)
        return await self._build(selection)

    async def records(self, actor: Actor, selection: Selection) -> list[AttemptRecord]:
        """Every attempt, for the file; raises as `report` does."""
        await self._require(actor, selection)
        found: list[AttemptRecord] = []
        while True:
            async with self._context.database.read() as connection:
                portion = await retention.records(
                    connection,
                    selection.period,
                    selection.plan_id,
                    after=found[-1] if found else None,
                    most=_PORTION,
                )
            found += portion
            if len(portion) < _PORTION:
                return found

    async def comments(
        self, actor: Actor, selection: Selection, *, reason_id: str | None, page: int
    ) -> CommentPage:
        """A page to read; raises as `report` does."""
        await self._require(actor, selection)
        async with self._context.database.read() as connection:
            found = await retention.comments(
                connection,
                selection.period,
                selection.plan_id,
                reason_id=reason_id,
                most=COMMENTS_PER_PAGE + 1,
                skip=page * COMMENTS_PER_PAGE,
            )
        return CommentPage(found[:COMMENTS_PER_PAGE], page, len(found) > COMMENTS_PER_PAGE)

    async def all_comments(self, actor: Actor, selection: Selection) -> list[Comment]:
        """Every comment, for the file; raises as `report` does."""
        await self._require(actor, selection)
        async with self._context.database.read() as connection:
            return await retention.comments(
                connection,
                selection.period,
                selection.plan_id,
                reason_id=None,
                most=MOST_COMMENTS,
            )

    async def _require(self, actor: Actor, selection: Selection) -> None:
        self._guilds.require_trusted(actor.guild_id)
        if not actor.manages_guild:
            await self._guilds.require(actor, Duty.MODERATOR)
        if not selection.period.is_usable:
            raise InvalidPeriod(LONGEST_PERIOD.days)

    async def _build(self, selection: Selection) -> Report:
        cells: list[Cell] = []
        for slice_ in selection.period.slices(_COUNTED_AT_ONCE):
            async with self._context.database.read() as connection:
                cells += await retention.cells(connection, slice_, selection.plan_id)
        return build(cells, period=selection.period, plan_id=selection.plan_id)

    # The weekly digest

    async def schedule(self) -> None:
        """At start: the next Monday's digest, unless it is there."""
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await jobs.add(connection, [_digest_job(now)], now=now)

    async def start_digest(self, _job: Job) -> None:
        """Monday: one post for each channel that was chosen, and the next Monday's job.

        After a long pause this is late, and about the week that is over by now.
        """
        channels = await self._guilds.report_channels()
        now = self._context.clock()
        monday = monday_of(now.astimezone(UTC).date()).isoformat()
        posts = [
            NewJob(
                "retention.post_digest",
                f"retention-digest:{monday}:{channel_id}",
                {"monday": monday, "channel_id": channel_id},
            )
            for channel_id in sorted(set(channels))
        ]
        async with self._context.database.write() as connection:
            await jobs.add(connection, [*posts, _digest_job(now)], now=now)

    async def digest(self, job: Job) -> tuple[ChannelId, Digest] | None:
        """What to post where; None when the channel is not to have it any more."""
        channel_id = ChannelId(int(job.payload["channel_id"]))
        if channel_id not in await self._guilds.report_channels():
            return None
        monday = date.fromisoformat(str(job.payload["monday"]))
        last = monday - timedelta(days=1)
        week = Period(monday - WEEK, last)
        recent = Period(monday - _DIGEST_WEEKS * WEEK, last)
        return channel_id, Digest(
            await self._build(Selection(week, None)), await self._build(Selection(recent, None))
        )


def _digest_job(now: datetime) -> NewJob:
    """For the first Monday morning after `now`."""
    monday = monday_of(now.astimezone(UTC).date())
    due = datetime.combine(monday, _DIGEST_HOUR)
    if due <= now:
        due += WEEK
    return NewJob("retention.digest", f"retention-digest:{due:%Y-%m-%d}", {}, run_at=due)
