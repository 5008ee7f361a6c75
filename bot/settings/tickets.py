"""`[tickets]`: the topics, what each asks, and where its tickets go."""

from typing import Annotated

from pydantic import Field, model_validator

from bot.domain.identifiers import ChannelId, RoleId
from bot.domain.ticket_ends import EndPolicy
from bot.domain.ticket_record import RecordPolicy
from bot.domain.topic import (
    ABOUT_MESSAGE,
    OPENED_BY_TEAM,
    FieldKind,
    Place,
    Places,
    SelfHelp,
    Topic,
    TopicField,
)
from bot.settings.section import Id, Section
from bot.settings.support import AutoCloseSection

# Discord's own limits.
_OPTIONS = {FieldKind.SELECT: (1, 25), FieldKind.RADIO: (2, 10), FieldKind.CHECKBOX: (1, 10)}
_MOST_FILES = 10
_TEXTS = (FieldKind.TEXT, FieldKind.PARAGRAPH)

Option = Annotated[str, Field(min_length=1, max_length=100)]


class FieldSection(Section):
    """A question in a ticket's modal. `min` and `max` count choices or files."""

    id: Id
    label: Annotated[str, Field(min_length=1, max_length=45)]
    description: Annotated[str, Field(max_length=100)] = ""
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    # The same as kind = "paragraph".
    paragraph: bool = False
    min_length: Annotated[int, Field(ge=0, le=1000)] = 0
    max_length: Annotated[int, Field(ge=1, le=1000)] = 200
    options: tuple[Option, ...] = ()
    min: Annotated[int, Field(ge=0, le=25)] = 1
    max: Annotated[int, Field(ge=1, le=25)] | None = None

    @model_validator(mode="after")
    def _check_kind(self) -> "FieldSection":
        problem = self._problem()
        if problem is not None:
            raise ValueError(problem)
        return self

    def _problem(self) -> str | None:
        if self.id in (ABOUT_MESSAGE, OPENED_BY_TEAM):
            return f"a field id other than {self.id}, which the bot uses itself"
        if self.paragraph and self.kind not in _TEXTS:
            return 'paragraph = true only for kind = "text"'
        if self.min_length > self.max_length:
            return "min_length not above max_length"
        return self._problem_with_options() or self._problem_with_count()

    def _problem_with_options(self) -> str | None:
        if self.kind not in _OPTIONS:
            only = f'options only for select, radio and checkbox, not for kind = "{self.kind}"'
            return only if self.options else None
        least, most = _OPTIONS[self.kind]
        if not least <= len(self.options) <= most:
            return f'options: {least} to {most} of them for kind = "{self.kind}"'
        twice = len(set(self.options)) != len(self.options)
        return "options: each of them once" if twice else None

    def _problem_with_count(self) -> str | None:
        if self.kind in (*_TEXTS, FieldKind.RADIO):
            counted = self.min != 1 or self.max is not None
            return f'min and max not for kind = "{self.kind}"' if counted else None
        most = _MOST_FILES if self.kind is FieldKind.FILE else len(self.options)
        if not self.min <= self._most <= most:
            return f'min and max from 1 to {most} for kind = "{self.kind}", min not above max'
        return None

    @property
    def _most(self) -> int:
        if self.max is not None:
            return self.max
        return len(self.options) if self.kind is FieldKind.CHECKBOX else 1

    def to_field(self) -> TopicField:
        """The domain's question."""
        return TopicField(
            id=self.id,
            label=self.label,
            description=self.description,
            kind=FieldKind.PARAGRAPH if self.paragraph else self.kind,
            required=self.required,
            min_length=self.min_length,
            max_length=self.max_length,
            options=self.options,
            least=self.min,
            most=self._most,
        )


class TopicSection(Section):
    """A kind of ticket. Discord's modals hold five questions.

    `staff_role` answers it instead of the server's support role; `category` is where its channels
    go instead of the server's ticket category. `max_open` is how many of it one member can have.
    """

    id: Id
    label: Annotated[str, Field(min_length=1, max_length=45)]
    description: Annotated[str, Field(max_length=100)] = ""
    emoji: Annotated[str, Field(min_length=1, max_length=16)] | None = None
    fields: Annotated[tuple[FieldSection, ...], Field(min_length=1, max_length=5)]
    staff_role: int | None = None
    category: int | None = None
    greeting: Annotated[str, Field(max_length=500)] = ""
    max_open: Annotated[int, Field(ge=1, le=10)] = 1
    mode: Place | None = None
    self_help: SelfHelp = SelfHelp.NONE

    @model_validator(mode="after")
    def _check_fields(self) -> "TopicSection":
        ids = [field.id for field in self.fields]
        if len(set(ids)) != len(ids):
            raise ValueError("fields: each field id once")
        files = sum(field.to_field().most for field in self.fields if field.kind is FieldKind.FILE)
        if files > _MOST_FILES:
            raise ValueError(f"fields: {_MOST_FILES} files at most, which is what a message holds")
        return self

    def to_topic(self, usual: Place) -> Topic:
        """The domain's topic; `usual` is the mode of those that name none."""
        return Topic(
            id=self.id,
            label=self.label,
            description=self.description,
            fields=tuple(field.to_field() for field in self.fields),
            staff_role_id=RoleId(self.staff_role) if self.staff_role else None,
            category_id=ChannelId(self.category) if self.category else None,
            emoji=self.emoji,
            greeting=self.greeting,
            max_open=self.max_open,
            place=self.mode or usual,
            self_help=self.self_help,
        )


class TicketSection(Section):
    """`cancel_topic` names the topic of tickets that are opened from the cancel flow.

    In tickets of `billing_topic` the bot says what it finds about the member's payments. A topic
    without a `mode` of its own has this one.
    """

    topics: Annotated[tuple[TopicSection, ...], Field(min_length=1, max_length=25)]
    cancel_topic: Id
    billing_topic: Id | None = None
    mode: Place = Place.CHANNEL
    # How long a member can open a closed ticket again; 0: never.
    reopen_days: Annotated[int, Field(ge=0, le=90)] = 7
    overflow_categories: Annotated[tuple[int, ...], Field(max_length=10)] = ()
    thread_channel: int | None = None
    auto_close: AutoCloseSection | None = None
    # When what was said in a closed ticket is deleted; 0: never.
    keep_days: Annotated[int, Field(ge=0, le=3650)] = 365
    max_file_mib: Annotated[int, Field(ge=1, le=500)] = 25
    max_ticket_mib: Annotated[int, Field(ge=1, le=5000)] = 200

    @model_validator(mode="after")
    def _check_topics(self) -> "TicketSection":
        ids = [topic.id for topic in self.topics]
        if len(set(ids)) != len(ids):
            raise ValueError("each topic id once")
        if self.cancel_topic not in ids:
            raise ValueError("cancel_topic must be the id of one of the topics")
        if self.billing_topic is not None and self.billing_topic not in ids:
            raise ValueError("billing_topic must be the id of one of the topics, or left out")
        return self

    def to_topics(self) -> tuple[Topic, ...]:
        """The domain's topics, in the order of the file."""
        return tuple(topic.to_topic(self.mode) for topic in self.topics)

    def to_ends(self) -> EndPolicy:
        """What may follow on closing."""
        return EndPolicy(reopen_days=self.reopen_days)

    def to_records(self) -> RecordPolicy:
        """How much is kept, and for how long."""
        return RecordPolicy(
            keep_days=self.keep_days,
            largest_file=self.max_file_mib << 20,
            largest_ticket=self.max_ticket_mib << 20,
        )

    def to_places(self) -> Places:
        """Where tickets go when their own place is full."""
        return Places(
            overflow_categories=tuple(ChannelId(each) for each in self.overflow_categories),
            thread_channel_id=ChannelId(self.thread_channel) if self.thread_channel else None,
        )
