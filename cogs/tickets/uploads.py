"""Files that were given with the answers: fetched from Discord, and put below the welcome."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import discord
import structlog
from discord.ext import commands

from bot.domain.secrets_in_text import remove_secrets
from bot.services.ticket_requests import Upload

# All files of one message together. A server that was boosted takes more of each.
TOGETHER = 25 * 1024 * 1024

# A reference to a file in a message has to be written without anything else.
_OTHERS = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 80

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came, and the names of what did not."""

    files: tuple[discord.File, ...] = ()
    missing: tuple[str, ...] = ()


async def fetch(
    bot: commands.AutoShardedBot, uploads: Sequence[Upload], *, largest: int
) -> Fetched:
    """Anew at each try: the files are not ours before the ticket's message has them."""
    files: list[discord.File] = []
    missing: list[str] = []
    left = TOGETHER
    for number, upload in enumerate(uploads, start=1):
        name = safe_name(upload.filename, number)
        data = None
        if upload.size <= min(largest, left):
            data = await _data(bot, upload)
        if data is None:
            missing.append(name)
            continue
        left -= upload.size
        files.append(discord.File(io.BytesIO(data), name))
    return Fetched(tuple(files), tuple(missing))


async def _data(bot: commands.AutoShardedBot, upload: Upload) -> bytes | None:
    try:
        return await bot.http.get_from_cdn(upload.url)
    except (discord.NotFound, discord.Forbidden) as refusal:
        # Discord keeps them for a while only.
        _log.warning("upload_gone", code=refusal.status)
        return None


def safe_name(filename: str, number: int) -> str:
    """The name without secrets (S21) and signs of its own; the number keeps two apart."""
    cleaned = _OTHERS.sub("-", remove_secrets(filename)[0]).strip("-.") or "file"
    return f"{number}-{cleaned[-_LONGEST_NAME:]}"
