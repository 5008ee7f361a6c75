"""A topic's questions as a modal, and what was answered."""

from collections.abc import Mapping
from typing import assert_never

import discord

from bot.domain.topic import FieldKind, Topic, TopicField
from bot.services.ticket_requests import Upload
from cogs.interactions import Interaction, modal_answers, uploads_of
from cogs.layout import (
    checkbox_field,
    file_field,
    modal,
    radio_field,
    select_field,
    text_field,
)

_Label = discord.ui.Label[discord.ui.Modal]


def questions(topic: Topic, custom_id: str) -> discord.ui.Modal:
    """The modal of this topic."""
    return modal(topic.label, custom_id, *(_part(field) for field in topic.fields))


def answers_of(interaction: Interaction, topic: Topic) -> Mapping[str, str]:
    """What was written and chosen; files are not among it."""
    given = modal_answers(interaction)
    asked = [field.id for field in topic.fields if field.kind is not FieldKind.FILE]
    return {name: given.get(name, "") for name in asked}


def files_of(interaction: Interaction, topic: Topic) -> tuple[Upload, ...]:
    """The files that were given."""
    return tuple(uploads_of(interaction, topic.file_fields))


def _part(field: TopicField) -> _Label:
    match field.kind:
        case FieldKind.TEXT | FieldKind.PARAGRAPH:
            return text_field(
                field.label,
                field.id,
                description=field.description,
                required=field.required,
                paragraph=field.kind is FieldKind.PARAGRAPH,
                min_length=field.min_length,
                max_length=field.max_length,
            )
        case FieldKind.FILE:
            return file_field(
                field.label,
                field.id,
                description=field.description,
                required=field.required,
                least=field.least,
                most=field.most,
            )
        case FieldKind.SELECT | FieldKind.RADIO | FieldKind.CHECKBOX:
            return _choice(field)
        case _:
            assert_never(field.kind)


def _choice(field: TopicField) -> _Label:
    choices = [(option, option) for option in field.options]
    if field.kind is FieldKind.RADIO:
        return radio_field(
            field.label,
            field.id,
            choices,
            description=field.description,
            required=field.required,
        )
    make = select_field if field.kind is FieldKind.SELECT else checkbox_field
    return make(
        field.label,
        field.id,
        choices,
        description=field.description,
        required=field.required,
        least=field.least,
        most=field.most,
    )
