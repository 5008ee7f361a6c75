"""What people read: a sentence for every refusal, and nothing of theirs that becomes markup."""

import dataclasses
import re
import sys
import types
import typing
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalogue import Interval
from bot.domain.errors import MooringError
from bot.domain.identifiers import ChannelId
from bot.domain.money import Money
from bot.domain.privacy import Obstacles, UnderWay
from bot.domain.refund import RefundState
from bot.domain.role_plan import RoleObstacle
from bot.domain.ticket_ends import ReopenObstacle
from cogs import words
from cogs.refusals import refusal

MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
# For facts of type str: every value that the services raise them with.
TEXTS: dict[str, list[str]] = {
    "outcome": ["started", "requested", "cancelled", "resumed", "aborted", "timed_out", "failed"],
    "needs": ["support", "moderator", "server", "manage server"],
    "what": ["ticket", "refund", "payment", "price", "plan", "top-up", "purchase"],
    "why": ["refunded", "disputed", "lost", "in_progress", "waiting", "asked"],
    "write_to": ["", "team@lumen.example"],
    "state": [state.value for state in RefundState],
}


SAMPLES: dict[object, list[object]] = {
    datetime: [MOMENT],
    bool: [True, False],
    int: [0, 1, 2],
    Money: [Money(500, "usd")],
    type(None): [None],
    RoleObstacle: list(RoleObstacle),
    ReopenObstacle: list(ReopenObstacle),
    Obstacles: [Obstacles((what,), (ChannelId(7),)) for what in UnderWay],
    tuple[str, ...]: [("support role", "moderator role")],
}


def _samples(name: str, hint: object) -> list[object]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return [each for part in typing.get_args(hint) for each in _samples(name, part)]
    if hint is str:
        return list(TEXTS[name])
    return SAMPLES[getattr(hint, "__supertype__", hint)]


def _leaves(kind: type[MooringError]) -> Iterator[type[MooringError]]:
    """What is raised; a class that has others below it only holds them together."""
    below = kind.__subclasses__()
    for each in below:
        yield from _leaves(each)
    if not below:
        yield kind


def every_refusal() -> Iterator[MooringError]:
    """Every subclass with every value of every fact, one fact varied at a time."""
    for kind in _leaves(MooringError):
        assert dataclasses.is_dataclass(kind)
        hints = typing.get_type_hints(kind, vars(sys.modules[kind.__module__]))
        names = [field.name for field in dataclasses.fields(kind)]
        facts = {name: _samples(name, hints[name]) for name in names}
        first = {name: values[0] for name, values in facts.items()}
        yield kind(**first)
        for name, values in facts.items():
            for value in values[1:]:
                yield kind(**{**first, name: value})


@pytest.mark.parametrize("error", list(every_refusal()), ids=repr)
def test_every_refusal_has_a_sentence_of_its_own(error: MooringError) -> None:
    sentence = refusal(error)

    assert error.code not in sentence, "the last branch is for nobody"
    assert "None" not in sentence
    assert sentence.startswith("**")
    assert len(sentence) < 400


def test_an_unknown_refusal_still_gets_an_answer() -> None:
    class Unheard(MooringError):
        pass

    assert "Unheard" in refusal(Unheard())


def test_a_defect_names_its_reference() -> None:
    assert "`ab12`" in words.defect("ab12")


def test_every_interval_has_a_word() -> None:
    assert len({words.every(interval) for interval in Interval}) == len(Interval)


def test_times() -> None:
    seconds = int(MOMENT.timestamp())
    assert words.day(MOMENT) == f"<t:{seconds}:D>"
    assert words.day_and_time(MOMENT) == f"<t:{seconds}:f>"
    assert words.relative(MOMENT) == f"<t:{seconds}:R>"
    assert words.plain_time(MOMENT) == "01 November 2026, 00:00 UTC"
    assert words.count(1234567) == "1,234,567"


# --- somebody's own text ---

SIGNS = st.text(st.sampled_from("ab1 \n\r\t\v\u2028\u0085`*_~|\\[]()<>#-@!&:/."), max_size=30)
MARKUP = st.sampled_from(
    [
        "[click](https://evil.example)",
        "https://evil.example/**x**",
        "<https://evil.example>",
        "@everyone",
        "@here",
        "<@100000000000000008>",
        "<@!100000000000000008>",
        "<@&100000000000000008>",
        "<#100000000000000008>",
        "</cancel:100000000000000008>",
        "<:a:100000000000000008>",
        "<t:1793534400:R>",
        "<id:customize>",
        "# Heading",
        "-# small",
        "- point",
        "* point",
        "> quote",
        ">>> quote",
        "```\ncode\n```",
        "||spoiler||",
        "~~gone~~",
        "**bold** __under__ *it* _it_",
        "\\",
    ]
)
written_texts = st.lists(st.one_of(SIGNS, MARKUP), max_size=5).map("".join)
_ACTIVE = re.compile(r"[`*_~|<>\[\]]")


def _unescaped(line: str) -> str:
    """What Discord still gives a meaning to: a backslash makes the sign after it plain."""
    return re.sub(r"\\[^0-9A-Za-z\s]", "x", line)


def require_only_text(quoted: str) -> None:
    for line in re.split("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", quoted):
        assert line.startswith("> ")
        rest = _unescaped(line.removeprefix("> "))
        assert not _ACTIVE.search(rest), line
        assert not re.match(r"\s*(#|-)", rest), line
        assert "://" not in rest
        assert not re.search(r"@(everyone|here|[!&]?[0-9]{17,20})", rest)
        assert not rest.endswith("\\") or rest.endswith("\\\\")


@given(written_texts)
def test_quoted_text_is_only_ever_text(written: str) -> None:
    require_only_text(words.quoted(written))


@given(written_texts, st.integers(10, 80))
def test_a_quotation_is_cut_after_it_is_escaped(written: str, most: int) -> None:
    """Escaping can make it three times as long. What fits stays whole."""
    cut, whole = words.quoted(written, at_most=most), words.quoted(written)

    assert len(cut) <= most
    assert (cut == whole) == (len(whole) <= most)
    assert cut == whole or cut.endswith("…")
    require_only_text(cut)


@given(written_texts, st.integers(10, 80))
def test_several_quotations_hold_every_word(written: str, most: int) -> None:
    parts = words.quotations(written, at_most=most)

    assert all(len(part) <= most for part in parts)
    for part in parts:
        require_only_text(part)
    said = re.sub("[^a-zA-Z0-9]", "", "".join(parts))
    assert said == re.sub("[^a-zA-Z0-9]", "", written)


@pytest.mark.parametrize("written", ["a\n" * 2_000, "[" * 4_000, "@everyone " * 400, "\\" * 4_000])
def test_no_quotation_is_longer_than_a_message_takes(written: str) -> None:
    assert len(words.quoted(written)) <= words.LONGEST_QUOTATION


@given(written_texts)
def test_quoting_loses_no_word(written: str) -> None:
    def letters(text: str) -> str:
        return re.sub("[^a-zA-Z0-9]", "", text)

    assert letters(words.quoted(written)) == letters(written)


@given(st.text())
def test_plain_text_cannot_end_its_code_block(written: str) -> None:
    assert "`" not in words.plain(written)
    assert len(words.plain(written)) == len(written)
