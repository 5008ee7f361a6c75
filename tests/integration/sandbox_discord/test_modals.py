"""Modals: what the bot may open, what a person may submit."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.sandbox.discord import Answer, File, SandboxRefusal
from tests.integration.sandbox_discord.stage import Stage

Ctx = discord.Interaction[Any]


def radio(*labels: str, required: bool = True) -> discord.ui.RadioGroup[Any]:
    """A radio group with these labels."""
    options = [discord.RadioGroupOption(label=label, value=label.lower()) for label in labels]
    return discord.ui.RadioGroup(options=options, required=required, custom_id="reason")


class Cancel(discord.ui.Modal, title="Cancel subscription"):
    """Everything a modal can hold, in five top-level components."""

    about = discord.ui.TextDisplay[Any]("It ends on 1 May.")
    reason = discord.ui.Label[Any](
        text="Reason", description="Required", component=radio("Price", "Prefer not to say")
    )
    more = discord.ui.Label[Any](
        text="More",
        component=discord.ui.TextInput(required=False, min_length=3, max_length=10),
    )
    extras = discord.ui.Label[Any](
        text="Extras",
        component=discord.ui.CheckboxGroup(
            required=False,
            options=[
                discord.CheckboxGroupOption(label="Mail", value="mail"),
                discord.CheckboxGroupOption(label="Export", value="export"),
            ],
        ),
    )
    proof = discord.ui.Label[Any](
        text="Proof", component=discord.ui.FileUpload(required=False, max_values=2)
    )

    def __init__(self, got: dict[str, object]) -> None:
        super().__init__(custom_id="cancel:1")
        self.got = got

    async def on_submit(self, interaction: Ctx) -> None:
        """Note the answers."""
        files = self.proof.component.values  # type: ignore[attr-defined]
        self.got.update(
            reason=self.reason.component.value,  # type: ignore[attr-defined]
            more=self.more.component.value,  # type: ignore[attr-defined]
            extras=self.extras.component.values,  # type: ignore[attr-defined]
            files=[(file.filename, await file.read()) for file in files],
        )
        await interaction.response.send_message("thanks", ephemeral=True)


async def test_a_modal_is_shown_filled_in_and_submitted(stage: Stage) -> None:
    got: dict[str, object] = {}

    @stage.bot.tree.command()
    async def cancel(ctx: Ctx) -> None:
        await ctx.response.send_modal(Cancel(got))

    await stage.connect()
    opened = await stage.mia.slash("cancel", channel=stage.general)
    modal = opened.modal
    assert opened.response_kind == "modal"
    assert modal is not None
    assert (modal.title, modal.custom_id) == ("Cancel subscription", "cancel:1")
    assert modal.text == "It ends on 1 May."
    assert [field.label for field in modal.fields] == ["Reason", "More", "Extras", "Proof"]
    reason = modal.field("Reason")
    assert (reason.description, reason.required) == ("Required", True)
    assert [option.label for option in reason.options] == ["Price", "Prefer not to say"]
    answer: dict[str, Answer] = {
        "reason": "Prefer not to say",
        "More": "too dear",
        "Extras": ["Mail", "export"],
        "Proof": File("proof.txt", b"paid"),
    }
    done = await stage.mia.submit(modal, answer)
    assert done.message is not None
    assert done.message.text == "thanks"
    assert got == {
        "reason": "prefer not to say",
        "more": "too dear",
        "extras": ["mail", "export"],
        "files": [("proof.txt", b"paid")],
    }


async def test_what_the_client_does_not_submit(stage: Stage) -> None:
    @stage.bot.tree.command()
    async def cancel(ctx: Ctx) -> None:
        await ctx.response.send_modal(Cancel({}))

    await stage.connect()
    modal = (await stage.mia.slash("cancel", channel=stage.general)).modal
    assert modal is not None
    refused: tuple[dict[str, Answer], ...] = (
        {},
        {"Reason": "Weather"},
        {"Reason": "Price", "More": "ab"},
        {"Reason": "Price", "More": "x" * 11},
        {"Reason": "Price", "Nothing": "x"},
        {"Reason": ["Price", "Prefer not to say"]},
    )
    for broken in refused:
        with pytest.raises(SandboxRefusal):
            await stage.mia.submit(modal, broken)
    with pytest.raises(SandboxRefusal, match="somebody else"):
        await stage.max.submit(modal, {"Reason": "Price"})


async def test_a_modal_from_a_button_can_update_the_message(stage: Stage) -> None:
    class Ask(discord.ui.Modal, title="Ask"):
        name = discord.ui.TextInput[Any](label="Name", default="Mia")

        async def on_submit(self, interaction: Ctx) -> None:
            await interaction.response.edit_message(content=f"Hello {self.name.value}", view=None)

    class Panel(discord.ui.View):
        @discord.ui.button(label="Ask")
        async def ask(self, ctx: Ctx, _: discord.ui.Button[Any]) -> None:
            await ctx.response.send_modal(Ask())

    await stage.connect()
    await stage.text_channel(stage.general).send("panel", view=Panel())
    message = stage.mia.messages(stage.general)[0]
    modal = (await stage.mia.click(message, "Ask")).modal
    assert modal is not None
    assert modal.field("Name").value == "Mia"
    done = await stage.mia.submit(modal, {})
    assert done.message is message
    assert message.text == "Hello Mia"


async def test_selects_in_modals_bring_what_was_chosen(stage: Stage) -> None:
    got: list[str] = []

    class Pick(discord.ui.Modal, title="Pick"):
        who = discord.ui.Label[Any](text="Who", component=discord.ui.UserSelect())
        sure = discord.ui.Label[Any](text="Sure", component=discord.ui.Checkbox())

        async def on_submit(self, interaction: Ctx) -> None:
            got.append(self.who.component.values[0].name)  # type: ignore[attr-defined]
            got.append(str(self.sure.component.value))  # type: ignore[attr-defined]
            await interaction.response.defer(ephemeral=True)

    @stage.bot.tree.command()
    async def pick(ctx: Ctx) -> None:
        await ctx.response.send_modal(Pick())

    await stage.connect()
    modal = (await stage.mia.slash("pick", channel=stage.general)).modal
    assert modal is not None
    await stage.mia.submit(modal, {"Who": "max", "Sure": True})
    assert got == ["max", "True"]


def label(component: dict[str, Any], text: str = "L") -> dict[str, Any]:
    """A raw label around a component."""
    return {"type": 18, "label": text, "component": component}


def text_input(custom_id: str = "t", **more: object) -> dict[str, Any]:
    """A raw text input."""
    return {"type": 4, "custom_id": custom_id, "style": 1, **more}


def options(count: int) -> list[dict[str, str]]:
    """Raw options."""
    return [{"label": str(n), "value": str(n)} for n in range(count)]


REFUSED_MODALS: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "six": [label(text_input(str(n))) for n in range(6)],
    "repeated custom_id": [label(text_input()), label(text_input())],
    "a long label": [label(text_input(), "x" * 46)],
    "one radio option": [label({"type": 21, "custom_id": "r", "options": options(1)})],
    "eleven radio options": [label({"type": 21, "custom_id": "r", "options": options(11)})],
    "no checkbox option": [label({"type": 22, "custom_id": "c", "options": []})],
    "an endless text": [label(text_input(max_length=4001))],
    "a button": [{"type": 1, "components": [{"type": 2, "custom_id": "b", "style": 1}]}],
    "a bare input": [text_input()],
}


@pytest.mark.parametrize("name", REFUSED_MODALS)
async def test_modals_that_discord_refuses(stage: Stage, name: str) -> None:
    errors: list[int] = []

    @stage.bot.tree.command()
    async def show(ctx: Ctx) -> None:
        class Raw(discord.ui.Modal):
            def to_dict(self) -> dict[str, Any]:
                return {"custom_id": "m", "title": "M", "components": REFUSED_MODALS[name]}

        try:
            await ctx.response.send_modal(Raw(title="M"))
        except discord.HTTPException as error:
            errors.append(error.code)
            await ctx.response.send_message("refused")

    await stage.connect()
    done = await stage.mia.slash("show", channel=stage.general)
    assert errors == [50035]
    assert done.response_kind == "message"
