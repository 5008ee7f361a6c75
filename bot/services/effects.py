"""What has to happen because the mirror has changed: the one place where that is decided."""

from datetime import datetime

from bot.domain.job import NewJob
from bot.services.changes import Changes
from bot.services.context import Context


def effects_of(changes: Changes, context: Context, *, now: datetime) -> list[NewJob]:
    """Jobs to be committed with the change itself."""
    del changes, context, now
    return []
