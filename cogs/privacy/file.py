"""A member's data as a JSON file that people and programs can read."""

import gzip
import io
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import discord

from bot.services.privacy import MemberData

FILE_NAME = "my-data.json"
_NOTES = (
    "Times are UTC. Amounts are in the smallest unit of their currency, such as cents. Discord's "
    "ids are text, because they are too long for some programs.",
    "What is secret, or about other people, is left out: codes, pages that open without a "
    "password, and who of the team it was.",
    "The payment provider and Discord keep what you gave to them. Please ask them for it.",
)


def data_file(data: MemberData, *, largest: int) -> discord.File | None:
    """The file, compressed where it would be too large for Discord; None where it still is."""
    written = json.dumps(_document(data), ensure_ascii=False, indent=1).encode()
    if len(written) <= largest:
        return discord.File(io.BytesIO(written), FILE_NAME)
    packed = gzip.compress(written)
    return discord.File(io.BytesIO(packed), f"{FILE_NAME}.gz") if len(packed) <= largest else None


def _document(data: MemberData) -> dict[str, Any]:
    return {
        "made_at": data.made_at.isoformat(),
        "discord_user_id": str(data.user_id),
        "notes": _NOTES,
        "data": {name: [_readable(row) for row in rows] for name, rows in data.tables.items()},
        "not_in_here": dict(data.not_copied),
    }


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if name.endswith("_id") and isinstance(value, int):
        return str(value)
    return value
