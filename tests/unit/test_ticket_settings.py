"""[tickets] of mooring.toml: each wrong value is told with its key, and old files stay valid."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain.identifiers import ChannelId, RoleId
from bot.domain.topic import ABOUT_MESSAGE, FieldKind, Place, SelfHelp, answer_labels
from bot.settings.tickets import TicketSection

TEXT = {"id": "description", "label": "What can we help with?"}


def section(*fields: dict[str, Any], **topic: Any) -> TicketSection:
    """A file with one topic."""
    return TicketSection.model_validate(
        {
            "topics": [{"id": "help", "label": "Help", "fields": fields or (TEXT,), **topic}],
            "cancel_topic": "help",
        }
    )


def test_a_file_from_before_there_were_kinds_means_the_same() -> None:
    old = section({**TEXT, "paragraph": True, "max_length": 1000}, {**TEXT, "id": "other"})

    [topic] = old.to_topics()

    assert [field.kind for field in topic.fields] == [FieldKind.PARAGRAPH, FieldKind.TEXT]
    assert topic.fields[0].max_length == 1000
    assert (topic.max_open, topic.place, topic.self_help) == (1, Place.CHANNEL, SelfHelp.NONE)


def test_everything_that_a_topic_can_have() -> None:
    [topic] = section(
        {"id": "system", "label": "System", "kind": "select", "options": ["A", "B"], "max": 2},
        {"id": "tried", "label": "Tried", "kind": "checkbox", "options": ["A", "B", "C"]},
        {"id": "shot", "label": "Picture", "kind": "file", "required": False, "max": 3},
        staff_role=5,
        category=6,
        max_open=3,
        mode="thread",
        self_help="cancel",
        greeting="Hello",
    ).to_topics()

    assert (topic.staff_role_id, topic.category_id) == (RoleId(5), ChannelId(6))
    assert (topic.place, topic.self_help, topic.max_open) == (Place.THREAD, SelfHelp.CANCEL, 3)
    assert [(field.least, field.most) for field in topic.fields] == [(1, 2), (1, 3), (1, 3)]
    assert topic.file_fields == ("shot",)
    assert answer_labels(topic)["tried"] == "Tried"
    assert ABOUT_MESSAGE in answer_labels(None)


def test_a_topic_without_a_mode_has_the_files() -> None:
    given = section().model_copy(update={"mode": Place.THREAD})
    assert given.to_topics()[0].place is Place.THREAD


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"kind": "select"}, 'options: 1 to 25 of them for kind = "select"'),
        ({"kind": "radio", "options": ["A"]}, 'options: 2 to 10 of them for kind = "radio"'),
        ({"kind": "checkbox", "options": list("abcdefghijk")}, "options: 1 to 10 of them"),
        ({"kind": "radio", "options": ["A", "A"]}, "options: each of them once"),
        ({"options": ["A"]}, "options only for select, radio and checkbox"),
        ({"kind": "file", "paragraph": True}, "paragraph = true only for"),
        ({"max": 2}, 'min and max not for kind = "text"'),
        ({"kind": "file", "max": 11}, "min and max from 1 to 10"),
        ({"kind": "select", "options": ["A"], "max": 2}, "min and max from 1 to 1"),
        ({"kind": "checkbox", "options": ["A", "B"], "min": 2, "max": 1}, "min not above max"),
        ({"min_length": 300}, "min_length not above max_length"),
        ({"id": ABOUT_MESSAGE}, "which the bot uses itself"),
        ({"kind": "slider"}, "kind"),
    ],
)
def test_a_question_that_discord_would_refuse_is_told_at_the_start(
    field: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError) as wrong:
        section({**TEXT, **field})
    assert told in str(wrong.value)


@pytest.mark.parametrize(
    ("fields", "topic", "told"),
    [
        ([TEXT] * 2, {}, "fields: each field id once"),
        ([{**TEXT, "id": f"f{n}"} for n in range(6)], {}, "topics.0.fields"),
        (
            [{"id": f"f{n}", "label": "File", "kind": "file", "max": 6} for n in range(2)],
            {},
            "10 files at most",
        ),
        ([TEXT], {"max_open": 0}, "topics.0.max_open"),
        ([TEXT], {"mode": "forum"}, "topics.0.mode"),
        ([TEXT], {"self_help": "magic"}, "topics.0.self_help"),
    ],
)
def test_a_topic_that_cannot_work_is_told_at_the_start(
    fields: list[dict[str, Any]], topic: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError) as wrong:
        section(*fields, **topic)
    assert told in str(wrong.value)
