"""Events, servers' settings, and the daily cleaning."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import GuildNotSetUp, NotPermitted, ServerNotTrusted
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, RoleId
from bot.domain.job import NewJob
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.health import HealthService
from bot.services.housekeeping import HousekeepingService
from storage import events, guilds, jobs
from storage.database import Database
from storage.events import Event
from tests.integration.storage.samples import GUILD, MIA, NOW, STRIPE, Clock

CHOSEN = GuildSettings(RoleId(1), RoleId(2), ChannelId(3), ChannelId(4))


async def test_an_event_arrives_once(database: Database) -> None:
    def event(event_id: str) -> Event:
        return Event(event_id, STRIPE, "invoice.paid", None, NOW)

    async with database.write() as connection:
        assert await events.add(connection, [event("a"), event("b"), event("a")]) == 2
        assert await events.add(connection, [event("b"), event("c")]) == 1
        assert await events.add(connection, []) == 0
        assert await events.purge(connection, before=NOW) == 0
        assert await events.purge(connection, before=NOW + timedelta(seconds=1)) == 3


async def test_settings_and_ticket_numbers_do_not_disturb_each_other(database: Database) -> None:
    async with database.write() as connection:
        assert await guilds.take_ticket_number(connection, GUILD) == 1
        assert await guilds.load_all(connection) == {GUILD: GuildSettings()}
        await guilds.save(connection, GUILD, CHOSEN)
        assert await guilds.take_ticket_number(connection, GUILD) == 2
        await guilds.save(connection, GuildId(2**63 - 1), GuildSettings())
        assert await guilds.load_all(connection) == {
            GUILD: CHOSEN,
            GuildId(2**63 - 1): GuildSettings(),
        }


async def test_setup_is_for_those_who_manage_the_server(context: Context) -> None:
    service = GuildService(context, {})
    service.note_application(is_private=True)
    member = Actor(MIA, GUILD, frozenset({RoleId(1)}), manages_guild=False)
    with pytest.raises(NotPermitted):
        await service.set_up(member, CHOSEN, [])
    with pytest.raises(GuildNotSetUp):
        await service.require(member, Duty.SUPPORT)

    await service.set_up(replace(member, manages_guild=True), CHOSEN, [])

    assert await service.settings(GUILD) == CHOSEN
    assert await service.require(member, Duty.SUPPORT) == CHOSEN
    with pytest.raises(NotPermitted):
        await service.require(member, Duty.MODERATOR)


async def test_only_chosen_servers_have_a_team(context: Context) -> None:
    other = GuildId(1)
    owner = Actor(MIA, other, frozenset({RoleId(1)}), manages_guild=True)
    public = GuildService(context, {GUILD: CHOSEN})
    named = GuildService(context, {}, servers=[GUILD])
    named.note_application(is_private=True)

    for service in (public, named):
        assert service.trusts(GUILD)
        assert not service.trusts(other)
        assert await service.settings(other) == GuildSettings()
        with pytest.raises(ServerNotTrusted):
            await service.set_up(owner, CHOSEN, [])
        with pytest.raises(ServerNotTrusted):
            await service.require(owner, Duty.MODERATOR)


async def test_the_file_wins(context: Context) -> None:
    service = GuildService(context, {GUILD: CHOSEN})
    actor = Actor(MIA, GUILD, frozenset(), manages_guild=True)
    await service.set_up(actor, GuildSettings(), [])
    assert await service.settings(GUILD) == CHOSEN
    assert service.is_configured_by_file(GUILD)
    assert not service.is_configured_by_file(GuildId(1))


async def test_cleaning_forgets_the_old_and_comes_back_tomorrow(
    context: Context, clock: Clock
) -> None:
    service = HousekeepingService(context)
    async with context.database.write() as connection:
        await events.add(connection, [Event("old", STRIPE, "t", None, NOW - timedelta(days=91))])
        await events.add(connection, [Event("new", STRIPE, "t", None, NOW - timedelta(days=89))])
    await service.schedule()
    await service.schedule()

    for _ in range(3):
        async with context.database.write() as connection:
            claimed = await jobs.claim(
                connection,
                now=clock(),
                lease=timedelta(seconds=1),
                token="t",
                most=9,
                kind="housekeeping.run",
            )
            await jobs.finish(connection, [job.id for job in claimed], token="t", now=clock())
        [job] = claimed
        await service.run(job)
        await service.run(job)  # killed before it was marked done
        clock.advance(days=1)

    async with context.database.write() as connection:
        assert await events.add(connection, [Event("old", STRIPE, "t", None, NOW)]) == 1
        assert await events.purge(connection, before=NOW) == 0


async def test_health_tells_a_backlog_and_a_broken_store(
    context: Context, clock: Clock, database: Database
) -> None:
    service = HealthService(context)
    assert (await service.check(gateway_ready=True)).healthy
    assert not (await service.check(gateway_ready=False)).healthy
    async with database.write() as connection:
        await jobs.add(connection, [NewJob("test", "k", {})], now=NOW)
    clock.advance(seconds=119)
    assert (await service.check(gateway_ready=True)).healthy
    clock.advance(seconds=2)
    waiting = await service.check(gateway_ready=True)
    assert (waiting.healthy, waiting.due, waiting.oldest_seconds) == (False, 1, 121)
    assert waiting.to_json()["jobs"] == {
        "due": 1,
        "oldest_seconds": 121,
        "failing": 0,
        "failing_seconds": 0,
        "promised_failing_seconds": 0,
    }


async def test_health_tells_for_how_long_a_confirmed_cancellation_has_failed(
    context: Context, clock: Clock, database: Database
) -> None:
    """It pauses between two tries, and the process itself is well: restarting mends nothing."""
    async with database.write() as connection:
        new = NewJob("cancellation.carry_out", "cancel:a", {})
        await jobs.add(connection, [new], now=NOW)
        [job] = await jobs.claim(connection, now=NOW, lease=timedelta(seconds=9), token="t", most=1)
        await jobs.put_back(
            connection,
            job.id,
            token="t",
            run_at=NOW + timedelta(hours=3),
            error="refused",
            now=NOW,
        )
    clock.advance(hours=2)

    found = await HealthService(context).check(gateway_ready=True)

    assert (found.healthy, found.due, found.failing) == (True, 0, 1)
    assert found.failing_seconds == found.promised_seconds == 2 * 3600


async def test_health_of_a_store_without_tables(empty_database: Database, context: Context) -> None:
    broken = HealthService(replace(context, database=empty_database))
    health = await broken.check(gateway_ready=True)
    assert (health.database, health.healthy) == (False, False)
