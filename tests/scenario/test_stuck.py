"""What a member has confirmed and the provider does not carry out: people are told, once."""

import time

import pytest

from bot.sandbox.faults import FaultHandle
from tests.scenario.bad_luck import until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.refunding import confirm, draft, refunds
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import cancel, up_to_confirm
from tests.scenario.test_foundation import health
from tests.scenario.test_offers import HALF, SWITCHED, up_to_offer

CANCELLATION = "A cancellation waits"
RESUMPTION = "A resumption waits"
OFFER = "An accepted offer waits"
REFUND = "A refund waits"
NOT_ENDED = "Refunded, but not ended"


def refuse(stage: Stage, status: int = 403) -> FaultHandle:
    """As a key does that lacks the right to write subscriptions."""
    return stage.scene.stripe.faults.add(
        method="POST", path=r"/v1/subscriptions/sub_", status=status
    )


async def ten_minutes_later(stage: Stage) -> None:
    """The look comes now, and has been taken when this returns."""
    change_store(stage, "UPDATE jobs SET run_at = 0 WHERE kind LIKE '%_stuck'")
    waiting = "SELECT id FROM jobs WHERE kind LIKE '%_stuck' AND done_at IS NULL"
    await until(lambda: not stage.rows(waiting), seconds=20)


def put_off(stage: Stage, kind: str) -> bool:
    """Whether a job of this kind has failed; then its pause lasts for an hour."""
    pausing = "kind = ? AND failing_since IS NOT NULL AND lease_until IS NULL"
    later = int((time.time() + 3600) * 1000)
    change_store(stage, f"UPDATE jobs SET run_at = ? WHERE {pausing}", later, kind)  # noqa: S608
    return bool(stage.rows(f"SELECT id FROM jobs WHERE run_at = ? AND {pausing}", later, kind))  # noqa: S608


def told(stage: Stage, what: str) -> list[str]:
    return [each.text for each in stage.sam.messages(stage.scene.log) if what in each.text]


@pytest.mark.parametrize("status", [403, 503])
async def test_a_cancellation_that_the_provider_does_not_carry_out_is_told_to_the_team(
    stage: Stage, status: int
) -> None:
    """Fairness 5: the member was told that nothing more is charged, so people see to it."""
    await stage.link_mia()
    refused = refuse(stage, status)
    screen = await up_to_confirm(stage)
    await stage.mia.click(screen, "Confirm cancel")
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE failing_since IS NOT NULL"))

    await ten_minutes_later(stage)

    [message] = told(stage, CANCELLATION)
    assert stage.scene.mia_subscription in message
    assert "cancel it by hand in the provider's dashboard" in message
    assert "is cancelled" not in screen.text
    answered, facts = await health(stage)
    assert (answered, facts["jobs"]["failing"]) == (200, 1)
    assert facts["jobs"]["promised_failing_seconds"] > 0
    refused.remove()
    await screen.changed(containing="is cancelled", timeout=30)
    await jobs_done(stage)
    assert (await health(stage))[1]["jobs"]["promised_failing_seconds"] == 0
    assert len(told(stage, CANCELLATION)) == 1


async def test_nobody_is_told_of_a_cancellation_that_went_well(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)

    await ten_minutes_later(stage)

    assert told(stage, CANCELLATION) == []
    assert stage.scene.mail.messages[-1].recipients != ("team@lumen.example",)


async def test_without_a_log_channel_the_team_gets_a_mail(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.guild.delete_channel(stage.scene.log)
    refuse(stage)
    await stage.mia.click(await up_to_confirm(stage), "Confirm cancel")

    await ten_minutes_later(stage)

    [mail] = [each for each in stage.scene.mail.messages if CANCELLATION in each.subject]
    assert stage.scene.mia_subscription in mail.text


@pytest.mark.parametrize("status", [401, 503])
async def test_an_offer_that_the_provider_does_not_make_is_told_to_the_team(
    stage: Stage, status: int
) -> None:
    """Fairness 5, 7: what was agreed is not given by hand, and the way out stays open."""
    await stage.link_mia()
    screen = await up_to_offer(stage, SWITCHED)
    refused = refuse(stage, status)
    await stage.mia.click(screen, HALF)
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE failing_since IS NOT NULL"))

    await ten_minutes_later(stage)

    [message] = told(stage, OFFER)
    assert stage.scene.mia_subscription in message
    assert "Do not give the offer by hand" in message
    assert "The member can still cancel" in message
    await stage.mia.click(screen, "Confirm cancel")
    refused.remove()
    await screen.changed(containing="is cancelled", timeout=30)


async def test_nobody_is_told_of_an_offer_that_was_called_off(stage: Stage) -> None:
    await stage.link_mia()
    screen = await up_to_offer(stage, SWITCHED)
    refused = refuse(stage)
    await stage.mia.click(screen, HALF)
    await stage.mia.click(screen, "Confirm cancel")
    refused.remove()
    await screen.changed(containing="is cancelled", timeout=30)

    await ten_minutes_later(stage)

    assert told(stage, OFFER) == []


async def test_a_resumption_that_waits_is_told_to_the_team(stage: Stage) -> None:
    """S5, S6: the plan would end although the member wants to keep it."""
    await stage.link_mia()
    await cancel(stage)
    await jobs_done(stage)
    refuse(stage)
    await stage.mia.slash("resume", channel=stage.here)

    await ten_minutes_later(stage)

    [message] = told(stage, RESUMPTION)
    assert stage.scene.mia_subscription in message
    assert "undo the cancellation by hand" in message


async def test_nobody_is_told_of_a_resumption_that_was_withdrawn(stage: Stage) -> None:
    await stage.link_mia()
    await cancel(stage)
    await jobs_done(stage)
    refuse(stage)
    await stage.mia.slash("resume", channel=stage.here)
    await until(lambda: put_off(stage, "resumption.carry_out"))
    await stage.mia.slash("cancel", channel=stage.here)

    await ten_minutes_later(stage)

    assert told(stage, RESUMPTION) == []


async def test_s11_a_refunded_plan_that_goes_on_is_told_by_mail_where_no_channel_is(
    stage: Stage,
) -> None:
    """Money is back, and the provider refuses to end what it paid for: people end it by hand."""
    await stage.link_mia()
    screen = await draft(stage)
    stage.scene.guild.delete_channel(stage.scene.log)
    stage.scene.stripe.faults.add(method="DELETE", path=r"/v1/subscriptions/sub_", status=400)

    await confirm(stage, screen)

    mail = await stage.scene.mail.wait_for(
        to="team@lumen.example", containing="Please end it by hand", timeout=20
    )
    assert "Refunded, but not ended (R-" in mail.subject
    assert stage.scene.mia_subscription in mail.text


@pytest.mark.parametrize("status", [401, 503])
async def test_a_refund_that_the_provider_does_not_make_is_told_to_the_team(
    stage: Stage, status: int
) -> None:
    """The moderator was told that it is under way. Each half that does not come is told once."""
    await stage.link_mia()
    faults = stage.scene.stripe.faults
    refused = faults.add(method="POST", path=r"/v1/refunds$", status=status)
    refused_end = faults.add(method="DELETE", path=r"/v1/subscriptions/sub_", status=status)
    await confirm(stage, await draft(stage))
    await until(lambda: refused.struck)

    await ten_minutes_later(stage)

    [message] = told(stage, REFUND)
    assert "Please do not refund it by hand as well" in message
    assert refunds(stage) == []
    refused.remove()
    await until(lambda: refused_end.struck, seconds=30)
    change_store(
        stage,
        "UPDATE jobs SET done_at = NULL, payload = json_object('refund_id', "
        "(SELECT id FROM refunds)) WHERE kind = 'refund.look_stuck'",
    )
    await until(lambda: told(stage, NOT_ENDED))
    refused_end.remove()
    await jobs_done(stage, seconds=30)
    assert stage.subscription["status"] == "canceled"
    assert [len(told(stage, each)) for each in (REFUND, NOT_ENDED)] == [1, 1]


async def test_nobody_is_told_of_a_refund_that_went_well(stage: Stage) -> None:
    await stage.link_mia()
    await confirm(stage, await draft(stage))
    await jobs_done(stage)

    await ten_minutes_later(stage)

    assert told(stage, "A refund waits") + told(stage, "but not") == []
