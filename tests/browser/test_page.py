"""The demo page in a real browser, over the sandbox, with a real discord.py bot behind it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
import discord
import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.browser.world import Demo

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def use(tab: Page, command: str) -> None:
    """Type a slash command and send it."""
    box = tab.locator("#composer-input")
    await box.press_sequentially(f"/{command}")
    await tab.get_by_role("option", name=f"/{command}").wait_for()
    await box.press("Enter")
    await tab.get_by_role("button", name="Send command").press("Enter")


def message(tab: Page, text: str) -> Locator:
    """The newest message that has this text."""
    return tab.locator("article[data-message-id]").filter(has_text=text).last


async def test_a_message_is_sent_rendered_and_edited(tab: Page, demo: Demo) -> None:
    box = tab.get_by_label("Message #general")
    await box.fill("Hello **there** `code` <t:1798000000:D>\n- one\n- two")
    await box.press("Enter")
    said = message(tab, "Hello")
    await expect(said.locator("strong")).to_have_text("there")
    await expect(said.locator("code")).to_have_text("code")
    await expect(said.locator("li")).to_have_count(2)
    await expect(said.locator("time.timestamp")).to_have_attribute("title", re.compile("2026"))
    assert demo.general.messages[-1].author is demo.users["mia"]
    await demo.discord.persona(demo.users["mia"]).edit(demo.general.messages[-1], "Changed")
    await expect(message(tab, "Changed")).to_contain_text("(edited)")


async def test_every_component_is_drawn_and_works(tab: Page, demo: Demo, shots: Path) -> None:
    await use(tab, "show")
    shown = message(tab, "Your plan")
    await expect(shown).to_contain_text("Mia used /show")
    await expect(shown.get_by_role("heading", name="Your plan")).to_be_visible()
    await expect(shown.get_by_role("button", name="Off")).to_be_disabled()
    manage = shown.get_by_role("link", name="Manage")
    await expect(manage).to_have_attribute("href", f"{demo.stripe.api_url}/p/session/x?y=1")
    await expect(manage).to_have_attribute("rel", "noopener noreferrer")
    for image in await shown.locator("img").all():
        await expect(image).to_have_js_property("naturalWidth", 1)
    await tab.screenshot(path=shots / "components.png")
    await shown.get_by_role("combobox", name="Choose an invoice").click()
    await tab.keyboard.press("ArrowDown")
    await tab.keyboard.press("Enter")
    await expect(message(tab, "Chose 2")).to_contain_text("Only you can see this")
    await shown.get_by_role("combobox", name="A member").click()
    await expect(tab.get_by_role("option", name="Sam")).to_be_visible()
    await tab.keyboard.press("Escape")
    await shown.get_by_role("button", name="Refresh").click()
    await expect(message(tab, "Refreshed.")).to_be_visible()


async def test_a_button_is_clicked_although_its_message_changes_under_the_finger(
    tab: Page, demo: Demo
) -> None:
    await use(tab, "show")
    await message(tab, "Your plan").get_by_role("button", name="Refresh").hover()
    channel = demo.bot.get_partial_messageable(int(demo.general.id))
    shown = await channel.fetch_message(int(demo.general.messages[-1].id))
    await tab.mouse.down()
    await shown.edit(allowed_mentions=discord.AllowedMentions.none())
    # What is drawn as soon as it is heard was drawn long before.
    await tab.wait_for_timeout(500)
    await tab.mouse.up()
    await expect(message(tab, "Refreshed.")).to_be_visible()


async def test_a_transcript_opens_in_a_tab_and_runs_nothing(tab: Page) -> None:
    await use(tab, "show")
    async with tab.context.expect_page() as opened:
        await message(tab, "Your plan").get_by_role("link", name="transcript.html").click()
    transcript = await opened.value
    await expect(transcript.get_by_role("heading", name="Transcript")).to_be_visible()
    assert await transcript.title() != "ran"


async def test_a_modal_is_checked_filled_and_submitted(
    tab: Page, demo: Demo, tmp_path: Path
) -> None:
    await use(tab, "form")
    dialog = tab.get_by_role("dialog", name="Why are you leaving?")
    await dialog.get_by_role("button", name="Submit").click()
    await expect(dialog.get_by_text("This field is required.")).to_be_visible()
    await dialog.get_by_label("Prefer not to say").check()
    await dialog.get_by_label("Anything else?").fill("No, thanks")
    await dialog.get_by_label("Sync").check()
    proof = tmp_path / "proof.txt"
    proof.write_text("it broke")
    await dialog.get_by_label("Screenshot").set_input_files(proof)
    await dialog.get_by_role("button", name="Submit").click()
    await expect(message(tab, "noted")).to_be_visible()
    await expect(dialog).to_have_count(0)
    assert demo.bot.submitted == {
        "reason": "none",
        "more": "No, thanks",
        "used": ["sync"],
        "proof": ["proof.txt"],
    }


async def test_escape_closes_a_modal(tab: Page) -> None:
    await use(tab, "form")
    dialog = tab.get_by_role("dialog", name="Why are you leaving?")
    await expect(dialog.get_by_label("Too expensive")).to_be_focused()
    await tab.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(tab.locator("#composer-input")).to_be_focused()


async def test_an_ephemeral_message_is_for_one_and_can_be_dismissed(
    tab: Page, demo: Demo, browser: Browser
) -> None:
    sam = await browser.new_page()
    await sam.goto(demo.address("sam", channel=demo.general.id))
    await expect(sam.get_by_role("heading", name="Welcome to #general!")).to_be_visible()
    await use(tab, "quiet")
    quiet = message(tab, "Just for you")
    await expect(quiet).to_be_visible()
    await demo.discord.persona(demo.users["mia"]).say(demo.general, "For everybody")
    await expect(message(sam, "For everybody")).to_be_visible()
    await expect(sam.get_by_text("Just for you")).to_have_count(0)
    await sam.reload()
    await expect(message(sam, "For everybody")).to_be_visible()
    await expect(sam.get_by_text("Just for you")).to_have_count(0)
    await sam.close()
    await quiet.get_by_role("button", name="Dismiss message").click()
    await expect(tab.get_by_text("Just for you")).to_have_count(0)


async def test_a_bot_that_thinks_or_stays_silent_is_shown_so(tab: Page, demo: Demo) -> None:
    # Time to see that it waits, and then that it has given up.
    demo.discord.response_seconds = 6.0
    demo.bot.thought.clear()
    await use(tab, "slow")
    await expect(tab.get_by_text("Mooring is thinking…")).to_be_visible()
    demo.bot.thought.set()
    await expect(message(tab, "Done thinking")).to_contain_text("Mia used /slow")
    await use(tab, "quiet")
    button = message(tab, "Just for you").get_by_role("button", name="Silent button")
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    await use(tab, "dead")
    await expect(tab.get_by_text("Sending command…")).to_be_visible()
    await expect(tab.get_by_text("This interaction failed")).to_be_visible()
    await expect(tab.get_by_text("The application did not respond")).to_be_visible()


async def test_command_options_are_chips_that_the_keyboard_fills(tab: Page) -> None:
    box = tab.locator("#composer-input")
    await box.press_sequentially("/opt")
    await expect(tab.get_by_role("listbox", name="Commands")).to_contain_text("Repeats its options")
    await box.press("Tab")
    chips = tab.get_by_role("form", name="Command /options")
    await expect(chips.get_by_role("combobox", name="member")).to_be_focused()
    await tab.keyboard.press("s")
    await tab.keyboard.press("ArrowDown")
    await tab.keyboard.press("s")
    await tab.keyboard.press("Enter")
    await tab.keyboard.press("Tab")
    await tab.keyboard.press("ArrowDown")
    await tab.keyboard.press("ArrowDown")
    await tab.keyboard.press("Enter")
    await chips.get_by_role("button", name="+ count").click()
    await tab.keyboard.type("9")
    await tab.keyboard.press("Enter")
    await expect(chips).to_be_visible()
    await chips.get_by_label("count").fill("3")
    await tab.keyboard.press("Enter")
    await expect(message(tab, "sam part 3 False")).to_be_visible()


async def test_autocomplete_asks_the_bot(tab: Page) -> None:
    box = tab.locator("#composer-input")
    await box.press_sequentially("/find")
    await tab.get_by_role("option", name="/find").wait_for()
    await box.press("Enter")
    await expect(tab.get_by_role("combobox", name="fruit")).to_be_focused()
    await tab.keyboard.type("ap")
    await tab.get_by_role("option", name="Apricot").wait_for()
    await tab.keyboard.press("ArrowDown")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("combobox", name="fruit")).to_have_value("Apricot")
    await tab.keyboard.press("Enter")
    await expect(message(tab, "Found id-apricot")).to_be_visible()


async def test_suggestions_that_come_late_leave_what_was_chosen(tab: Page) -> None:
    chosen = asyncio.Event()

    async def answer_late(route: Route) -> None:
        if (route.request.post_data_json or {}).get("value"):
            await chosen.wait()
        await route.continue_()

    await tab.route(re.compile(r"/api/autocomplete"), answer_late)
    box = tab.locator("#composer-input")
    await box.press_sequentially("/find")
    await tab.get_by_role("option", name="/find").wait_for()
    await box.press("Enter")
    await tab.get_by_role("option", name="Apricot").wait_for()
    async with tab.expect_response(re.compile(r"/api/autocomplete")) as late:
        await tab.keyboard.type("ap")
        await tab.keyboard.press("ArrowDown")
        await tab.keyboard.press("Enter")
        chosen.set()
    await (await late.value).finished()
    await expect(tab.get_by_role("combobox", name="fruit")).to_have_value("Apricot")
    await tab.keyboard.press("Enter")
    await expect(message(tab, "Found id-apricot")).to_be_visible()
    await tab.unroute(re.compile(r"/api/autocomplete"))


async def test_a_message_can_be_answered_edited_deleted_and_used_by_an_app(
    tab: Page, demo: Demo
) -> None:
    mia, sam = (demo.discord.persona(demo.users[name]) for name in ("mia", "sam"))
    await sam.say(demo.general, "A question")
    asked = message(tab, "A question")
    await asked.hover()
    await expect(asked.get_by_role("button", name="Delete")).to_have_count(0)
    await asked.get_by_role("button", name="Reply").click()
    await tab.locator("#composer-input").fill("An answer")
    await tab.locator("#composer-input").press("Enter")
    answer = message(tab, "An answer")
    await expect(answer.get_by_role("button", name="A question")).to_be_visible()
    await answer.hover()
    await answer.get_by_role("button", name="Edit").click()
    await tab.get_by_label("Edit message").fill("A better answer")
    await tab.get_by_label("Edit message").press("Enter")
    await expect(message(tab, "A better answer")).to_contain_text("(edited)")
    await message(tab, "A better answer").hover()
    await message(tab, "A better answer").get_by_role("button", name="Delete").click()
    await expect(tab.get_by_text("A better answer")).to_have_count(0)
    assert [one.content for one in mia.messages(demo.general)] == ["A question"]
    await asked.hover()
    await asked.get_by_role("button", name="Apps").click()
    await tab.get_by_role("button", name="Quote").click()
    await expect(message(tab, "Quoted: A question")).to_contain_text("Mia used Quote")


async def test_a_direct_message_arrives_unread(tab: Page) -> None:
    await use(tab, "write")
    direct = tab.get_by_label("Direct messages").get_by_role("button", name="Mooring")
    await expect(direct).to_contain_text("(unread)")
    await direct.click()
    await expect(message(tab, "Your receipt").get_by_role("link", name="t.html")).to_be_visible()
    await expect(direct).not_to_contain_text("(unread)")


async def test_a_direct_message_that_overtakes_its_channel_is_unread_too(tab: Page) -> None:
    """The page asks for the new channel, and the message comes before the answer."""

    async def answer_late(route: Route) -> None:
        world = await (await route.fetch()).json()
        await asyncio.sleep(0.5)
        if world["dm"]:
            world["dm"]["last_message_id"] = None
        await route.fulfill(json=world)

    await tab.route(re.compile(r"/api/state"), answer_late)
    await use(tab, "write")
    direct = tab.get_by_label("Direct messages").get_by_role("button", name="Mooring")
    await expect(direct).to_contain_text("(unread)")


async def test_an_answer_that_comes_late_does_not_bring_back_what_was_shown_before(
    tab: Page, demo: Demo
) -> None:
    """The page is told of a message by its request's answer and by its stream."""
    demo.bot.thought.clear()

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        demo.bot.thought.set()
        await expect(message(tab, "Done thinking")).to_be_visible()
        await route.fulfill(response=answer)

    await tab.route(re.compile(r"/api/slash"), answer_late)
    async with tab.expect_response(re.compile(r"/api/slash")) as late:
        await use(tab, "slow")
    await (await late.value).finished()
    await expect(tab.get_by_text("Sending command…")).to_have_count(0)
    await expect(message(tab, "Done thinking")).to_be_visible()


async def test_channels_come_and_go_for_those_who_see_them(
    tab: Page, demo: Demo, browser: Browser
) -> None:
    await use(tab, "room")
    await tab.get_by_role("button", name="# ticket-mia").click()
    await expect(message(tab, "Welcome to your ticket")).to_be_visible()
    sam = await browser.new_page()
    await sam.goto(demo.address("sam"))
    await expect(sam.get_by_role("button", name="staff")).to_be_visible()
    await expect(sam.get_by_role("button", name="ticket-mia")).to_have_count(0)
    await sam.close()
    await expect(tab.get_by_role("button", name="staff")).to_have_count(0)
    ticket = next(channel for channel in demo.guild.channels if channel.name == "ticket-mia")
    demo.guild.delete_channel(ticket)
    await expect(tab.get_by_role("button", name="ticket-mia")).to_have_count(0)
    await expect(tab.get_by_label("Message #general")).to_be_visible()


async def test_the_persona_switch_keeps_the_channel(tab: Page) -> None:
    await tab.get_by_role("button", name="Mia Member").click()
    await tab.get_by_label("Act as").get_by_role("link", name="Sam").click()
    await expect(tab.get_by_role("button", name="Sam Support")).to_be_visible()
    await expect(tab.get_by_label("Message #general")).to_be_visible()
    await expect(tab).to_have_title(re.compile("as Sam"))


async def test_mail_is_read_in_a_frame_that_runs_nothing(tab: Page, demo: Demo) -> None:
    html = (
        "<p style='color: rgb(1, 2, 3)'>Pay <a href='https://checkout.stripe.com/c/pay/cs_1'>here"
        "</a></p><script>parent.document.title = 'ran'</script><img src=x onerror=alert(1)>"
    )
    await tab.get_by_role("tab", name="Provider").click()
    await demo.send_mail("Your code", "It is 123456.\nhttps://checkout.stripe.com/c/pay/cs_1", html)
    await tab.get_by_role("tab", name="Mail 1 new").click()
    await expect(tab.get_by_text("1 new")).to_be_hidden()
    await tab.get_by_role("button", name="Your code").click()
    frame = tab.frame_locator("iframe")
    await expect(frame.get_by_text("Pay")).to_have_css("color", "rgb(1, 2, 3)")
    local = f"{demo.stripe.api_url}/c/pay/cs_1"
    await expect(frame.get_by_role("link", name="here")).to_have_attribute("href", local)
    await tab.get_by_text("Plain text").click()
    await expect(tab.locator(".mail-text a")).to_have_attribute("href", local)
    assert "ran" not in await tab.title()


async def test_the_provider_is_shown_and_its_clock_moves(tab: Page, demo: Demo) -> None:
    stripe = demo.stripe
    price = stripe.add_price(stripe.add_product("Pro")["id"], unit_amount=2000, interval="month")
    customer = stripe.add_customer("mia@example.com", name="Mia")
    stripe.add_subscription(customer["id"], price["id"])
    await tab.get_by_role("tab", name="Provider").click()
    await tab.reload()
    card = tab.get_by_label("Customer mia@example.com")
    await expect(card).to_contain_text("$20.00 / month")
    await expect(card).to_contain_text("Invoices (1)")
    before = stripe.clock.now()
    await tab.get_by_role("button", name="Advance 1 day").click()
    await expect(tab.get_by_role("button", name="1 week")).to_be_enabled()
    assert stripe.clock.now() - before == pytest.approx(86400, abs=30)
    await card.get_by_role("button", name="Decline next payment").click()
    await card.get_by_role("button", name="To period end").click()
    await expect(card).to_contain_text("past due")
    await expect(card).to_contain_text("Invoices (2)")


async def test_both_providers_are_named_and_keep_time_together(tab: Page, demo: Demo) -> None:
    stripe, creem = demo.stripe, demo.creem
    product = creem.add_product("Pro", price=2000)
    customer = creem.add_customer("lea@example.com", name="Lea")
    creem.add_subscription(customer["id"], product["id"])
    stripe.add_customer("mia@example.com", name="Mia")
    await tab.get_by_role("tab", name="Provider").click()
    await tab.reload()
    card = tab.get_by_label("Customer lea@example.com")
    await expect(card).to_contain_text("Creem")
    await expect(card).to_contain_text("$20.00 / month")
    await expect(card).to_contain_text("Payments (1)")
    await expect(tab.get_by_label("Customer mia@example.com")).to_contain_text("Stripe")
    await card.get_by_role("button", name="Decline next payment").click()
    await card.get_by_role("button", name="To period end").click()
    await expect(card).to_contain_text("past due")
    await expect(card).to_contain_text("Payments (2)")
    assert stripe.clock.offset == pytest.approx(creem.clock.offset)
    session = (
        f"https://checkout.creem.io/{creem.open_checkout(customer['id'], product['id'])['id']}"
    )
    local = creem.local_url(session)
    await tab.reload()
    waiting = tab.get_by_role("link", name="Open checkout page")
    await expect(waiting).to_have_attribute("href", local)


async def test_text_never_becomes_markup(tab: Page) -> None:
    await use(tab, "hostile")
    shown = message(tab, "onerror")
    await expect(shown).to_be_visible()
    await expect(shown.locator("img, script")).to_have_count(0)
    for link in await shown.locator("a").all():
        assert (await link.get_attribute("href") or "").startswith("https://evil.example/")
        assert await link.get_attribute("onclick") is None
    assert "ran" not in await tab.title()


async def test_leaving_the_demo_is_asked_first(tab: Page, demo: Demo) -> None:
    persona = demo.discord.persona(demo.users["sam"])
    here = f"https://discord.com/channels/{demo.guild.id}/{demo.general.id}"
    await persona.say(demo.general, f"https://example.com/away and {here}")
    await message(tab, "away").get_by_role("link", name="https://example.com/away").click()
    dialog = tab.get_by_role("dialog", name="Leaving the demo")
    await expect(dialog).to_contain_text("https://example.com/away")
    await dialog.get_by_role("button", name="Stay here").click()
    await message(tab, "away").get_by_role("link", name=here).click()
    await expect(tab.get_by_label("Message #general")).to_be_visible()
    assert len(tab.context.pages) == 1


async def test_on_a_phone_the_panels_are_drawers(browser: Browser, demo: Demo, shots: Path) -> None:
    phone = await browser.new_page(viewport={"width": 390, "height": 844})
    await phone.goto(demo.address("noor"))
    await expect(phone.get_by_label("Message #general")).to_be_visible()
    await expect(phone.get_by_role("button", name="Noor Member")).to_be_hidden()
    await phone.get_by_role("button", name="Channels").click()
    await expect(phone.get_by_role("button", name="Noor Member")).to_be_visible()
    await phone.keyboard.press("Escape")
    await phone.get_by_role("button", name="Mail and provider").click()
    await expect(phone.get_by_role("tab", name="Mail")).to_be_visible()
    width = await phone.evaluate("document.documentElement.scrollWidth")
    await phone.screenshot(path=shots / "phone.png")
    assert width <= 390
    await phone.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
async def test_other_sites_are_kept_out(demo: Demo, headers: dict[str, str], status: int) -> None:
    sent = {"Content-Type": "application/json", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{demo.page.url}api/say?as=mia", data=b"{}", headers=sent) as answer,
    ):
        assert answer.status == status
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert demo.general.messages == []


@pytest.mark.parametrize(
    ("lever", "status"), [("no-such-lever", 404), ("dispute", 404), ("refund", 200)]
)
async def test_a_lever_moves_only_what_the_provider_has(
    demo: Demo, lever: str, status: int
) -> None:
    customer = demo.stripe.add_customer("mia@example.com", name="Mia")
    charge = demo.stripe.add_charge(customer["id"], 900)["id"]
    body = {
        "provider": "Stripe",
        "lever": lever,
        "id": customer["id"] if lever == "dispute" else charge,
    }
    address = f"{demo.page.url}api/provider/lever"
    async with aiohttp.ClientSession() as session:
        async with session.post(address, json=body) as answer:
            assert answer.status == status
        async with session.post(address, json=body) as again:
            assert again.status == (409 if status == 200 else status)
    assert len(demo.stripe.objects("refund")) == (1 if status == 200 else 0)
