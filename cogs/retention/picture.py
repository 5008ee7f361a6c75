"""The report's pictures, drawn beside the loop. The same numbers stand in the text next to each."""

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import groupby

from bot.domain.money import Money
from bot.domain.offer import HOLDOUT
from bot.domain.retention_report import GONE, ReasonLine, Report, Result, VariantLine, WeekLine
from cogs import words
from cogs.retention import sheet
from cogs.retention.sheet import BODY, MARGIN, SMALL, WIDTH, Sheet, drawable, shortened
from cogs.retention.wording import RESULTS, Names, between, percent, plain_dates, short_day

ROW = 84
TOP = 138
MOST_ROWS = 8
# Weeks that have room for their number of cases.
_WEEKS_WITH_NUMBERS = 13
_INNER = WIDTH - 2 * MARGIN
_LABEL_LENGTH = 32


def is_possible() -> bool:
    """Whether the extra `charts` is installed."""
    return find_spec("matplotlib") is not None


def draw(report: Report, names: Names, *parts: str) -> dict[str, bytes]:
    """By name: what has anything to show, of `parts` if given; none without the extra `charts`."""
    if not is_possible():
        return {}
    possible: dict[str, tuple[bool, Callable[[Report, Names], bytes]]] = {
        "funnel": (report.funnel.started > 0, funnel_picture),
        "reasons": (bool(report.lost), reasons_picture),
        "weeks": (report.saved.whole > 0, weeks_picture),
        "offers": (bool(report.variants), offers_picture),
    }
    with sheet.drawing:
        return {
            name: make(report, names)
            for name, (has_any, make) in possible.items()
            if has_any and (not parts or name in parts)
        }


def _begin(title: str, report: Report, *, height: float) -> Sheet:
    made = Sheet(height)
    made.text(MARGIN, 46, title, size=sheet.HEADING)
    made.text(MARGIN, 94, plain_dates(report.period), size=SMALL, colour=sheet.FAINT)
    return made


def _bar_row(made: Sheet, y: float, label: str, value: str, *, share: float, colour: str) -> None:
    """A label and its value on one line, and the bar below."""
    made.text(MARGIN, y, shortened(label, _LABEL_LENGTH))
    made.text(WIDTH - MARGIN, y, value, side="right")
    made.bar(MARGIN, y + 35, _INNER, colour=sheet.TRACK)
    made.bar(MARGIN, y + 35, _INNER * share, colour=colour)


def funnel_picture(report: Report, _names: Names) -> bytes:
    """How far attempts came, then what became of them."""
    funnel = report.funnel
    steps = [
        ("Started to cancel", funnel.started),
        ("Gave a reason", funnel.gave_reason),
        ("Saw an offer", funnel.saw_offer),
    ]
    ends = [(result, number) for result, number in funnel.results.items() if number]
    height = TOP + ROW * (len(steps) + len(ends)) + 72
    made = _begin("How far attempts came", report, height=height)
    y = TOP + 14.0
    for label, number in steps:
        share = number / funnel.started
        _bar_row(made, y, label, f"{number} · {share:.0%}", share=share, colour=sheet.GREY)
        y += ROW
    made.text(MARGIN, y + 10, "What became of them", size=SMALL, colour=sheet.FAINT)
    y += 66
    for result, number in ends:
        share = number / funnel.started
        value = f"{number} · {share:.0%}"
        _bar_row(made, y, RESULTS[result], value, share=share, colour=_colour(result))
        y += ROW
    return made.png()


def _colour(result: Result) -> str:
    if result in GONE:
        return sheet.ORANGE
    return sheet.BLUE if result in (Result.SAVED, Result.KEPT, Result.UNPROVEN) else sheet.GREY


def reasons_picture(report: Report, names: Names) -> bytes:
    """Revenue that was cancelled, in the currency that most was cancelled in."""
    total = report.lost[0]
    rows = list(_largest(report.reasons, total.currency))
    title = f"Monthly revenue lost, by reason ({total.currency.upper()})"
    made = _begin(title, report, height=TOP + ROW * len(rows) + 4)
    most = max(lost for _, lost in rows)
    for number, (reason_id, lost) in enumerate(rows):
        label = _reason_label(reason_id, names) if reason_id else "Other reasons"
        value = words.money(Money(lost, total.currency))
        share = lost / most if most else 0
        _bar_row(made, TOP + 14 + ROW * number, label, value, share=share, colour=sheet.ORANGE)
    return made.png()


def _largest(lines: Sequence[ReasonLine], currency: str) -> Iterator[tuple[str, int]]:
    """The reasons with the most lost; those that have no room are one row without an id."""
    lost = [(line.reason_id, line.lost[currency]) for line in lines if currency in line.lost]
    room = MOST_ROWS if len(lost) <= MOST_ROWS else MOST_ROWS - 1
    yield from lost[:room]
    if rest := lost[room:]:
        yield "", sum(amount for _, amount in rest)


def _reason_label(reason_id: str, names: Names) -> str:
    """The label; the id where the font has none of its letters."""
    return names.reason(reason_id) if drawable(names.reason(reason_id)) else reason_id


def weeks_picture(report: Report, _names: Names) -> bytes:
    """The save rate of each week with its interval, and of all weeks together."""
    made = _begin("Save rate by week", report, height=690)
    left, right, top, bottom = MARGIN + 96.0, WIDTH - MARGIN - 8.0, 170.0, 500.0
    weeks = report.weeks
    highest = max(week.saved.bounds[1] for week in weeks if week.saved.whole)
    scale = next(limit for limit in (0.25, 0.5, 1.0) if highest <= limit or limit == 1.0)

    def at(rate: float) -> float:
        return bottom - (bottom - top) * rate / scale

    for rate in (0.0, scale / 2, scale):
        made.line((left, at(rate)), (right, at(rate)), colour=sheet.TRACK, width=1.5)
        label = f"{rate:.1%}" if rate * 100 % 1 else f"{rate:.0%}"
        made.text(left - 14, at(rate), label, size=SMALL, colour=sheet.FAINT, side="right")
    step = (right - left) / len(weeks)
    for number, week in enumerate(weeks):
        _week_mark(made, week, left + step * (number + 0.5), at, is_many=len(weeks) > 26)
    _week_labels(made, weeks, left=left, step=step)
    summary = f"All weeks: {percent(report.saved)} of {report.saved.whole}"
    made.text(MARGIN, 622, f"{summary} (likely {between(report.saved)}).", size=SMALL)
    note = "Lines: the likely range of each week, 95%."
    made.text(MARGIN, 660, note, size=SMALL, colour=sheet.FAINT)
    return made.png()


def _week_mark(
    made: Sheet, week: WeekLine, x: float, at: Callable[[float], float], *, is_many: bool
) -> None:
    rate = week.saved.rate
    if rate is None:
        return
    low, high = week.saved.bounds
    made.line((x, at(low)), (x, at(high)), colour=sheet.GREY, width=1.5 if is_many else 3)
    made.dot(x, at(rate), colour=sheet.BLUE, size=6 if is_many else 12)


def _week_labels(made: Sheet, weeks: Sequence[WeekLine], *, left: float, step: float) -> None:
    """As many as have room; below each week the number of cases that its rate is of."""
    shows_numbers = len(weeks) <= _WEEKS_WITH_NUMBERS
    every = max(1, -(-118 // int(step)))
    for number, week in enumerate(weeks):
        x = left + step * (number + 0.5)
        if number % every == 0:
            made.text(x, 534, short_day(week.monday), size=SMALL, colour=sheet.FAINT, side="center")
        if shows_numbers:
            made.text(x, 570, str(week.saved.whole), size=SMALL, colour=sheet.FAINT, side="center")
    if shows_numbers:
        made.text(left - 14, 570, "of", size=SMALL, colour=sheet.FAINT, side="right")


def offers_picture(report: Report, names: Names) -> bytes:
    """Who stayed with each offer, beside those who were shown none for the same reason."""
    lines = report.variants[:MOST_ROWS]
    groups = [(key, list(own)) for key, own in groupby(lines, key=lambda line: line.reason_id)]
    height = TOP + ROW * len(lines) + 58 * len(groups) + 52
    made = _begin("Stayed so far, by offer", report, height=height)
    y = TOP + 10.0
    for reason_id, own in groups:
        made.text(MARGIN, y, _reason_label(reason_id, names), size=SMALL, colour=sheet.FAINT)
        y += 56
        for line in own:
            _offer_row(made, y, line, names)
            y += ROW
        y += 2
    made.text(
        MARGIN, y + 8, "Bars: 95% likely range, from 0 to 100%.", size=SMALL, colour=sheet.FAINT
    )
    return made.png()


def _offer_row(made: Sheet, y: float, line: VariantLine, names: Names) -> None:
    is_holdout = line.variant == HOLDOUT
    name = names.variant(line.variant)
    made.text(MARGIN, y, shortened(name if drawable(name) else line.variant, _LABEL_LENGTH))
    value = f"{percent(line.stayed)} of {line.stayed.whole}"
    made.text(WIDTH - MARGIN, y, value, side="right", size=BODY)
    made.bar(MARGIN, y + 35, _INNER, colour=sheet.TRACK)
    rate = line.stayed.rate
    if rate is None:
        return
    low, high = line.stayed.bounds
    colour = sheet.FAINT if is_holdout else sheet.BLUE
    made.bar(MARGIN + _INNER * low, y + 35, _INNER * (high - low), height=8, colour=sheet.GREY)
    made.dot(MARGIN + _INNER * rate, y + 35, colour=colour)
