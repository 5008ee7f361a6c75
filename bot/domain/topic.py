"""The kinds of tickets: what each asks, who answers it, and where it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.identifiers import ChannelId, RoleId

# Answers that no field asked for: they have labels too.
ABOUT_MESSAGE = "about_message"
OPENED_BY_TEAM = "opened_by_team"


class FieldKind(StrEnum):
    """What a question in a modal looks like."""

    TEXT = "text"
    PARAGRAPH = "paragraph"
    SELECT = "select"
    RADIO = "radio"
    CHECKBOX = "checkbox"
    FILE = "file"


class Place(StrEnum):
    """What a ticket's conversation lives in."""

    CHANNEL = "channel"
    THREAD = "thread"


class SelfHelp(StrEnum):
    """What is looked at before the questions are asked."""

    NONE = "none"
    BILLING = "billing"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class TopicField:
    """A question in the topic's modal.

    `options` are for select, radio and checkbox. `least` and `most` count choices or files; for
    text, `min_length` and `max_length` count characters.
    """

    id: str
    label: str
    description: str = ""
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    min_length: int = 0
    max_length: int = 200
    options: tuple[str, ...] = ()
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of ticket that members can open.

    Without a `staff_role_id` the server's support role answers it; without a `category_id` it goes
    into the server's ticket category.
    """

    id: str
    label: str
    description: str
    fields: tuple[TopicField, ...]
    staff_role_id: RoleId | None = None
    category_id: ChannelId | None = None
    emoji: str | None = None
    greeting: str = ""
    max_open: int = 1
    place: Place = Place.CHANNEL
    self_help: SelfHelp = SelfHelp.NONE

    @property
    def file_fields(self) -> tuple[str, ...]:
        """The ids of the questions that files answer."""
        return tuple(field.id for field in self.fields if field.kind is FieldKind.FILE)


@dataclass(frozen=True, slots=True)
class Places:
    """Where tickets go when their own place is full, in this order, and then into threads.

    Threads hang on `thread_channel_id`, or on the channel where the member asked.
    """

    overflow_categories: tuple[ChannelId, ...] = ()
    thread_channel_id: ChannelId | None = None


def answer_labels(topic: Topic | None) -> Mapping[str, str]:
    """How each answer is headed, those without a question of their own included."""
    asked = {field.id: field.label for field in topic.fields} if topic else {}
    return {
        **asked,
        ABOUT_MESSAGE: "The message that this is about",
        OPENED_BY_TEAM: "From the team",
    }


def without(topics: Sequence[Topic], ids: Sequence[str]) -> list[str]:
    """Those of the ids that are no topic's any more."""
    known = {topic.id for topic in topics}
    return [each for each in ids if each not in known]
