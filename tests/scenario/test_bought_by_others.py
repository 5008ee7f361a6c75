"""On Creem's page a buyer can type any address: nobody learns of another one's account from it."""

from pathlib import Path

import pytest

from bot.sandbox.discord import Message
from bot.sandbox.scene import CONFIGURATION, LEA_ADDRESS
from tests.scenario.buying import LITE, MAX, checkout_page, go_on, look, run
from tests.scenario.lea import balance, link, pay, transactions
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm
from tests.scenario.vendor import account, report

KNOWN = "Paid: please link your billing account"
TAKEN = "Paid under a billing account of somebody else"
BOUGHT = "Somebody else bought a plan in your billing account"
TWO_PLANS = "Two plans renew"


@pytest.fixture
async def creem(stage: Stage, tmp_path: Path) -> Stage:
    """The vendor sells through Creem alone."""
    lines = CONFIGURATION.read_text().splitlines()
    written = tmp_path / "creem.toml"
    written.write_text("\n".join(each for each in lines if '{ id = "price_' not in each))
    stage.bot.environment["MOORING_CONFIG"] = str(written)
    await stage.kill_and_restart()
    return stage


async def noor_buys(stage: Stage, label: str = LITE, address: str = LEA_ADDRESS) -> Message:
    """The screen that led Noor to Creem's page, on which she types somebody's address."""
    screen = await run(stage, stage.noor, "subscribe")
    url = await checkout_page(stage.noor, screen, label)
    await pay(stage, url, email=address)
    return screen


async def test_the_buyer_learns_nothing_and_the_team_everything(creem: Stage) -> None:
    await link(creem)

    screen = await noor_buys(creem)

    await screen.changed(containing=TAKEN)
    [told] = in_dm(creem.noor, TAKEN)
    assert in_dm(creem.noor, TWO_PLANS) == []
    secrets = (creem.scene.lea_subscription, transactions(creem)[0]["id"], LEA_ADDRESS, "Pro")
    for read in (told.text, screen.text):
        assert not [each for each in secrets if each in read]
    logged = await creem.sam.wait_for_message(creem.scene.log, containing=TWO_PLANS)
    for payment in transactions(creem):
        assert payment["id"] in logged.text
    assert [m.text for m in creem.sam.messages(creem.scene.log) if TAKEN in m.text]


async def test_the_owner_keeps_her_plan_and_is_told(creem: Stage) -> None:
    lea = creem.scene.people.lea
    await link(creem)

    await noor_buys(creem)

    await balance(creem, "Pro · $20.00 monthly")
    [told] = in_dm(lea, BOUGHT)
    assert "Lite, $9.00 monthly" in told.text
    assert transactions(creem)[-1]["id"] in told.text
    assert "P-" in told.text
    assert str(creem.noor.user.id) not in told.text


async def test_the_vendors_backend_books_usage_on_the_owners_own_plan(creem: Stage) -> None:
    await link(creem)
    await noor_buys(creem)

    customer = creem.scene.lea_customer
    assert await report(creem, {"key": "a", "customer_id": customer, "amount": 100}) == ["recorded"]

    assert (await account(creem, customer))["plan"]["id"] == "pro"
    await balance(creem, "900 of 1,000 credits left")


async def test_an_address_that_nobody_has_linked_is_told_how_to_link_it(creem: Stage) -> None:
    """Noor takes no direct messages, and the address may not be hers: its mailbox decides."""
    creem.noor.accepts_dms = False

    screen = await noor_buys(creem)

    await screen.changed(containing="Run /link and enter this address")
    assert LEA_ADDRESS not in screen.text
    mail = await creem.scene.mail.wait_for(to=LEA_ADDRESS, containing="Run /link")
    assert KNOWN in mail.subject
    assert "If you did not buy anything" in mail.text
    logged = await creem.sam.wait_for_message(creem.scene.log, containing=KNOWN)
    assert "takes no direct messages" in logged.text


async def test_whoever_gets_the_message_needs_no_help_of_the_team(creem: Stage) -> None:
    await noor_buys(creem)

    assert len(in_dm(creem.noor, KNOWN)) == 1
    await creem.scene.mail.wait_for(to=LEA_ADDRESS, containing="Run /link")
    assert not [m for m in creem.sam.messages(creem.scene.log) if KNOWN in m.text]


async def test_whoever_has_just_paid_and_is_not_linked_reads_how_to_link(creem: Stage) -> None:
    """The event of her payment is lost, and she presses on."""
    url = await checkout_page(creem.noor, await run(creem, creem.noor, "subscribe"))
    await jobs_done(creem)
    creem.scene.creem.hold_webhooks()
    creem.scene.creem.pay_checkout(url.rpartition("/")[2], email=LEA_ADDRESS)
    creem.scene.creem.discard_webhooks()

    screen = await run(creem, creem.noor, "subscribe")
    answer = await go_on(creem.noor, await look(creem.noor, screen, MAX))

    assert "Run /link and enter this address" in answer.text
    assert len(transactions(creem)) == 2
    await jobs_done(creem)
