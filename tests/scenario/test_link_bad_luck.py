"""/link while the mail server or the provider is away, and kill -9 in between."""

import pytest

from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import until
from tests.scenario.linking import (
    CODE_FIELD,
    ask,
    enter,
    linked,
)
from tests.scenario.outside import change_store, codes_for, jobs_done
from tests.scenario.stage import Stage


async def test_the_code_comes_once_the_mail_server_is_back(stage: Stage) -> None:
    stage.scene.mail.down = True
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE last_error LIKE '%mail%'"))

    stage.scene.mail.down = False

    code = await codes_for(stage, MIA_ADDRESS, seconds=20)
    assert "is linked" in (await enter(stage.mia, screen, code)).text


async def test_the_code_comes_once_the_provider_is_back(stage: Stage) -> None:
    outage = stage.scene.stripe.faults.add(path="/v1/customers", status=503)
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    assert "Check your mail" in screen.text
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE last_error IS NOT NULL"))

    outage.remove()

    code = await codes_for(stage, MIA_ADDRESS, seconds=20)
    assert "is linked" in (await enter(stage.mia, screen, code)).text


async def test_a_mail_that_is_refused_for_good_is_not_sent_again_and_again(stage: Stage) -> None:
    stage.scene.mail.reject(MIA_ADDRESS)
    screen = await ask(stage, stage.mia, MIA_ADDRESS)

    await jobs_done(stage)

    assert "Check your mail" in screen.text
    [job] = stage.rows("SELECT attempts FROM jobs WHERE kind = 'account.send_code'")
    assert job["attempts"] == 1
    assert '"event": "mail_refused"' in stage.bot.log_tail()
    assert MIA_ADDRESS not in stage.bot.log_tail(1_000_000)


@pytest.mark.parametrize("moment", ["asked", "mailed", "modal"])
async def test_linking_survives_kill_9(stage: Stage, moment: str) -> None:
    stage.scene.mail.down = moment == "asked"
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    if moment == "asked":
        await stage.bot.kill()
        stage.scene.mail.down = False
        await stage.bot.start()
    code = await codes_for(stage, MIA_ADDRESS, seconds=40)
    await jobs_done(stage)
    if moment == "mailed":
        await stage.kill_and_restart()
    opened = await stage.mia.click(screen, "Enter code")
    if moment == "modal":
        await stage.kill_and_restart()
    assert opened.modal is not None

    answer = await stage.mia.submit(opened.modal, {CODE_FIELD: code})

    assert answer.message is not None
    assert "is linked" in answer.message.text


async def test_the_choice_between_accounts_survives_kill_9(stage: Stage) -> None:
    other = stage.scene.stripe.add_customer(MIA_ADDRESS)["id"]
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    offer = await enter(stage.mia, screen, await codes_for(stage, MIA_ADDRESS))
    await stage.kill_and_restart()

    [free] = [option for option in offer.selects[0].options if "No subscription" in option.label]
    done = await stage.mia.choose(offer, free.value)

    assert done.message is not None
    assert "Free plan" in done.message.text
    assert linked(stage) == {other: int(stage.mia.user.id)}


async def test_a_crash_after_the_mail_does_not_take_the_used_code_back(stage: Stage) -> None:
    """The job of the mail runs again when its end was not recorded; the code was used meanwhile."""
    stage.scene.stripe.add_customer(MIA_ADDRESS)
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS)
    await jobs_done(stage)
    offer = await enter(stage.mia, screen, code)
    await stage.bot.kill()
    change_store(
        stage,
        "UPDATE jobs SET done_at = NULL, payload = json_object('request_id', "
        "(SELECT id FROM link_requests), 'typed', ?) WHERE kind = 'account.send_code'",
        MIA_ADDRESS,
    )
    await stage.bot.start()
    await jobs_done(stage)

    done = await stage.mia.choose(offer, offer.selects[0].options[0].value)

    assert done.message is not None
    assert "is linked" in done.message.text
    assert len(stage.scene.mail.messages) == 1
