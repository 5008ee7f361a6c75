"""The tickets that the demo begins with are stored as the bot would have stored them."""

from pathlib import Path

import sqlalchemy as sa

from bot.demo.history import furnish
from bot.sandbox.clock import SandboxClock
from bot.sandbox.desk_past import BEGINNING, DeskPast
from bot.sandbox.scene import Scene
from storage.database import Database
from storage.schema import tickets


async def test_a_thread_hangs_on_the_channel_where_it_was_asked_for(tmp_path: Path) -> None:
    clock = SandboxClock()
    clock.offset = -BEGINNING.total_seconds()
    scene = Scene(clock=clock.now)
    store = tmp_path / "store.db"
    await scene.start()
    try:
        await furnish(store, DeskPast(scene, clock))
    finally:
        await scene.stop()
    database = Database(f"sqlite+aiosqlite:///{store}")
    wanted = sa.select(tickets.c.channel_id, tickets.c.parent_id).where(
        tickets.c.place == "thread", tickets.c.state == "open"
    )
    async with database.read() as connection:
        threads = (await connection.execute(wanted)).all()
    await database.close()

    assert threads
    for each in threads:
        thread = scene.discord.channel(str(each.channel_id))
        assert thread is not None
        assert thread.parent is not None
        assert str(each.parent_id) == str(thread.parent.id)
