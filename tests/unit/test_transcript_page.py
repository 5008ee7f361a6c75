"""The page shows each reader what is theirs to see, carries its pictures, and loads nothing."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from bot.domain.files import picture_type, readable_size
from bot.domain.identifiers import (
    AttachmentId,
    ChannelId,
    GuildId,
    MessageId,
    TicketId,
    UserId,
)
from bot.domain.ticket import Ticket, TicketState
from bot.domain.ticket_record import KeptFile, RecordedMessage, TicketRecord, Version
from bot.domain.transcript import Copy, TranscriptLink, link_key
from bot.transcripts.page import Sources, render_page

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MIA, SAM = UserId(1), UserId(2)
PNG = b"\x89PNG\r\n\x1a\n"
TICKET = Ticket(
    id=TicketId("T1"),
    number=7,
    guild_id=GuildId(3),
    opener_id=MIA,
    topic_id="billing",
    answers={"story": "It <b>broke</b>", "old_question": "still there"},
    state=TicketState.CLOSED,
    channel_id=ChannelId(4),
    welcome_id=MessageId(5),
    attempt_id=None,
    created_at=NOW,
    closed_at=NOW + timedelta(hours=1),
    closed_by=SAM,
    close_reason="<i>Solved</i>",
)


def said(number: int, content: str, **changes: Any) -> RecordedMessage:
    return replace(
        RecordedMessage(
            MessageId(number),
            TICKET.id,
            MIA,
            "Mia",
            False,
            content,
            None,
            None,
            False,
            NOW + timedelta(minutes=number),
            None,
            None,
        ),
        **changes,
    )


def file(number: int, name: str, *, size: int = 8, **changes: Any) -> KeptFile:
    kept = KeptFile(
        AttachmentId(number), MessageId(10), TICKET.id, name, None, size, f"T1/{number}", None
    )
    return replace(kept, **changes)


def page(
    *messages: RecordedMessage,
    copy: Copy = Copy.MEMBER,
    files: Mapping[int, Path] | None = None,
    room: int = 100,
    with_links: bool = False,
) -> str:
    found = files or {}
    return render_page(
        TicketRecord(TICKET, messages),
        copy=copy,
        topic="Billing & payments",
        labels={"story": "What happened?"},
        sources=Sources(
            lambda each: found.get(each.id),
            room,
            (lambda each: f"T1/files/{each.id}?a=1&b=2") if with_links else None,
        ),
    )


def test_everything_of_a_persons_is_escaped() -> None:
    html = page(
        said(10, "<script>", author_name='<img src="x">', rich={"stickers": ["<hr>"]}),
    )

    assert "<script" not in html
    assert "<img" not in html
    assert "It &lt;b&gt;broke&lt;/b&gt;" in html
    assert "What happened?" in html
    assert "old question" in html
    assert "&lt;i&gt;Solved&lt;/i&gt;" in html


def test_only_the_team_sees_notes_deletions_and_what_was_said_before() -> None:
    messages = (
        said(10, "Hello", versions=(Version("Helo", NOW),), edited_at=NOW),
        said(11, "I am angry", deleted_at=NOW),
        said(12, "They are angry", internal=True, author_id=SAM, author_name="Sam"),
        said(13, "Card [removed]", deleted_at=NOW, rich={"removed": ["card number"]}),
        said(14, "really", reply_to=MessageId(11)),
    )

    members, teams = page(*messages), page(*messages, copy=Copy.STAFF)

    for secret in ("angry", "Helo", "internal note", "Sam", "team's copy"):
        assert secret not in members.replace("internal notes", ""), secret
    for shown in ("I am angry", "They are angry", "Helo", "internal note", "↪", "deleted"):
        assert shown in teams, shown
    assert "Card [removed]" in members
    assert "Card number removed by the bot" in members


def test_embeds_components_polls_and_mentions() -> None:
    rich = {
        "components": [
            {"box": [{"text": "## Hi <@100000000000000001>"}, {"line": True}]},
            {"row": [{"label": "Pay", "url": "https://pay.example/x"}]},
            {"picture": "a cat"},
            {"file": "<x>.html"},
        ],
        "embeds": [
            {"title": "T", "url": "javascript:x", "text": "**b**", "fields": [["n", "v"]]},
        ],
        "poll": ["Which?", "One", "Two"],
        "forwarded": ["said elsewhere"],
        "names": {"100000000000000001": "@Noor"},
    }

    html = page(said(10, "only for the search", rich=rich))

    assert "only for the search" not in html
    for part in ("@Noor", 'href="https://pay.example/x"', "a cat", "&lt;x&gt;.html", "Which?"):
        assert part in html, part
    assert "<strong>b</strong>" in html
    assert "javascript" not in html
    assert "said elsewhere" in html


def test_pictures_are_in_the_page_until_it_is_full(tmp_path: Path) -> None:
    paths = {number: tmp_path / str(number) for number in (20, 21, 22, 23, 24)}
    for path in paths.values():
        path.write_bytes(PNG)
    files = (
        file(20, "shot.png"),
        file(21, "drawing.svg"),
        file(22, "no.gif"),
        file(23, "second.PNG"),
        file(24, "late.png"),
        file(25, "big.zip", stored_as=None, failure="too large"),
        file(26, "coming.png", stored_as=None),
    )

    html = page(said(10, "see", files=files), files=paths, room=16)

    assert html.count('src="data:image/png;base64,') == 2
    assert "svg+xml" not in html
    assert "not kept: too large" in html
    assert "not fetched yet" in html
    assert html.count("not in this file") == 3
    linked = page(said(10, "see", files=files), files=paths, with_links=True)
    assert 'href="T1/files/21?a=1&amp;b=2"' in linked


def test_nothing_is_loaded_from_anywhere() -> None:
    html = page(said(10, "https://example.com/cat.png ![x](https://example.com/y.png)"))

    assert "default-src 'none'" in html
    assert not re.search(r"<(link|script|iframe|object|form)\b|@import|url\(", html)
    assert "<img" not in html
    assert " style=" not in html


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        ("a.png", PNG, "image/png"),
        ("a.JPG", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.webp", b"RIFF0000WEBP", "image/webp"),
        ("a.webp", b"RIFF0000WAVE", None),
        ("a.png", b"<svg onload=x>", None),
        ("a.svg", b"<svg>", None),
        ("a.html", PNG, None),
        ("png", PNG, None),
        ("a.png", b"", None),
    ],
)
def test_name_and_beginning_of_a_picture_must_agree(
    name: str, data: bytes, shown: str | None
) -> None:
    assert picture_type(name, data) == shown


def test_sizes_for_people() -> None:
    assert [readable_size(each) for each in (17, 4096, 3 << 19)] == ["17 bytes", "4 KiB", "1.5 MiB"]


def test_a_link_fits_only_what_it_was_made_for() -> None:
    key = link_key("a secret of the vendor")
    link = TranscriptLink.made(TICKET.id, MIA, Copy.MEMBER, now=NOW)
    signature = link.query(key).rsplit("=", 1)[1]

    assert link.fits(signature, key=key)
    for other in (
        replace(link, ticket_id=TicketId("T2")),
        replace(link, user_id=SAM),
        replace(link, copy=Copy.STAFF),
        replace(link, expires=link.expires + 1),
    ):
        assert not other.fits(signature, key=key)
    assert not link.fits(signature, key=link_key("another secret"))
    assert not link.fits("ü", key=key)
    teams = TranscriptLink.made(TICKET.id, SAM, Copy.STAFF, now=NOW)
    assert link.expires_at == NOW + timedelta(days=30)
    assert teams.expires_at == NOW + timedelta(minutes=15)
    assert teams.is_reader(teams.reader(key), key=key)
    for nobody in ("", "ü", teams.query(key).rsplit("=", 1)[1], link.reader(key)):
        assert not teams.is_reader(nobody, key=key)


def test_each_day_is_named_once_and_each_message_has_its_time() -> None:
    late = NOW + timedelta(hours=12)
    html = page(
        said(1, "One"),
        said(2, "Two", deleted_at=NOW + timedelta(minutes=3)),
        said(3, "Three", sent_at=late),
        said(4, "Four", sent_at=late, deleted_at=late + timedelta(days=1)),
        copy=Copy.STAFF,
    )

    assert re.findall(r'class="day">([^<]+)<', html) == ["1 November 2026", "2 November 2026"]
    assert "12:02 · deleted 12:03" in html
    assert "00:00 · deleted 3 November 2026, 00:00" in html
    assert "Opened 1 November 2026, 12:00 · closed 13:00 (UTC)" in html


@pytest.mark.parametrize(
    ("answered", "gist"),
    [
        (said(10, "It is **broken**, <@100000000000000001>"), "It is broken, @Noor"),
        (said(10, "First:\n- one\n> two\n```three```four"), "First: • one two three four"),
        (said(10, "", rich={"components": [{"box": [{"text": "## Your ticket"}]}]}), "Your ticket"),
        (said(10, "", rich={"embeds": [{"title": "Delayed", "text": "mails"}]}), "Delayed"),
        (said(10, "", rich={"stickers": ["Wave"]}), "Wave"),
        (said(10, "", rich={"poll": ["Which?", "One"]}), "Which?"),
        (said(10, "", files=(file(20, "shot.png"),)), "shot.png"),
        (said(10, "<b>" * 200), "<b>" * 39 + "<b…"),
        (said(10, ""), "a message"),
    ],
)
def test_an_answer_says_what_it_answers_and_leads_there(
    answered: RecordedMessage, gist: str
) -> None:
    named = {"names": {"100000000000000001": "@Noor"}}

    html = page(answered, said(11, "Yes", reply_to=MessageId(10), rich=named))

    reply = re.findall(r'<a class="reply" href="#m10"[^>]*>(.*?)</a>', html)
    assert reply == [f"↪ <bdi>Mia</bdi>: {escape(gist)}"]


def test_what_was_forgotten_is_no_silence() -> None:
    forgotten = replace(TICKET, purged_at=NOW + timedelta(days=400))
    reopened = replace(forgotten, closed_at=NOW + timedelta(days=401))
    nothing = Sources(lambda _: None, 0)

    told = [
        render_page(
            TicketRecord(each, ()), copy=Copy.MEMBER, topic="Billing", labels={}, sources=nothing
        )
        for each in (TICKET, forgotten, reopened)
    ]

    assert ["Nobody wrote anything" in each for each in told] == [True, False, True]
    assert "What was said here was deleted." in told[1]
