"""Usage from the vendor's backend: counted once, in the month in which it happened."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.allowance import LONGEST_MONTH, EntryKind, balance_of, month_of
from bot.domain.identifiers import CustomerId, SubscriptionId, UserId
from bot.domain.job import NewJob
from bot.domain.subscription import Subscription
from bot.domain.usage import (
    OLDEST_USAGE,
    CycleMonth,
    Timeline,
    UsageReport,
    UsageStatus,
    is_in_range,
)
from bot.services.context import Context
from bot.services.notice_jobs import allowance_used
from storage import customers, jobs, ledger, subscriptions
from storage.ledger import Entry

_entries = Counter("mooring_usage_entries_total", "Reported usage", ["status"])


class _Books:
    """What the store knows of everybody in one batch. `recorded` and `used` grow while the batch is
    read; `used` is there for corrections."""

    def __init__(
        self,
        customer_of: Mapping[CustomerId | UserId, CustomerId],
        known: Sequence[Subscription],
        granted: Mapping[SubscriptionId, Collection[CycleMonth]],
        recorded: dict[str, tuple[CustomerId, int]],
        used: Mapping[CycleMonth, int],
    ) -> None:
        self.customer_of = customer_of
        self.subscriptions = {each.id: each for each in known}
        self.recorded = recorded
        self.used = Tally(used)
        self._granted = granted
        self._of_customer: defaultdict[CustomerId, list[Subscription]] = defaultdict(list)
        for each in known:
            self._of_customer[each.customer_id].append(each)
        self._timelines: dict[CustomerId, Timeline] = {}

    def timeline(self, customer_id: CustomerId) -> Timeline:
        """Made when the first report needs it: one that is repeated needs none."""
        found = self._timelines.get(customer_id)
        if found is None:
            found = Timeline(self._of_customer[customer_id], self._granted)
            self._timelines[customer_id] = found
        return found


class UsageService:
    """Takes batches of reports."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def record(self, reports: Sequence[UsageReport]) -> list[UsageStatus]:
        """Record what is new, all of it or nothing; says what became of each, in order.

        A handful of statements, however many reports there are.
        """
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await ledger.have_alone(connection)
            books = await _open_books(connection, reports, now=now)
            entries: list[Entry] = []
            statuses = [_judge(report, books, entries, now=now) for report in reports]
            # In one order: transactions that wait for each other's rows must not do so both ways.
            entries.sort(key=lambda each: (each.subscription_id, each.month_start))
            await ledger.record_many(connection, entries, now=now)
            if used_up := await _used_up(connection, entries, books.subscriptions, now=now):
                await jobs.add(connection, used_up, now=now)
        for status, count in Tally(statuses).items():
            _entries.labels(status.value).inc(count)
        return statuses


def _key(report: UsageReport) -> str:
    """The vendor's keys have their own part of the ledger's."""
    return f"usage:{report.key}"


async def _open_books(
    connection: AsyncConnection, reports: Sequence[UsageReport], *, now: datetime
) -> _Books:
    accounts = {report.account for report in reports}
    concerned = await customers.find_by(
        connection,
        ids=[CustomerId(each) for each in accounts if isinstance(each, str)],
        user_ids=[UserId(each) for each in accounts if isinstance(each, int)],
    )
    customer_of: dict[CustomerId | UserId, CustomerId] = {each.id: each.id for each in concerned}
    customer_of |= {each.user_id: each.id for each in concerned if each.user_id is not None}
    known = await subscriptions.that_count(connection, [each.id for each in concerned])
    since = now - OLDEST_USAGE - LONGEST_MONTH
    ids = [each.id for each in known]
    has_corrections = any(report.amount < 0 for report in reports)
    return _Books(
        customer_of,
        known,
        await ledger.months_since(connection, ids, since=since),
        await ledger.recorded(connection, [_key(report) for report in reports]),
        await ledger.used_since(connection, ids, since=since) if has_corrections else {},
    )


def _judge(
    report: UsageReport, books: _Books, entries: list[Entry], *, now: datetime
) -> UsageStatus:
    """What becomes of a report; adds its entry where it is to be recorded."""
    key, customer_id = _key(report), books.customer_of.get(report.account)
    if (before := books.recorded.get(key)) is not None:
        same = before == (customer_id or before[0], report.amount)
        return UsageStatus.DUPLICATE if same else UsageStatus.CONFLICT
    if customer_id is None:
        return UsageStatus.UNKNOWN_CUSTOMER
    if report.at is not None and not is_in_range(report.at, now=now):
        return UsageStatus.OUT_OF_RANGE
    timeline = books.timeline(customer_id)
    month = timeline.month_at(report.at or timeline.present(now))
    if month is None:
        return UsageStatus.NO_SUBSCRIPTION
    # What goes below nothing would hide usage that is still to come.
    if report.amount < 0 and books.used[month] + report.amount < 0:
        return UsageStatus.EXCEEDS_USAGE
    books.used[month] += report.amount
    entries.append(_entry(key, customer_id, month, report.amount))
    books.recorded[key] = (customer_id, report.amount)
    return UsageStatus.RECORDED


def _entry(key: str, customer_id: CustomerId, month: CycleMonth, amount: int) -> Entry:
    return Entry(
        key=key,
        customer_id=customer_id,
        subscription_id=month.subscription_id,
        period_start=month.period_start,
        month_start=month.month_start,
        kind=EntryKind.USAGE,
        amount=amount,
    )


async def _used_up(
    connection: AsyncConnection,
    entries: Collection[Entry],
    known: Mapping[SubscriptionId, Subscription],
    *,
    now: datetime,
) -> list[NewJob]:
    """A notice for each current cycle in which nothing is left now: once in each of its months.

    A cycle whose allowance has not been granted yet is not used up.
    """
    touched = {
        (entry.subscription_id, entry.period_start): entry.customer_id
        for entry in entries
        if entry.period_start == known[entry.subscription_id].cycle_start
    }
    sums = await ledger.sums_of_cycles(connection, touched) if touched else {}
    used_up: list[NewJob] = []
    for cycle, months in sums.items():
        balance = balance_of(months, now=now)
        if balance.granted + balance.topped_up > 0 and balance.remaining == 0:
            subscription = known[cycle[0]]
            month = month_of(subscription.cycle_start, subscription.period_end, now=now)
            used_up.append(allowance_used(touched[cycle], subscription.id, month))
    # Whoever goes on using is not told again, and the worker is not woken for it.
    told = await jobs.known(connection, [job.key for job in used_up]) if used_up else set()
    return [job for job in used_up if job.key not in told]
