"""A transcript in a real browser: it asks nobody for anything, and fits a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from bot.domain.identifiers import MessageId
from bot.domain.transcript import Copy
from tests.unit.test_transcript_page import NOW, PNG, file, page, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = "W" * 2_000 + " https://example.com/" + "x" * 1_900
ATTACKS = (
    "<script>document.title = 'broken'</script><img src=https://evil.example/x onerror=alert(1)>",
    "[click](javascript:alert(1)) [x](data:text/html,<script>alert(1)</script>)",
    "</article></main></body></html><iframe src=//evil.example></iframe>",
    "\u202e\u2066 turned around \u202d",
    "<style>@import 'https://evil.example/x.css'; body { display: none }</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "![x](https://evil.example/x.png) ||**spoiler**|| `code` > # - \n```\n" + LONG + "\n```",
    LONG,
)


def write(folder: Path) -> Path:
    """The team's copy, which has everything."""
    picture = folder / "20"
    picture.write_bytes(PNG)
    rich = {
        "embeds": [{"title": LONG, "url": "https://example.com", "text": ATTACKS[0]}],
        "components": [{"box": [{"text": attack} for attack in ATTACKS]}],
    }
    messages = [said(number, attack) for number, attack in enumerate(ATTACKS, 10)]
    messages += [
        said(30, "", rich=rich, author_name=f"\u202e{LONG}"),
        said(31, "a note", internal=True),
        said(32, "gone", deleted_at=NOW),
        said(33, "see", files=(file(20, f"{LONG}.png"), file(21, "x.svg"))),
    ]
    written = folder / "ticket.html"
    written.write_text(page(*messages, copy=Copy.STAFF, files={20: picture}))
    return written


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_loads_nothing_runs_nothing_and_fits_a_phone(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    tab: Page = await context.new_page()
    asked: list[str] = []
    said_in_console: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said_in_console.append(message.text))
    tab.on("dialog", lambda dialog: said_in_console.append(dialog.message))
    tab.on("pageerror", lambda error: said_in_console.append(str(error)))
    written = write(tmp_path)

    await tab.goto(written.as_uri())
    await tab.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)

    assert [url for url in asked if not url.startswith("data:image/png;")] == [written.as_uri()]
    assert said_in_console == []
    assert await tab.title() == "Ticket 0007"
    assert await tab.locator("article").count() == len(ATTACKS) + 4
    wide = await tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    for part in ("script", "iframe", "object", "article style", "article meta"):
        assert await tab.locator(part).count() == 0
    is_styled = await tab.locator(".note").evaluate(
        "each => getComputedStyle(each).borderLeftStyle"
    )
    assert is_styled == "solid"
    await context.close()


async def test_replies_lead_to_their_message_and_hidden_words_are_hidden(
    browser: Browser, tmp_path: Path
) -> None:
    """In either direction of writing, and a link among hidden words is as hidden as they are."""
    messages = [
        said(10, "- פריט ראשון\n- פריט שני\n> ציטוט"),
        *(said(number, "later") for number in range(11, 60)),
        said(60, f"||it was https://example.com/{'x' * 40}||", reply_to=MessageId(10)),
    ]
    written = tmp_path / "ticket.html"
    written.write_text(page(*messages))
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    tab: Page = await context.new_page()
    await tab.goto(written.as_uri())

    marks = await tab.locator("#m10 .content").evaluate(
        """content => {
            const range = document.createRange(), edge = content.getBoundingClientRect().right;
            return [...content.querySelectorAll(".item")].map(item => {
                range.selectNodeContents(item);
                return range.getBoundingClientRect().right <= edge;
            });
        }"""
    )
    assert marks == [True, True]
    hidden = tab.locator("#m60 .spoiler a")
    colour = "each => getComputedStyle(each).color"
    assert await hidden.evaluate(colour) == "rgba(0, 0, 0, 0)"
    await hidden.hover()
    assert await hidden.evaluate(colour) != "rgba(0, 0, 0, 0)"
    assert await tab.evaluate("document.documentElement.scrollWidth") <= 390

    await tab.locator("#m60 .reply").click()

    await tab.wait_for_function("document.querySelector(':target')?.id === 'm10'")
    assert await tab.locator("#m10").evaluate("each => each.getBoundingClientRect().top < 844")
    await context.close()
