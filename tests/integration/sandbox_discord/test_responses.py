"""Responses: one for each interaction, in three seconds, followed up for fifteen minutes."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest

from bot.sandbox.discord import DidNotRespond
from bot.sandbox.discord.interactions import RESPONSE_SECONDS
from tests.integration.sandbox_discord.stage import Stage, until

Ctx = discord.Interaction[Any]


async def test_a_deferred_answer_is_filled_in_and_followed_up(stage: Stage) -> None:
    go = asyncio.Event()

    @stage.bot.tree.command()
    async def slow(ctx: Ctx) -> None:
        await ctx.response.defer(ephemeral=True)
        await go.wait()
        await ctx.edit_original_response(content="done")
        await ctx.followup.send("one more", ephemeral=True)
        await ctx.followup.send("for all")

    await stage.connect()
    done = await stage.mia.slash("slow", channel=stage.general)
    assert done.response_kind == "deferred"
    assert done.message is not None
    assert done.message.loading
    go.set()
    assert (await done.settled()).text == "done"
    assert done.message.ephemeral
    assert not done.message.loading
    first, second = await done.followup(), await done.followup()
    assert (first.text, first.ephemeral) == ("one more", True)
    assert (second.text, second.ephemeral) == ("for all", False)
    assert [m.text for m in stage.mia.messages(stage.general)] == ["done", "one more", "for all"]
    assert [m.text for m in stage.max.messages(stage.general)] == ["for all"]


async def test_the_first_follow_up_fills_a_deferred_answer(stage: Stage) -> None:
    @stage.bot.tree.command()
    async def slow(ctx: Ctx) -> None:
        await ctx.response.defer()
        await ctx.followup.send("filled", ephemeral=True)

    await stage.connect()
    done = await stage.mia.slash("slow", channel=stage.general)
    message = await done.settled()
    assert (message.text, message.ephemeral) == ("filled", False)
    assert done.followups == ()


async def test_only_one_response(stage: Stage) -> None:
    errors: list[int] = []

    @stage.bot.tree.command()
    async def twice(ctx: Ctx) -> None:
        await ctx.response.send_message("one")
        ctx.response._response_type = None
        try:
            await ctx.response.send_message("two")
        except discord.HTTPException as error:
            errors.append(error.code)
        await ctx.followup.send("end")

    await stage.connect()
    done = await stage.mia.slash("twice", channel=stage.general)
    await done.followup()
    assert errors == [40060]


async def test_silence_for_three_seconds_fails_the_interaction(stage: Stage) -> None:
    errors: list[int] = []
    failed: list[str] = []
    stage.sandbox.subscribe(
        lambda event: failed.append(event.kind) if event.kind == "interaction_failed" else None
    )

    given_up = asyncio.Event()

    @stage.bot.tree.command()
    async def asleep(ctx: Ctx) -> None:
        await given_up.wait()
        try:
            await ctx.response.send_message("late")
        except discord.NotFound as error:
            errors.append(error.code)

    await stage.connect()
    assert RESPONSE_SECONDS == 3
    stage.sandbox.response_seconds = RESPONSE_SECONDS
    started = asyncio.get_running_loop().time()
    with pytest.raises(DidNotRespond):
        await stage.mia.slash("asleep", channel=stage.general)
    assert asyncio.get_running_loop().time() - started > 2.9
    given_up.set()
    await until(lambda: errors == [10062])
    assert failed == ["interaction_failed"]


async def test_a_token_lives_fifteen_minutes(stage: Stage) -> None:
    ctxs: list[Ctx] = []

    @stage.bot.tree.command()
    async def hello(ctx: Ctx) -> None:
        ctxs.append(ctx)
        await ctx.response.send_message("hello")

    await stage.connect()
    await stage.mia.slash("hello", channel=stage.general)
    stage.clock.ahead = 14 * 60
    await ctxs[0].edit_original_response(content="still here")
    stage.clock.ahead = 15 * 60 + 1
    with pytest.raises(discord.HTTPException) as refused:
        await ctxs[0].edit_original_response(content="too late")
    assert refused.value.code == 50027


async def test_follow_ups_are_edited_read_and_deleted(stage: Stage) -> None:
    codes: list[int] = []

    @stage.bot.tree.command()
    async def work(ctx: Ctx) -> None:
        await ctx.response.send_message("original")
        extra = await ctx.followup.send("extra", wait=True, ephemeral=True)
        await extra.edit(content="edited")
        assert (await ctx.followup.fetch_message(extra.id)).content == "edited"
        assert (await ctx.original_response()).content == "original"
        await ctx.delete_original_response()
        try:
            await ctx.edit_original_response(content="gone")
        except discord.NotFound as error:
            codes.append(error.code)
        await ctx.followup.send("end")

    await stage.connect()
    done = await stage.mia.slash("work", channel=stage.general)
    extra = await done.followup()
    await stage.mia.wait_for_message(stage.general, containing="end")
    assert (extra.text, extra.ephemeral) == ("edited", True)
    assert done.message is not None
    assert done.message.deleted
    assert codes == [10008]


async def test_webhook_calls_before_the_response_are_refused(stage: Stage) -> None:
    codes: list[int] = []

    @stage.bot.tree.command()
    async def early(ctx: Ctx) -> None:
        try:
            await ctx.followup.send("too early")
        except discord.NotFound as error:
            codes.append(error.code)
        await ctx.response.send_message("now")

    await stage.connect()
    await stage.mia.slash("early", channel=stage.general)
    assert codes == [10015]


async def test_a_modal_cannot_open_a_modal(stage: Stage) -> None:
    codes: list[int] = []

    class Again(discord.ui.Modal, title="Again"):
        text = discord.ui.TextInput[Any](label="Text", required=False)

        async def on_submit(self, interaction: Ctx) -> None:
            try:
                await interaction.response.send_modal(Again())
            except discord.HTTPException as error:
                codes.append(error.code)
            await interaction.response.defer()
            await interaction.followup.send("done")

    @stage.bot.tree.command()
    async def show(ctx: Ctx) -> None:
        await ctx.response.send_modal(Again())

    await stage.connect()
    modal = (await stage.mia.slash("show", channel=stage.general)).modal
    assert modal is not None
    done = await stage.mia.submit(modal, {})
    assert (await done.followup()).text == "done"
    assert codes == [50035]
