"""The report as text, with its pictures between: whoever sees none misses nothing."""

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby

import discord
from discord import ui

from bot.domain.identifiers import PlanId
from bot.domain.money import Money
from bot.domain.retention_report import Period, Report, Result, Share, VariantLine, WeekLine
from bot.services.retention_reports import Digest, Selection
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import Part, View, button, card, line, row, select, text
from cogs.retention.wording import (
    ALL,
    RESULTS,
    Names,
    between,
    encoded,
    monthly,
    names_of,
    percent,
    plain_dates,
    plan_name,
    short_day,
)

PERIODS = {7: "Last 7 days", 30: "Last 30 days", 90: "Last 90 days", 365: "Last 365 days"}
NO_PICTURES = "-# Here could be pictures too: `make install` brings the library that draws them."
# Together below the 4,000 characters that a message may have.
_ROOM = {"reasons": 700, "weeks": 1000, "offers": 800}
_LONGEST_NAME = 60

Pictures = Mapping[str, bytes]


def report_card(report: Report, pictures: Pictures, deps: Dependencies, *, hint: bool) -> View:
    """Every part with its picture, then what to look at next. `hint`: pictures are missing."""
    names = names_of(deps)
    selection = Selection(report.period, report.plan_id)
    head = f"## Retention, {plan_name(report.plan_id, deps)}\n{plain_dates(report.period)} (UTC)"
    parts: list[Part] = [text(f"{head}\n{_summary(report)}")]
    if report.funnel.started:
        for name, written in sections(report, names).items():
            parts += [line(), text(written), *_gallery(name, pictures, report)]
    if hint and report.funnel.started:
        parts.append(text(NO_PICTURES))
    return card(*parts, *_controls(selection, deps), accent=words.NEUTRAL_COLOUR)


def _summary(report: Report) -> str:
    started = report.funnel.started
    if not started:
        return "**Nobody tried to cancel in this period.** Choose another period or plan below."
    attempts = "1 attempt" if started == 1 else f"{words.count(started)} attempts"
    lost = " and ".join(monthly(each) for each in report.lost) or "nothing"
    unproven = report.funnel.results[Result.UNPROVEN]
    waiting = ""
    if unproven:
        waits = "save waits" if unproven == 1 else "saves wait"
        waiting = f" {words.count(unproven)} more {waits} for the next invoice."
    return (
        f"**{attempts} to cancel.** Revenue lost: **{lost}**.\n"
        f"Save rate: **{_with_range(report.saved)}**.{waiting}\n"
        "-# A save counts once the next invoice is paid. The range is where the true rate lies in "
        "95 of 100 cases."
    )


def _with_range(share: Share) -> str:
    if share.rate is None:
        return "nothing decided yet"
    return f"{percent(share)} ({share.part} of {share.whole}; likely {between(share)})"


def sections(report: Report, names: Names) -> dict[str, str]:
    """The numbers of each part that has any, by the name of its picture."""
    found = {"funnel": _funnel(report)}
    if report.reasons:
        found["reasons"] = _reasons(report, names)
    if report.saved.whole:
        found["weeks"] = _weeks(report.weeks)
    if report.variants:
        found["offers"] = _offers(report.variants, names)
    return found


def _funnel(report: Report) -> str:
    funnel = report.funnel
    ends = (
        f"{RESULTS[result]}: {words.count(number)}"
        for result, number in funnel.results.items()
        if number
    )
    return (
        "### How far attempts came\n"
        f"Started {words.count(funnel.started)} → gave a reason {words.count(funnel.gave_reason)} "
        f"→ saw an offer {words.count(funnel.saw_offer)}\n"
        + "\n".join(f"- {each}" for each in ends)
    )


def _reasons(report: Report, names: Names) -> str:
    lines = []
    for each in report.reasons:
        lost = [monthly(Money(amount, currency)) for currency, amount in each.lost.items()]
        lines.append(
            f"- {_short(names.reason(each.reason_id))}: {' and '.join(lost) or 'nothing lost'} · "
            f"{each.cancelled} of {each.attempts} left"
        )
    return _fitting("### Monthly revenue lost, by reason", lines, room=_ROOM["reasons"])


def _weeks(weeks: Iterable[WeekLine]) -> str:
    """Newest first: what does not fit is the oldest."""
    decided = [week for week in weeks if week.saved.whole]
    lines = [
        f"{short_day(week.monday)} {percent(week.saved)} of {week.saved.whole}"
        + (f" (+{week.unproven} open)" if week.unproven else "")
        for week in reversed(decided)
    ]
    heading = "### Save rate by week\n-# Newest first. Open: saves that wait for the next invoice"
    return _fitting(heading, lines, room=_ROOM["weeks"], between_lines=" · ")


def _offers(lines: Iterable[VariantLine], names: Names) -> str:
    written = []
    for reason_id, own in groupby(lines, key=lambda each: each.reason_id):
        written.append(f"**{_short(names.reason(reason_id))}**")
        written += [
            f"- {names.variant(each.variant)}: {percent(each.stayed)} of {each.stayed.whole} "
            f"({between(each.stayed)})" + (f" · {each.saved} paid again" if each.shown else "")
            for each in own
        ]
    heading = (
        "### Stayed so far, by offer\n"
        "-# In brackets the likely range. Where two overlap, the difference may be chance"
    )
    return _fitting(heading, written, room=_ROOM["offers"])


def _short(label: str) -> str:
    """The vendor's own words: nothing in them becomes markup."""
    cut = label if len(label) <= _LONGEST_NAME else f"{label[: _LONGEST_NAME - 1]}…"
    return discord.utils.escape_markdown(discord.utils.escape_mentions(cut))


def _fitting(heading: str, lines: list[str], *, room: int, between_lines: str = "\n") -> str:
    """As many lines as there is room for; it says how many are left out."""
    kept: list[str] = []
    for each in lines:
        if sum(len(one) + len(between_lines) for one in (*kept, each)) > room:
            more = len(lines) - len(kept)
            return f"{heading}\n{between_lines.join(kept)}\n-# {more} more: see the CSV file."
        kept.append(each)
    return f"{heading}\n{between_lines.join(kept)}"


def _gallery(name: str, pictures: Pictures, report: Report) -> list[Part]:
    if name not in pictures:
        return []
    item = discord.MediaGalleryItem(
        f"attachment://{file_name(name)}", description=_alt(name, report)
    )
    return [ui.MediaGallery(item)]


def _alt(name: str, report: Report) -> str:
    """For those who hear the message: the numbers themselves are the text above it."""
    what = {
        "funnel": f"Bars: how far {report.funnel.started} attempts to cancel came",
        "reasons": "Bars: monthly revenue lost by reason",
        "weeks": f"Dots with ranges: save rate by week, {percent(report.saved)} in all",
        "offers": "Dots with ranges: share of members who stayed, by offer",
    }[name]
    return f"{what}. The same numbers are in the text above."


def file_name(name: str) -> str:
    """Of a picture."""
    return f"{name}.png"


def picture_files(pictures: Pictures, report: Report) -> list[discord.File]:
    """For sending, with the same words for those who do not see them."""
    return [
        discord.File(io.BytesIO(drawn), file_name(name), description=_alt(name, report))
        for name, drawn in pictures.items()
    ]


def _controls(selection: Selection, deps: Dependencies) -> list[Part]:
    now, given = deps.clock(), encoded(selection)
    plans = [(None, "All plans"), *((plan.id, plan.name) for plan in deps.catalogue.plans)]
    return [
        line(),
        row(
            select(
                custom_id("retention.period", given),
                plain_dates(selection.period),
                _period_options(selection.period, now),
            )
        ),
        row(
            select(
                custom_id("retention.plan", given),
                f"Plan: {plan_name(selection.plan_id, deps)}",
                [_plan_option(plan_id, name, selection.plan_id) for plan_id, name in plans],
            )
        ),
        row(
            button("Attempts as CSV", custom_id("retention.csv", given)),
            button("Read the comments", custom_id("retention.comments", f"{given}:0:{ALL}")),
        ),
    ]


def _period_options(period: Period, now: datetime) -> list[discord.SelectOption]:
    return [
        discord.SelectOption(
            label=label, value=str(days), default=Period.of_days(days, now=now) == period
        )
        for days, label in PERIODS.items()
    ]


def _plan_option(plan_id: PlanId | None, name: str, chosen: PlanId | None) -> discord.SelectOption:
    return discord.SelectOption(label=name, value=plan_id or ALL, default=plan_id == chosen)


def digest_card(digest: Digest, pictures: Pictures, deps: Dependencies) -> View:
    """Short: last week, what most was lost for, and the weeks up to it."""
    week, names = digest.week, names_of(deps)
    parts: list[Part] = [
        text(f"## Retention last week\n{plain_dates(week.period)} (UTC)"),
        text(_digest_words(week, names)),
    ]
    if digest.recent.saved.whole:
        parts += [
            text(_weeks(digest.recent.weeks)),
            *_gallery("weeks", pictures, digest.recent),
        ]
    parts.append(text("-# `/retention report` has the rest: offers, comments, and a file."))
    return card(*parts, accent=words.NEUTRAL_COLOUR)


def _digest_words(week: Report, names: Names) -> str:
    if not week.funnel.started:
        return "**Nobody tried to cancel last week.**"
    top = next((each for each in week.reasons if each.lost), None)
    if top is None:
        return _summary(week)
    lost = " and ".join(monthly(Money(amount, code)) for code, amount in top.lost.items())
    return (
        f"{_summary(week)}\nMost was lost for: **{_short(names.reason(top.reason_id))}** ({lost})."
    )
