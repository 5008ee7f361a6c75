"""Threads: start, change, join, leave, list."""

from __future__ import annotations

from bot.sandbox.discord import channels, permissions
from bot.sandbox.discord.channels import Channel, ThreadState
from bot.sandbox.discord.forms import Form
from bot.sandbox.discord.guilds import MAX_ACTIVE_THREADS, Guild
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.rest.access import (
    bot_permissions,
    guild_channel_of,
    guild_of,
    message_of,
    require_in,
)
from bot.sandbox.discord.rest.router import Call, Reply, Routes
from bot.sandbox.discord.users import MEMBERS_LIMITED
from bot.sandbox.discord.wire import (
    ApiError,
    Json,
    missing_access,
    missing_permissions,
    unknown,
)

routes = Routes()

_CHANNEL = "/channels/{channel_id}"
_MEMBERS = f"{_CHANNEL}/thread-members"
DEFAULT_ARCHIVE_MINUTES = 4320


@routes("POST", f"{_CHANNEL}/threads")
def start(call: Call) -> Reply:
    """A thread without a message: private unless ``type`` says public."""
    guild, parent = guild_channel_of(call)
    kind = call.body.get("type") or channels.PRIVATE_THREAD
    private = kind == channels.PRIVATE_THREAD
    require_in(
        parent,
        permissions.CREATE_PRIVATE_THREADS if private else permissions.CREATE_PUBLIC_THREADS,
    )
    return Reply(201, _start(call, guild, parent, kind).payload())


@routes("POST", f"{_CHANNEL}/messages/{{message_id}}/threads")
def start_from_message(call: Call) -> Reply:
    """A public thread on a message; it takes the message's id."""
    guild, parent = guild_channel_of(call, needs=permissions.CREATE_PUBLIC_THREADS)
    message = message_of(call, parent)
    if message.thread is not None:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    return Reply(201, _start(call, guild, parent, channels.PUBLIC_THREAD, message).payload())


def _start(
    call: Call, guild: Guild, parent: Channel, kind: int, message: Message | None = None
) -> Channel:
    world, body = call.backend.world, call.body
    _require_room(guild)
    form = Form()
    if form.required(("name",), body.get("name")):
        form.length(("name",), body["name"], low=1, high=100)
    form.finish()
    now = world.clock()
    state = ThreadState(
        owner_id=world.bot.id,
        created_at=now,
        auto_archive_minutes=body.get("auto_archive_duration") or DEFAULT_ARCHIVE_MINUTES,
        invitable=body.get("invitable") is not False,
        members={world.bot.id: now},
    )
    thread = Channel(
        message.id if message is not None else world.ids.next(),
        kind,
        body["name"],
        guild=guild,
        parent=parent,
        rate_limit_per_user=body.get("rate_limit_per_user") or 0,
        thread=state,
    )
    guild.admit_channel(thread)
    if message is not None:
        message.thread = thread
    data = thread.payload() | {"newly_created": True}
    world.gateway.dispatch("THREAD_CREATE", data, guild=guild, channel=thread)
    world.tell("channel_created", thread, thread.payload())
    return thread


def _require_room(guild: Guild) -> None:
    """For one more that is awake."""
    active = sum(each.thread is not None and not each.thread.archived for each in guild.threads)
    if active >= MAX_ACTIVE_THREADS:
        raise ApiError(400, 160006, "Maximum number of active threads reached")


def edit_thread(call: Call, guild: Guild, thread: Channel) -> Reply:
    """Change a thread: name, archived, locked, slow mode."""
    state, body = _state(thread), call.body
    if state.owner_id != call.backend.world.bot.id or "locked" in body:
        require_in(thread, permissions.MANAGE_THREADS)
    form = Form()
    form.length(("name",), body.get("name"), low=1, high=100)
    form.finish()
    if state.archived and body.get("archived") is False:
        _require_room(guild)
    name = body.get("name")
    if name is not None and name != thread.name:
        call.backend.limits.rename(thread.id)
        thread.name = name
    if body.get("archived") is not None and body["archived"] != state.archived:
        state.archived = body["archived"]
        state.archive_changed_at = call.backend.world.clock()
    if body.get("locked") is not None:
        state.locked = body["locked"]
    if body.get("auto_archive_duration") is not None:
        state.auto_archive_minutes = body["auto_archive_duration"]
    if body.get("rate_limit_per_user") is not None:
        thread.rate_limit_per_user = body["rate_limit_per_user"]
    if body.get("invitable") is not None:
        state.invitable = body["invitable"]
    guild.announce_channel_update(thread)
    return Reply(200, thread.payload())


def _state(thread: Channel) -> ThreadState:
    if thread.thread is None:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return thread.thread


# Members


def _wanted(call: Call) -> str:
    return call.params.get("user_id") or call.backend.world.bot.id


@routes("PUT", f"{_MEMBERS}/@me")
@routes("PUT", f"{_MEMBERS}/{{user_id}}")
def add_member(call: Call) -> Reply:
    """Bring somebody into a thread, or join it."""
    guild, thread = guild_channel_of(call)
    state, user_id = _state(thread), _wanted(call)
    member = guild.member(user_id)
    if member is None:
        raise unknown(10007, "Member")
    if "user_id" in call.params:
        require_in(thread, permissions.SEND_MESSAGES)
        parent = thread.parent
        if parent is not None and not member.can_view(parent):
            raise missing_permissions()
    if state.archived:
        raise ApiError(400, 50083, "Thread is archived")
    guild.add_to_thread(thread, member.user)
    return Reply(204)


@routes("DELETE", f"{_MEMBERS}/@me")
@routes("DELETE", f"{_MEMBERS}/{{user_id}}")
def remove_member(call: Call) -> Reply:
    """Take somebody out of a thread, or leave it."""
    guild, thread = guild_channel_of(call)
    state, user_id = _state(thread), _wanted(call)
    owns = thread.is_private_thread and state.owner_id == call.backend.world.bot.id
    manages = bot_permissions(thread) & permissions.MANAGE_THREADS
    if "user_id" in call.params and not owns and not manages:
        raise missing_permissions()
    if state.archived:
        raise ApiError(400, 50083, "Thread is archived")
    guild.remove_from_thread(thread, user_id)
    return Reply(204)


@routes("GET", _MEMBERS)
def list_members(call: Call) -> Reply:
    """Who is in a thread, with their roles in pages of up to 100 where that is asked for.

    Only for applications that have the Server Members intent.
    """
    guild, thread = guild_channel_of(call)
    if not call.backend.world.application.flags & MEMBERS_LIMITED:
        raise missing_access()
    ids = sorted(_state(thread).members, key=int)
    if call.query.get("with_member") != "true":
        return Reply(200, [thread.thread_member_payload(each) for each in ids])
    limit, after = int(call.query.get("limit", 100)), int(call.query.get("after", 0))
    page = [member for each in ids if int(each) > after and (member := guild.member(each))]
    return Reply(
        200,
        [thread.thread_member_payload(m.id) | {"member": m.payload()} for m in page[:limit]],
    )


@routes("GET", f"{_MEMBERS}/{{user_id}}")
def get_member(call: Call) -> Reply:
    """Whether somebody is in a thread (10007 when not)."""
    _, thread = guild_channel_of(call)
    if call.params["user_id"] not in _state(thread).members:
        raise unknown(10007, "Member")
    return Reply(200, thread.thread_member_payload(call.params["user_id"]))


# Lists


@routes("GET", "/guilds/{guild_id}/threads/active")
def active(call: Call) -> Reply:
    """The threads of a guild that are not archived and that the bot can see."""
    guild = guild_of(call)
    return Reply(200, _listing(call, [t for t in guild.threads if not _state(t).archived]))


@routes("GET", f"{_CHANNEL}/threads/archived/public")
def archived_public(call: Call) -> Reply:
    """The archived public threads of a channel."""
    return Reply(200, _archived(call, channels.PUBLIC_THREAD))


@routes("GET", f"{_CHANNEL}/threads/archived/private")
@routes("GET", f"{_CHANNEL}/users/@me/threads/archived/private")
def archived_private(call: Call) -> Reply:
    """The archived private threads of a channel."""
    return Reply(200, _archived(call, channels.PRIVATE_THREAD))


def _archived(call: Call, kind: int) -> Json:
    guild, parent = guild_channel_of(call, needs=permissions.READ_MESSAGE_HISTORY)
    found = [
        t for t in guild.threads if t.parent is parent and t.kind == kind and _state(t).archived
    ]
    return _listing(call, found) | {"has_more": False}


def _listing(call: Call, threads: list[Channel]) -> Json:
    bot_id = call.backend.world.bot.id
    visible = [t for t in threads if bot_permissions(t) & permissions.VIEW_CHANNEL]
    own = [t.thread_member_payload(bot_id) for t in visible if bot_id in _state(t).members]
    return {"threads": [t.payload() for t in visible], "members": own, "has_more": False}
