"""Commands, components and modals: from a person's action to what they see."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.sandbox.discord import SandboxRefusal
from tests.integration.sandbox_discord.stage import Stage

Ctx = discord.Interaction[Any]


async def test_a_slash_command_is_answered(stage: Stage) -> None:
    @stage.bot.tree.command()
    async def ping(ctx: Ctx) -> None:
        await ctx.response.send_message("pong")

    await stage.connect()
    started = asyncio.get_running_loop().time()
    done = await stage.mia.slash("ping", channel=stage.general)
    took = asyncio.get_running_loop().time() - started
    assert done.response_kind == "message"
    assert done.message is not None
    assert (done.message.text, done.message.ephemeral) == ("pong", False)
    assert done.first_response_seconds is not None
    assert 0 < done.first_response_seconds <= took
    assert stage.max.messages(stage.general) == [done.message]


async def test_every_kind_of_option_arrives(stage: Stage) -> None:
    got: dict[str, object] = {}

    @stage.bot.tree.command()
    @app_commands.choices(plan=[app_commands.Choice(name="Pro plan", value="pro")])
    async def give(  # noqa: PLR0917 - discord.py passes options by position
        ctx: Ctx,
        who: discord.Member,
        role: discord.Role,
        where: discord.TextChannel,
        plan: str,
        count: app_commands.Range[int, 1, 5],
        sure: bool = False,
    ) -> None:
        got.update(
            who=who.name, role=role.name, where=where.name, plan=plan, count=count, sure=sure
        )
        await ctx.response.send_message("ok", ephemeral=True)

    await stage.connect()
    options = {
        "who": stage.max.user,
        "role": stage.moderator,
        "where": stage.staff,
        "plan": "Pro plan",
        "count": 3,
    }
    await stage.mia.slash("give", channel=stage.general, **options, sure=True)  # type: ignore[arg-type]
    assert got == {
        "who": "max",
        "role": "Moderator",
        "where": "staff",
        "plan": "pro",
        "count": 3,
        "sure": True,
    }
    for broken in ({"count": 9}, {"plan": "Max plan"}, {"who": "max"}, {"nosuch": 1}):
        with pytest.raises(SandboxRefusal):
            await stage.mia.slash("give", channel=stage.general, **(options | broken))  # type: ignore[arg-type]
    del options["plan"]
    with pytest.raises(SandboxRefusal, match="requires"):
        await stage.mia.slash("give", channel=stage.general, **options)  # type: ignore[arg-type]


async def test_subcommands_autocomplete_and_guild_commands(stage: Stage) -> None:
    group = app_commands.Group(name="ticket", description="Tickets")

    @group.command(name="open")
    async def open_(ctx: Ctx, topic: str) -> None:
        await ctx.response.send_message(f"opened {topic}")

    @open_.autocomplete("topic")
    async def topics(_: Ctx, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=typed.upper(), value=typed)]

    stage.bot.tree.add_command(group)
    await stage.connect()
    done = await stage.mia.slash("ticket open", channel=stage.general, topic="billing")
    assert done.message is not None
    assert done.message.text == "opened billing"
    offered = await stage.mia.autocomplete(
        "ticket open", channel=stage.general, option="topic", typed="bi"
    )
    assert offered == [{"name": "BI", "value": "bi"}]
    with pytest.raises(SandboxRefusal, match="needs a subcommand"):
        await stage.mia.slash("ticket", channel=stage.general)
    names = [command["name"] for command in stage.mia.commands(stage.general)]
    assert names == ["ticket"]


async def test_command_permissions_hide_commands(stage: Stage) -> None:
    @stage.bot.tree.command()
    @app_commands.default_permissions(kick_members=True)
    async def refund(ctx: Ctx) -> None:
        await ctx.response.send_message("refunded")

    @stage.bot.tree.command()
    @app_commands.guild_only()
    async def balance(ctx: Ctx) -> None:
        await ctx.response.send_message("7")

    await stage.connect()
    assert [c["name"] for c in stage.mia.commands(stage.general)] == ["balance"]
    assert {c["name"] for c in stage.max.commands(stage.general)} == {"refund", "balance"}
    await stage.max.slash("refund", channel=stage.general)
    with pytest.raises(SandboxRefusal, match="may not use"):
        await stage.mia.slash("refund", channel=stage.general)
    dm = await stage.mia.open_dm()
    with pytest.raises(SandboxRefusal, match="no command"):
        await stage.mia.slash("balance", channel=dm)


async def test_context_menus_carry_their_target(stage: Stage) -> None:
    @stage.bot.tree.context_menu(name="Quote")
    async def quote(ctx: Ctx, message: discord.Message) -> None:
        await ctx.response.send_message(f"> {message.content}")

    @stage.bot.tree.context_menu(name="Account")
    async def account(ctx: Ctx, member: discord.Member) -> None:
        await ctx.response.send_message(member.name)

    await stage.connect()
    said = await stage.mia.say(stage.general, "hello")
    quoted = await stage.max.context_menu("Quote", target=said, channel=stage.general)
    assert quoted.message is not None
    assert quoted.message.text == "> hello"
    shown = await stage.max.context_menu("Account", target=stage.mia.user, channel=stage.general)
    assert shown.message is not None
    assert shown.message.text == "mia"


async def test_buttons_update_their_message(stage: Stage) -> None:
    class Panel(discord.ui.View):
        @discord.ui.button(label="Done", custom_id="panel:done")
        async def done(self, ctx: Ctx, _: discord.ui.Button[Any]) -> None:
            await ctx.response.edit_message(content="finished", view=None)

        @discord.ui.button(label="Slow")
        async def slow(self, ctx: Ctx, _: discord.ui.Button[Any]) -> None:
            await ctx.response.defer()
            await ctx.edit_original_response(content="slowly finished")

        @discord.ui.button(label="Off", disabled=True)
        async def off(self, *_: object) -> None:
            raise AssertionError

    await stage.connect()
    view = Panel().add_item(discord.ui.Button(label="Site", url="https://example.com"))
    await stage.text_channel(stage.general).send("panel", view=view)
    message = stage.mia.messages(stage.general)[0]
    assert [b.label for b in message.buttons] == ["Done", "Slow", "Off", "Site"]
    assert message.button("Done").custom_id == "panel:done"
    assert message.button("Site").url == "https://example.com"
    for label in ("Off", "Site", "No such"):
        with pytest.raises(SandboxRefusal):
            await stage.mia.click(message, label)
    slow = await stage.mia.click(message, "Slow")
    assert slow.response_kind == "deferred_update"
    assert (await slow.settled()).text == "slowly finished"
    done = await stage.mia.click(message, custom_id="panel:done")
    assert done.response_kind == "update"
    assert done.message is message
    assert (message.text, message.buttons) == ("finished", [])
    assert message.edited_at is not None


async def test_selects_of_every_kind(stage: Stage) -> None:
    got: list[object] = []

    class Panel(discord.ui.View):
        @discord.ui.select(
            options=[
                discord.SelectOption(label="Lite", value="l"),
                discord.SelectOption(label="Pro", value="p"),
            ],
            max_values=2,
        )
        async def plan(self, ctx: Ctx, select: discord.ui.Select[Any]) -> None:
            got.append(select.values)
            await ctx.response.defer()

        @discord.ui.select(cls=discord.ui.UserSelect)
        async def user(self, ctx: Ctx, select: discord.ui.UserSelect[Any]) -> None:
            got.append(select.values[0].name)
            await ctx.response.defer()

        @discord.ui.select(cls=discord.ui.RoleSelect)
        async def role(self, ctx: Ctx, select: discord.ui.RoleSelect[Any]) -> None:
            got.append(select.values[0].name)
            await ctx.response.defer()

        @discord.ui.select(cls=discord.ui.ChannelSelect)
        async def channel(self, ctx: Ctx, select: discord.ui.ChannelSelect[Any]) -> None:
            got.append(select.values[0].name)
            await ctx.response.defer()

    await stage.connect()
    await stage.text_channel(stage.general).send("panel", view=Panel())
    message = stage.mia.messages(stage.general)[0]
    plan, user, role, channel = (select.custom_id for select in message.selects)
    await stage.mia.choose(message, "Pro", "l", custom_id=plan)
    await stage.mia.choose(message, "max", custom_id=user)
    await stage.mia.choose(message, "Moderator", custom_id=role)
    await stage.mia.choose(message, stage.staff.id, custom_id=channel)
    assert got == [["p", "l"], "max", "Moderator", "staff"]
    with pytest.raises(SandboxRefusal):
        await stage.mia.choose(message, "Max", custom_id=plan)
    with pytest.raises(SandboxRefusal, match="choose 1 to 1"):
        await stage.mia.choose(message, custom_id=user)


async def test_an_ephemeral_panel_is_for_one_person(stage: Stage) -> None:
    class Panel(discord.ui.View):
        @discord.ui.button(label="Mine")
        async def mine(self, ctx: Ctx, _: discord.ui.Button[Any]) -> None:
            await ctx.response.send_message("yours", ephemeral=True)

    @stage.bot.tree.command()
    async def panel(ctx: Ctx) -> None:
        await ctx.response.send_message("private", view=Panel(), ephemeral=True)

    await stage.connect()
    shown = await stage.mia.slash("panel", channel=stage.general)
    assert shown.message is not None
    assert shown.message.ephemeral
    with pytest.raises(SandboxRefusal, match="somebody else"):
        await stage.max.click(shown.message, "Mine")
    assert stage.max.messages(stage.general) == []
    await stage.mia.click(shown.message, "Mine")
    channel = stage.text_channel(stage.general)
    with pytest.raises(discord.NotFound) as gone:
        await channel.fetch_message(int(shown.message.id))
    assert gone.value.code == 10008
    stage.mia.dismiss(shown.message)
    assert [m.text for m in stage.mia.messages(stage.general)] == ["yours"]


async def test_an_interaction_in_a_dm(stage: Stage) -> None:
    @stage.bot.tree.command()
    async def ping(ctx: Ctx) -> None:
        assert ctx.guild is None
        assert isinstance(ctx.channel, discord.DMChannel)
        await ctx.response.send_message(f"pong {ctx.user.name}")

    await stage.connect()
    done = await stage.mia.slash("ping", channel=await stage.mia.open_dm())
    assert done.message is not None
    assert done.message.text == "pong mia"
