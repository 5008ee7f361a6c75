"""`mooring demo` as a person uses it: the production bot, clicked in a real browser."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from bot.sandbox.process import ROOT
from tests.browser.world import PATIENCE_MILLISECONDS

# The demo's processes are executed anew, which takes a while on a busy machine.
START_SECONDS = 150
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(2 * START_SECONDS)]

# High enough for the README's picture: /balance and the confirmation below each other.
DESKTOP = {"width": 1280, "height": 1060}
# From the heading above the last picture of the report to its end.
REPORT_HEIGHT = 1230
# Copied by hand to docs/images when what is seen has changed.
PICTURES = ROOT / "artifacts"
PHONE = {"width": 390, "height": 844}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    """A running demo's address. Ctrl-C has to end it in order."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--port", "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        ready = (await process.stdout.readline()).decode()
    found = re.search(r"http://127\.0\.0\.1:\d+/", ready)
    assert found, ready
    yield found.group()
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        assert await process.wait() == 0


async def open_as(browser: Browser, address: str, who: str, size: dict[str, int]) -> Page:
    """The page of one persona, in the channel for commands."""
    context = await browser.new_context(viewport=size)  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    await page.goto(f"{address}?as={who}")
    # When the channel opens, what was typed before is gone.
    await page.get_by_label(re.compile(r"^Message #\w")).wait_for()
    return page


async def use(page: Page, command: str) -> Locator:
    """Type a command without options and send it; returns the newest message."""
    await page.locator("#composer-input").press_sequentially(f"/{command}")
    await page.get_by_role("option", name=f"/{command}").first.wait_for()
    await page.locator("#composer-input").press("Enter")
    await page.get_by_role("button", name="Send command").press("Enter")
    return page.locator("article[data-message-id]").filter(has_text=f"used /{command}").last


async def pull(part: Locator, lever: str, *, tells: str) -> None:
    """Pull a lever of the Provider tab, and read what it says."""
    await part.get_by_role("button", name=lever).first.click()
    await expect(part.get_by_role("status")).to_contain_text(tells)


async def take_picture(page: Page, path: Path) -> None:
    """The same each time but for the dates: at rest, without codes and ids beside it."""
    panel = page.get_by_role("button", name="Mail and provider")
    await panel.click()
    await page.mouse.move(0, 0)
    await page.screenshot(path=path, animations="disabled", caret="hide")
    await panel.click()


async def choose_first(part: Locator, select: str) -> None:
    """Take the first option of a select, by the keyboard."""
    await part.get_by_role("combobox", name=select).click()
    await part.page.get_by_role("option").first.wait_for()
    await part.page.keyboard.press("Enter")


async def test_a_refund_is_asked_for_prepared_and_before_the_moderators(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    """S14: three people, each in their own place; then Max reads why people leave."""
    mia = await open_as(browser, address, "mia", DESKTOP)
    await mia.get_by_role("button", name="Dismiss the tips").click()
    await use(mia, "ticket open")
    await choose_first(mia.locator("#messages"), "What is it about?")
    modal = mia.get_by_role("dialog")
    help_first = mia.get_by_role("button", name="Open the ticket")
    await expect(modal.or_(help_first).first).to_be_visible()
    if await help_first.count():
        await help_first.click()
    await modal.get_by_label("Your account email").fill("mia@example.com")
    await modal.get_by_label("What happened?").fill("Sync did not work for a week")
    await modal.get_by_label("Payment confirmation").fill("From November")
    await modal.get_by_role("button", name="Submit").click()
    opened = mia.get_by_role("navigation").get_by_role("button", name=re.compile("^ticket-"))
    number = await opened.inner_text()
    await opened.click()
    await mia.get_by_role("button", name="Ask for a refund").click()
    shown = mia.locator("article[data-message-id]").filter(has_text="Which payment").last
    await choose_first(shown, "Choose a payment")
    await modal.get_by_label("What happened?").fill("I could not work with it for a week.")
    await modal.get_by_role("button", name="Submit").click()

    sam = await open_as(browser, address, "sam", DESKTOP)
    await sam.get_by_role("button", name="Dismiss the tips").click()
    await sam.get_by_role("navigation").get_by_role("button", name=number).click()
    await sam.get_by_role("button", name="Prepare the request").click()
    draft = sam.locator("article[data-message-id]").filter(has_text="Submit to the").last
    await choose_first(draft, "Why? (required)")
    await draft.get_by_role("button", name="Submit to the moderators").click()
    modal = sam.get_by_role("dialog")
    await modal.get_by_label("What should they know?").fill("Our outage of last week.")
    await modal.get_by_role("button", name="Submit").click()

    team = await open_as(browser, address, "max", DESKTOP)
    await team.get_by_role("button", name="Dismiss the tips").click()
    await team.get_by_role("button", name="refund-desk").click()
    await expect(team.get_by_role("button", name="Approve: $20.00")).to_be_in_viewport()
    await take_picture(team, PICTURES / "refund-desk.png")
    await team.set_viewport_size({"width": DESKTOP["width"], "height": REPORT_HEIGHT})
    await team.get_by_role("button", name="subscriptions").click()
    report = await use(team, "retention report")
    comments = report.get_by_role("button", name="Read the comments")
    await expect(comments).to_be_in_viewport()
    await take_picture(team, PICTURES / "retention-report.png")
    phone = await open_as(browser, address, "max", PHONE)
    await phone.get_by_role("button", name="Dismiss the tips").click()
    await phone.get_by_role("button", name="Channels").click()
    await phone.get_by_role("button", name="refund-desk").click()
    await expect(phone.get_by_role("button", name="Approve: $20.00")).to_be_in_viewport()
    await phone.screenshot(path=tmp_path / "desk-on-a-phone.png", animations="disabled")
    assert await phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for page in (mia, sam, team, phone):
        await page.context.close()


async def test_the_support_desk_is_at_work_from_the_start(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    """What waits, a ticket with its customer, the statistics, and where members ask."""
    sam = await open_as(browser, address, "sam", DESKTOP)
    await sam.get_by_role("button", name="Dismiss the tips").click()
    queue = await use(sam, "queue")
    await expect(queue).to_contain_text("tickets wait for an answer")
    for words in ("urgent", "nobody has it", "Next reply due"):
        await expect(queue).to_contain_text(words)
    await take_picture(sam, PICTURES / "queue.png")
    of_lea = queue.locator(".text-display").filter(has_text="@Lea")
    await of_lea.get_by_role("button", name="ticket-").click()
    await expect(sam.locator("#messages")).to_contain_text("@Sam looks after this ticket")
    await sam.get_by_role("button", name="Customer").click()
    await expect(sam.get_by_text("1,000 of 1,000 credits left")).to_be_in_viewport()
    await take_picture(sam, PICTURES / "ticket.png")
    await sam.context.close()

    team = await open_as(browser, address, "max", PHONE)
    await team.get_by_role("button", name="Dismiss the tips").click()
    figures = await use(team, "stats")
    await expect(figures.get_by_role("img")).to_have_count(3)
    await expect(figures).to_contain_text("@Kim: ")
    await team.screenshot(path=tmp_path / "stats-on-a-phone.png", animations="disabled")
    assert await team.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await team.context.close()

    mia = await open_as(browser, address, "mia", DESKTOP)
    await mia.get_by_role("button", name="Dismiss the tips").click()
    await mia.get_by_role("button", name="get-help").click()
    await mia.get_by_role("button", name="Report a bug").click()
    await expect(mia.get_by_role("dialog").get_by_label("What happens?")).to_be_visible()
    await mia.context.close()


async def test_mia_cancels_in_the_browser_and_the_period_ends(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    mia = await open_as(browser, address, "mia", DESKTOP)
    await mia.get_by_role("button", name="Dismiss the tips").click()
    balance = await use(mia, "balance")
    await expect(balance).to_contain_text("1,000 of 1,000 credits left")

    await balance.get_by_role("button", name="Cancel subscription").click()
    screen = mia.locator("article[data-message-id]").filter(has_text="Cancel Pro").last
    await screen.get_by_role("button", name="Continue to cancel").click()
    modal = mia.get_by_role("dialog")
    await modal.get_by_text("It costs too much").click()
    await mia.screenshot(path=tmp_path / "reason.png")
    await modal.get_by_role("button", name="Submit").click()
    confirm = mia.get_by_role("button", name="Confirm cancel")
    await expect(confirm).to_be_in_viewport()
    await take_picture(mia, PICTURES / "cancel.png")
    await confirm.click()

    done = mia.locator("article[data-message-id]").filter(has_text="Pro is cancelled").last
    await expect(done).to_contain_text("Nothing more is charged")
    await expect(mia.get_by_text("Pro is cancelled (C-").first).to_be_visible()
    await mia.get_by_role("tab", name="Provider").click()
    await mia.get_by_role("button", name=re.compile("period end", re.IGNORECASE)).first.click()
    await expect(
        mia.get_by_role("status").filter(has_text="The clock is there now")
    ).to_be_visible()
    await expect(balance).to_contain_text("Pro")
    for _ in range(20):
        await balance.get_by_role("button", name="Refresh").click()
        if await balance.get_by_text("Free plan").count():
            break
        await mia.wait_for_timeout(200)
    await expect(balance).to_contain_text("Free plan")
    await expect(balance.get_by_role("button", name="Subscribe (cancel anytime)")).to_be_visible()
    await mia.context.close()


async def test_what_happens_at_the_providers_shows_in_the_chat(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    """The first screen tells what to try; every lever says where to look."""
    team = await open_as(browser, address, "max", DESKTOP)
    tips = team.get_by_role("region", name="This is Mooring")
    await expect(tips.get_by_role("listitem").filter(has_text="/cancel")).to_be_visible()
    await expect(tips.get_by_role("link", name="Noor")).to_have_attribute(
        "href", re.compile("noor")
    )
    await team.screenshot(path=tmp_path / "first.png")
    await tips.get_by_role("button", name="Dismiss the tips").click()
    await team.get_by_role("button", name="mooring-log").click()
    await team.get_by_role("tab", name="Provider").click()
    log, events = team.locator("#messages"), team.get_by_label("Webhooks")

    mia = team.get_by_label("Customer mia@example.com")
    await pull(mia, "Let the card expire", tells="/account")
    await pull(mia, "Charge it twice", tells="/help")
    await pull(mia, "Dispute it", tells="#mooring-log")
    await expect(log).to_contain_text("Payment disputed")
    await pull(events, "Repeat last", tells="Nothing happens twice")
    await pull(mia, "Bank: the vendor is right", tells="#mooring-log")
    await expect(log).to_contain_text("The bank decided for you")
    await expect(log.get_by_text("Payment disputed")).to_have_count(1)

    lea = team.get_by_label("Customer lea@example.com")
    await pull(lea, "Refund in dashboard", tells="#mooring-log")
    await expect(log).to_contain_text("Refunded in the provider's dashboard")
    await events.get_by_role("button", name="Lose next event").last.click()
    await expect(events.get_by_role("status")).to_contain_text("never arrive")
    await pull(lea, "Cancel in portal", tells="/balance")
    await events.get_by_text("Deliveries").click()
    await expect(events.get_by_role("row").filter(has_text="lost")).to_have_count(1)
    await team.screenshot(path=tmp_path / "levers.png")
    await team.context.close()

    phone = await open_as(browser, address, "lea", PHONE)
    await phone.screenshot(path=tmp_path / "first-on-a-phone.png")
    await phone.get_by_role("button", name="Dismiss the tips").click()
    balance = await use(phone, "balance")
    await expect(balance).to_contain_text("Pro")
    await balance.get_by_role("button", name="Refresh").click()
    await expect(balance).to_contain_text("Free plan")
    await phone.get_by_role("button", name="Mail and provider").click()
    await phone.get_by_role("tab", name="Provider").click()
    await phone.screenshot(path=tmp_path / "levers-on-a-phone.png")
    assert await phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await phone.context.close()


async def test_noor_gets_a_clear_word_on_a_phone(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    noor = await open_as(browser, address, "noor", PHONE)

    balance = await use(noor, "balance")

    await expect(balance).to_contain_text("not linked to a billing account yet")
    width = await noor.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    await noor.screenshot(path=tmp_path / "phone.png")
    await noor.context.close()
