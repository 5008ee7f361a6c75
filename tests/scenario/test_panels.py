"""Ada puts a panel up; members open tickets from it, whatever happens to it."""

from bot.sandbox.discord import Channel, Interaction, Message
from bot.sandbox.discord import permissions as may
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.stage import Stage
from tests.scenario.ticketing import ANSWERS, change_configuration, opened

BUTTONS, A_LIST = "Buttons", "A list to choose from"
HELP = {"What can we help with?": "The editor is slow"}


async def preview(stage: Stage, *topics: str, layout: str = BUTTONS) -> Message:
    """Ada fills in what the panel says, and looks at it."""
    asked = await stage.ada.slash("panel create", channel=stage.here)
    assert asked.modal is not None, asked.message and asked.message.text
    shown = await stage.ada.submit(
        asked.modal,
        {
            "Title": "Help desk",
            "Text": "We **read** all of it.",
            "Topics": topics,
            "Shown as": layout,
        },
    )
    assert shown.message is not None
    return shown.message


async def posted(stage: Stage, *topics: str, layout: str = BUTTONS) -> Message:
    """The panel as everybody sees it."""
    sent = await stage.ada.click(await preview(stage, *topics, layout=layout), "Post it here")
    assert sent.message is not None
    await sent.message.changed(containing="The panel is in", timeout=RECOVERY_SECONDS)
    return await stage.mia.wait_for_message(stage.here, containing="Help desk")


def panels(channel: Channel) -> list[Message]:
    return [each for each in channel.messages if "Help desk" in each.text]


def said(answer: Interaction) -> str:
    assert answer.message is not None
    return answer.message.text


async def test_a_panel_is_looked_at_posted_and_opens_tickets_after_a_restart(stage: Stage) -> None:
    draft = await preview(stage, "Billing and payments", "Help with the product")
    assert "Only you see it" in draft.text
    assert panels(stage.here) == []

    panel = await posted(stage, "Billing and payments", "Help with the product")
    assert "We **read** all of it." in panel.text
    assert [each.label for each in panel.buttons] == [
        "Billing and payments",
        "Help with the product",
    ]
    await stage.kill_and_restart()
    asked = await stage.mia.click(panel, "Billing and payments")
    assert asked.modal is not None
    sent = await stage.mia.submit(asked.modal, ANSWERS)

    assert sent.message is not None
    ticket = await opened(stage, sent.message)
    assert ticket.channel in stage.mia.channels(stage.scene.guild)
    [entry] = stage.rows("SELECT * FROM audit_log WHERE action = 'panel.posted'")
    assert entry["actor_id"] == int(stage.ada.user.id)


async def test_a_list_opens_the_topic_that_is_chosen(stage: Stage) -> None:
    panel = await posted(stage, "Help with the product", "Report a bug", layout=A_LIST)

    asked = await stage.mia.choose(panel, "Help with the product")

    assert asked.modal is not None
    assert [field.label for field in asked.modal.fields] == list(HELP)


async def test_a_panel_is_sent_once_whatever_is_killed(stage: Stage) -> None:
    lost = stage.scene.discord.faults.add(
        method="POST",
        path=rf"/channels/{stage.here.id}/messages$",
        after_work=True,
        drop=True,
        hold=True,
        times=1,
    )
    draft = await preview(stage, "Billing and payments")
    await stage.ada.click(draft, "Post it here")
    await until(lambda: lost.struck)
    await stage.bot.kill()
    lost.remove()
    await stage.bot.start()

    await until(
        lambda: stage.rows("SELECT 1 FROM panels WHERE state = 'posted'"), seconds=RECOVERY_SECONDS
    )

    assert len(panels(stage.here)) == 1


async def test_one_that_was_deleted_by_hand_is_posted_again_and_one_is_removed(
    stage: Stage,
) -> None:
    await stage.ada.delete(await posted(stage, "Billing and payments"))
    listed = await stage.ada.slash("panel list", channel=stage.here)
    assert listed.message is not None
    assert "Help desk" in listed.message.text

    again = await stage.ada.click(listed.message, "Post again")
    assert again.message is not None
    await again.message.changed(containing="The panel is in")
    assert len(panels(stage.here)) == 1

    listed = await stage.ada.slash("panel remove", channel=stage.here)
    assert listed.message is not None
    removed = await stage.ada.click(listed.message, "Remove")
    assert "The panel is removed" in said(removed)
    await until(lambda: panels(stage.here) == [])
    assert stage.rows("SELECT 1 FROM panels") == []


async def test_a_topic_that_is_gone_from_the_file_is_told_clearly(stage: Stage) -> None:
    panel = await posted(stage, "Help with the product", "Report a bug")
    change_configuration(stage, {'id = "bug"': 'id = "defect"'})
    await stage.kill_and_restart()

    answer = await stage.mia.click(panel, "Report a bug")

    assert "no tickets of this kind any more" in said(answer)
    listed = await stage.ada.slash("panel list", channel=stage.here)
    assert "`bug`" in said(listed)
    works = await stage.mia.click(panel, "Help with the product")
    assert works.modal is not None


async def test_where_the_bot_may_not_write_the_panel_waits_for_the_permission(
    stage: Stage,
) -> None:
    draft = await preview(stage, "Billing and payments")
    role = stage.scene.guild.bot_member.roles[-1]
    role.permissions &= ~may.SEND_MESSAGES
    stage.scene.guild.everyone.permissions &= ~may.SEND_MESSAGES
    refused = await stage.ada.click(draft, "Post it here")
    assert refused.message is not None
    await refused.message.changed(containing="was not posted")
    role.permissions |= may.SEND_MESSAGES

    sent = await stage.ada.click(refused.message, "Post it here")

    assert sent.message is not None
    await sent.message.changed(containing="The panel is in")
    assert len(panels(stage.here)) == 1


async def test_nobody_else_makes_panels(stage: Stage) -> None:
    draft = await preview(stage, "Billing and payments")
    stage.scene.guild.owner = stage.max.user

    answer = await stage.ada.click(draft, "Post it here")

    assert "Manage Server" in said(answer)
    assert panels(stage.here) == []
