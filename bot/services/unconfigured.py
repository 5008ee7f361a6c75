"""Members who pay through a provider that was taken out of the configuration."""

from bot.domain.job import NewJob
from bot.services.context import Context
from storage import customers, jobs

TELL = "provider.tell_unconfigured"


class UnconfiguredService:
    """Looks when the process starts."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def look(self) -> None:
        """Have the team told, once for each provider."""
        async with self._context.database.write() as connection:
            missing = [
                NewJob(TELL, f"provider-unconfigured:{name}", {"provider": name})
                for name in await customers.linked_through(connection)
                if name not in self._context.providers
            ]
            await jobs.add(connection, missing, now=self._context.clock())
