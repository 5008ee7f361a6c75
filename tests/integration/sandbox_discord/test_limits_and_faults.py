"""Rate limits, injected faults, the request log and what the sandbox does not know."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import discord
import pytest

from bot.sandbox.discord import DiscordSandbox, SandboxRefusal, WorldEvent
from tests.integration.sandbox_discord.stage import Stage, SteppedClock, build, until

ROUTE = "/channels/{channel_id}/messages"


async def post(stage: Stage, content: str) -> aiohttp.ClientResponse:
    """Send a message without a client that waits politely."""
    async with aiohttp.ClientSession() as session:
        return await session.post(
            f"{stage.sandbox.api_url}/channels/{stage.general.id}/messages",
            json={"content": content},
            headers={"Authorization": f"Bot {stage.sandbox.token}"},
        )


async def test_a_bucket_runs_out_and_fills_again(stage: Stage) -> None:
    answers = [await post(stage, str(number)) for number in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert [a.headers["X-RateLimit-Remaining"] for a in answers] == ["4", "3", "2", "1", "0", "0"]
    last = answers[-1]
    assert last.headers["Via"] == "1.1 google"
    assert last.headers["Content-Type"] == "application/json"
    assert 0 < float(last.headers["X-RateLimit-Reset-After"]) <= 5
    assert int(last.headers["Retry-After"]) <= 5


async def test_discord_py_waits_for_its_buckets(stage: Stage) -> None:
    await stage.connect()
    channel = stage.text_channel(stage.general)
    started = time.monotonic()
    await asyncio.gather(*(channel.send(str(number)) for number in range(6)))
    assert 4 < time.monotonic() - started < 20
    assert stage.sandbox.requests.count("POST", ROUTE) == 6


async def test_the_global_limit_spares_interactions(stage: Stage) -> None:
    @stage.bot.tree.command()
    async def ping(ctx: discord.Interaction[discord.Client]) -> None:
        await ctx.response.send_message("pong", ephemeral=True)

    guilds = [stage.sandbox.add_guild(f"g{n}", owner=stage.max.user) for n in range(60)]
    await stage.connect()
    done = await asyncio.gather(
        *(stage.mia.slash("ping", channel=stage.general) for _ in range(80))
    )
    assert len(done) == 80
    # However long it takes to send them, they come within one second.
    limits, moment = stage.sandbox._server._backend.limits, time.monotonic()
    limits._ticker = lambda: moment
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {stage.sandbox.token}"}
        urls = [f"{stage.sandbox.api_url}/guilds/{guild.id}" for guild in guilds]
        answers = await asyncio.gather(*(session.get(url, headers=headers) for url in urls))
    limited = [answer for answer in answers if answer.status == 429]
    assert limited
    assert limited[0].headers["X-RateLimit-Global"] == "true"
    assert (await limited[0].json())["global"] is True


async def test_limits_can_be_switched_off(clock: SteppedClock) -> None:
    sandbox = DiscordSandbox(clock=clock, rate_limits=False)
    await sandbox.start()
    stage = build(sandbox, clock)
    answers = [await post(stage, str(number)) for number in range(20)]
    assert {answer.status for answer in answers} == {200}
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"5"}
    await sandbox.stop()


async def test_a_fault_before_the_work(stage: Stage) -> None:
    await stage.connect()
    fault = stage.sandbox.faults.add(method="POST", path=r"/messages$", status=500, times=1)
    started = time.monotonic()
    await stage.text_channel(stage.general).send("hello")
    assert time.monotonic() - started > 0.9  # the client's own pause before it tries again
    assert fault.struck == 1
    assert [m.text for m in stage.mia.messages(stage.general)] == ["hello"]
    assert [e.status for e in stage.sandbox.requests.entries if e.route == ROUTE] == [500, 200]


async def test_a_fault_after_the_work(stage: Stage) -> None:
    fault = stage.sandbox.faults.add(path=r"/messages$", status=502, after_work=True)
    assert (await post(stage, "hello")).status == 502
    fault.remove()
    assert (await post(stage, "again")).status == 200
    assert [m.text for m in stage.mia.messages(stage.general)] == ["hello", "again"]


async def test_a_dropped_connection_and_latency(stage: Stage) -> None:
    stage.sandbox.faults.add(method="post", path=r"/messages$", drop=True, times=1)
    with pytest.raises(aiohttp.ClientError):
        await post(stage, "lost")
    assert stage.mia.messages(stage.general) == []
    assert stage.sandbox.requests.entries[-1].status == 0
    stage.sandbox.faults.add(latency=0.2, times=1)
    started = time.monotonic()
    assert (await post(stage, "slow")).status == 200
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("after_work", [True, False], ids=["answer", "request"])
async def test_what_is_held_goes_on_when_the_fault_is_removed(
    stage: Stage, after_work: bool
) -> None:
    fault = stage.sandbox.faults.add(path=r"/messages$", hold=True, after_work=after_work)
    asked = asyncio.create_task(post(stage, "hello"))
    await until(lambda: fault.struck == 1)
    if after_work:
        await until(lambda: bool(stage.mia.messages(stage.general)))
    await asyncio.sleep(0.1)
    assert not asked.done()
    assert bool(stage.mia.messages(stage.general)) is after_work

    fault.remove()

    assert (await asked).status == 200
    assert [m.text for m in stage.mia.messages(stage.general)] == ["hello"]


async def test_an_injected_429_is_honoured(stage: Stage) -> None:
    await stage.connect()
    stage.sandbox.faults.add(method="POST", path=r"/messages$", status=429, times=1)
    await stage.text_channel(stage.general).send("hello")
    assert [e.status for e in stage.sandbox.requests.entries if e.route == ROUTE] == [429, 200]


async def test_the_request_log_and_unknown_paths(clock: SteppedClock) -> None:
    sandbox = DiscordSandbox(clock=clock)
    await sandbox.start()
    stage = build(sandbox, clock)
    await post(stage, "hello")
    entry = sandbox.requests.entries[-1]
    assert (entry.method, entry.route, entry.status) == ("POST", ROUTE, 200)
    assert entry.body == {"content": "hello"}
    assert entry.path == f"/channels/{stage.general.id}/messages"
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {sandbox.token}"}
        answer = await session.get(f"{sandbox.api_url}/lobbies/1", headers=headers)
        assert answer.status == 404
        assert await answer.json() == {"message": "404: Not Found", "code": 0}
        assert [unknown.path for unknown in sandbox.requests.unknown] == ["/lobbies/1"]
        answer = await session.post(
            f"{sandbox.api_url}/channels/1/messages", data=b"{", headers=headers
        )
        assert answer.status == 400
        answer = await session.get(f"{sandbox.api_url}/users/@me")
        assert answer.status == 401
    sandbox.requests.clear()
    assert sandbox.requests.count() == 0
    await sandbox.stop()


async def test_subscribers_learn_who_can_see_a_change(stage: Stage) -> None:
    events: list[WorldEvent] = []
    stop = stage.sandbox.subscribe(events.append)
    await stage.mia.say(stage.general, "hello")
    assert [event.kind for event in events] == ["message_created"]
    assert events[-1].channel_id == stage.general.id
    assert events[-1].user_ids is not None
    assert {stage.mia.user.id, stage.max.user.id} <= events[-1].user_ids
    assert events[-1].payload["content"] == "hello"
    stage.guild.delete_channel(stage.general)
    assert [event.kind for event in events[1:]] == ["channel_deleted"]
    assert events[-1].user_ids is not None
    assert stage.mia.user.id in events[-1].user_ids
    stage.guild.give_role(stage.mia.user, stage.moderator)
    assert [event.kind for event in events[2:]] == ["member_changed"]
    stop()
    count = len(events)
    await stage.mia.say(stage.staff, "unseen")
    assert len(events) == count
    with pytest.raises(SandboxRefusal):
        await stage.mia.say(stage.general, "gone")
