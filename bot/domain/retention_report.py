"""What the records of the cancel flow add up to: funnel, reasons, save rate, offers (ADR 21)."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from bot.domain.cancellation import Outcome, Step
from bot.domain.identifiers import AttemptId, PlanId
from bot.domain.money import Money
from bot.domain.offer import HOLDOUT

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
LONGEST_PERIOD = timedelta(days=366)
# Of the normal distribution: 95 of 100 intervals made with it contain the true rate.
_Z = 1.959963984540054


class Result(StrEnum):
    """What became of an attempt.

    A save is UNPROVEN until the next invoice is paid, and UNDONE when the subscription was ended
    before that. ENDED: the subscription ended another way while the member was asked. OPEN: the
    member has not decided yet.
    """

    SAVED = "saved"
    UNPROVEN = "unproven"
    UNDONE = "undone"
    KEPT = "kept"
    TIMED_OUT = "timed_out"
    ENDED = "ended"
    CANCELLED = "cancelled"
    REQUESTED = "requested"
    FAILED = "failed"
    OPEN = "open"


# What the save rate is a share of: nothing that may still become something else.
DECIDED = frozenset(Result) - {Result.OPEN, Result.UNPROVEN}
STAYED = frozenset({Result.SAVED, Result.UNPROVEN, Result.KEPT, Result.TIMED_OUT})
GONE = frozenset({Result.CANCELLED, Result.REQUESTED, Result.UNDONE})


_RESULTS = {
    Outcome.STARTED: Result.OPEN,
    Outcome.TICKET_OPENED: Result.OPEN,
    Outcome.OFFER_SHOWN: Result.OPEN,
    Outcome.ABORTED: Result.KEPT,
    Outcome.TIMED_OUT: Result.TIMED_OUT,
    Outcome.CANCELLED: Result.CANCELLED,
    Outcome.REQUEST_RECORDED: Result.REQUESTED,
    Outcome.FAILED: Result.FAILED,
}


def result_of(outcome: Outcome, *, is_kept: bool, has_left: bool) -> Result:
    """`is_kept`: an invoice has proven the save. `has_left`: the plan was over before that, or
    before the attempt timed out.
    """
    if outcome is Outcome.TIMED_OUT and has_left:
        return Result.ENDED
    if outcome is not Outcome.SAVED:
        return _RESULTS[outcome]
    if is_kept:
        return Result.SAVED
    return Result.UNDONE if has_left else Result.UNPROVEN


def monday_of(day: date) -> date:
    """The first day of the week."""
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, both included. Attempts belong to the day on which they began."""

    first: date
    last: date

    @classmethod
    def of_days(cls, days: int, *, now: datetime) -> "Period":
        """The last so many days, today included."""
        today = now.astimezone(UTC).date()
        return cls(today - timedelta(days=days - 1), today)

    @property
    def start(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + DAY, time(), UTC)

    @property
    def is_usable(self) -> bool:
        """Whether it is a period, and no longer than a report can show."""
        return timedelta() <= self.last - self.first <= LONGEST_PERIOD

    def slices(self, length: timedelta) -> Iterator["Period"]:
        """The same days in periods of at most `length`."""
        first = self.first
        while first <= self.last:
            last = min(first + length - DAY, self.last)
            yield Period(first, last)
            first = last + DAY

    def mondays(self) -> list[date]:
        """The weeks that have a day in it."""
        first = monday_of(self.first)
        return [first + WEEK * number for number in range((self.last - first).days // 7 + 1)]


@dataclass(frozen=True, slots=True)
class Cell:
    """Attempts that are alike in everything that the report tells apart, as the store counts them.

    `monthly_amount` is what they paid in a month, together, in the currency's minor unit.
    """

    monday: date
    result: Result
    reason_id: str | None
    variant: str | None
    was_offered: bool
    currency: str | None
    attempts: int
    monthly_amount: int


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with the uncertainty that a small whole brings."""

    part: int
    whole: int

    @property
    def rate(self) -> float | None:
        """None where there is nothing to be a part of."""
        return self.part / self.whole if self.whole else None

    @property
    def bounds(self) -> tuple[float, float]:
        """Wilson's interval at 95 %. Unlike the usual one it holds for few cases and for none."""
        if not self.whole:
            return 0.0, 1.0
        rate, square = self.part / self.whole, _Z * _Z / self.whole
        middle = (rate + square / 2) / (1 + square)
        spread = _Z / (1 + square) * math.sqrt((rate * (1 - rate) + square / 4) / self.whole)
        # Rounding must not put the rate itself outside.
        return max(0.0, min(middle - spread, rate)), min(1.0, max(middle + spread, rate))


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far the attempts came, and what became of them; the results add up to `started`."""

    started: int
    gave_reason: int
    saw_offer: int
    results: Mapping[Result, int]


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One reason. `lost` is the monthly revenue that was cancelled for it, by currency."""

    reason_id: str
    attempts: int
    cancelled: int
    lost: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WeekLine:
    """One week. `saved` counts proven saves among what is decided."""

    monday: date
    saved: Share
    unproven: int


@dataclass(frozen=True, slots=True)
class VariantLine:
    """One offer, or the holdout, for one reason: members were assigned to it by chance.

    `stayed` counts those who have not left so far among those who decided anything.
    """

    reason_id: str
    variant: str
    attempts: int
    shown: int
    saved: int
    unproven: int
    stayed: Share


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is shown. `currency` is the one that most was cancelled in."""

    period: Period
    plan_id: PlanId | None
    funnel: Funnel
    reasons: tuple[ReasonLine, ...]
    weeks: tuple[WeekLine, ...]
    variants: tuple[VariantLine, ...]
    saved: Share
    lost: tuple[Money, ...]

    @property
    def currency(self) -> str | None:
        """None where nothing was lost."""
        return self.lost[0].currency if self.lost else None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt for the file, without whose it is. `steps` have the first time of each."""

    id: AttemptId
    started_at: datetime
    steps: Mapping[Step, datetime]
    kept_at: datetime | None
    outcome: Outcome
    result: Result
    reason_id: str | None
    variant: str | None
    offer_id: str | None
    plan_id: PlanId | None
    monthly: Money | None


@dataclass(frozen=True, slots=True)
class Comment:
    """What a member wrote when they left, and nothing that says who it was."""

    attempt_id: AttemptId
    started_at: datetime
    reason_id: str | None
    plan_id: PlanId | None
    result: Result
    comment: str | None
    follow_up: str | None


def build(cells: Sequence[Cell], *, period: Period, plan_id: PlanId | None) -> Report:
    """Add the store's counts up."""
    lost = _lost(cells)
    return Report(
        period,
        plan_id,
        _funnel(cells),
        _reasons(cells, lost[0].currency if lost else None),
        _weeks(cells, period),
        _variants(cells),
        _saved(cells),
        lost,
    )


def _count(cells: Iterable[Cell], fits: Callable[[Cell], bool] = lambda _: True) -> int:
    return sum(cell.attempts for cell in cells if fits(cell))


def _among(cells: Iterable[Cell], results: frozenset[Result]) -> int:
    return _count(cells, lambda cell: cell.result in results)


def _saved(cells: Sequence[Cell]) -> Share:
    return Share(_among(cells, frozenset({Result.SAVED})), _among(cells, DECIDED))


def _funnel(cells: Sequence[Cell]) -> Funnel:
    return Funnel(
        _count(cells),
        _count(cells, lambda cell: cell.reason_id is not None),
        _count(cells, lambda cell: cell.was_offered),
        {result: _among(cells, frozenset({result})) for result in Result},
    )


def _lost(cells: Sequence[Cell]) -> tuple[Money, ...]:
    """By currency; the one with the most cancellations first."""
    amounts, numbers = Counter[str](), Counter[str]()
    for cell in cells:
        if cell.result is Result.CANCELLED and cell.currency is not None:
            amounts[cell.currency] += cell.monthly_amount
            numbers[cell.currency] += cell.attempts
    order = sorted(amounts, key=lambda currency: (-numbers[currency], currency))
    return tuple(Money(amounts[currency], currency) for currency in order)


def _reasons(cells: Sequence[Cell], currency: str | None) -> tuple[ReasonLine, ...]:
    by_reason: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.reason_id is not None:
            by_reason[cell.reason_id].append(cell)
    lines = (
        ReasonLine(
            reason_id,
            _count(own),
            _among(own, frozenset({Result.CANCELLED})),
            {money.currency: money.amount for money in _lost(own)},
        )
        for reason_id, own in by_reason.items()
    )

    def weight(line: ReasonLine) -> tuple[int, int, int, str]:
        lost = line.lost.get(currency, 0) if currency is not None else 0
        return -lost, -line.cancelled, -line.attempts, line.reason_id

    return tuple(sorted(lines, key=weight))


def _weeks(cells: Sequence[Cell], period: Period) -> tuple[WeekLine, ...]:
    """Without a gap: a week in which nothing happened is one too."""
    by_week: defaultdict[date, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_week[cell.monday].append(cell)
    return tuple(
        WeekLine(
            monday, _saved(by_week[monday]), _among(by_week[monday], frozenset({Result.UNPROVEN}))
        )
        for monday in period.mondays()
    )


def _variants(cells: Sequence[Cell]) -> tuple[VariantLine, ...]:
    """By reason, because who answers a reason differs from who answers another.

    A reason for which nobody was chosen for an offer has nothing to compare.
    """
    groups: defaultdict[str, defaultdict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        if cell.reason_id is not None and cell.variant is not None:
            groups[cell.reason_id][cell.variant].append(cell)
    compared = {
        reason_id: variants for reason_id, variants in groups.items() if set(variants) != {HOLDOUT}
    }
    lines = (
        VariantLine(
            reason_id,
            variant,
            _count(own),
            _count(own, lambda cell: cell.was_offered),
            _among(own, frozenset({Result.SAVED})),
            _among(own, frozenset({Result.UNPROVEN})),
            Share(_among(own, STAYED), _among(own, STAYED | GONE)),
        )
        for reason_id, variants in compared.items()
        for variant, own in variants.items()
    )
    # The holdout last: what the others are compared with.
    return tuple(
        sorted(lines, key=lambda line: (line.reason_id, line.variant == HOLDOUT, line.variant))
    )
