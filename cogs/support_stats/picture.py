"""The statistics' pictures, drawn beside the loop. The same numbers stand in the text."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from bot.domain.ticket_stats import Measures, TicketStats
from cogs.retention import sheet
from cogs.retention.picture import is_possible
from cogs.retention.sheet import MARGIN, SMALL, WIDTH, Sheet, drawable, shortened
from cogs.retention.wording import percent, plain_dates, short_day
from cogs.support_stats.wording import Names, short

TOP = 138
ROW = 128
MOST_ROWS = 8
_INNER = WIDTH - 2 * MARGIN
_LABEL_LENGTH = 30
_HOUR = timedelta(hours=1)


def draw(stats: TicketStats, names: Names) -> dict[str, bytes]:
    """By name: what has anything to show; none without the extra `charts`."""
    if not is_possible() or not stats.overall.first_response.count:
        return {}
    with sheet.drawing:
        topics = [(names.topic(key), own) for key, own in stats.by_topic]
        agents = [(names.agent(key), own) for key, own in stats.by_agent if key is not None]
        drawn = {
            "weeks": weeks_picture(stats),
            "topics": _groups_picture("By topic", stats, topics),
        }
        if agents:
            drawn["agents"] = _groups_picture("By agent", stats, agents)
        return drawn


def _begin(title: str, stats: TicketStats, *, height: float) -> Sheet:
    made = Sheet(height)
    made.text(MARGIN, 46, title, size=sheet.HEADING)
    made.text(MARGIN, 94, plain_dates(stats.period), size=SMALL, colour=sheet.FAINT)
    return made


def _groups_picture(
    title: str, stats: TicketStats, groups: Sequence[tuple[str, Measures]]
) -> bytes:
    """A bar for the first response and one for the resolution, each on a scale of its own."""
    shown = groups[:MOST_ROWS]
    made = _begin(title, stats, height=TOP + ROW * len(shown) + 60)
    first = _longest(own.first_response.median for _, own in shown)
    solved = _longest(own.resolution.median for _, own in shown)
    y = TOP + 14.0
    for name, own in shown:
        rated = f" · CSAT {percent(own.content)}" if own.content.whole else ""
        made.text(MARGIN, y, shortened(drawable(name) or "?", _LABEL_LENGTH))
        made.text(WIDTH - MARGIN, y, f"{own.opened}{rated}", side="right")
        _bar(made, y + 35, own.first_response.median, first, colour=sheet.BLUE)
        _bar(made, y + 67, own.resolution.median, solved, colour=sheet.ORANGE)
        y += ROW
    made.text(MARGIN, y + 10, "Blue: first response. Orange: resolution. Medians.", size=SMALL)
    return made.png()


def _longest(durations: Iterable[timedelta | None]) -> timedelta:
    found = [each for each in durations if each is not None]
    return max(found, default=_HOUR) or _HOUR


def _bar(
    made: Sheet, y: float, duration: timedelta | None, longest: timedelta, *, colour: str
) -> None:
    room = _INNER - 130
    made.bar(MARGIN, y, room, colour=sheet.TRACK)
    if duration is not None:
        made.bar(MARGIN, y, room * (duration / longest), colour=colour)
    value = short(duration) if duration is not None else "none"
    made.text(WIDTH - MARGIN, y, value, size=SMALL, colour=sheet.FAINT, side="right")


def weeks_picture(stats: TicketStats) -> bytes:
    """The median first response of each week, with a line up to where nine of ten are."""
    made = _begin("First response by week", stats, height=640)
    left, right, top, bottom = MARGIN + 120.0, WIDTH - MARGIN - 8.0, 170.0, 500.0
    weeks = stats.by_week
    longest = _longest(own.first_response.most for _, own in weeks)

    def at(duration: timedelta) -> float:
        return bottom - (bottom - top) * (duration / longest)

    for part in (0.0, 0.5, 1.0):
        mark = longest * part
        made.line((left, at(mark)), (right, at(mark)), colour=sheet.TRACK, width=1.5)
        label = short(mark) if mark else "0"
        made.text(left - 14, at(mark), label, size=SMALL, colour=sheet.FAINT, side="right")
    step = (right - left) / len(weeks)
    for number, (_, own) in enumerate(weeks):
        spread, x = own.first_response, left + step * (number + 0.5)
        if spread.median is None or spread.most is None:
            continue
        made.line((x, at(spread.median)), (x, at(spread.most)), colour=sheet.GREY, width=3)
        made.dot(x, at(spread.median), colour=sheet.BLUE, size=12 if len(weeks) < 27 else 6)
    _week_labels(made, [monday for monday, _ in weeks], left=left, step=step)
    note = "Dots: medians. Lines: up to where nine of ten are."
    made.text(MARGIN, 600, note, size=SMALL, colour=sheet.FAINT)
    return made.png()


def _week_labels(made: Sheet, mondays: Sequence[date], *, left: float, step: float) -> None:
    every = max(1, -(-118 // int(step)))
    for number, monday in enumerate(mondays):
        if number % every == 0:
            x = left + step * (number + 0.5)
            made.text(x, 534, short_day(monday), size=SMALL, colour=sheet.FAINT, side="center")
