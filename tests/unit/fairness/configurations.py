"""What vendors may write into `mooring.toml` about people who leave, generated."""

import json
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from hypothesis import strategies as st

from bot.domain.fairness import pressing_words, too_much_room
from bot.settings import Configuration, load_configuration
from bot.settings.configuration import Feedback

SHIPPED = tomllib.loads((Path(__file__).resolve().parents[3] / "mooring.toml").read_text())
PLANS = [plan["id"] for plan in SHIPPED["catalogue"]["plans"]]
SILENT = {"id": "prefer_not_to_say", "label": "Prefer not to say"}


def toml(value: object) -> str:
    """A value as TOML writes it inline."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def load(sections: Mapping[str, object]) -> Configuration:
    """The shipped file with these sections, read as it is at start."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "mooring.toml"
        whole = {**SHIPPED, **sections}
        path.write_text(
            "\n".join(f"{name} = {toml(section)}" for name, section in whole.items()),
            encoding="utf-8",
        )
        return load_configuration(path)


# What takes room on a screen, or hides in a word, and shows nothing.
UNSEEN = st.one_of(
    st.sampled_from("\n\r\t \u00a0\u2003\u200b\u200c\u200d\u2060\u2800\u3164\uffa0\ufe0f\ufeff"),
    st.characters(
        codec="utf-8", categories=("Cc", "Cf", "Zs", "Zl", "Zp"), exclude_characters="\x7f"
    ),
)

# Where it is part of what is seen: a word in Persian, and emoji.
JOINED = [
    "می\N{ZERO WIDTH NON-JOINER}خواهید",
    "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}\N{ZERO WIDTH JOINER}\N{FIRE}",
]


def said(longest: int, *, breaks: int = 0) -> st.SearchStrategy[str]:
    """A vendor's own words, in any language and with any markup, that press nobody."""
    letters = st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Zs"))
    line = st.one_of(st.text(letters, min_size=1, max_size=longest), st.sampled_from(JOINED))
    return (
        st.lists(line, min_size=1, max_size=breaks + 1)
        .map(lambda lines: "\n".join(lines)[:longest])
        .filter(str.strip)
        .filter(lambda written: pressing_words(written) is None)
        .filter(lambda written: too_much_room(written, breaks=breaks) is None)
    )


def pushing(longest: int) -> st.SearchStrategy[str]:
    """Words of a vendor who would like the way to cancel to be somewhere else."""
    filled = st.tuples(st.text(UNSEEN, min_size=1, max_size=3), st.integers(1, longest))
    return st.tuples(
        st.sampled_from(["", "Talk to us."]), filled, st.sampled_from(["", "Please."])
    ).map(lambda parts: f"{parts[0]}{parts[1][0] * parts[1][1]}"[: longest - 10] + parts[2])


ids = st.from_regex(r"[a-z0-9_]{1,32}", fullmatch=True).filter(
    lambda each: each not in ("holdout", SILENT["id"])
)


@st.composite
def reasons(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to nine reasons, and that nobody has to give one."""
    own = [
        {
            "id": reason_id,
            "label": draw(said(100)),
            **({"feedback": draw(st.sampled_from(get_args(Feedback)))} if draw(_maybe) else {}),
            **({"follow_up": draw(said(100))} if draw(_maybe) else {}),
        }
        for reason_id in draw(st.lists(ids, min_size=1, max_size=9, unique=True))
    ]
    return draw(st.permutations([*own, SILENT]))


_maybe = st.booleans()
_KINDS: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "pause": {"months": st.integers(1, 3)},
    "discount": {
        "percent": st.integers(1, 99),
        "months": st.integers(1, 12),
        "coupon": st.just("coupon_1"),
    },
    "smaller_plan": {"plan": st.sampled_from(PLANS)},
    "monthly": {},
    "credits": {"units": st.integers(1, 10**6)},
    "talk": {},
}


@st.composite
def _offer(draw: st.DrawFn, offer_id: str, reason_ids: list[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(_KINDS)))
    optional = {
        "plans": st.lists(st.sampled_from(PLANS), unique=True, min_size=1),
        "min_days": st.integers(0, 90),
        "min_paid": st.integers(0, 5000),
        "weight": st.integers(1, 100),
    }
    return {
        "id": offer_id,
        "kind": kind,
        "reasons": draw(st.lists(st.sampled_from(reason_ids), min_size=1, unique=True)),
        **{name: draw(values) for name, values in _KINDS[kind].items()},
        **{name: draw(values) for name, values in optional.items() if draw(_maybe)},
    }


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Any file that Mooring takes: it is loaded as at start."""
    chosen = draw(reasons())
    reason_ids = [reason["id"] for reason in chosen]
    offer_ids = draw(
        st.lists(ids, min_size=draw(st.sampled_from([0, 2, 4])), max_size=6, unique=True)
    )
    return load(
        {
            "cancellation": {
                **({"nudge": draw(said(500, breaks=6))} if draw(_maybe) else {}),
                "reasons": chosen,
            },
            "retention": {
                "cooldown_days": draw(st.integers(30, 3650)),
                "holdout_percent": draw(st.sampled_from([0, 0, 0, 10, 50])),
                "offers": [draw(_offer(each, reason_ids)) for each in offer_ids],
            },
        }
    )
