"""Messages that jobs send: to a member, to a channel, onto a screen that waits.

Discord drops a second message with the same nonce, so a job that runs again after a crash does
not say things twice.
"""

import asyncio
import hashlib
from typing import cast

import discord
import structlog

from bot.domain.identifiers import ChannelId, MessageId, RoleId, UserId
from bot.services.screens import Screen
from cogs.layout import View, finished

# Codes that no other try will change.
CANNOT_DM = 50007
UNKNOWN_CHANNEL = 10003
MISSING_ACCESS = 50001
MISSING_PERMISSIONS = 50013
# A thread that is archived or locked, and channels of a kind that takes no messages.
_CLOSED = frozenset({50083, 160005, 50008, 50024})
# The interaction has no answer yet, or never got one.
UNANSWERED = 10015
# The person's screen is gone: dismissed, or older than 15 minutes.
SCREEN_GONE = frozenset({10008, UNANSWERED, 10062, 50027})
# Discord takes a first answer for three seconds. A job may be quicker than a slow one.
WAITS_FOR_ANSWER = (0.25, 0.75, 2.0)

_log = structlog.get_logger(__name__)


class MessageRefusedError(Exception):
    """No place takes this message: it is malformed, too long, or says what Discord forbids.

    A defect of ours, and logged as one, unless somebody else has written it.
    """

    def __init__(self, code: int) -> None:
        """`code` is Discord's."""
        super().__init__(f"Discord refuses the message: {code}")
        self.code = code


def nonce_for(key: str) -> str:
    """Tells a message from every other one. Discord's nonces have at most 25 characters."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


class Messenger:
    """Sends on behalf of the jobs of all cogs."""

    def __init__(self, client: discord.Client) -> None:
        """`client` must be logged in when something is sent."""
        self._client = client

    async def tell(
        self, user_id: UserId, view: View, *, key: str, file: discord.File | None = None
    ) -> bool:
        """Send a direct message; False when this person does not take any, or is gone.

        Raises MessageRefusedError.
        """
        try:
            channel = await self._client.create_dm(discord.Object(user_id))
        except discord.HTTPException as refusal:
            if refusal.status >= 500 or refusal.status == 429:
                raise
            _log.info("direct_message_refused", user=user_id, code=refusal.code)
            return False
        try:
            await _send(channel, view, key=key, file=file)
        except discord.HTTPException as refusal:
            _require_place_refuses(refusal)
            _log.info("direct_message_refused", user=user_id, code=refusal.code)
            return False
        return True

    async def post(
        self,
        channel_id: ChannelId | None,
        view: View,
        *,
        key: str,
        file: discord.File | None = None,
        picture: discord.File | None = None,
        mentioned: UserId | None = None,
        mentioned_role: RoleId | None = None,
    ) -> bool:
        """Send to a channel; False when there is none or the bot may not write there.

        Raises MessageRefusedError for what it could write nowhere.

        A `picture` has its place in the view; a `file` is put below it. Nobody but `mentioned`
        and `mentioned_role` is notified, whoever the view names.
        """
        if channel_id is None:
            return False
        channel = self._client.get_partial_messageable(channel_id)
        try:
            await _send(
                channel,
                view,
                key=key,
                file=file,
                picture=picture,
                mentioned=mentioned,
                mentioned_role=mentioned_role,
            )
        except discord.HTTPException as refusal:
            _require_place_refuses(refusal)
            _log.warning("channel_message_refused", channel=channel_id, code=refusal.code)
            return False
        return True

    async def pin_up(self, channel_id: ChannelId, view: View, *, key: str) -> MessageId | None:
        """Send to a channel what is edited later; None when the bot may not write there.

        Raises MessageRefusedError.
        """
        channel = self._client.get_partial_messageable(channel_id)
        try:
            sent = await channel.send(view=finished(view), nonce=nonce_for(key))
        except discord.HTTPException as refusal:
            _require_place_refuses(refusal)
            _log.warning("channel_message_refused", channel=channel_id, code=refusal.code)
            return None
        return MessageId(sent.id)

    async def edit(self, channel_id: ChannelId, message_id: MessageId, view: View) -> bool:
        """Change what was sent before; False when it is gone or closed to the bot.

        Raises MessageRefusedError.
        """
        channel = self._client.get_partial_messageable(channel_id)
        try:
            await channel.get_partial_message(message_id).edit(view=finished(view))
        except discord.HTTPException as refusal:
            _require_place_refuses(refusal)
            _log.warning("message_not_edited", channel=channel_id, code=refusal.code)
            return False
        return True

    async def show(self, screen: Screen, view: View) -> bool:
        """Fill in the answer to an interaction; False when nobody can see it any more."""
        webhook = discord.Webhook.partial(screen.application_id, screen.token, client=self._client)
        for pause in (*WAITS_FOR_ANSWER, None):
            try:
                # Discord's word for the first answer stands where a message's number does.
                await webhook.edit_message(cast(int, "@original"), view=finished(view))
            except discord.HTTPException as refusal:
                if refusal.code == UNANSWERED and pause is not None:
                    await asyncio.sleep(pause)
                    continue
                if refusal.code not in SCREEN_GONE and refusal.status not in (401, 404):
                    raise
                return False
            return True
        return False


def _require_place_refuses(refusal: discord.HTTPException) -> None:
    """Return where it is the place that takes nothing, or no file of this size.

    Everything else is raised: another try can change it, or it is about what was to be said.
    """
    if refusal.status in (403, 404, 413) or refusal.code in _CLOSED:
        return
    if refusal.status != 400:
        raise refusal
    _log.error("message_refused", code=refusal.code, why=refusal.text[:500])
    raise MessageRefusedError(refusal.code) from refusal


async def _send(
    channel: discord.abc.Messageable,
    view: View,
    *,
    key: str,
    file: discord.File | None,
    picture: discord.File | None = None,
    mentioned: UserId | None = None,
    mentioned_role: RoleId | None = None,
) -> None:
    if file is not None:
        view.add_item(discord.ui.File(f"attachment://{file.filename}"))
    given = picture if file is None else file
    named = [] if mentioned is None else [discord.Object(mentioned)]
    roles = [] if mentioned_role is None else [discord.Object(mentioned_role)]
    only = discord.AllowedMentions(everyone=False, roles=roles, users=named)
    nonce = nonce_for(key)
    if given is None:
        await channel.send(view=finished(view), nonce=nonce, allowed_mentions=only)
    else:
        await channel.send(view=finished(view), nonce=nonce, allowed_mentions=only, file=given)
