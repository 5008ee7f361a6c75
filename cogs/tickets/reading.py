"""A message of Discord's as the record keeps it: cleaned, and only what a transcript shows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import discord

from bot.domain.identifiers import AttachmentId, ChannelId, MessageId, RoleId, TicketId, UserId
from bot.domain.secrets_in_text import SecretKind, remove_secrets
from bot.domain.ticket_record import Attachment, MessageEdit, TicketMessage

Part = dict[str, Any]
# What somebody has written. Every other kind of message is Discord's own.
_WORDS = frozenset({discord.MessageType.default, discord.MessageType.reply})
# Discord's numbers for the parts of a message.
_ROW, _BUTTON = 1, 2
_SECTION, _TEXT, _THUMBNAIL, _GALLERY, _FILE, _LINE = 9, 10, 11, 12, 13, 14
_CONTAINER = 17


class _Cleaner:
    """Takes secrets out of every text that passes, and remembers which there were (S21)."""

    def __init__(self) -> None:
        self.found: set[SecretKind] = set()

    def __call__(self, text: str | None) -> str:
        cleaned, found = remove_secrets(text or "")
        self.found |= found
        return cleaned


def captured(
    message: discord.Message, ticket_id: TicketId, *, internal: bool, fetched: bool = False
) -> TicketMessage:
    """What is stored of a new message. The gateway brings its author's roles, a fetch does not."""
    clean = _Cleaner()
    content, rich = clean(_readable(message)), _rich(message, clean)
    attachments = tuple(_attachment(each, clean) for each in message.attachments)
    is_person = not message.author.bot
    if is_person and clean.found:
        rich["removed"] = sorted(clean.found)
    return TicketMessage(
        message_id=MessageId(message.id),
        ticket_id=ticket_id,
        channel_id=ChannelId(message.channel.id),
        author_id=UserId(message.author.id),
        author_name=message.author.display_name,
        from_bot=message.author.bot,
        content=content,
        sent_at=message.created_at,
        attachments=attachments,
        rich=rich or None,
        reply_to=_reply_to(message),
        internal=internal,
        secrets=frozenset(clean.found) if is_person else frozenset(),
        is_word=message.type in _WORDS and message.webhook_id is None,
        author_roles=None if fetched else _roles(message.author),
    )


def _roles(author: discord.abc.User) -> frozenset[RoleId]:
    held = author._roles if isinstance(author, discord.Member) else ()
    return frozenset(RoleId(role) for role in held)


def edited(message: discord.Message, ticket_id: TicketId, *, internal: bool) -> MessageEdit:
    """What is stored of a message that has changed."""
    now = captured(message, ticket_id, internal=internal)
    return MessageEdit(
        now.message_id,
        now.ticket_id,
        now.channel_id,
        now.author_id,
        now.content,
        now.rich,
        now.secrets,
        message.edited_at,
    )


def _readable(message: discord.Message) -> str:
    """The content, or the texts of a Components V2 message."""
    if message.is_system():
        return message.system_content or ""
    if message.content or not message.flags.components_v2:
        return message.content
    return "\n".join(_texts(component.to_dict() for component in message.components))


def _texts(components: Any) -> Iterator[str]:
    for component in components:
        if component["type"] == _TEXT:
            yield component["content"]
        yield from _texts(component.get("components", ()))


def _attachment(attachment: discord.Attachment, clean: _Cleaner) -> Attachment:
    return Attachment(
        AttachmentId(attachment.id),
        clean(attachment.filename),
        attachment.content_type,
        attachment.size,
        attachment.url,
    )


def _reply_to(message: discord.Message) -> MessageId | None:
    reference = message.reference
    if message.type is not discord.MessageType.reply or reference is None:
        return None
    return None if reference.message_id is None else MessageId(reference.message_id)


def _rich(message: discord.Message, clean: Callable[[str | None], str]) -> Part:
    """Everything besides the text, in a form of our own; parts that are empty are left out."""
    poll = message.poll
    parts: Part = {
        "embeds": [_embed(each, clean) for each in message.embeds if each.type == "rich"],
        "components": [
            part
            for each in message.components
            if message.flags.components_v2
            for part in _component(each.to_dict(), clean)
        ],
        "stickers": [clean(each.name) for each in message.stickers],
        "forwarded": [clean(each.content) for each in message.message_snapshots],
        "poll": poll and [clean(poll.question), *(clean(each.text) for each in poll.answers)],
        "names": _names(message),
    }
    return {name: part for name, part in parts.items() if part}


def _names(message: discord.Message) -> dict[str, str]:
    """Whom and what the text mentions, by the ids in it."""
    people: Sequence[discord.abc.User] = message.mentions
    return {
        **{str(each.id): f"@{each.display_name}" for each in people},
        **{str(each.id): f"@{each.name}" for each in message.role_mentions},
        **{str(each.id): f"#{each.name}" for each in message.channel_mentions},
    }


def _embed(embed: discord.Embed, clean: Callable[[str | None], str]) -> Part:
    found: Part = {
        "author": clean(embed.author.name),
        "title": clean(embed.title),
        "url": clean(embed.url),
        "text": clean(embed.description),
        "fields": [[clean(each.name), clean(each.value)] for each in embed.fields],
        "footer": clean(embed.footer.text),
    }
    return {name: part for name, part in found.items() if part}


def _component(component: Mapping[str, Any], clean: Callable[[str | None], str]) -> Iterator[Part]:
    """A Components V2 part: what one reads. Buttons that did something then are left out."""
    kind = component["type"]
    inner = component.get("components", ())
    if kind == _TEXT:
        yield {"text": clean(component["content"])}
    elif kind == _LINE:
        yield {"line": True}
    elif kind in (_CONTAINER, _SECTION, _ROW):
        parts = [part for each in inner for part in _component(each, clean)]
        if "accessory" in component:
            parts += _component(component["accessory"], clean)
        if parts:
            yield {"row" if kind == _ROW else "box": parts}
    elif kind == _BUTTON and component.get("label") and component.get("url"):
        yield {"label": clean(component["label"]), "url": clean(component["url"])}
    elif kind == _GALLERY:
        for item in component["items"]:
            yield {"picture": clean(item.get("description"))}
    elif kind == _THUMBNAIL:
        yield {"picture": clean(component.get("description"))}
    elif kind == _FILE:
        yield {"file": clean(component.get("name"))}
