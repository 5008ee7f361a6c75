"""The bank sends a refund back: everybody is told the truth, and it can be made again (S11)."""

from bot.sandbox.scene import LEA_ADDRESS
from tests.scenario.lea import settled
from tests.scenario.outside import jobs_done
from tests.scenario.refunding import audit_log_holds, audited, confirm, draft, look_up, refunds
from tests.scenario.stage import Stage
from tests.scenario.test_self_help import look
from tests.scenario.ticketing import in_dm

CAME_BACK = "Refund came back"


async def test_s11_stripe_tells_that_a_refund_came_back(stage: Stage) -> None:
    await stage.link_mia()
    screen = await draft(stage)
    await confirm(stage, screen)
    await screen.changed(containing="Refunded $20.00", timeout=15)
    await jobs_done(stage)

    [made] = refunds(stage)
    stage.scene.stripe.fail_refund(made["id"])

    log = await stage.sam.wait_for_message(stage.scene.refunds, containing=CAME_BACK)
    assert "the member does not have it" in log.text
    await jobs_done(stage)
    assert stage.subscription["status"] == "canceled"
    assert len(in_dm(stage.mia, "came back")) == 1
    assert audited(stage)[-1] == "refund.returned"
    assert await audit_log_holds(stage)

    answer = await stage.max.slash("audit", channel=stage.here, reference=made["payment_intent"])
    assert answer.message is not None
    assert "noted that a refund came back" in answer.message.text
    assert "ground: `our_error`" in answer.message.text

    again = await draft(stage, payment=made["payment_intent"])
    await confirm(stage, again)
    await again.changed(containing="Refunded $20.00", timeout=15)
    assert len(refunds(stage)) == 2


async def test_s11_at_creem_the_payment_alone_tells_it(stage: Stage) -> None:
    """Creem sends no event; whoever reads the payment next sees it."""
    creem, lea = stage.scene.creem, stage.scene.people.lea
    creem._world.settings.refund_status = "pending"
    await stage.scene.link(lea, LEA_ADDRESS)
    screen = await look_up(stage, stage.max, lea)
    await stage.max.choose(screen, screen.selects[0].options[0].value)
    await stage.max.choose(screen, "Our error")
    await confirm(stage, screen)
    await screen.changed(containing="Refunded $20.00", timeout=15)
    await settled(stage)

    [made] = creem.objects("refund")
    creem.settle_refund(made["id"], succeeds=False)
    await look(stage, lea)

    await stage.sam.wait_for_message(stage.scene.refunds, containing=CAME_BACK)
    await settled(stage)
    assert len(in_dm(lea, "came back")) == 1
