"""Comparing the mirror with the provider: what no event has told is found and repaired.

A run reads everything that the provider holds, a page at a time. Each page is a job that takes the
page over and adds the next one, so a run goes on where it stopped, whatever happened in between.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import prometheus_client
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import BillingProvider, ProviderRefusedError
from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import ProviderName
from bot.domain.job import Job, NewJob
from bot.services.changes import Changes
from bot.services.context import Context
from bot.services.mirror import apply
from bot.services.unlisted import FIRST_CURSOR, Portion, Unlisted, is_unlisted, note
from storage import jobs, reconciliations
from storage.reconciliations import Reconciliation

EVERY = timedelta(hours=6)
# A week of runs: each asks for another part of what is asked for one by one.
COMPARED_WITH = 28
# A process that starts again and again must not read everything each time.
RESTED = timedelta(minutes=15)
# Providers repeat their events for three days; a run looks back over that and the pause before it.
OVERLAP = timedelta(days=4)
FIRST_LOOK_BACK = timedelta(days=35)
# Stripe allows 25 requests a second of one endpoint, and members wait for theirs.
BETWEEN_PAGES = timedelta(milliseconds=250)
KEPT = timedelta(days=90)
# Among the kinds of what was repaired.
UNREADABLE = "unreadable"

_log = structlog.get_logger(__name__)
_repaired = prometheus_client.Counter(
    "mooring_reconciliation_repaired_total",
    "What the mirror had missed, by provider and kind",
    ["provider", "kind"],
)


class ReconciliationService:
    """One run at a time for each provider."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context
        self._unlisted = Unlisted(context)

    async def schedule(self) -> None:
        """At start: a run for each provider, unless one goes on or was done just now."""
        for provider in self._context.providers:
            async with self._context.database.write() as connection:
                await self._begin(connection, provider, rested=RESTED)

    async def start(self, job: Job) -> None:
        """The timer: begin the next run."""
        async with self._context.database.write() as connection:
            await self._begin(connection, ProviderName(str(job.payload["provider"])))

    async def _begin(
        self,
        connection: AsyncConnection,
        provider: ProviderName,
        *,
        rested: timedelta = timedelta(),
    ) -> None:
        now = self._context.clock()
        last = await reconciliations.newest(connection, provider)
        if last is not None and (last.finished_at is None or now - last.finished_at < rested):
            return
        if last is None:
            since = now - FIRST_LOOK_BACK
        elif last.cursor is not None:
            # It was cut short: what it has not reached is looked at now.
            since = last.since
        else:
            since = last.started_at - OVERLAP
        run_id = self._context.new_id()
        if await reconciliations.start(
            connection, run_id, provider=provider, since=since, is_first=last is None, now=now
        ):
            await jobs.add(connection, [_page_job(run_id, pages=0)], now=now)

    async def take_page(self, job: Job) -> None:
        """Take one page over; the next one, or the next run, is added with it."""
        async with self._context.database.read() as connection:
            run = await reconciliations.find(connection, str(job.payload["run"]))
        if run is None or run.finished_at is not None or run.pages != job.payload["pages"]:
            return
        provider = self._context.providers.get(run.provider)
        asked_at = self._context.clock()
        if provider is None:
            await self._cut_short(run)
            return
        try:
            portion = await self._fetch(run, provider)
        except ProviderRefusedError as refusal:
            # The object after which to go on is gone: the next run begins from the front.
            _log.warning("reconciliation_cut_short", provider=run.provider, code=refusal.code)
            await self._cut_short(run)
            return
        async with self._context.database.write() as connection:
            repaired: Counter[str] = Counter()
            for snapshot in portion.snapshots:
                changes = await apply(connection, self._context, snapshot, asked_at=asked_at)
                repaired += _counted(changes)
                repaired[UNREADABLE] += len(snapshot.unreadable)
            await note(connection, portion, asked_at=asked_at)
            following = portion.next_cursor
            await self._advance(connection, run, following, repaired, is_last=following is None)

    async def _fetch(self, run: Reconciliation, provider: BillingProvider) -> Portion:
        """All that the provider lists, and then what it does not."""
        if is_unlisted(run.cursor):
            return await self._unlisted.fetch(run, provider)
        page = await provider.fetch_page(run.cursor, since=run.since)
        return Portion([page.snapshot], page.next_cursor or FIRST_CURSOR)

    async def _cut_short(self, run: Reconciliation) -> None:
        async with self._context.database.write() as connection:
            await self._advance(connection, run, run.cursor or "", Counter(), is_last=True)

    async def _advance(
        self,
        connection: AsyncConnection,
        run: Reconciliation,
        cursor: str | None,
        repaired: Counter[str],
        *,
        is_last: bool,
    ) -> None:
        now = self._context.clock()
        total = Counter(run.repaired) + repaired  # Without what there is none of.
        if not await reconciliations.advance(
            connection,
            run,
            cursor=cursor,
            repaired=total,
            finished_at=now if is_last else None,
        ):
            return
        for kind, number in repaired.items():
            if kind == UNREADABLE:
                continue
            _repaired.labels(run.provider, kind).inc(number)
        following = [_page_job(run.id, pages=run.pages + 1, run_at=now + BETWEEN_PAGES)]
        if is_last:
            following = [
                NewJob(
                    "reconciliation.start",
                    f"reconcile:{run.provider}:after:{run.id}",
                    {"provider": run.provider},
                    run_at=now + EVERY,
                ),
            ]
            before = await reconciliations.before(connection, run, limit=COMPARED_WITH)
            if _is_news(run, total, before):
                following.append(
                    NewJob("reconciliation.report", f"reconcile-report:{run.id}", {"run": run.id})
                )
            _log.info(
                "reconciliation_finished",
                provider=run.provider,
                pages=run.pages + 1,
                repaired=dict(total),
                seconds=round((now - run.started_at).total_seconds(), 1),
            )
        await jobs.add(connection, following, now=now)

    async def find(self, run_id: str) -> Reconciliation:
        """A run; raises NoSuchThing."""
        async with self._context.database.read() as connection:
            run = await reconciliations.find(connection, run_id)
        if run is None:
            raise NoSuchThing("reconciliation")
        return run


def _page_job(run_id: str, *, pages: int, run_at: datetime | None = None) -> NewJob:
    return NewJob(
        "reconciliation.page",
        f"reconcile:{run_id}:{pages}",
        {"run": run_id, "pages": pages},
        run_at=run_at,
    )


def _is_news(
    run: Reconciliation, total: Mapping[str, int], before: Sequence[Reconciliation]
) -> bool:
    """Whether the team hears of it. What could not be read lately either is no news.

    Not every run asks for everything, so that the newest one alone does not tell.
    """
    known = max((each.repaired.get(UNREADABLE, 0) for each in before), default=0)
    has_repaired = not run.is_first and any(kind != UNREADABLE for kind in total)
    return has_repaired or total.get(UNREADABLE, 0) > known


def _counted(changes: Changes) -> Counter[str]:
    counts = {
        "subscriptions": len(changes.subscriptions),
        "payments": len(changes.payments),
        "invoices": len(changes.invoices),
        "allowances": len(changes.granted),
        "purchases": len(changes.completed_checkouts),
        "disputes": len(changes.disputes),
    }
    return Counter({kind: number for kind, number in counts.items() if number})
