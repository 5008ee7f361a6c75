"""Open tickets that follow their server's roles, a portion at a time."""

import pytest
import sqlalchemy as sa

from bot.domain.identifiers import ChannelId, RoleId, UserId
from bot.domain.job import Job
from bot.domain.topic import Place
from bot.services import departures, handover_jobs, handovers
from storage.schema import jobs as table
from tests.integration.storage.records import MODERATORS, SUPPORT
from tests.integration.storage.samples import GUILD
from tests.integration.storage.test_ticket_turns import SAM, Desk, desk, team

__all__ = ["desk"]

OPENERS = [UserId(5000 + number) for number in range(5)]


async def jobs_of(desk: Desk, kind: str) -> list[Job]:
    async with desk.context.database.read() as connection:
        rows = await connection.execute(
            sa.select(table).where(table.c.kind == kind).order_by(table.c.id)
        )
        return [Job(row.id, row.kind, row.key, row.payload, 1) for row in rows]


async def test_every_open_ticket_is_handed_over_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions; a portion that runs again, and an event that comes again, change nothing."""
    monkeypatch.setattr(handovers, "PORTION", 2)
    service = handovers.HandoverService(desk.context, desk.guilds, desk.access)
    opened = [await desk.open(each) for each in OPENERS]
    closed = await desk.open(UserId(6000))
    await desk.tickets.close(team(SAM), closed.id, reason=None)

    await service.role_deleted(GUILD, RoleId(99))
    assert await jobs_of(desk, handover_jobs.WALK) == []
    await service.role_deleted(GUILD, SUPPORT)
    done = 0
    while done < len(walks := await jobs_of(desk, handover_jobs.WALK)):
        await service.walk(walks[done])
        await service.walk(walks[done])
        done += 1
    await service.roles_there(GUILD, [MODERATORS])

    handed = [each.payload["ticket_id"] for each in await jobs_of(desk, handover_jobs.TICKET)]
    assert handed == [each.id for each in opened]
    assert done == 3
    [told] = await jobs_of(desk, handover_jobs.TELL_DELETED)
    assert told.payload["tickets"] == 5


async def test_whoever_leaves_the_team_leaves_every_thread_but_their_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departures, "PORTION", 2)
    service = departures.DepartureService(desk.context, desk.access)
    opened = [await desk.open(each) for each in (*OPENERS, SAM)]
    for ticket in opened[1:]:
        await desk.tickets.attach_channel(
            ticket.id, ChannelId(900 + ticket.number), Place.THREAD, parent_id=ChannelId(7)
        )
    await desk.say(opened[1], SAM)

    await desk.agents.seen(GUILD, SAM, frozenset())
    await desk.agents.seen(GUILD, SAM, frozenset())

    left, done = [], 0
    while done < len(found := await jobs_of(desk, departures.LEAVE)):
        portion = await service.portion(found[done], frozenset())
        assert (await service.portion(found[done], frozenset({MODERATORS}))).tickets == []
        left += [each.id for each in portion.tickets]
        if portion.last is not None:
            await service.go_on(found[done], portion.last)
        done += 1
    assert left == [each.id for each in opened[1:5]]
