"""/invoices and /billing: every payment's invoice can be reached, on the provider's own pages."""

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.scene import LEA_ADDRESS, MIA_ADDRESS
from bot.sandbox.stripe.resources import portal
from bot.sandbox.stripe.shapes.platform import portal_session
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.refunding import payment_of
from tests.scenario.stage import Stage

NOOR_ADDRESS = "noor@example.com"


async def invoices(stage: Stage) -> Message:
    """Mia runs /invoices."""
    answer = await stage.mia.slash("invoices", channel=stage.here)
    assert answer.message is not None
    assert answer.message.ephemeral
    return answer.message


def listed(message: Message) -> list[str]:
    """The lines with an invoice each."""
    return [line for line in message.text.splitlines() if line.startswith("- ")]


async def turn(stage: Stage, screen: Message, label: str) -> Message:
    """Press a paging button: the same message shows another page."""
    await stage.mia.click(screen, label)
    return screen


async def test_s18_every_invoice_is_there_newest_first_five_to_a_page(stage: Stage) -> None:
    for _ in range(6):
        await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.link_mia()
    await jobs_done(stage)
    newest_first = list(reversed(stage.scene.stripe.objects("invoice")))

    screen = await invoices(stage)

    assert len(listed(screen)) == 5
    for line, invoice in zip(listed(screen), newest_first, strict=False):
        assert f"`{invoice['number']}`" in line
        assert f"<t:{invoice['status_transitions']['finalized_at']}:D> · **$20.00** · Paid" in line
        assert f"[View]({invoice['hosted_invoice_url']})" in line
        assert f"[PDF]({invoice['invoice_pdf']})" in line
    assert "Page 1 of 2 · 7 in all" in screen.text
    assert screen.button("Newer").disabled
    await turn(stage, screen, "Older")
    assert [line.split("`")[1] for line in listed(screen)] == [
        invoice["number"] for invoice in newest_first[5:]
    ]
    assert screen.button("Older").disabled
    await turn(stage, screen, "Newer")
    assert len(listed(screen)) == 5


async def test_the_buttons_remember_nothing_and_outlive_the_process(stage: Stage) -> None:
    for _ in range(5):
        await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.link_mia()
    await jobs_done(stage)
    screen = await invoices(stage)
    await stage.kill_and_restart()

    await turn(stage, screen, "Older")

    assert len(listed(screen)) == 1


@pytest.mark.parametrize(
    ("currency", "amount", "written"),
    [("jpy", 1500, "**¥1,500** · Paid"), ("kwd", 4500, "**KWD4.500** · Paid")],
)
async def test_s18_an_amount_has_as_many_decimals_as_its_currency(
    stage: Stage, currency: str, amount: int, written: str
) -> None:
    stripe = stage.scene.stripe
    price = stripe.add_price(
        stripe.add_product("Abroad")["id"], unit_amount=amount, currency=currency, interval="month"
    )
    stripe.add_subscription(stripe.add_customer(NOOR_ADDRESS)["id"], price["id"])
    await stage.scene.link(stage.noor, NOOR_ADDRESS)

    answer = await stage.noor.slash("invoices", channel=stage.here)

    assert answer.message is not None
    [line] = listed(answer.message)
    assert written in line.replace("\xa0", "")


async def test_s28_an_open_invoice_can_be_paid_from_here(stage: Stage) -> None:
    stage.scene.stripe.decline_payments(stage.scene.mia_customer)
    await stage.scene.stripe.advance_to_period_end(stage.scene.mia_subscription)
    await stage.link_mia()
    await jobs_done(stage)

    screen = await invoices(stage)

    unpaid = stage.scene.stripe.objects("invoice")[-1]
    assert unpaid["status"] == "open"
    assert f"Not paid yet · [Pay]({unpaid['hosted_invoice_url']})" in listed(screen)[0]


async def test_what_was_refunded_is_said(stage: Stage) -> None:
    await call_stripe(
        stage, "POST", "/v1/refunds", {"payment_intent": payment_of(stage), "amount": "500"}
    )
    await stage.link_mia()
    assert "Paid, $5.00 refunded" in listed(await invoices(stage))[0]

    await call_stripe(stage, "POST", "/v1/refunds", {"payment_intent": payment_of(stage)})
    await jobs_done(stage)

    assert " · Refunded · " in listed(await invoices(stage))[0]


async def test_s22_only_allowed_links_and_the_portal_where_there_is_none(stage: Stage) -> None:
    """A provider without pages for its invoices, or one whose answer holds another address."""
    await stage.link_mia()
    await jobs_done(stage)
    change_store(
        stage, "UPDATE invoices SET page_url = 'https://stripe.com.evil.example/i', pdf_url = NULL"
    )

    screen = await invoices(stage)

    assert "evil" not in screen.text
    assert listed(screen)[0].endswith("in the billing portal")
    assert not screen.button("Billing portal").disabled


async def test_everybody_sees_their_own_behind_the_same_buttons(stage: Stage) -> None:
    stripe = stage.scene.stripe
    lite = stripe.add_subscription(stripe.add_customer(NOOR_ADDRESS)["id"], "price_lite_month")
    for _ in range(5):
        await stripe.advance_to_period_end(lite["id"])
    await stage.link_mia()
    await stage.scene.link(stage.noor, NOOR_ADDRESS)
    await jobs_done(stage)
    answer = await stage.noor.slash("invoices", channel=stage.here)
    own, mias = answer.message, await invoices(stage)
    assert own is not None
    assert own not in stage.mia.messages(stage.here)
    assert own.button("Older").custom_id == mias.button("Older").custom_id

    await stage.noor.click(own, "Older")

    assert len(listed(own)) == 1
    assert "$9.00" in own.text
    assert "$20.00" not in own.text


async def test_who_has_not_linked_is_told_how(stage: Stage) -> None:
    for command in ("invoices", "billing", "account", "unlink"):
        answer = await stage.noor.slash(command, channel=stage.here)
        assert "`/link`" in (await answer.settled()).text


async def test_s20_the_portal_opens_for_one_member_when_it_is_asked_for(stage: Stage) -> None:
    await stage.link_mia()

    answer = await stage.mia.slash("billing", channel=stage.here)
    screen = await answer.settled(timeout=30)

    assert screen.ephemeral
    assert screen not in stage.noor.messages(stage.here)
    [button] = [each for each in screen.buttons if each.url]
    assert str(button.url).startswith("https://billing.stripe.com/")
    stored = stage.rows("SELECT payload FROM jobs UNION ALL SELECT details FROM audit_log")
    assert not [row for row in stored if "billing.stripe.com" in str(row[0])]
    again = await stage.mia.click(await invoices(stage), "Billing portal")
    [fresh] = [each for each in (await again.settled(timeout=30)).buttons if each.url]
    assert fresh.url != button.url


async def test_s22_a_portal_on_another_host_is_not_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.link_mia()
    made = portal_session

    def elsewhere(*args: object, **given: object) -> dict[str, object]:
        session: dict[str, object] = made(*args, **given)  # type: ignore[arg-type]
        return session | {"url": "https://billing.evil.example/p"}

    monkeypatch.setattr(portal, "portal_session", elsewhere)

    answer = await stage.mia.slash("billing", channel=stage.here)
    screen = await answer.settled(timeout=30)

    assert "The link was not shown" in screen.text
    assert not [each for each in screen.buttons if each.url]


@pytest.mark.parametrize(
    ("status", "words"), [(503, "does not answer right now"), (400, "could not be opened")]
)
async def test_without_the_providers_page_the_member_is_told_what_to_do(
    stage: Stage, status: int, words: str
) -> None:
    await stage.link_mia()
    outage = stage.scene.stripe.faults.add(path="/v1/billing_portal", status=status)

    answer = await stage.mia.slash("billing", channel=stage.here)
    screen = await answer.settled(timeout=30)

    assert words in screen.text
    assert "Nothing was changed" in screen.text
    outage.remove()
    answer = await stage.mia.slash("billing", channel=stage.here)
    assert [each for each in (await answer.settled(timeout=30)).buttons if each.url]


async def test_the_address_of_the_account_is_shown_in_part(stage: Stage) -> None:
    await stage.link_mia()
    answer = await stage.mia.slash("account", channel=stage.here)
    assert answer.message is not None
    assert MIA_ADDRESS not in answer.message.text
    assert "`m•••@example.com`" in answer.message.text


async def test_s18_where_the_provider_has_no_invoices_its_portal_has_the_receipts(
    stage: Stage,
) -> None:
    """Lea pays through Creem."""
    lea = stage.scene.people.lea
    await stage.scene.link(lea, LEA_ADDRESS)
    await jobs_done(stage)

    answer = await lea.slash("invoices", channel=stage.here)

    screen = answer.message
    assert screen is not None
    assert len(listed(screen)) == 1
    assert listed(screen)[0].endswith("**$20.00** · Paid · in the billing portal")
    opened = await lea.click(screen, "Billing portal")
    [button] = [each for each in (await opened.settled(timeout=30)).buttons if each.url]
    assert "creem.io/" in str(button.url)
