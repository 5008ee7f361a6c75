"""Two answers of a provider that two processes take over at the same moment."""

import asyncio

from bot.billing.provider import Snapshot
from bot.services.context import Context
from bot.services.mirror import apply


async def learn_at_once(context: Context, first: Snapshot, second: Snapshot) -> None:
    """The second transaction gets as far as it can before the first one commits.

    On PostgreSQL neither sees what the other has not committed; SQLite has one writer.
    """
    first_is_in, commit_first = asyncio.Event(), asyncio.Event()

    async def learn(snapshot: Snapshot) -> None:
        async with context.database.write() as connection:
            await apply(connection, context, snapshot, asked_at=context.clock())
            first_is_in.set()
            await commit_first.wait()

    one = asyncio.create_task(learn(first))
    await first_is_in.wait()
    other = asyncio.create_task(learn(second))
    await asyncio.wait([other], timeout=0.5)
    commit_first.set()
    await asyncio.gather(one, other)
