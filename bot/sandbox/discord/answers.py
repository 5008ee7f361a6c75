"""What a person filled into a modal, checked as the client does, in the wire's shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.sandbox.discord import component_types as ct
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.files import File
from bot.sandbox.discord.references import References, chosen
from bot.sandbox.discord.refusals import SandboxRefusal
from bot.sandbox.discord.views import Field, Modal
from bot.sandbox.discord.wire import Json
from bot.sandbox.discord.world import World

Answer = str | bool | File | Sequence[str] | Sequence[File] | None


def modal_components(
    world: World,
    channel: Channel,
    modal: Modal,
    answers: Mapping[str, Answer],
    references: References,
) -> list[Json]:
    """The ``components`` of a modal submission; fields without an answer keep their default.

    Raises:
        SandboxRefusal: the client would not submit this.
    """
    given: dict[str, Answer] = {}
    for key, answer in answers.items():
        try:
            given[modal.field(key).custom_id] = answer
        except KeyError as error:
            raise SandboxRefusal(str(error)) from error
    desk = _Desk(world, channel, references)
    parts = {field.custom_id: desk.part(field, given) for field in modal.fields}
    return [_submitted(component, parts) for component in modal.components]


def _submitted(component: Json, parts: dict[str, Json]) -> Json:
    kind, number = component["type"], component["id"]
    if kind == ct.LABEL:
        part = parts[component["component"]["custom_id"]]
        return {"type": kind, "id": number, "component": part}
    if kind == ct.ACTION_ROW:
        rows = [parts[child["custom_id"]] for child in component["components"]]
        return {"type": kind, "id": number, "components": rows}
    return {"type": kind, "id": number}


class _Desk:
    """Turns answers into submitted components."""

    def __init__(self, world: World, channel: Channel, references: References) -> None:
        self._world = world
        self._channel = channel
        self._references = references

    def part(self, field: Field, given: Mapping[str, Answer]) -> Json:
        """The submitted form of one field."""
        body: Json = {"type": field.type, "id": field.id, "custom_id": field.custom_id}
        answer = given[field.custom_id] if field.custom_id in given else _default(field)
        if field.type == ct.TEXT_INPUT:
            return body | {"value": _text(field, answer)}
        if field.type == ct.CHECKBOX:
            return body | {"value": bool(answer)}
        if field.type == ct.FILE_UPLOAD:
            return body | {"values": self._uploads(field, answer)}
        if field.type == ct.RADIO_GROUP:
            values = _options(field, _strings(field, answer))
            _check_count(field, values, most=1, least=1)
            return body | {"value": values[0] if values else None}
        strings = _strings(field, answer)
        if field.options:
            values = _options(field, strings)
        else:
            values = [self._reference(field, value) for value in strings]
        _check_count(field, values, most=field.max_values, least=field.min_values)
        return body | {"values": values}

    def _reference(self, field: Field, value: str) -> str:
        target = chosen(self._world, self._channel.guild, field.type, value)
        return self._references.add(target)

    def _uploads(self, field: Field, answer: Answer) -> list[str]:
        files = [answer] if isinstance(answer, File) else list(answer or ())  # type: ignore[arg-type]
        _check_count(field, files, most=field.max_values, least=field.min_values)
        ids = []
        for file in files:
            if not isinstance(file, File):
                raise SandboxRefusal(f"{field.label!r} takes files")
            stored = self._world.files.add(
                self._world.ids.next(), self._channel.id, file, ephemeral=True
            )
            ids.append(self._references.add(stored))
        return ids


def _default(field: Field) -> Answer:
    if field.type == ct.TEXT_INPUT:
        return field.value or ""
    return [option.value for option in field.options if option.default]


def _text(field: Field, answer: Answer) -> str:
    if not isinstance(answer, str):
        raise SandboxRefusal(f"{field.label!r} takes a text")
    if not answer.strip():
        if field.required:
            raise SandboxRefusal(f"{field.label!r} is required")
        return answer
    if not field.min_length <= len(answer) <= field.max_length:
        raise SandboxRefusal(
            f"{field.label!r} takes {field.min_length} to {field.max_length} characters"
        )
    return answer


def _strings(field: Field, answer: Answer) -> list[str]:
    if answer is None:
        return []
    if isinstance(answer, str):
        return [answer]
    if isinstance(answer, bool | File):
        raise SandboxRefusal(f"{field.label!r} takes choices")
    return [str(getattr(value, "id", value)) for value in answer]


def _options(field: Field, wanted: list[str]) -> list[str]:
    values = []
    for text in wanted:
        match = next((o for o in field.options if text in (o.value, o.label)), None)
        if match is None:
            raise SandboxRefusal(
                f"{field.label!r} has no option {text!r}; it has {[o.label for o in field.options]}"
            )
        values.append(match.value)
    return values


def _check_count(field: Field, values: Sequence[object], *, most: int, least: int) -> None:
    if not values and not field.required:
        return
    if not max(least, 1 if field.required else 0) <= len(values) <= most:
        raise SandboxRefusal(f"{field.label!r} takes {least} to {most} choices")
