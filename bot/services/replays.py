"""Requests that come a second time under the same signature are somebody else's."""

from datetime import datetime

from bot.services.context import Context
from storage import used_signatures


class ReplayGuard:
    """Remembers in the store, so that neither a restart nor a second process forgets."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def admit(self, signature: bytes, *, expires_at: datetime) -> bool:
        """Whether this signature is used for the first time; it is used up by asking."""
        async with self._context.database.write() as connection:
            return await used_signatures.use(connection, signature, expires_at=expires_at)
