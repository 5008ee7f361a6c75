"""What `mooring.toml` must not try on people who leave: refused with the fairness rule's number."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from bot.domain.fairness import pressing_words, too_much_room

# Paragraphs and a short list; the buttons below stay on the screen of a telephone.
_MOST_BREAKS = 6

# What has been seen elsewhere to hold people back, and cannot be set here.
_RULES = {
    1: (
        "adds a step or a wait",
        (
            "steps",
            "delay",
            "delay_seconds",
            "wait",
            "wait_seconds",
            "confirmations",
            "extra_questions",
            "nudge_twice",
            "survey",
        ),
    ),
    2: (
        "changes how the way to cancel looks",
        (
            "label",
            "style",
            "cancel_label",
            "cancel_style",
            "confirm_label",
            "confirm_style",
            "hide_cancel",
            "button",
            "emoji",
        ),
    ),
    3: ("shows more than one offer", ("max_offers", "second_offer", "fallback", "then", "repeat")),
    4: (
        "puts pressure on people",
        ("expires_in", "countdown", "urgency", "expires_minutes", "warning", "text"),
    ),
    5: ("makes people wait for somebody", ("require_ticket", "require_reply", "approval")),
    6: ("keeps the receipt back", ("receipt", "receipt_delay", "hide_receipt")),
    7: ("hides the price", ("auto_accept", "hide_terms", "price_after", "terms")),
}


def refuse_unfair(given: Any, *, known: Collection[str]) -> Any:
    """Name the fairness rule that a key is against, beside what is only misspelt.

    `known` are the section's own keys: a reason has a `label`, and an offer must not.
    """
    if isinstance(given, Mapping):
        for number, (does, keys) in _RULES.items():
            found = sorted(set(keys) & set(given) - set(known))
            if found:
                raise ValueError(
                    f"no {', '.join(found)}: it {does}, against fairness rule {number}"
                )
    return given


def _require_fair(said: str) -> str:
    pressing = pressing_words(said)
    if pressing is not None:
        raise ValueError(f'words that press nobody to stay (fairness rule 4), without "{pressing}"')
    return said


def _require_room(said: str, *, breaks: int = 0) -> str:
    problem = too_much_room(said, breaks=breaks)
    if problem is not None:
        raise ValueError(
            f"{problem}, by fairness rule 2: nothing pushes the way to cancel off the screen"
        )
    return said


def _require_few_lines(said: str) -> str:
    return _require_room(said, breaks=_MOST_BREAKS)


# What stands beside the way to cancel, such as the name of a plan.
OneLine = Annotated[str, AfterValidator(_require_room)]
# What people read while they leave.
FairLine = Annotated[str, AfterValidator(_require_room), AfterValidator(_require_fair)]
FairText = Annotated[str, AfterValidator(_require_few_lines), AfterValidator(_require_fair)]
