"""A gateway that drops, a Discord that is slow or fails, and answers from another version."""

import pytest

from bot.sandbox.discord import (
    DidNotRespond,
)
from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.linking import ask, enter
from tests.scenario.outside import codes_for, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import (
    OpenedTicket,
    open_ticket,
    transcript_of,
)

CALLBACK = "/callback"
OLD_IDS = ("m0:balance.refresh:", "m2:cancel.confirm:1", "m1:nothing:", "m1", ":", "x" * 100)


async def _said(stage: Stage, ticket: OpenedTicket) -> list[str]:
    transcript = await transcript_of(stage, ticket)
    return [each.content for each in transcript.articles if each.author in ("Mia", "Sam")]


@pytest.mark.parametrize("resumable", [True, False])
async def test_a_dropped_gateway_loses_no_message_of_a_ticket(
    stage: Stage, resumable: bool
) -> None:
    ticket = await open_ticket(stage)
    await stage.mia.say(ticket.channel, "before")
    await stage.scene.discord.drop_gateway(resumable=resumable, hold_events=0.5)
    await stage.sam.say(ticket.channel, "while it was away")

    await stage.scene.discord.wait_for_bot(RECOVERY_SECONDS)
    await stage.mia.say(ticket.channel, "at once when it was back")

    await stage.balance_of(stage.noor)
    await jobs_done(stage)
    await until(lambda: stage.rows("SELECT 1 FROM ticket_messages WHERE content LIKE 'at once%'"))
    assert await _said(stage, ticket) == [
        "before",
        "while it was away",
        "at once when it was back",
    ]


@pytest.mark.parametrize("resumable", [True, False])
async def test_commands_and_buttons_go_on_after_a_dropped_gateway(
    stage: Stage, resumable: bool
) -> None:
    await stage.link_mia()
    balance = await stage.balance_of(stage.mia)
    for _ in range(2):
        await stage.scene.discord.drop_gateway(resumable=resumable)
        await stage.scene.discord.wait_for_bot(RECOVERY_SECONDS)

        answer = await stage.mia.click(balance, "Refresh")
        assert "Pro" in (await answer.settled()).text
        assert "Pro" in (await stage.balance_of(stage.mia)).text


async def test_a_click_during_a_drop_is_answered_by_the_resumed_session(stage: Stage) -> None:
    await stage.link_mia()
    await stage.scene.discord.drop_gateway(hold_events=0.5)

    answer = await stage.mia.slash("balance", channel=stage.here)

    assert answer.message is not None
    assert "Pro" in answer.message.text


async def test_a_discord_that_fails_once_is_asked_again(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.discord.faults.add(method="POST", path=CALLBACK, status=500, times=1)

    assert "Pro" in (await stage.balance_of(stage.mia)).text


async def test_a_slow_discord_gets_its_answer_in_time(stage: Stage) -> None:
    await stage.link_mia()
    stage.scene.discord.faults.add(method="POST", path=CALLBACK, latency=1.5, times=1)

    assert "Pro" in (await stage.balance_of(stage.mia)).text


@pytest.mark.parametrize(
    ("status", "latency", "drop"), [(500, 0.0, False), (None, 1.5, False), (None, 0.0, True)]
)
async def test_what_discord_does_not_take_leaves_nothing_half_done(
    stage: Stage, status: int | None, latency: float, drop: bool
) -> None:
    """The member sees Discord's own failure; what was asked counts and can be asked again."""
    stage.expect_error("interaction_failed")
    discord = stage.scene.discord
    patience, discord.response_seconds = discord.response_seconds, 1.0
    fault = discord.faults.add(
        method="POST", path=CALLBACK, status=status, latency=latency, drop=drop
    )
    with pytest.raises(DidNotRespond):
        await stage.noor.slash("subscribe", channel=stage.here)
    fault.remove()
    discord.response_seconds = patience
    opened = await stage.mia.slash("link", channel=stage.here)
    assert opened.modal is not None
    discord.response_seconds = 1.0
    fault = discord.faults.add(
        method="POST", path=CALLBACK, status=status, latency=latency, drop=drop
    )

    with pytest.raises(DidNotRespond):
        await stage.mia.submit(opened.modal, {"Your billing email": MIA_ADDRESS})
    fault.remove()
    discord.response_seconds = patience

    await codes_for(stage, MIA_ADDRESS)
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS, count=2)
    assert "is linked" in (await enter(stage.mia, screen, code)).text


async def test_an_answer_whose_receipt_is_lost_is_seen_once(stage: Stage) -> None:
    stage.expect_error("interaction_failed")
    await stage.link_mia()
    before = len(stage.mia.messages(stage.here))
    stage.scene.discord.faults.add(
        method="POST", path=CALLBACK, status=500, times=1, after_work=True
    )

    answer = await stage.mia.slash("balance", channel=stage.here)
    # The bot has answered again, and again with its apology.
    await until(
        lambda: "answer_not_delivered" in stage.bot.log.read_text(), seconds=RECOVERY_SECONDS
    )

    assert answer.message is not None
    assert "Pro" in answer.message.text
    assert len(stage.mia.messages(stage.here)) == before + 1


async def test_a_button_of_another_version_is_answered_politely(stage: Stage) -> None:
    await stage.link_mia()
    balance = await stage.balance_of(stage.mia)
    for custom_id in OLD_IDS:
        _change_buttons(balance.components, custom_id)

        answer = await stage.mia.click(balance, "Refresh")

        assert answer.message is not None
        assert answer.message.ephemeral
        assert "older version of the bot" in answer.message.text
        assert "`/balance`" in answer.message.text


def _change_buttons(components: object, custom_id: str) -> None:
    """A message of long ago has other ids than today's."""
    if isinstance(components, list | tuple):
        for each in components:
            _change_buttons(each, custom_id)
    elif isinstance(components, dict):
        if components.get("label") == "Refresh":
            components["custom_id"] = custom_id
        _change_buttons(list(components.values()), custom_id)


async def test_a_modal_of_another_version_is_answered_politely(stage: Stage) -> None:
    opened = await stage.mia.slash("link", channel=stage.here)
    assert opened.modal is not None
    opened.modal.custom_id = "m0:link.address:"

    answer = await stage.mia.submit(opened.modal, {"Your billing email": MIA_ADDRESS})

    assert answer.message is not None
    assert "older version of the bot" in answer.message.text
    assert stage.rows("SELECT id FROM link_requests") == []
