"""A small bot that shows every component type and every way to answer an interaction."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Any

import discord
from discord import app_commands, ui

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
TRANSCRIPT = b"<h1>Transcript</h1><script>document.title = 'ran'</script>"
HOSTILE = (
    "<img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script> "
    "[click](javascript:document.title='ran') <https://evil.example/\"onclick=\"x>"
)


class Showcase(discord.Client):
    """Answers with what a test wants to see; ``submitted`` is the last modal's answers.

    /slow thinks until ``thought`` is set.
    """

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.default())
        self.tree = app_commands.CommandTree(self)
        self.submitted: dict[str, object] = {}
        self.thought = asyncio.Event()
        self.thought.set()
        for command in COMMANDS:
            self.tree.add_command(command)

    async def setup_hook(self) -> None:
        await self.tree.sync()


class Form(ui.Modal, title="Why are you leaving?"):
    """A text, and four kinds of input."""

    about: ui.TextDisplay[ui.LayoutView] = ui.TextDisplay("Your plan stays until **22 December**.")
    reason: ui.Label[Form] = ui.Label(
        text="Reason",
        description="Choose one",
        component=ui.RadioGroup(
            custom_id="reason",
            options=[
                discord.RadioGroupOption(label="Too expensive", value="price"),
                discord.RadioGroupOption(label="Prefer not to say", value="none"),
            ],
        ),
    )
    more: ui.Label[Form] = ui.Label(
        text="Anything else?",
        component=ui.TextInput(
            custom_id="more", style=discord.TextStyle.paragraph, required=False, max_length=200
        ),
    )
    used: ui.Label[Form] = ui.Label(
        text="What did you use?",
        component=ui.CheckboxGroup(
            custom_id="used",
            required=False,
            options=[
                discord.CheckboxGroupOption(label="Editor", value="editor"),
                discord.CheckboxGroupOption(label="Sync", value="sync"),
            ],
        ),
    )
    proof: ui.Label[Form] = ui.Label(
        text="Screenshot", component=ui.FileUpload(custom_id="proof", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        bot = interaction.client
        assert isinstance(bot, Showcase)
        proof = self.proof.component.values  # type: ignore[attr-defined]
        bot.submitted = {
            "reason": self.reason.component.value,  # type: ignore[attr-defined]
            "more": self.more.component.value,  # type: ignore[attr-defined]
            "used": self.used.component.values,  # type: ignore[attr-defined]
            "proof": [attachment.filename for attachment in proof],
        }
        await interaction.response.send_message("Thank you, **noted**.", ephemeral=True)


class Panel(ui.LayoutView):
    """Components V2: one of each."""

    def __init__(self) -> None:
        super().__init__()
        press = ui.Button[Panel](label="Refresh", custom_id="refresh")
        press.callback = self.refresh  # type: ignore[method-assign]
        self.choice = ui.Select[Panel](
            custom_id="choice",
            placeholder="Choose an invoice",
            options=[
                discord.SelectOption(label="H-0003", value="3", description="$20.00 paid"),
                discord.SelectOption(label="H-0002", value="2"),
            ],
        )
        self.choice.callback = self.chosen  # type: ignore[method-assign]
        self.add_item(
            ui.Container(
                ui.TextDisplay("## Your plan\n**Pro**, renews <t:1798000000:D>\n-# small print"),
                ui.Separator(),
                ui.Section(ui.TextDisplay("Allowance 620 of 1,000"), accessory=press),
                ui.Section(
                    ui.TextDisplay("With a picture"),
                    accessory=ui.Thumbnail("attachment://pixel.png", description="A pixel"),
                ),
                ui.MediaGallery(discord.MediaGalleryItem("attachment://pixel.png")),
                ui.File("attachment://transcript.html"),
                ui.ActionRow(
                    ui.Button(label="Blue", style=discord.ButtonStyle.primary, custom_id="b1"),
                    ui.Button(label="Green", style=discord.ButtonStyle.success, custom_id="b3"),
                    ui.Button(label="Red", style=discord.ButtonStyle.danger, custom_id="b4"),
                    ui.Button(label="Off", custom_id="b5", disabled=True),
                    ui.Button(label="Manage", url="https://billing.stripe.com/p/session/x?y=1"),
                ),
                ui.ActionRow(self.choice),
                ui.ActionRow(ui.UserSelect(custom_id="who", placeholder="A member")),
                ui.ActionRow(ui.RoleSelect(custom_id="role", placeholder="A role")),
                ui.ActionRow(ui.ChannelSelect(custom_id="where", placeholder="A channel")),
                accent_color=0x2F8F83,
            )
        )

    async def refresh(self, interaction: discord.Interaction) -> None:
        self.clear_items()
        self.add_item(ui.TextDisplay("Refreshed."))
        await interaction.response.edit_message(view=self, attachments=[])

    async def chosen(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Chose {self.choice.values[0]}", ephemeral=True)


class Silent(ui.View):
    """A button whose click is never answered: discord.py defers unless the callback fails."""

    @ui.button(label="Silent button", custom_id="silent")
    async def silent(self, _interaction: discord.Interaction, _button: ui.Button[Silent]) -> None:
        raise NotImplementedError

    async def on_error(self, *_: object) -> None:
        """Say nothing."""


@app_commands.command(description="One of each component")
async def show(interaction: discord.Interaction) -> None:
    files = [
        discord.File(io.BytesIO(PIXEL), "pixel.png"),
        discord.File(io.BytesIO(TRANSCRIPT), "transcript.html"),
    ]
    await interaction.response.send_message(view=Panel(), files=files)


@app_commands.command(description="A modal")
async def form(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Form())


@app_commands.command(description="An answer only you can see")
async def quiet(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("Just for you", view=Silent(), ephemeral=True)


@app_commands.command(description="Thinks first")
async def slow(interaction: discord.Interaction) -> None:
    bot = interaction.client
    assert isinstance(bot, Showcase)
    await interaction.response.defer(thinking=True)
    await bot.thought.wait()
    await interaction.followup.send("Done thinking")


@app_commands.command(description="Never answers")
async def dead(_interaction: discord.Interaction) -> None:
    pass


@app_commands.command(description="Writes you a direct message")
async def write(interaction: discord.Interaction) -> None:
    await interaction.user.send("Your receipt", file=discord.File(io.BytesIO(TRANSCRIPT), "t.html"))
    await interaction.response.send_message("Sent", ephemeral=True)


@app_commands.command(description="Repeats its options")
@app_commands.describe(member="Who", kind="Which kind", count="How many", loud="Shout")
@app_commands.choices(
    kind=[
        app_commands.Choice(name="Full refund", value="full"),
        app_commands.Choice(name="Partial refund", value="part"),
    ]
)
async def options(
    interaction: discord.Interaction,
    member: discord.Member,
    kind: app_commands.Choice[str],
    count: app_commands.Range[int, 1, 5] | None = None,
    loud: bool = False,
) -> None:
    await interaction.response.send_message(f"{member.name} {kind.value} {count} {loud}")


@app_commands.command(description="Text that tries to be markup <b>bold</b>")
async def hostile(interaction: discord.Interaction) -> None:
    embed = discord.Embed(title=HOSTILE[:200], description=HOSTILE, color=0xFF0000)
    embed.add_field(name="Field <i>", value=HOSTILE, inline=True)
    await interaction.response.send_message(HOSTILE, embed=embed)


@app_commands.command(description="Opens a private channel")
async def room(interaction: discord.Interaction) -> None:
    assert interaction.guild is not None
    assert isinstance(interaction.user, discord.Member)
    hidden = discord.PermissionOverwrite(view_channel=False)
    seen = discord.PermissionOverwrite(view_channel=True)
    channel = await interaction.guild.create_text_channel(
        "ticket-mia",
        overwrites={
            interaction.guild.default_role: hidden,
            interaction.user: seen,
            interaction.guild.me: seen,
        },
    )
    await channel.send("Welcome to your ticket")
    await interaction.response.send_message(f"Opened {channel.mention}", ephemeral=True)


@app_commands.command(description="Suggests while you type")
async def find(interaction: discord.Interaction, fruit: str) -> None:
    await interaction.response.send_message(f"Found {fruit}")


@find.autocomplete("fruit")
async def fruits(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    names = [name for name in ("Apple", "Apricot", "Pear") if name.lower().startswith(typed)]
    return [app_commands.Choice(name=name, value=f"id-{name.lower()}") for name in names]


@app_commands.context_menu(name="Quote")
async def quote(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"Quoted: {message.content}")


COMMANDS: tuple[app_commands.Command[Any, ..., None] | app_commands.ContextMenu, ...] = (
    show,
    form,
    quiet,
    slow,
    dead,
    write,
    options,
    hostile,
    room,
    find,
    quote,
)
