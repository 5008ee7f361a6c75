"""Posting, editing and deleting messages: validation, storage and announcement."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.sandbox.discord import messages as flags
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.component_rules import check_message_components
from bot.sandbox.discord.component_store import stored_components
from bot.sandbox.discord.embed_rules import check_embeds, stored_embed
from bot.sandbox.discord.files import Attachment, File
from bot.sandbox.discord.forms import Form
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.users import User
from bot.sandbox.discord.wire import ApiError, Json
from bot.sandbox.discord.world import World

MAX_CONTENT = 2000
MAX_FILES = 10
MAX_BROUGHT_BY_ROLE = 100
SETTABLE_FLAGS = (
    flags.SUPPRESS_EMBEDS | flags.EPHEMERAL | flags.SUPPRESS_NOTIFICATIONS | flags.IS_COMPONENTS_V2
)
_MENTION = re.compile(r"<@(!|&)?(\d+)>|@(everyone|here)")


@dataclass(slots=True)
class Post:
    """A message about to be stored."""

    channel: Channel
    author: User
    body: Json
    files: Sequence[File] = ()
    kind: int = flags.DEFAULT_TYPE
    viewer: User | None = None
    interaction: Json | None = None
    application_id: str | None = None
    reply_to: Message | None = None
    extra_flags: int = 0
    reference: Json | None = field(default=None)


def check_body(body: Json, files: Sequence[File], *, v2: bool) -> None:
    """Refuse (50035) contents that Discord refuses, whatever the way they came."""
    form = Form()
    content = body.get("content")
    if content is not None and not isinstance(content, str):
        form.add(("content",), "STRING_TYPE_CONVERT", "Could not interpret as string.")
    form.length(("content",), content, high=MAX_CONTENT)
    if v2:
        for key in ("content", "embeds", "sticker_ids", "poll"):
            if body.get(key):
                form.add(
                    (key,),
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )
    if embeds := body.get("embeds"):
        check_embeds(form, embeds)
    if components := body.get("components"):
        check_message_components(form, components, v2=v2)
    if len(files) > MAX_FILES:
        form.add(("attachments",), "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    form.finish()


def empty_message() -> ApiError:
    """Nothing that anybody could read."""
    return ApiError(400, 50006, "Cannot send an empty message")


def post(world: World, draft: Post) -> Message:
    """Store a message and announce it.

    Raises:
        ApiError: 50035 for refused contents, 50006 when there is nothing in it.
    """
    body, channel = draft.body, draft.channel
    wanted = (body.get("flags") or 0) & SETTABLE_FLAGS
    v2 = bool(wanted & flags.IS_COMPONENTS_V2)
    check_body(body, draft.files, v2=v2)
    if not draft.extra_flags & flags.LOADING:
        _refuse_empty(body, draft.files, v2=v2)
    if draft.viewer is None:
        wanted &= ~flags.EPHEMERAL
    message = Message(
        id=world.ids.next(),
        channel=channel,
        author=draft.author,
        created_at=world.clock(),
        content=body.get("content") or "",
        flags=wanted | draft.extra_flags,
        kind=draft.kind,
        tts=bool(body.get("tts")),
        nonce=body.get("nonce"),
        reply_to=draft.reply_to,
        reference=draft.reference,
        interaction=draft.interaction,
        application_id=draft.application_id,
        viewer=draft.viewer if wanted & flags.EPHEMERAL else None,
    )
    message.attachments = _store_files(world, message, body, draft.files)
    _render(world, message, body)
    if channel.is_private_thread and message.viewer is None:
        _bring_in(world, message)
    _place(world, message)
    return message


def _bring_in(world: World, message: Message) -> None:
    """Whoever is mentioned in a private thread becomes its member, if they see its channel.

    A role brings its members as long as they are fewer than 100.
    """
    thread, guild = message.channel, message.channel.guild
    if guild is None or thread.thread is None or thread.parent is None:
        return
    wanted = [guild.member(user.id) for user in message.mentions]
    for role_id in message.mention_roles:
        holders = [each for each in guild.members if any(r.id == role_id for r in each.roles)]
        wanted += holders if len(holders) < MAX_BROUGHT_BY_ROLE else []
    members = thread.thread.members
    added = [
        each
        for each in wanted
        if each is not None and each.id not in members and each.can_view(thread.parent)
    ]
    if not added:
        return
    for member in added:
        members[member.id] = world.clock()
    data: Json = {
        "id": thread.id,
        "guild_id": guild.id,
        "member_count": len(members),
        "added_members": [
            thread.thread_member_payload(each.id) | {"member": each.payload()} for each in added
        ],
    }
    world.gateway.dispatch("THREAD_MEMBERS_UPDATE", data, guild=guild)
    world.tell("channel_updated", thread, thread.payload())


def _refuse_empty(body: Json, files: Sequence[File], *, v2: bool) -> None:
    readable = body.get("components") if v2 else (body.get("content") or body.get("embeds"))
    if not readable and not files and not body.get("sticker_ids") and not body.get("poll"):
        raise empty_message()


def _store_files(
    world: World, message: Message, body: Json, files: Sequence[File]
) -> Sequence[Attachment]:
    """Store uploads; ``attachments`` in the body names and describes them by index."""
    if not files:
        return ()
    described = {str(a.get("id")): a for a in body.get("attachments") or ()}
    stored = []
    for index, file in enumerate(files):
        about = described.get(str(index), {})
        upload = File(
            name=about.get("filename") or file.name,
            data=file.data,
            content_type=file.content_type,
            description=about.get("description"),
        )
        stored.append(
            world.files.add(
                world.ids.next(), message.channel.id, upload, ephemeral=message.ephemeral
            )
        )
    return stored


def _render(world: World, message: Message, body: Json) -> None:
    """Set embeds, components and mentions from a body that passed the checks."""
    if "embeds" in body:
        message.embeds = [stored_embed(e, message.attachments) for e in body["embeds"] or ()]
    if "components" in body:
        message.components = stored_components(
            body["components"] or [], message.attachments, new_id=world.ids.next
        )
    if "@" in (text := message.text):
        _note_mentions(world, message, text, body.get("allowed_mentions"))
    if message.reply_to is not None and (body.get("allowed_mentions") or {}).get(
        "replied_user", True
    ):
        author = message.reply_to.author
        if author not in message.mentions:
            message.mentions = [*message.mentions, author]


def _note_mentions(world: World, message: Message, text: str, allowed: Json | None) -> None:
    """Find mentions; ``allowed_mentions`` decides which of them count."""
    found = _MENTION.findall(text)
    users = [snowflake for sigil, snowflake, _ in found if snowflake and sigil != "&"]
    roles = [snowflake for sigil, snowflake, _ in found if sigil == "&"]
    everyone = any(broadcast for *_, broadcast in found)
    if allowed is not None:
        parse = allowed.get("parse") or ()
        users = _allowed(users, everything="users" in parse, named=allowed.get("users"))
        roles = _allowed(roles, everything="roles" in parse, named=allowed.get("roles"))
        everyone = everyone and "everyone" in parse
    message.mentions = [world.users[i] for i in dict.fromkeys(users) if i in world.users]
    message.mention_roles = list(dict.fromkeys(roles))
    message.mention_everyone = everyone


def _allowed(ids: list[str], *, everything: bool, named: Sequence[str | int] | None) -> list[str]:
    names = {str(i) for i in named or ()}
    return [i for i in ids if everything or i in names]


def _place(world: World, message: Message) -> None:
    channel = message.channel
    if message.viewer is not None:
        channel.ephemerals.append(message)
        if world.observed:
            world.tell(
                "message_created", channel, message.payload(), only=frozenset({message.viewer.id})
            )
    else:
        channel.history[message.id] = message
        channel.last_message_id = message.id
        announce(world, "MESSAGE_CREATE", message)
    channel.watch.notify()


def announce(world: World, event: str, message: Message) -> None:
    """Send a message event to the bot and to the people."""
    data = message.payload()
    guild = message.channel.guild
    if guild is not None:
        member = guild.member(message.author.id)
        extra: Json = {"guild_id": guild.id}
        if member is not None:
            extra["member"] = member.payload(with_user=False)
        world.gateway.dispatch(event, data | extra, guild=guild, channel=message.channel)
    else:
        world.gateway.dispatch(event, data, channel=message.channel)
    created = event == "MESSAGE_CREATE"
    world.tell("message_created" if created else "message_updated", message.channel, data)


def edit(world: World, message: Message, body: Json, files: Sequence[File] = ()) -> Message:
    """Change the parts of a message that the body names, and announce it.

    Raises:
        ApiError: 50035 for refused contents, 50006 when nothing would be left in it.
    """
    wanted = body.get("flags") or 0
    v2 = bool((message.flags | wanted) & flags.IS_COMPONENTS_V2)
    check_body(body, files, v2=v2)
    kept = list(message.attachments)
    if "attachments" in body:
        ids = {str(a.get("id")) for a in body["attachments"] or ()}
        kept = [attachment for attachment in kept if attachment.id in ids]
    content = body.get("content", message.content)
    embeds = body.get("embeds", message.embeds)
    components = body.get("components", message.components)
    readable = components if v2 else (content or embeds)
    if not readable and not kept and not files:
        raise empty_message()
    if wanted & flags.IS_COMPONENTS_V2 and not message.flags & flags.IS_COMPONENTS_V2:
        message.flags |= flags.IS_COMPONENTS_V2
        content, message.embeds = "", ()
    message.content = content or ""
    message.attachments = [*kept, *_store_files(world, message, body, files)]
    if not message.loading:
        message.edited_at = world.clock()
    message.flags &= ~flags.LOADING
    if "flags" in body:
        suppress = wanted & flags.SUPPRESS_EMBEDS
        message.flags = message.flags & ~flags.SUPPRESS_EMBEDS | suppress
    _render(world, message, body)
    touched(world, message)
    return message


def touched(world: World, message: Message) -> None:
    """Announce that a message changed, and wake those who wait for it."""
    message.edits += 1
    if message.viewer is None:
        announce(world, "MESSAGE_UPDATE", message)
    elif world.observed:
        only = frozenset({message.viewer.id})
        world.tell("message_updated", message.channel, message.payload(), only=only)
    message.notify()
    message.channel.watch.notify()


def delete(world: World, message: Message, *, silent: bool = False) -> None:
    """Delete a message; ``silent`` leaves the bot's event to a bulk deletion."""
    channel = message.channel
    message.deleted = True
    data: Json = {"id": message.id, "channel_id": channel.id}
    if channel.guild is not None:
        data["guild_id"] = channel.guild.id
    if message.viewer is not None:
        channel.ephemerals.remove(message)
        world.tell("message_deleted", channel, data, only=frozenset({message.viewer.id}))
    else:
        channel.history.pop(message.id, None)
        if not silent:
            world.gateway.dispatch("MESSAGE_DELETE", data, guild=channel.guild, channel=channel)
        world.tell("message_deleted", channel, data)
    message.notify()
    channel.watch.notify()
