"""Messages in channels and DMs, files, nonces, mentions and what Discord refuses."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import discord
import pytest

from bot.sandbox.discord import File, SandboxRefusal, overwrite_for_role
from bot.sandbox.discord.permissions import (
    ATTACH_FILES,
    EMBED_LINKS,
    MANAGE_MESSAGES,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
)
from tests.integration.sandbox_discord.stage import Stage, until

V2 = 1 << 15


async def test_what_people_say_reaches_the_bot(stage: Stage) -> None:
    seen: list[discord.Message] = []
    changes: list[tuple[str, str]] = []

    @stage.bot.event
    async def on_message(message: discord.Message) -> None:
        seen.append(message)

    @stage.bot.event
    async def on_message_edit(before: discord.Message, after: discord.Message) -> None:
        changes.append((before.content, after.content))

    @stage.bot.event
    async def on_message_delete(message: discord.Message) -> None:
        changes.append((message.content, "deleted"))

    await stage.connect()
    first = await stage.mia.say(stage.general, "helo", files=[File("a.txt", b"abc")])
    await stage.mia.edit(first, "hello")
    reply = await stage.max.say(stage.general, "hi", reply_to=first)
    await stage.mia.delete(first)
    await until(lambda: len(changes) == 2)
    assert changes == [("helo", "hello"), ("hello", "deleted")]
    assert await seen[0].attachments[0].read() == b"abc"
    assert seen[1].reference is not None
    assert seen[1].reference.message_id == int(first.id)
    assert first.deleted
    assert stage.mia.messages(stage.general) == [reply]
    with pytest.raises(SandboxRefusal):
        await stage.mia.edit(reply, "not mine")
    with pytest.raises(SandboxRefusal):
        await stage.mia.say(stage.general, "x" * 2001)


async def test_the_bot_sends_edits_reads_and_deletes(stage: Stage) -> None:
    await stage.connect()
    channel = stage.text_channel(stage.general)
    embed = discord.Embed(title="Invoice", description="Paid", url="https://example.com")
    embed.add_field(name="Amount", value="$20").set_footer(text="July").set_author(name="Acme")
    sent = await channel.send("hello", embed=embed)
    shown = stage.mia.messages(stage.general)[0]
    assert shown.text == "hello\nAcme\nInvoice\nPaid\nAmount\n$20\nJuly"
    await sent.edit(content="changed", embed=None)
    assert (shown.text, shown.embeds) == ("changed", [])
    assert (await channel.fetch_message(sent.id)).content == "changed"
    for number in range(4):
        await stage.mia.say(stage.general, str(number))
    history = [message.content async for message in channel.history(limit=3)]
    assert history == ["3", "2", "1"]
    after = [m.content async for m in channel.history(after=sent, oldest_first=True)]
    assert after == ["0", "1", "2", "3"]
    await sent.delete()
    assert shown.deleted
    with pytest.raises(discord.NotFound) as gone:
        await sent.delete()
    assert gone.value.code == 10008


async def test_files_are_stored_and_their_links_expire(stage: Stage) -> None:
    await stage.connect()
    big = b"x" * 3_000_000
    embed = discord.Embed().set_image(url="attachment://picture.png")
    sent = await stage.text_channel(stage.general).send(
        files=[
            discord.File(io.BytesIO(b"<p>hello</p>"), "transcript.html", description="all of it"),
            discord.File(io.BytesIO(big), "picture.png"),
        ],
        embed=embed,
    )
    html, picture = sent.attachments
    assert (html.filename, html.description, html.size) == ("transcript.html", "all of it", 12)
    assert html.content_type == "text/html"
    assert await html.read() == b"<p>hello</p>"
    assert await picture.read() == big
    assert sent.embeds[0].image.url == picture.url
    async with aiohttp.ClientSession() as session:
        assert (await session.get(html.url.replace("hm=", "hm=0"))).status == 404
        stage.clock.ahead = 25 * 3600
        assert (await session.get(html.url)).status == 404
    again = await stage.text_channel(stage.general).fetch_message(sent.id)
    assert await again.attachments[0].read() == b"<p>hello</p>"


async def test_a_nonce_sends_once(stage: Stage) -> None:
    await stage.connect()
    channel = stage.text_channel(stage.general)
    first = await channel.send("once", nonce=7)
    second = await stage.bot.http.request(
        discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id),
        json={"content": "twice", "nonce": 7, "enforce_nonce": True},
    )
    assert second["id"] == str(first.id)
    assert len(stage.mia.messages(stage.general)) == 1
    stage.clock.ahead = 3600
    await channel.send("later", nonce=7)
    assert len(stage.mia.messages(stage.general)) == 2


async def test_mentions_follow_allowed_mentions(stage: Stage) -> None:
    await stage.connect()
    channel = stage.text_channel(stage.general)
    text = f"{stage.mia.user.mention} {stage.moderator.mention} @everyone"
    loud = await channel.send(text)
    assert [user.name for user in loud.mentions] == ["mia"]
    assert [role.name for role in loud.role_mentions] == ["Moderator"]
    assert loud.mention_everyone
    quiet = await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
    assert not quiet.mentions
    assert not quiet.mention_everyone
    some = await channel.send(
        text, allowed_mentions=discord.AllowedMentions(everyone=False, roles=False, users=True)
    )
    assert [user.name for user in some.mentions] == ["mia"]


async def test_direct_messages_and_closed_ones(stage: Stage) -> None:
    await stage.connect()
    user = await stage.bot.fetch_user(int(stage.mia.user.id))
    assert stage.mia.dm is None
    await user.send("hello")
    dm = stage.mia.dm
    assert dm is not None
    received = await stage.mia.wait_for_message("dm", containing="hello")
    await stage.mia.say(dm, "thanks", reply_to=received)
    assert stage.max.messages(dm) == []
    stage.mia.accepts_dms = False
    with pytest.raises(discord.Forbidden) as closed:
        await user.send("more")
    assert closed.value.code == 50007


async def test_components_v2(stage: Stage) -> None:
    class Card(discord.ui.LayoutView):
        box = discord.ui.Container[Any](
            discord.ui.Section(
                discord.ui.TextDisplay("**Pro**"),
                discord.ui.TextDisplay("renews 1 May"),
                accessory=discord.ui.Button(label="Refresh", custom_id="refresh"),
            ),
            discord.ui.Separator(),
            discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://chart.png")),
            discord.ui.File("attachment://chart.png"),
            discord.ui.ActionRow(discord.ui.Button(label="Cancel", custom_id="cancel")),
            accent_colour=0x5865F2,
        )

    await stage.connect()
    channel = stage.text_channel(stage.general)
    file = discord.File(io.BytesIO(b"png"), "chart.png")
    sent = await channel.send(view=Card(), file=file)
    shown = stage.mia.messages(stage.general)[0]
    assert shown.text == "**Pro**\nrenews 1 May"
    assert [button.label for button in shown.buttons] == ["Refresh", "Cancel"]
    assert shown.flags & V2
    container = sent.components[0]
    assert isinstance(container, discord.Container)
    assert container.accent_colour == discord.Colour(0x5865F2)
    numbers = [c["id"] for c in shown.payload()["components"][0]["components"]]
    assert len(set(numbers)) == len(numbers)
    with pytest.raises(discord.HTTPException) as mixed:
        await stage.bot.http.request(
            discord.http.Route(
                "PATCH",
                "/channels/{channel_id}/messages/{message_id}",
                channel_id=channel.id,
                message_id=sent.id,
            ),
            json={"content": "text beside it"},
        )
    assert mixed.value.code == 50035


def button(custom_id: str | None = "b", **more: object) -> dict[str, Any]:
    """A raw button."""
    return {"type": 2, "style": 1, "label": "B", "custom_id": custom_id, **more}


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    """A raw action row."""
    return {"type": 1, "components": list(parts)}


def text(content: str) -> dict[str, Any]:
    """A raw text display."""
    return {"type": 10, "content": content}


def select(count: int) -> dict[str, Any]:
    """A raw string select."""
    options = [{"label": str(n), "value": str(n)} for n in range(count)]
    return {"type": 3, "custom_id": "s", "options": options}


REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "nothing": ({}, 50006),
    "only buttons": ({"components": [row(button())]}, 50006),
    "long content": ({"content": "x" * 2001}, 50035),
    "eleven embeds": ({"embeds": [{"title": "t"}] * 11}, 50035),
    "a long embed title": ({"embeds": [{"title": "x" * 257}]}, 50035),
    "too much in embeds": ({"embeds": [{"description": "x" * 4000}] * 2}, 50035),
    "26 embed fields": ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, 50035),
    "six rows": ({"content": "c", "components": [row(button(str(n))) for n in range(6)]}, 50035),
    "six buttons": (
        {"content": "c", "components": [row(*(button(str(n)) for n in range(6)))]},
        50035,
    ),
    "a repeated custom_id": ({"content": "c", "components": [row(button(), button())]}, 50035),
    "a link with custom_id": (
        {"content": "c", "components": [row(button(style=5, url="https://example.com"))]},
        50035,
    ),
    "a button without custom_id": ({"content": "c", "components": [row(button(None))]}, 50035),
    "a long custom_id": ({"content": "c", "components": [row(button("x" * 101))]}, 50035),
    "a long label": ({"content": "c", "components": [row(button(label="x" * 81))]}, 50035),
    "26 options": ({"content": "c", "components": [row(select(26))]}, 50035),
    "a select beside a button": (
        {"content": "c", "components": [row(select(2), button())]},
        50035,
    ),
    "V2 without the flag": ({"content": "c", "components": [text("t")]}, 50035),
    "V2 with content": ({"flags": V2, "content": "c", "components": [text("t")]}, 50035),
    "V2 with embeds": (
        {"flags": V2, "embeds": [{"title": "t"}], "components": [text("t")]},
        50035,
    ),
    "V2 with 41 components": ({"flags": V2, "components": [text("t")] * 41}, 50035),
    "V2 with 4,001 characters": (
        {"flags": V2, "components": [text("x" * 2001), text("x" * 2000)]},
        50035,
    ),
    "V2 with nothing": ({"flags": V2, "components": []}, 50006),
    "a section without accessory": (
        {"flags": V2, "components": [{"type": 9, "components": [text("t")]}]},
        50035,
    ),
    "a reply to nothing": (
        {"content": "c", "message_reference": {"message_id": "1"}},
        50035,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_discord_refuses(stage: Stage, name: str) -> None:
    body, code = REFUSED[name]
    await stage.connect()
    with pytest.raises(discord.HTTPException) as refused:
        await stage.bot.http.request(
            discord.http.Route(
                "POST", "/channels/{channel_id}/messages", channel_id=stage.general.id
            ),
            json=body,
        )
    assert (refused.value.status, refused.value.code) == (400, code)
    assert stage.mia.messages(stage.general) == []


@pytest.mark.parametrize(
    ("denied", "sending", "code"),
    [
        (SEND_MESSAGES, {"content": "c"}, 50013),
        (EMBED_LINKS, {"embed": discord.Embed(title="t")}, 50013),
        (ATTACH_FILES, {"file": True}, 50013),
        (READ_MESSAGE_HISTORY, {"reply": True}, 160002),
    ],
)
async def test_permissions_to_send(
    stage: Stage, denied: int, sending: dict[str, Any], code: int
) -> None:
    bot_role = stage.guild.bot_member.roles[0]
    place = stage.guild.add_text_channel(
        "place", overwrites=[overwrite_for_role(bot_role, deny=denied)]
    )
    said = await stage.mia.say(place, "hello")
    await stage.connect()
    channel = stage.text_channel(place)
    arguments = dict(sending)
    if arguments.pop("file", False):
        arguments["file"] = discord.File(io.BytesIO(b"x"), "x.txt")
    if arguments.pop("reply", False):
        arguments |= {"content": "re", "reference": channel.get_partial_message(int(said.id))}
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send(**arguments)
    assert refused.value.code == code


async def test_pins_reactions_and_bulk_deletion(stage: Stage) -> None:
    await stage.connect()
    channel = stage.text_channel(stage.general)
    said = [await stage.mia.say(stage.general, str(number)) for number in range(3)]
    message = await channel.fetch_message(int(said[0].id))
    await message.pin()
    assert [pinned.content async for pinned in channel.pins()] == ["0"]
    await message.unpin()
    await message.add_reaction("👍")
    fetched = await channel.fetch_message(message.id)
    assert [(str(r.emoji), r.count, r.me) for r in fetched.reactions] == [("👍", 1, True)]
    assert stage.bot.user is not None
    await message.remove_reaction("👍", stage.bot.user)
    await channel.delete_messages([discord.Object(int(m.id)) for m in said[:2]])
    assert stage.mia.messages(stage.general) == said[2:]
    said[2].created_at -= 15 * 24 * 3600
    fresh = await stage.mia.say(stage.general, "fresh")
    with pytest.raises(discord.HTTPException) as refused:
        await channel.delete_messages([discord.Object(int(m.id)) for m in (said[2], fresh)])
    assert refused.value.code == 50034
    async with channel.typing():
        pass


async def test_deleting_other_peoples_messages_needs_a_permission(stage: Stage) -> None:
    bot_role = stage.guild.bot_member.roles[0]
    place = stage.guild.add_text_channel(
        "place", overwrites=[overwrite_for_role(bot_role, deny=MANAGE_MESSAGES)]
    )
    said = await stage.mia.say(place, "hello")
    await stage.connect()
    with pytest.raises(discord.Forbidden):
        await stage.text_channel(place).get_partial_message(int(said.id)).delete()
    with pytest.raises(discord.Forbidden) as refused:
        await stage.text_channel(place).get_partial_message(int(said.id)).edit(content="mine")
    assert refused.value.code == 50005


async def test_waiting_for_messages_and_changes(stage: Stage) -> None:
    await stage.connect()
    channel = stage.text_channel(stage.general)
    sent = await channel.send("working")
    shown = await stage.mia.wait_for_message(stage.general, containing="work")
    await sent.edit(content="finished")
    assert await shown.changed(containing="finished") is shown
    with pytest.raises(TimeoutError):
        await shown.changed(timeout=0.05)
    with pytest.raises(TimeoutError):
        await stage.mia.wait_for_message(stage.general, containing="never", timeout=0.05)
