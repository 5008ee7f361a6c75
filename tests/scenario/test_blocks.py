"""Somebody who floods the team with tickets, until the team has had enough."""

from datetime import UTC, datetime, timedelta

from bot.sandbox.discord import Interaction
from tests.scenario.stage import Stage
from tests.scenario.ticketing import ANSWERS, ask, open_ticket, states


def said(answer: Interaction) -> str:
    assert answer.message is not None
    return answer.message.text


async def test_a_block_counts_at_the_submission_and_never_stands_before_cancelling(
    stage: Stage,
) -> None:
    """Fairness rule 5: cancelling needs no ticket."""
    await stage.link_mia()
    modal = await ask(stage, stage.mia)

    blocked = await stage.sam.slash(
        "block", channel=stage.here, member=stage.mia.user, until="7d", reason="Ten an hour"
    )

    assert "cannot open tickets" in said(blocked)
    late = await stage.mia.submit(modal, ANSWERS)
    assert "You cannot open tickets in this server until <t:" in said(late)
    assert "team@lumen.example" in said(late)
    assert "Ten an hour" not in said(late)
    assert states(stage) == []
    first = await stage.mia.slash("ticket open", channel=stage.here, topic="help")
    assert first.modal is None
    flow = await stage.mia.slash("cancel", channel=stage.here)
    assert flow.message is not None
    refused = await stage.mia.click(flow.message, "Open a ticket")
    assert "You cannot open tickets" in said(refused)
    goes_on = await stage.mia.click(flow.message, "Continue to cancel")
    assert goes_on.modal is not None


async def test_the_list_names_who_until_when_and_why_and_one_is_lifted(stage: Stage) -> None:
    day = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d")
    for person, until in ((stage.mia, day), (stage.noor, None)):
        given = {"until": until} if until else {}
        await stage.sam.slash(
            "block", channel=stage.here, member=person.user, reason="`noise`", **given
        )
    listed = said(await stage.max.slash("blocks", channel=stage.here))
    assert f"<@{stage.mia.user.id}> · until: <t:" in listed
    assert f"<@{stage.noor.user.id}> · until: no end" in listed
    assert "`'noise'`" in listed

    lifted = await stage.sam.slash("unblock", channel=stage.here, member=stage.mia.user)

    assert "can open tickets again" in said(lifted)
    again = await stage.sam.slash("unblock", channel=stage.here, member=stage.mia.user)
    assert "is not blocked" in said(again)
    await open_ticket(stage)
    actions = stage.rows("SELECT action, subject FROM audit_log WHERE action LIKE 'block.%'")
    assert [row["action"] for row in actions] == ["block.set", "block.set", "block.lifted"]
    assert str(stage.mia.user.id) not in [row["subject"] for row in actions]


async def test_an_end_that_nobody_understands_changes_nothing(stage: Stage) -> None:
    answer = await stage.sam.slash(
        "block", channel=stage.here, member=stage.mia.user, until="next week"
    )

    assert "I do not understand this end" in said(answer)
    assert "Nobody." in said(await stage.sam.slash("blocks", channel=stage.here))


async def test_the_team_alone_blocks(stage: Stage) -> None:
    stage.scene.guild.take_role(stage.sam.user, stage.scene.support)
    stage.scene.guild.give_role(stage.sam.user, stage.scene.plan_roles["Pro"])
    role = stage.scene.plan_roles["Pro"]
    role.permissions |= stage.scene.support.permissions
    stage.scene.guild.announce_role_update(role)

    answer = await stage.sam.slash("block", channel=stage.here, member=stage.mia.user)

    assert "You may not do this" in said(answer)
