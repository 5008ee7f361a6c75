"""`[desk]` and `[[macros]]`: what the team has at hand in a ticket."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from bot.domain.macro import (
    LONGEST_REPLY,
    PLACEHOLDERS,
    Action,
    AddTag,
    Assign,
    Close,
    Macro,
    Reply,
    SetPriority,
    Snooze,
    unknown_placeholders,
)
from bot.domain.ticket import Priority
from bot.domain.ticket_work import LONGEST_SNOOZE, DeskPolicy, span_of, tag_of
from bot.settings.section import Id, Section

SHORTEST_DEADLINE = timedelta(hours=1)
LONGEST_DEADLINE = timedelta(days=30)


def _require_tag(typed: str) -> str:
    if tag_of(typed) != typed:
        raise ValueError("tags of small letters, digits and hyphens, 30 at most")
    return typed


def _require_span(typed: str) -> str:
    if span_of(typed) is None:
        raise ValueError('a length of time such as "4h", "2d" or "1w"')
    return typed


def _require_placeholders(text: str) -> str:
    unknown = unknown_placeholders(text)
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
        raise ValueError(f"only placeholders that exist ({known}); not {{{unknown[0]}}}")
    return text


TagName = Annotated[str, AfterValidator(_require_tag)]
SpanText = Annotated[str, AfterValidator(_require_span)]
ReplyText = Annotated[
    str, Field(min_length=1, max_length=LONGEST_REPLY), AfterValidator(_require_placeholders)
]


class ActionSection(Section):
    """One thing that a macro does. Exactly one of them is given."""

    reply: ReplyText | None = None
    tag: TagName | None = None
    priority: Priority | None = None
    assign: Annotated[str, Field(pattern="^(me|nobody)$")] | None = None
    snooze: SpanText | None = None
    close: Annotated[str, Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "ActionSection":
        if len(self.model_fields_set) != 1:
            raise ValueError('one action in each pair of braces, such as { tag = "bug" }')
        if self.snooze is not None and (span_of(self.snooze) or LONGEST_SNOOZE) > LONGEST_SNOOZE:
            raise ValueError(f"a snooze of {LONGEST_SNOOZE.days} days at most")
        return self

    def to_action(self) -> Action:
        """The domain's action."""
        if self.reply is not None:
            return Reply(self.reply)
        if self.tag is not None:
            return AddTag(self.tag)
        if self.priority is not None:
            return SetPriority(self.priority)
        if self.assign is not None:
            return Assign(to_me=self.assign == "me")
        if self.snooze is not None:
            return Snooze(span_of(self.snooze) or LONGEST_SNOOZE)
        return Close(self.close or "")


class MacroSection(Section):
    """An answer that is given often, with what is done at the same time."""

    id: Id
    label: Annotated[str, Field(min_length=1, max_length=80)]
    actions: Annotated[tuple[ActionSection, ...], Field(min_length=1, max_length=8)]

    @model_validator(mode="after")
    def _check_actions(self) -> "MacroSection":
        kinds = [next(iter(action.model_fields_set)) for action in self.actions]
        for kind in ("reply", "priority", "assign", "snooze", "close"):
            if kinds.count(kind) > 1:
                raise ValueError(f"{kind} once in a macro")
        if "close" in kinds and kinds[-1] != "close":
            raise ValueError("close as the last action")
        if "close" in kinds and "snooze" in kinds:
            raise ValueError("close or snooze, not both")
        return self

    def to_macro(self) -> Macro:
        """The domain's macro."""
        return Macro(self.id, self.label, tuple(each.to_action() for each in self.actions))


class DeskSection(Section):
    """`tags` are suggested; the team can add others. `close_request_after`: see the README."""

    tags: Annotated[tuple[TagName, ...], Field(max_length=25)] = ()
    close_request_after: SpanText = "48h"

    @model_validator(mode="after")
    def _check_deadline(self) -> "DeskSection":
        if not SHORTEST_DEADLINE <= self._deadline <= LONGEST_DEADLINE:
            raise ValueError("close_request_after from 1h to 30d")
        return self

    @property
    def _deadline(self) -> timedelta:
        return span_of(self.close_request_after) or timedelta()

    def to_policy(self, macros: tuple[MacroSection, ...]) -> DeskPolicy:
        """The domain's policy."""
        return DeskPolicy(
            tags=self.tags,
            macros=tuple(each.to_macro() for each in macros),
            close_request_after=self._deadline,
        )
