"""Buttons that this version does not know: everybody gets an answer, over a real gateway."""

import time
from collections.abc import AsyncIterator

import discord
import pytest

from bot.domain.errors import NotYours
from bot.sandbox.discord import DiscordSandbox, Message
from cogs import words
from cogs.interactions import Interaction, Router, custom_id
from cogs.refusals import refusal
from tests.integration.sandbox_discord.stage import Stage, SteppedClock, build


def test_ids_fit_into_discords_limit() -> None:
    assert custom_id("ticket.close_with", "A" * 12) == "m1:ticket.close_with:AAAAAAAAAAAA"
    assert len(custom_id("cancellation.give_reason", "A" * 12)) <= 100


async def test_two_handlers_for_one_verb_are_a_defect() -> None:
    router = Router()

    async def handle(_interaction: Interaction, _argument: str) -> None:
        return None

    router.add("verb", handle)
    with pytest.raises(ValueError, match="two handlers for verb"):
        router.add("verb", handle)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A bare client whose interactions go to a router with two verbs."""
    clock = SteppedClock(time.time)
    sandbox = DiscordSandbox(clock=clock)
    # No answer is about how busy the machine is that runs the test.
    sandbox.response_seconds = 20.0
    await sandbox.start()
    stage = build(sandbox, clock)
    router = Router()

    async def greet(interaction: Interaction, argument: str) -> None:
        await interaction.response.send_message(f"Hello {argument}", ephemeral=True)

    async def refuse(_interaction: Interaction, _argument: str) -> None:
        raise NotYours

    async def break_down(_interaction: Interaction, _argument: str) -> None:
        raise RuntimeError("secret detail")

    async def break_late(interaction: Interaction, _argument: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        raise RuntimeError("secret detail")

    for verb, handler in (
        ("greet", greet),
        ("refuse", refuse),
        ("break", break_down),
        ("late", break_late),
    ):
        router.add(verb, handler)
    await stage.connect()

    @stage.bot.event
    async def on_interaction(interaction: Interaction) -> None:
        await router.dispatch(interaction)

    yield stage
    await stage.disconnect()
    await sandbox.stop()


async def press(stage: Stage, identifier: str) -> Message:
    """Mia clicks a button with this custom_id."""
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Press", custom_id=identifier))
    sent = await stage.text_channel(stage.general).send("A button", view=view)
    view.stop()
    [shown] = [each for each in stage.mia.messages(stage.general) if each.id == str(sent.id)]
    answer = await stage.mia.click(shown, "Press")
    assert answer.message is not None
    return await answer.settled()


async def test_a_known_verb_gets_its_argument_whole(stage: Stage) -> None:
    assert (await press(stage, custom_id("greet", "a:b:c"))).text == "Hello a:b:c"


@pytest.mark.parametrize(
    "identifier", ["m0:greet:x", "m2:greet:x", "m1:dance:x", "m1", "greet", ":", "m1::"]
)
async def test_an_unknown_version_or_verb_is_told(stage: Stage, identifier: str) -> None:
    answer = await press(stage, identifier)
    assert words.OUTDATED_BUTTON in answer.text
    assert answer.ephemeral


async def test_a_refusal_is_explained(stage: Stage) -> None:
    assert refusal(NotYours()) in (await press(stage, custom_id("refuse"))).text


@pytest.mark.parametrize("verb", ["break", "late"])
async def test_a_defect_is_told_with_a_reference_and_no_detail(stage: Stage, verb: str) -> None:
    answer = await press(stage, custom_id(verb))
    assert "Something went wrong on our side" in answer.text
    assert "secret" not in answer.text
