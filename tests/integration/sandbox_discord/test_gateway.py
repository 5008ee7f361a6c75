"""Login and the gateway, as discord.py goes through them."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import discord
import pytest

from bot.sandbox.discord import DiscordSandbox, overwrite_for_role
from bot.sandbox.discord.permissions import VIEW_CHANNEL
from tests.integration.sandbox_discord.stage import (
    Bot,
    Stage,
    SteppedClock,
    build,
    intents,
    point_at,
    until,
)


async def test_the_bot_sees_the_guild_with_everything_in_it(stage: Stage) -> None:
    bot = await stage.connect()
    guild = stage.discord_guild
    assert bot.user is not None
    assert (bot.user.name, guild.name, guild.member_count) == ("Mooring", "Acme", 4)
    assert {channel.name for channel in guild.text_channels} == {"general", "staff"}
    assert [role.name for role in guild.roles] == ["@everyone", "Moderator", "Mooring"]
    # Member chunks were asked for and answered.
    assert {member.name for member in guild.members} == {"vera", "mia", "max", "Mooring"}
    assert guild.me.guild_permissions.manage_channels
    assert stage.sandbox.bot_connected


async def test_a_wrong_token_is_refused(stage: Stage) -> None:
    point_at(stage.sandbox)
    with pytest.raises(discord.LoginFailure):
        await stage.bot.login("wrong")


async def test_members_are_found_by_id_and_by_name(stage: Stage) -> None:
    await stage.connect()
    guild = stage.discord_guild
    found = await guild.query_members("mi")
    assert [member.name for member in found] == ["mia"]
    found = await guild.query_members(user_ids=[int(stage.max.user.id)])
    assert [member.name for member in found] == ["max"]


async def test_events_missed_while_disconnected_are_replayed(stage: Stage) -> None:
    bot = await stage.connect()
    seen: list[str] = []

    @bot.event
    async def on_message(message: discord.Message) -> None:
        seen.append(message.content)

    await stage.sandbox.drop_gateway(code=4000)
    assert not stage.sandbox.bot_connected
    await stage.mia.say(stage.general, "while you were away")
    await until(lambda: bot.resumes == 1)
    await until(lambda: seen == ["while you were away"])
    assert bot.sessions == 1


async def test_held_events_arrive_together_after_the_hold(stage: Stage) -> None:
    bot = await stage.connect()
    seen: list[str] = []
    heard_at: list[float] = []

    @bot.event
    async def on_message(message: discord.Message) -> None:
        seen.append(message.content)
        heard_at.append(time.monotonic())

    dropped_at = time.monotonic()
    await stage.sandbox.drop_gateway(hold_events=0.3)
    for number in range(3):
        await stage.mia.say(stage.general, str(number))
    await until(lambda: seen == ["0", "1", "2"])
    assert heard_at[0] - dropped_at >= 0.3


async def test_a_session_that_cannot_resume_starts_anew(stage: Stage) -> None:
    bot = await stage.connect()
    await stage.sandbox.drop_gateway(code=4009, resumable=False)
    await until(lambda: bot.sessions == 2, seconds=15)
    assert bot.resumes == 0


async def test_a_privileged_intent_that_is_off_closes_with_4014(clock: SteppedClock) -> None:
    sandbox = DiscordSandbox(clock=clock, message_content_intent=False)
    await sandbox.start()
    stage = build(sandbox, clock)
    point_at(sandbox)
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await stage.bot.start(sandbox.token)
    await sandbox.stop()


async def test_content_is_blank_without_the_intent_except_in_mentions(stage: Stage) -> None:
    wanted = intents()
    wanted.message_content = False
    stage.bot = Bot(wanted)
    seen: list[str] = []

    @stage.bot.event
    async def on_message(message: discord.Message) -> None:
        seen.append(message.content)

    await stage.connect()
    await stage.mia.say(stage.general, "secret")
    await stage.mia.say(stage.general, f"hi {stage.sandbox.application.bot.mention}")
    await until(lambda: len(seen) == 2)
    assert seen[0] == ""
    assert seen[1].startswith("hi ")


async def test_events_follow_the_intents(stage: Stage) -> None:
    stage.bot = Bot(discord.Intents(guilds=True))
    seen: list[str] = []

    @stage.bot.event
    async def on_message(message: discord.Message) -> None:
        seen.append(message.content)

    created: list[str] = []

    @stage.bot.event
    async def on_guild_channel_create(channel: discord.abc.GuildChannel) -> None:
        created.append(channel.name)

    await stage.connect()
    await stage.mia.say(stage.general, "hello")
    stage.guild.add_text_channel("later")
    await until(lambda: created == ["later"])
    assert seen == []


async def test_a_channel_the_bot_cannot_see_stays_silent(stage: Stage) -> None:
    hidden = stage.guild.add_text_channel(
        "hidden",
        overwrites=[
            overwrite_for_role(stage.guild.everyone, deny=VIEW_CHANNEL),
            overwrite_for_role(stage.moderator, allow=VIEW_CHANNEL),
        ],
    )
    seen: list[str] = []

    @stage.bot.event
    async def on_message(message: discord.Message) -> None:
        seen.append(message.content)

    await stage.connect()
    await stage.max.say(hidden, "hidden")
    await stage.max.say(stage.general, "open")
    await until(lambda: seen == ["open"])
    with pytest.raises(discord.Forbidden) as refused:
        await stage.text_channel(hidden).send("hello")
    assert refused.value.code == 50001


async def test_shards_each_get_their_guilds(stage: Stage) -> None:
    guilds = [stage.sandbox.add_guild(f"G{n}", owner=stage.max.user) for n in range(8)]
    point_at(stage.sandbox)
    client = discord.AutoShardedClient(intents=intents(), shard_count=2, guild_ready_timeout=0.1)
    task = asyncio.create_task(client.start(stage.sandbox.token))
    await until(client.is_ready, seconds=15)
    assert len(client.guilds) == len(guilds) + 1
    for guild in client.guilds:
        assert guild.shard_id == (guild.id >> 22) % 2
    await client.close()
    await task


async def test_an_unknown_opcode_closes_with_4001(stage: Stage) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(stage.sandbox.gateway_url)
        hello = await socket.receive_json()
        assert hello["op"] == 10
        await socket.send_json(
            {"op": 2, "d": {"token": stage.sandbox.token, "intents": 0, "properties": {}}}
        )
        assert (await socket.receive_json())["t"] == "READY"
        await socket.send_json({"op": 1, "d": None})
        assert (await socket.receive_json())["op"] == 11
        await socket.send_json({"op": 99})
        await socket.receive()
        assert socket.close_code == 4001


async def test_a_session_that_is_unknown_is_invalid(stage: Stage) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(stage.sandbox.gateway_url)
        await socket.receive_json()
        resume = {"token": stage.sandbox.token, "session_id": "gone", "seq": 1}
        await socket.send_json({"op": 6, "d": resume})
        assert await socket.receive_json() == {"op": 9, "d": False}
        await socket.close()


async def test_a_new_session_is_told_of_threads_that_are_awake(stage: Stage) -> None:
    """A channel's threads go with it without a word."""
    bot = await stage.connect()
    channel = stage.text_channel(stage.general)
    made = {
        name: await channel.create_thread(name=name, type=discord.ChannelType.private_thread)
        for name in ("awake", "asleep")
    }
    asleep = stage.sandbox.channel(str(made["asleep"].id))
    assert asleep is not None
    stage.guild.archive_thread(asleep)

    told = asyncio.create_task(bot.wait_for("guild_available", timeout=20))
    await stage.sandbox.drop_gateway(resumable=False)
    await told

    assert [each.name for each in stage.discord_guild.threads] == ["awake"]
    heard: list[str] = []

    @bot.event
    async def on_socket_event_type(name: str) -> None:
        heard.append(name)

    stage.guild.delete_channel(stage.general)
    await until(lambda: bot.get_channel(made["awake"].id) is None)
    assert "THREAD_DELETE" not in heard
    assert asleep.deleted


async def test_what_people_do_by_hand_reaches_the_bot(stage: Stage) -> None:
    bot = await stage.connect()
    guild = stage.discord_guild
    member = guild.get_member(int(stage.mia.user.id))
    assert member is not None
    stage.guild.give_role(stage.mia.user, stage.moderator)
    await until(lambda: [role.name for role in member.roles][1:] == ["Moderator"])
    stage.guild.take_role(stage.mia.user, stage.moderator)
    await until(lambda: len(member.roles) == 1)
    stage.guild.delete_channel(stage.staff)
    await until(lambda: bot.get_channel(int(stage.staff.id)) is None)
    stage.guild.remove_member(stage.mia.user)
    await until(lambda: guild.get_member(int(stage.mia.user.id)) is None)
    stage.guild.ban_member(stage.max.user, reason="spam")
    await until(lambda: guild.get_member(int(stage.max.user.id)) is None)
    stage.guild.delete_role(stage.moderator)
    await until(lambda: guild.get_role(int(stage.moderator.id)) is None)
