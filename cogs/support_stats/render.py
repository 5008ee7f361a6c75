"""The statistics as text, with their pictures between: whoever sees none misses nothing."""

import io
from collections.abc import Iterable, Mapping
from datetime import datetime

import discord
from discord import ui

from bot.domain.identifiers import UserId
from bot.domain.retention_report import Period
from bot.domain.ticket_stats import Measures, TicketStats
from cogs import words
from cogs.interactions import custom_id
from cogs.layout import Part, View, button, card, line, row, select, text
from cogs.retention.render import NO_PICTURES, PERIODS
from cogs.retention.wording import between, percent, plain_dates, short_day
from cogs.support_stats.wording import Names, encoded, short

Pictures = Mapping[str, bytes]
# Together below the 4,000 characters that a message may have.
_ROOM = {"topics": 900, "agents": 900, "weeks": 900}
_ALT = {
    "weeks": "Dots with lines: first response by week",
    "topics": "Bars: first response and resolution by topic",
    "agents": "Bars: first response and resolution by agent",
}


def stats_card(
    stats: TicketStats, pictures: Pictures, names: Names, *, is_always: bool, now: datetime
) -> View:
    """Every part with its picture, then what to look at next."""
    head = f"## Support\n{plain_dates(stats.period)} (UTC)"
    parts: list[Part] = [text(f"{head}\n{_summary(stats.overall, is_always=is_always)}")]
    if stats.overall.opened:
        for name, lines in _sections(stats, names).items():
            written = _fitting(lines, _ROOM[name])
            parts += [line(), text(written), *_gallery(name, pictures)]
        if not pictures:
            parts.append(text(NO_PICTURES))
    return card(*parts, *_controls(stats.period, now), accent=words.NEUTRAL_COLOUR)


def _summary(overall: Measures, *, is_always: bool) -> str:
    if not overall.opened:
        return "**Nobody opened a ticket in this period.** Choose another one below."
    tickets = "1 ticket" if overall.opened == 1 else f"{words.count(overall.opened)} tickets"
    clock = (
        ""
        if is_always
        else (
            f"-# On the clock: first response {short(overall.first_response_clock.median)}, "
            f"resolution {short(overall.resolution_clock.median)}.\n"
        )
    )
    kind = "" if is_always else " Times are support hours."
    return (
        f"**{tickets}.** First response: **{short(overall.first_response.median)}** "
        f"(nine of ten: {short(overall.first_response.most)}). "
        f"Resolution: **{short(overall.resolution.median)}** "
        f"(nine of ten: {short(overall.resolution.most)}).\n"
        f"CSAT: **{_content(overall)}**.\n{clock}"
        f"-# Medians: half of the tickets took less.{kind} CSAT: ratings of 4 or 5."
    )


def _content(measures: Measures) -> str:
    share = measures.content
    if share.rate is None:
        return "no ratings yet"
    return f"{percent(share)} ({share.part} of {share.whole}; likely {between(share)})"


def _sections(stats: TicketStats, names: Names) -> dict[str, list[str]]:
    topics = (_line(words.plain(names.topic(key)), own) for key, own in stats.by_topic)
    agents = (_line(_mention(key), own) for key, own in stats.by_agent)
    weeks = (_line(short_day(monday), own) for monday, own in reversed(stats.by_week) if own.opened)
    return {
        "weeks": ["### By week", *weeks],
        "topics": ["### By topic", *topics],
        "agents": ["### By agent", *agents],
    }


def _mention(agent_id: UserId | None) -> str:
    return "Nobody yet" if agent_id is None else f"<@{agent_id}>"


def _line(name: str, own: Measures) -> str:
    rated = "" if own.content.rate is None else f" · CSAT {percent(own.content)}"
    return (
        f"{name}: {words.count(own.opened)} · first response {short(own.first_response.median)} · "
        f"resolution {short(own.resolution.median)}{rated}"
    )


def _fitting(lines: Iterable[str], room: int) -> str:
    """Whole lines, as many as there is room for; the file has the rest."""
    kept: list[str] = []
    for each in lines:
        room -= len(each) + 1
        if room < 0:
            return "\n".join([*kept, "-# … the rest is in the file."])
        kept.append(each)
    return "\n".join(kept)


def _gallery(name: str, pictures: Pictures) -> list[Part]:
    if name not in pictures:
        return []
    item = discord.MediaGalleryItem(f"attachment://{name}.png", description=_described(name))
    return [ui.MediaGallery(item)]


def _described(name: str) -> str:
    return f"{_ALT[name]}. The same numbers are in the text above."


def picture_files(pictures: Pictures) -> list[discord.File]:
    """For sending, with words for those who do not see them."""
    return [
        discord.File(io.BytesIO(drawn), f"{name}.png", description=_described(name))
        for name, drawn in pictures.items()
    ]


def _controls(period: Period, now: datetime) -> list[Part]:
    options = [
        discord.SelectOption(
            label=label, value=str(days), default=Period.of_days(days, now=now) == period
        )
        for days, label in PERIODS.items()
    ]
    return [
        line(),
        row(select(custom_id("stats.period", encoded(period)), plain_dates(period), options)),
        row(button("Every ticket as CSV", custom_id("stats.csv", encoded(period)))),
    ]
