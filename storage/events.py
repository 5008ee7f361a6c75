"""Which of the provider's events have arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.identifiers import ProviderName
from storage.purge import purge_some
from storage.schema import events
from storage.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Event:
    """A hint that an object has changed. Its contents are not kept: the object is fetched."""

    id: str
    provider: ProviderName
    type: str
    object_id: str | None
    received_at: datetime


async def add(connection: AsyncConnection, new: Sequence[Event]) -> int:
    """Remember the events that have not arrived before; returns how many those are."""
    rows = [
        {
            "id": event.id,
            "provider": event.provider,
            "type": event.type,
            "object_id": event.object_id,
            "received_at": event.received_at,
        }
        for event in new
    ]
    return await insert_new(connection, events, rows, unique=["provider", "id"])


async def purge(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget a portion of the events that arrived before that time."""
    return await purge_some(connection, events, events.c.received_at < before)
