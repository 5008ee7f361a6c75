"""Open tickets that follow their server's roles, a portion at a time."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, RoleId, UserId
from bot.domain.job import Job
from bot.domain.topic import Place
from bot.services import handover_jobs, handovers, ticket_acts
from bot.services.guilds import Actor, GuildService
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_work import TicketWorkService
from storage.schema import jobs as table
from tests.integration.storage.records import MODERATORS, SUPPORT
from tests.integration.storage.samples import GUILD, NOW
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

    await service.role_deleted(GUILD, RoleId(99), [SUPPORT, MODERATORS])
    assert await jobs_of(desk, handover_jobs.WALK) == []
    await service.role_deleted(GUILD, SUPPORT, [MODERATORS])
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


async def test_tickets_are_handed_over_one_after_another(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that few jobs are due at a time, and the next portion begins where one ends."""
    monkeypatch.setattr(handovers, "PORTION", 4)
    service = handovers.HandoverService(desk.context, desk.guilds, desk.access)
    for each in OPENERS:
        await desk.open(each)

    await service.role_deleted(GUILD, SUPPORT, [MODERATORS])
    [walk] = await jobs_of(desk, handover_jobs.WALK)
    await service.walk(walk)

    handover = table.c.kind.in_((handover_jobs.TICKET, handover_jobs.WALK))
    async with desk.context.database.read() as connection:
        rows = await connection.scalars(
            sa.select(table.c.run_at).where(handover).order_by(table.c.id)
        )
    every = handover_jobs.HAND_OVER_EVERY
    assert list(rows) == [NOW, *(NOW + number * every for number in range(5))]


async def test_a_start_hands_over_what_the_file_has_others_answer_now(desk: Desk) -> None:
    """Once; and where a topic gets a team of its own, its tickets alone."""
    billing, other_topic = await desk.open(OPENERS[0], "billing"), await desk.open(OPENERS[1])
    own, other = RoleId(60), RoleId(61)
    there = [SUPPORT, MODERATORS, own, other]

    async def start(
        *, support: RoleId = SUPPORT, billing_team: RoleId | None = None
    ) -> list[tuple[str, list[int], list[int]]]:
        """With this in the file: which tickets are handed over, from whom and to whom."""
        topics = tuple(
            replace(each, staff_role_id=billing_team if each.id == "billing" else None)
            for each in desk.context.policy.topics
        )
        context = replace(desk.context, policy=replace(desk.context.policy, topics=topics))
        guilds = GuildService(context, {GUILD: GuildSettings(support, MODERATORS)})
        service = handovers.HandoverService(context, guilds, TicketAccess(context, guilds))
        walks = len(await jobs_of(desk, handover_jobs.WALK))
        done = len(await jobs_of(desk, handover_jobs.TICKET))
        await service.roles_there(GUILD, there)
        await service.roles_there(GUILD, there)
        for walk in (await jobs_of(desk, handover_jobs.WALK))[walks:]:
            await service.walk(walk)
        return [
            (each.payload["ticket_id"], each.payload["former"], each.payload["coming"])
            for each in (await jobs_of(desk, handover_jobs.TICKET))[done:]
        ]

    assert await start() == []
    assert await start(billing_team=own) == [(billing.id, [SUPPORT], [own])]
    assert await start(billing_team=own) == []
    assert await start(billing_team=other) == [(billing.id, [own], [other])]
    assert await start(billing_team=other, support=own) == [(other_topic.id, [SUPPORT], [own])]
    assert await start(support=own) == [(billing.id, [other], [own])]


async def test_other_moderators_take_over_what_they_were_called_into_alone(desk: Desk) -> None:
    """And what nobody else is there for. In threads it is looked for who has to go."""
    opened = [await desk.open(each) for each in OPENERS[:3]]
    actor = Actor(SAM, GUILD, frozenset({SUPPORT}), manages_guild=True)
    await TicketWorkService(desk.context, desk.access).escalate(actor, opened[1].id, why="Help")
    place = (opened[2].id, ChannelId(950), Place.THREAD)
    await desk.tickets.attach_channel(*place, parent_id=ChannelId(7))
    guilds = GuildService(desk.context, {})
    guilds.note_application(is_private=True)
    service = handovers.HandoverService(desk.context, guilds, desk.access)
    before = GuildSettings(SUPPORT, MODERATORS)
    await guilds.set_up(actor, before, [SUPPORT, MODERATORS])

    async def choose(moderators: RoleId, there: list[RoleId]) -> list[Job]:
        number = await guilds.set_up(actor, replace(before, moderator_role_id=moderators), there)
        done = len(await jobs_of(desk, handover_jobs.TICKET))
        await service.walk((await jobs_of(desk, handover_jobs.WALK))[-1])
        handed = (await jobs_of(desk, handover_jobs.TICKET))[done:]
        assert number == len(handed)
        return handed

    [called] = await choose(RoleId(50), [SUPPORT, RoleId(50)])
    assert called.payload["ticket_id"] == opened[1].id
    [thread] = await jobs_of(desk, ticket_acts.FORMER_TEAM)
    assert thread.payload["ticket_id"] == opened[2].id
    assert len(await choose(RoleId(51), [RoleId(51)])) == 3
