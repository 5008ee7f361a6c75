"""Reading the audit log: by moderators in Discord, and by the vendor on the command line."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.domain.audit import AuditEntry, AuditFilter, AuditHead
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from storage import audit
from storage.database import Database

PAGE = 8


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first. `older_than` is where the next page begins; None at the end."""

    entries: tuple[AuditEntry, ...]
    older_than: int | None


class AuditService:
    """For moderators."""

    def __init__(self, context: Context, guilds: GuildService) -> None:
        """`guilds` says who is a moderator."""
        self._context = context
        self._guilds = guilds

    async def page(
        self, actor: Actor, wanted: AuditFilter, *, before: int | None = None
    ) -> AuditPage:
        """What fits, from `before` on backwards. Raises NotPermitted."""
        await self._guilds.require(actor, Duty.MODERATOR)
        async with self._context.database.read() as connection:
            found = await audit.search(connection, wanted, before=before, limit=PAGE + 1)
        shown = tuple(found[:PAGE])
        return AuditPage(shown, shown[-1].id if len(found) > PAGE else None)


@dataclass(frozen=True, slots=True)
class Verification:
    """What looking through the whole chain has shown.

    `broken_row` is the first row that was changed or follows a removed one. `lost_head`: the head
    that the vendor kept is not in the log any more, so rows were cut off at the end.
    """

    head: AuditHead
    broken_row: int | None
    lost_head: bool

    @property
    def holds(self) -> bool:
        """Whether nothing was changed, as far as can be seen."""
        return self.broken_row is None and not self.lost_head


async def verify(database: Database, *, kept_head: str | None) -> Verification:
    """Recompute every hash; `kept_head` is what an earlier verification has printed."""
    async with database.read() as connection:
        # First the head: what is appended meanwhile only makes the chain longer.
        head = await audit.head(connection)
        broken = await audit.first_broken_row(connection)
        lost = kept_head is not None and not await audit.holds_head(connection, kept_head)
    return Verification(head, broken, lost)


async def exported(database: Database) -> AsyncIterator[str]:
    """Every row as a line of JSON, as it is stored: its chain can be recomputed elsewhere."""
    async with database.read() as connection:
        async for row in audit.entries(connection):
            at = {"at": row["at"].isoformat()}
            yield json.dumps({**row, **at}, ensure_ascii=False)
