"""The refund desk: asked for in a ticket, decided by moderators, told to all (S11-S14, R9)."""

from pathlib import Path

from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario import lea
from tests.scenario.desk import (
    approve,
    card_in_queue,
    deny,
    make_moderator,
    prepare,
    request,
    submit,
    waiting_card,
    wish,
    with_policy,
)
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.refunding import (
    audit_log_holds,
    audited,
    confirm,
    draft,
    nothing_happened,
    payment_of,
    refunds,
)
from tests.scenario.stage import Stage
from tests.scenario.ticketing import in_dm, open_ticket


async def test_s11_s14_mia_asks_sam_prepares_and_max_decides(stage: Stage) -> None:
    """The whole way: wish, request, the facts, a yes; everybody is told, and the plan has ended."""
    ticket, card = await waiting_card(stage)
    asked = await stage.mia.wait_for_message(ticket.channel, containing="with the moderators")
    assert "A person looks at each case" in asked.text
    for fact in (
        "Our error",
        "Pro **ends at once**",
        "**Used in that period:** 0 of 1,000 credits",
        "**Other charges of that time:** none",
        "**Earlier requests:** none",
        "It was down all week",
        "Our outage of Tuesday",
        "ticket 0001",
        f"<@{stage.mia.user.id}>",
    ):
        assert fact in card.text, fact
    assert "<#" not in card.text  # Max has no access to that channel
    refused = await stage.sam.click(card, "Approve: $20.00")
    assert refused.message is not None
    assert "You may not do this" in refused.message.text
    listed = await stage.max.slash("refunds", channel=stage.here)
    assert listed.message is not None
    assert "1 to decide" in listed.message.text
    assert card.id in listed.message.text

    screen = await approve(stage.max, card)

    await screen.changed(containing="Refunded $20.00", timeout=15)
    await card.changed(containing="## Refunded", timeout=15)
    assert card.buttons == []
    told = await stage.mia.wait_for_message(ticket.channel, containing="We have refunded $20.00")
    assert "The payment provider decides when the money arrives" in told.text  # S12
    await stage.mia.wait_for_message("dm", containing="Refund of $20.00")
    await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="refund")
    assert stage.subscription["status"] == "canceled"
    assert len(refunds(stage)) == 1
    await jobs_done(stage)
    assert audited(stage) == [
        "refund.asked",
        "refund.submitted",
        "refund.approved",
        "refund.requested",
        "refund.made",
        "refund.done",
    ]
    assert await audit_log_holds(stage)
    again = await stage.max.slash("refunds", channel=stage.here, member=stage.mia.user)
    assert again.message is not None
    assert "$20.00" in again.message.text


async def test_whoever_was_called_into_the_ticket_finds_it_from_the_card(stage: Stage) -> None:
    ticket, _ = await waiting_card(stage)
    asked = await stage.sam.slash("escalate", channel=ticket.channel)
    assert asked.modal is not None
    await stage.sam.submit(asked.modal, {"Why?": "Please decide"})
    await stage.max.wait_for_message(stage.scene.log, containing="was escalated")

    looked = await stage.max.slash("refunds", channel=stage.here)
    assert looked.message is not None
    [look] = [
        each.label for each in looked.message.buttons if (each.label or "").startswith("Open")
    ]
    again = await stage.max.click(looked.message, look)

    assert again.message is not None
    assert f"ticket 0001, <#{ticket.channel.id}>" in again.message.text


async def test_s13_a_no_has_a_reason_and_a_way_on_and_moves_nothing(stage: Stage) -> None:
    ticket, card = await waiting_card(stage)

    said = await deny(stage.max, card, "The service was up that week, see `status`")

    assert "No money was moved" in said.text
    await card.changed(containing="## Denied")
    for place in (ticket.channel, "dm"):
        told = await stage.mia.wait_for_message(place, containing="We will not refund it")
        assert "The service was up that week" in told.text
        assert "You can end your plan at any time with `/cancel`" in told.text
        assert "team@lumen.example" in told.text
    mail = await stage.scene.mail.wait_for(to=MIA_ADDRESS, containing="We will not refund it")
    assert "/cancel" in mail.text
    assert card.buttons == []
    await jobs_done(stage)
    assert refunds(stage) == []
    assert stage.subscription["status"] == "active"
    assert audited(stage)[-1] == "refund.denied"
    # It is open for another look afterwards.
    assert "$20.00" in (await draft(stage)).text


async def test_a_question_back_reaches_who_asked_and_its_answer_the_moderators(
    stage: Stage,
) -> None:
    ticket, card = await waiting_card(stage)
    asked = await stage.max.click(card, "Ask back")
    assert asked.modal is not None
    await stage.max.submit(asked.modal, {"Question": "Which days was it down? @everyone"})
    await card.changed(containing="Waits for an answer")

    question = await stage.mia.wait_for_message(ticket.channel, containing="Which days was it down")
    opened = await stage.mia.click(question, "Answer")
    assert opened.modal is not None
    await stage.mia.submit(opened.modal, {"Answer": "Monday to Thursday"})

    await card.changed(containing="Monday to Thursday")
    assert "Waits for an answer" not in card.text
    late = await stage.mia.submit(opened.modal, {"Answer": "And Friday"})
    assert late.message is not None
    assert "waits for a moderator" in late.message.text
    screen = await approve(stage.max, card)
    await screen.changed(containing="Refunded $20.00", timeout=15)


async def test_a_large_refund_takes_two_different_moderators(stage: Stage, tmp_path: Path) -> None:
    """Max begins it at the desk; his second yes does not count, Sam's does."""
    limit = ("two_person_above = { usd = 25000 }", "two_person_above = { usd = 1999 }")
    await with_policy(stage, tmp_path, limit)
    make_moderator(stage, stage.sam)
    await stage.link_mia()
    screen = await draft(stage)
    assert "takes the yes of two moderators" in screen.text

    await confirm(stage, screen)

    assert "A second moderator has to approve it" in screen.text
    card = await card_in_queue(stage)
    assert f"<@{stage.max.user.id}> has said yes" in card.text
    assert refunds(stage) == []
    assert "You have said yes to this refund already" in (await approve(stage.max, card)).text
    second = await draft_of_the_same(stage)
    assert "waits for a moderator already" in second
    await stage.kill_and_restart()

    done = await approve(stage.sam, card)

    await done.changed(containing="Refunded $20.00", timeout=15)
    await card.changed(containing="## Refunded", timeout=15)
    await jobs_done(stage)
    assert len(refunds(stage)) == 1
    assert audited(stage)[:3] == ["refund.approved", "refund.approved", "refund.requested"]
    assert len(in_dm(stage.mia, "Refund of")) == 1


async def draft_of_the_same(stage: Stage) -> str:
    """What another try at the desk is told."""
    looked = await stage.sam.slash("refund", channel=stage.here, member=stage.mia.user)
    assert looked.message is not None
    answer = await stage.sam.choose(looked.message, looked.message.selects[0].options[0].value)
    assert answer.message is not None
    return answer.message.text


async def test_another_amount_is_another_refund_and_ends_what_it_ends(stage: Stage) -> None:
    """Support asks for all of it from the ticket, and Max makes it $5."""
    await stage.link_mia()
    ticket = await open_ticket(stage)
    screen = await request(stage, ticket)
    assert "Confirm" not in " ".join(button.label or "" for button in screen.buttons)
    await submit(stage, screen)
    card = await card_in_queue(stage)
    outside = await stage.sam.slash("refund-request", channel=stage.here)
    assert outside.message is not None
    assert "only in the channel of a ticket" in outside.message.text

    asked = await stage.max.click(card, "Change amount")
    assert asked.modal is not None
    await stage.max.submit(asked.modal, {"Amount": "5.00"})
    await card.changed(containing="Refund $5.00 to")
    done = await approve(stage.max, card)

    await done.changed(containing="Refunded $5.00", timeout=15)
    assert [refund["amount"] for refund in refunds(stage)] == [500]
    await stage.mia.wait_for_message(ticket.channel, containing="We have refunded $5.00")


async def test_nobody_decides_about_their_own_account_or_request(stage: Stage) -> None:
    """Mia is made a moderator, and so is Sam, who has put it before the moderators."""
    _, card = await waiting_card(stage)
    make_moderator(stage, stage.mia)
    make_moderator(stage, stage.sam)

    own = await approve(stage.mia, card)
    asked = await approve(stage.sam, card)
    denied = await stage.mia.click(card, "Deny")

    assert "payment of your own" in own.text
    assert "You have asked for this refund yourself" in asked.text
    assert denied.message is not None
    assert "payment of your own" in denied.message.text
    await jobs_done(stage)
    assert nothing_happened(stage)


async def test_of_two_moderators_at_once_one_decides_and_the_other_hears_the_truth(
    stage: Stage,
) -> None:
    _, card = await waiting_card(stage)
    ada = stage.scene.people.ada
    make_moderator(stage, ada)
    asked = await ada.click(card, "Deny")
    assert asked.modal is not None
    screen = await approve(stage.max, card)

    late = await ada.submit(asked.modal, {"Reason": "No"})

    assert late.message is not None
    assert "already confirmed" in late.message.text
    await screen.changed(containing="Refunded $20.00", timeout=15)
    await jobs_done(stage)
    assert len(refunds(stage)) == 1


async def test_what_has_changed_meanwhile_is_on_the_card_before_it_can_be_approved(
    stage: Stage,
) -> None:
    """Half of it was given back in the dashboard while the request waited."""
    _, card = await waiting_card(stage)
    form = {"payment_intent": payment_of(stage), "amount": "800"}
    await call_stripe(stage, "POST", "/v1/refunds", form)
    await jobs_done(stage)

    first = await approve(stage.max, card)

    assert "not what your card shows any more" in first.text
    await card.changed(containing="Refund $12.00 to")
    assert "**Refunded before:** $8.00" in card.text
    screen = await approve(stage.max, card)
    await screen.changed(containing="Refunded $12.00", timeout=15)
    assert sorted(refund["amount"] for refund in refunds(stage)) == [800, 1200]


async def test_r9_a_vendor_without_refunds_offers_none_and_takes_no_request(
    stage: Stage, tmp_path: Path
) -> None:
    """R8, R9: what was asked for before the policy changed cannot be approved either."""
    ticket, card = await waiting_card(stage)
    await with_policy(stage, tmp_path, ('mode = "case_by_case"', 'mode = "none"'))

    answers = [
        await stage.mia.click(ticket.welcome, "Ask for a refund"),
        await stage.sam.slash("refund-request", channel=ticket.channel),
    ]
    approved = await approve(stage.max, card)

    for answer in answers:
        assert answer.message is not None
        assert "Refunds are switched off" in answer.message.text
    assert "Refunds are switched off" in approved.text
    said = await deny(stage.max, card, "Our policy is that payments are final.")
    assert "The member is told" in said.text
    await jobs_done(stage)
    assert nothing_happened(stage)


async def test_the_cap_of_a_moderator_and_the_window_of_a_ground(
    stage: Stage, tmp_path: Path
) -> None:
    await with_policy(
        stage,
        tmp_path,
        ("daily_cap = { usd = 100000 }", "daily_cap = { usd = 600 }"),
        ("two_person_above = { usd = 25000 }", ""),
        ('grounds = ["service_failure", ', "grounds = ["),
        ("window_days = { service_failure = 60 }", ""),
    )
    await stage.link_mia()
    screen = await draft(stage)
    grounds = [option.label for option in screen.selects[0].options]
    assert grounds == ["Charged twice", "Our error"]

    refused = await confirm(stage, screen)

    assert refused.message is not None
    assert "more than you can grant now" in refused.message.text
    assert nothing_happened(stage)
    asked = await stage.max.click(screen, "Change amount")
    assert asked.modal is not None
    await stage.max.submit(asked.modal, {"Amount": "6.00"})
    await confirm(stage, screen)
    await screen.changed(containing="Refunded $6.00", timeout=15)


async def test_s30_a_duplicate_leads_to_a_prepared_request(stage: Stage) -> None:
    """In the billing ticket Mia is asked whether she wants it; the ground is filled in."""
    invoice = stage.subscription["latest_invoice"]
    stage.scene.stripe.add_duplicate_payment(invoice)
    await stage.link_mia()
    ticket = await open_ticket(stage)
    found = await stage.mia.wait_for_message(ticket.channel, containing="paid more than once")
    assert "Ask for a refund" in [button.label for button in found.buttons]

    await wish(stage, ticket, "You have charged me twice")
    screen = await prepare(stage, ticket)

    [chosen] = [option for option in screen.selects[0].options if option.default]
    assert chosen.label == "Charged twice"
    await submit(stage, screen, ground="Charged twice")
    card = await card_in_queue(stage)
    assert "duplicate" in card.text
    done = await approve(stage.max, card)
    await done.changed(containing="Refunded $20.00", timeout=15)
    assert stage.subscription["status"] == "active"


async def test_creem_gives_all_back_or_nothing_and_the_desk_knows(stage: Stage) -> None:
    """Lea pays through Creem: no other amount is offered, and the rest is the same."""
    member = stage.scene.people.lea
    await lea.link(stage)
    ticket = await open_ticket(stage, by=member)
    answer = await stage.sam.slash("refund-request", channel=ticket.channel)
    assert answer.message is not None
    await stage.sam.choose(answer.message, lea.transactions(stage)[0]["id"])
    await submit(stage, answer.message)
    card = await card_in_queue(stage)
    assert "Change amount" not in [button.label for button in card.buttons]

    screen = await approve(stage.max, card)

    await screen.changed(containing="Refunded $20.00", timeout=15)
    await member.wait_for_message(ticket.channel, containing="of your payment of $20.00")
    await lea.settled(stage)
    assert lea.subscription(stage)["status"] == "canceled"


async def test_without_a_channel_the_team_hears_by_mail_that_something_waits(
    stage: Stage,
) -> None:
    change_store(stage, "UPDATE guilds SET log_channel_id = NULL, refund_channel_id = NULL")
    await stage.link_mia()
    ticket = await open_ticket(stage)
    await submit(stage, await request(stage, ticket))

    mail = await stage.scene.mail.wait_for(to="team@lumen.example", containing="waits for a")

    assert "/refunds" in mail.text
    listed = await stage.max.slash("refunds", channel=stage.here)
    assert listed.message is not None
    [opener] = [each for each in listed.message.buttons if (each.label or "").startswith("Open")]
    looked = await stage.max.click(listed.message, opener.label)
    assert looked.message is not None
    screen = await approve(stage.max, looked.message)
    await screen.changed(containing="Refunded $20.00", timeout=15)
