"""Refunds that must not happen: by the wrong person, of the wrong payment, against policy (R9)."""

from pathlib import Path

import pytest

from bot.sandbox.discord import Persona, SandboxRefusal
from bot.sandbox.discord import permissions as may
from bot.sandbox.scene import CONFIGURATION, MIA_ADDRESS, PRO_MONTHLY
from tests.scenario.desk import approve, waiting_card
from tests.scenario.outside import call_stripe, jobs_done
from tests.scenario.refunding import (
    audited,
    confirm,
    draft,
    look_up,
    nothing_happened,
    payment_of,
    refunds,
)
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm


def show_the_command_to(stage: Stage, person: Persona) -> None:
    """Discord's own command permissions let this person through."""
    helpers = stage.scene.guild.add_role("Helper", permissions=may.MANAGE_MESSAGES)
    stage.scene.guild.give_role(person.user, helpers)


async def test_discord_hides_the_command_from_members(stage: Stage) -> None:
    await stage.link_mia()

    assert "refund" not in [each["name"] for each in stage.noor.commands(stage.here)]
    with pytest.raises(SandboxRefusal):
        await stage.noor.slash("refund", channel=stage.here, member=stage.mia.user)


@pytest.mark.parametrize("who", ["noor", "mia", "sam", "ada"])
async def test_members_support_and_even_the_owner_are_refused_by_the_bot_itself(
    stage: Stage, who: str
) -> None:
    await stage.link_mia()
    person: Persona = getattr(stage, who)
    show_the_command_to(stage, person)

    screen = await look_up(stage, person, stage.mia)

    assert "You may not do this" in screen.text
    assert "moderator role" in screen.text
    assert screen.selects == []
    assert nothing_happened(stage)
    assert stage.rows("SELECT id FROM refunds") == []


@pytest.mark.parametrize("step", ["pick", "ground", "confirm"])
async def test_a_role_taken_away_between_two_clicks_counts_at_once(stage: Stage, step: str) -> None:
    await stage.link_mia()
    screen = await look_up(stage, stage.max, stage.mia)
    if step != "pick":
        await stage.max.choose(screen, payment_of(stage))
    if step == "confirm":
        await stage.max.choose(screen, "Our error")

    stage.scene.guild.take_role(stage.max.user, stage.scene.moderators)
    if step == "confirm":
        answer = await confirm(stage, screen)
    else:
        answer = await stage.max.choose(
            screen, payment_of(stage) if step == "pick" else "Our error"
        )

    assert answer.message is not None
    assert "You may not do this" in answer.message.text
    await jobs_done(stage)
    assert nothing_happened(stage)


async def test_nobody_refunds_their_own_account(stage: Stage) -> None:
    customer = stage.scene.stripe.add_customer("max@example.com", name="Max")
    stage.scene.stripe.add_subscription(customer["id"], PRO_MONTHLY)
    await stage.scene.link(stage.max, "max@example.com")

    screen = await look_up(stage, stage.max, stage.max)

    assert "payment of your own" in screen.text
    assert screen.selects == []


async def test_a_draft_of_another_moderator_cannot_be_confirmed(stage: Stage) -> None:
    """The screen is only for Max; the id of his draft in Sam's screen changes nothing."""
    stage.scene.guild.give_role(stage.sam.user, stage.scene.moderators)
    await stage.link_mia()
    screen = await draft(stage)

    with pytest.raises(SandboxRefusal):
        await confirm(stage, screen, stage.sam)

    assert nothing_happened(stage)


async def test_a_member_without_payments_has_nothing_to_refund(stage: Stage) -> None:
    screen = await look_up(stage, stage.max, stage.noor)

    assert "no payment" in screen.text
    assert screen.selects == []


async def test_before_setup_the_command_says_what_is_missing(stage: Stage) -> None:
    guild = stage.scene.discord.add_guild("Elsewhere", owner=stage.ada.user)
    lobby = guild.add_text_channel("lobby")

    answer = await stage.ada.slash("refund", channel=lobby, member=stage.mia.user)

    assert answer.message is not None
    assert "not set up yet" in answer.message.text
    assert "moderator role" in answer.message.text


async def test_r9_no_refunds_under_any_circumstances(stage: Stage, tmp_path: Path) -> None:
    await stage.link_mia()
    drafted = await draft(stage)
    policy = tmp_path / "no_refunds.toml"
    before = CONFIGURATION.read_text()
    assert 'mode = "case_by_case"' in before
    policy.write_text(before.replace('mode = "case_by_case"', 'mode = "none"'))
    await stage.bot.stop()
    stage.bot.environment["MOORING_CONFIG"] = str(policy)
    await stage.bot.start()

    screen = await look_up(stage, stage.max, stage.mia)
    answer = await confirm(stage, drafted)

    assert "Refunds are switched off" in screen.text
    assert answer.message is not None
    assert "Refunds are switched off" in answer.message.text
    await jobs_done(stage)
    assert nothing_happened(stage)


async def test_a_disputed_payment_is_refused_when_it_is_picked(stage: Stage) -> None:
    await stage.link_mia()
    charge = stage.scene.stripe.get(payment_of(stage))["latest_charge"]
    stage.scene.stripe.open_dispute(charge)
    await jobs_done(stage)

    screen = await look_up(stage, stage.max, stage.mia)
    assert "has a dispute" in (screen.selects[0].options[0].description or "")
    answer = await stage.max.choose(screen, payment_of(stage))

    assert answer.message is not None
    assert "This payment is disputed" in answer.message.text
    assert nothing_happened(stage)


async def test_a_dispute_between_looking_and_confirming_stops_it(stage: Stage) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    stage.scene.stripe.open_dispute(stage.scene.stripe.get(payment_of(stage))["latest_charge"])
    await jobs_done(stage)

    answer = await confirm(stage, screen)

    assert answer.message is not None
    assert "This payment is disputed" in answer.message.text
    await jobs_done(stage)
    assert nothing_happened(stage)


async def test_a_dispute_that_nobody_heard_of_yet_fails_at_the_provider(stage: Stage) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    stage.scene.stripe.open_dispute(stage.scene.stripe.get(payment_of(stage))["latest_charge"])

    await confirm(stage, screen)

    await screen.changed(containing="Refund failed", timeout=15)
    assert "charge_disputed" in screen.text
    assert nothing_happened(stage)


async def test_a_payment_refunded_in_stripe_meanwhile_fails_and_ends_nothing(
    stage: Stage,
) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    await jobs_done(stage)
    stage.scene.stripe.hold_webhooks()
    await call_stripe(stage, "POST", "/v1/refunds", {"payment_intent": payment_of(stage)})

    await confirm(stage, screen)

    await screen.changed(containing="Refund failed", timeout=15)
    assert "No money was moved and nothing was ended" in screen.text
    assert "charge_already_refunded" in screen.text
    await stage.sam.wait_for_message(stage.scene.log, containing="Refund failed")
    await jobs_done(stage)
    assert len(refunds(stage)) == 1
    assert stage.subscription["status"] == "active"
    assert audited(stage) == ["refund.requested", "refund.failed"]
    assert in_dm(stage.mia, "Refund") == []
    [row] = stage.rows("SELECT state, failure FROM refunds")
    assert (row["state"], row["failure"]) == ("failed", "charge_already_refunded")


async def test_s12_the_member_who_asked_is_told_that_the_provider_has_refused(
    stage: Stage,
) -> None:
    """As of every other end of what they have asked for, wherever they look."""
    ticket, card = await waiting_card(stage)
    stage.scene.stripe.faults.add(method="POST", path=r"/v1/refunds$", status=400)

    await approve(stage.max, card)

    for place in ("dm", ticket.channel):
        told = await stage.mia.wait_for_message(place, containing="provider has refused it")
        assert "No money was moved" in told.text
        assert "Our team has been told" in told.text
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="provider has refused it")
    assert "No money was moved" in mail.text
    await jobs_done(stage)
    assert refunds(stage) == []
    assert [row["state"] for row in stage.rows("SELECT state FROM refunds")] == ["failed"]


async def test_a_payment_refunded_in_stripe_and_known_is_refused_before_stripe_is_asked(
    stage: Stage,
) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    await call_stripe(stage, "POST", "/v1/refunds", {"payment_intent": payment_of(stage)})
    await jobs_done(stage)

    answer = await confirm(stage, screen)

    assert answer.message is not None
    assert "has been refunded already" in answer.message.text
    again = await look_up(stage, stage.max, stage.mia)
    assert "no payment" in again.text
    assert stage.scene.stripe.requests.count("POST", r"/v1/refunds$") == 1
    assert stage.subscription["status"] == "active"


async def test_a_finished_refund_cannot_be_confirmed_again(stage: Stage) -> None:
    await stage.link_mia()
    first, second = await draft(stage), await draft(stage)
    await confirm(stage, first)
    await first.changed(containing="Refunded", timeout=15)

    answer = await confirm(stage, second)

    assert answer.message is not None
    assert "has been refunded already" in answer.message.text
    await jobs_done(stage)
    assert len(refunds(stage)) == 1
