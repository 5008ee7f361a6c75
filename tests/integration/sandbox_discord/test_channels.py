"""Channels, overwrites, threads, roles and members: what the bot may do and what it may not."""

from __future__ import annotations

import discord
import pytest
from discord.http import Route

from bot.sandbox.discord import overwrite_for_member, overwrite_for_role
from bot.sandbox.discord.permissions import (
    ADMINISTRATOR,
    BAN_MEMBERS,
    BOT_DEFAULT,
    KICK_MEMBERS,
    MANAGE_CHANNELS,
    MANAGE_NICKNAMES,
    MANAGE_ROLES,
    VIEW_CHANNEL,
)
from bot.sandbox.discord.users import MEMBERS_LIMITED
from tests.integration.sandbox_discord.stage import Stage, until


def private_to(
    guild: discord.Guild, *members: discord.Member
) -> dict[discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite]:
    """Overwrites for a ticket: the bot and these members, nobody else."""
    shown = discord.PermissionOverwrite(view_channel=True, send_messages=True)
    return {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        guild.me: shown,
        **dict.fromkeys(members, shown),
    }


async def test_a_private_channel_is_for_its_members(stage: Stage) -> None:
    category = stage.guild.add_category("Tickets")
    await stage.connect()
    guild = stage.discord_guild
    member = guild.get_member(int(stage.mia.user.id))
    assert member is not None
    place = guild.get_channel(int(category.id))
    assert isinstance(place, discord.CategoryChannel)
    made = await guild.create_text_channel(
        "Ticket 1", category=place, overwrites=private_to(guild, member), topic="billing"
    )
    channel = stage.sandbox.channel(str(made.id))
    assert channel is not None
    assert (channel.name, channel.topic, channel.category) == ("ticket-1", "billing", category)
    assert channel in stage.mia.channels(stage.guild)
    assert channel not in stage.max.channels(stage.guild)
    assert channel in stage.sandbox.persona(stage.guild.owner).channels(stage.guild)
    other = guild.get_member(int(stage.max.user.id))
    assert other is not None
    await made.set_permissions(other, view_channel=True)
    assert channel in stage.max.channels(stage.guild)
    await made.set_permissions(other, overwrite=None)
    assert channel not in stage.max.channels(stage.guild)
    await made.delete()
    assert channel.deleted
    assert channel not in stage.mia.channels(stage.guild)
    with pytest.raises(discord.NotFound) as gone:
        await made.send("hello")
    assert gone.value.code == 10003


async def test_a_new_channel_takes_its_categorys_overwrites(stage: Stage) -> None:
    category = stage.guild.add_category(
        "Staff",
        [
            overwrite_for_role(stage.guild.everyone, deny=VIEW_CHANNEL),
            overwrite_for_role(stage.moderator, allow=VIEW_CHANNEL),
            overwrite_for_member(stage.sandbox.application.bot, allow=VIEW_CHANNEL),
        ],
    )
    await stage.connect()
    place = stage.discord_guild.get_channel(int(category.id))
    assert isinstance(place, discord.CategoryChannel)
    made = await place.create_text_channel("inside")
    assert made.permissions_synced
    channel = stage.sandbox.channel(str(made.id))
    assert channel in stage.max.channels(stage.guild)
    assert channel not in stage.mia.channels(stage.guild)


async def test_a_full_category_and_a_full_guild(stage: Stage) -> None:
    category = stage.guild.add_category("Tickets")
    for number in range(50):
        stage.guild.add_text_channel(f"t{number}", category=category)
    await stage.connect()
    guild = stage.discord_guild
    place = guild.get_channel(int(category.id))
    assert isinstance(place, discord.CategoryChannel)
    with pytest.raises(discord.HTTPException) as full:
        await guild.create_text_channel("one more", category=place)
    assert full.value.code == 50035
    assert "Maximum number of channels in category reached" in full.value.text
    refused = stage.sandbox.requests.entries[-1]
    assert refused.body["parent_id"] == int(category.id)
    with pytest.raises(discord.HTTPException):
        await stage.text_channel(stage.general).edit(category=place)
    for number in range(500 - len(stage.guild.channels)):
        stage.guild.add_text_channel(f"c{number}")
    with pytest.raises(discord.HTTPException) as guild_full:
        await guild.create_text_channel("one more")
    assert guild_full.value.code == 30013


async def test_overwrites_cannot_grant_what_the_bot_lacks(stage: Stage) -> None:
    await stage.connect()
    guild = stage.discord_guild
    for grant in (
        discord.PermissionOverwrite(ban_members=True),
        # Manage Roles in a channel is for administrators to give.
        discord.PermissionOverwrite(manage_roles=True),
    ):
        with pytest.raises(discord.Forbidden) as refused:
            await guild.create_text_channel("x", overwrites={guild.default_role: grant})
        assert refused.value.code == 50013
        with pytest.raises(discord.Forbidden):
            await stage.text_channel(stage.general).set_permissions(
                guild.default_role, overwrite=grant
            )
    stage.guild.bot_member.roles[0].permissions |= ADMINISTRATOR
    grant = discord.PermissionOverwrite(manage_roles=True)
    await guild.create_text_channel("x", overwrites={guild.default_role: grant})


async def test_channel_permissions(stage: Stage) -> None:
    role = stage.guild.bot_member.roles[0]
    role.permissions = BOT_DEFAULT & ~MANAGE_CHANNELS
    await stage.connect()
    guild = stage.discord_guild
    with pytest.raises(discord.Forbidden) as refused:
        await guild.create_text_channel("x")
    assert refused.value.code == 50013
    with pytest.raises(discord.Forbidden):
        await stage.text_channel(stage.general).delete()
    with pytest.raises(discord.Forbidden):
        await stage.text_channel(stage.general).edit(name="x")
    role.permissions = BOT_DEFAULT & ~MANAGE_ROLES
    with pytest.raises(discord.Forbidden):
        await stage.text_channel(stage.general).set_permissions(
            guild.default_role, view_channel=True
        )
    with pytest.raises(discord.Forbidden):
        await guild.create_role(name="x")


async def test_renames_are_two_in_ten_minutes(stage: Stage) -> None:
    await stage.connect()
    channel = stage.text_channel(stage.general)
    await channel.edit(name="one")
    await channel.edit(topic="two")
    await channel.edit(slowmode_delay=5)
    # The client refuses to wait longer than 30 s, so it reports instead of sleeping.
    with pytest.raises(discord.RateLimited) as limited:
        await channel.edit(name="three")
    assert 590 < limited.value.retry_after <= 600
    assert stage.general.name == "one"
    await stage.text_channel(stage.staff).edit(name="other")


async def test_threads(stage: Stage) -> None:
    await stage.connect()
    channel = stage.text_channel(stage.general)
    guild = stage.discord_guild
    private = await channel.create_thread(name="ticket", type=discord.ChannelType.private_thread)
    shown = stage.sandbox.channel(str(private.id))
    assert shown is not None
    assert shown not in stage.mia.channels(stage.guild)
    member = guild.get_member(int(stage.mia.user.id))
    assert member is not None
    await private.add_user(member)
    assert shown in stage.mia.channels(stage.guild)
    assert shown not in stage.max.channels(stage.guild)
    await private.send("hello")
    await stage.mia.say(shown, "hi")
    members = await private.fetch_members()
    assert stage.bot.user is not None
    assert {m.id for m in members} == {stage.bot.user.id, int(stage.mia.user.id)}
    await private.remove_user(member)
    assert shown not in stage.mia.channels(stage.guild)
    await private.edit(archived=True, locked=True)
    assert [t.id async for t in channel.archived_threads(private=True)] == [private.id]
    assert [t.id for t in await guild.active_threads()] == []
    said = await stage.mia.say(stage.general, "topic")
    message = await channel.fetch_message(int(said.id))
    public = await message.create_thread(name="talk")
    assert public.id == message.id
    with pytest.raises(discord.HTTPException) as again:
        await message.create_thread(name="talk")
    assert again.value.code == 160004
    await until(lambda: guild.get_thread(public.id) is not None)
    await public.delete()
    await until(lambda: guild.get_thread(public.id) is None)


async def test_who_is_in_a_thread(stage: Stage) -> None:
    """With roles in pages, for applications with the intent; and nobody leaves one that sleeps."""
    await stage.connect()
    http = stage.bot.http
    thread = await stage.text_channel(stage.general).create_thread(
        name="ticket", type=discord.ChannelType.private_thread
    )
    for persona in (stage.mia, stage.max):
        await http.add_user_to_thread(thread.id, int(persona.user.id))
    route = Route("GET", "/channels/{channel_id}/thread-members", channel_id=thread.id)
    found: dict[str, list[str]] = {}
    while page := await http.request(
        route, params={"with_member": "true", "limit": 2, "after": max(found, key=int, default="0")}
    ):
        assert len(page) <= 2
        found |= {each["user_id"]: each["member"]["roles"] for each in page}
    assert found[stage.max.user.id] == [stage.moderator.id]
    assert found[stage.mia.user.id] == []
    assert len(found) == 3
    await thread.edit(archived=True)
    with pytest.raises(discord.HTTPException) as asleep:
        await http.remove_user_from_thread(thread.id, int(stage.mia.user.id))
    assert asleep.value.code == 50083
    stage.sandbox.application.flags &= ~MEMBERS_LIMITED
    with pytest.raises(discord.Forbidden) as refused:
        await thread.fetch_members()
    assert refused.value.code == 50001


async def test_roles_and_their_order(stage: Stage) -> None:
    await stage.connect()
    guild = stage.discord_guild
    role = await guild.create_role(name="Pro", colour=discord.Colour(0xFF0000), hoist=True)
    member = guild.get_member(int(stage.mia.user.id))
    assert member is not None
    await member.add_roles(role)
    mine = stage.guild.member(stage.mia.user.id)
    assert mine is not None
    assert [r.name for r in mine.roles] == ["Pro"]
    await member.remove_roles(role)
    assert mine.roles == []
    await role.edit(name="Plan: Pro")
    stored = stage.guild.role(str(role.id))
    assert stored is not None
    assert stored.name == "Plan: Pro"
    top = stage.guild.add_role("Top", position=99)
    assert top.position > stage.guild.bot_member.top_position
    for forbidden in (discord.Object(int(top.id)),):
        with pytest.raises(discord.Forbidden) as refused:
            await member.add_roles(forbidden)
        assert refused.value.code == 50013
    managed = stage.guild.bot_member.roles[0]
    with pytest.raises(discord.HTTPException) as invalid:
        await member.add_roles(discord.Object(int(managed.id)))
    assert invalid.value.code == 50028
    with pytest.raises(discord.Forbidden):
        await guild.create_role(name="x", permissions=discord.Permissions(ban_members=True))
    await role.delete()
    assert stage.guild.role(str(role.id)) is None
    with pytest.raises(discord.NotFound) as gone:
        await member.add_roles(role)
    assert gone.value.code == 10011


async def test_members_by_rank(stage: Stage) -> None:
    role = stage.guild.bot_member.roles[0]
    role.permissions |= KICK_MEMBERS | BAN_MEMBERS | MANAGE_NICKNAMES
    await stage.connect()
    guild = stage.discord_guild
    mia = await guild.fetch_member(int(stage.mia.user.id))
    await mia.edit(nick="Mimi")
    listed = stage.guild.member(stage.mia.user.id)
    assert listed is not None
    assert listed.nick == "Mimi"
    owner = await guild.fetch_member(int(stage.guild.owner.id))
    with pytest.raises(discord.Forbidden):
        await owner.kick()
    await mia.kick()
    assert stage.guild.member(stage.mia.user.id) is None
    assert stage.mia.channels(stage.guild) == []
    with pytest.raises(discord.NotFound) as gone:
        await guild.fetch_member(int(stage.mia.user.id))
    assert gone.value.code == 10007
    max_ = await guild.fetch_member(int(stage.max.user.id))
    await max_.ban(reason="spam")
    assert [entry.user.name async for entry in guild.bans()] == ["max"]
    await guild.unban(max_)
    assert [entry async for entry in guild.bans()] == []
    found = [member.name async for member in guild.fetch_members(limit=10)]
    assert set(found) == {"vera", "Mooring"}
