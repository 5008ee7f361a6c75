"""/retention report: Max reads why members leave, filters, takes the file; members may not."""

import csv
import io
import time
from collections.abc import Mapping

from bot.sandbox.discord import Message
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import COMMENT, Stage

COSTLY = "20 dollars is @everyone's limit.\n=HYPERLINK(1)"


async def leave(stage: Stage) -> None:
    """Mia cancels, with a reason and a comment."""
    nudge = (await stage.mia.slash("cancel", channel=stage.here)).message
    assert nudge is not None
    opened = await stage.mia.click(nudge, "Continue to cancel")
    assert opened.modal is not None
    answers: Mapping[str, str] = {"Your reason": "It costs too much", COMMENT: COSTLY}
    await stage.mia.submit(opened.modal, answers)
    await stage.mia.click(nudge, "Confirm cancel")
    await jobs_done(stage)


def pictures(message: Message) -> dict[str, str | None]:
    """The pictures of a message, with the words for those who do not see them."""
    for each in message.attachments:
        assert each.data.startswith(b"\x89PNG")
    return {each.filename: each.description for each in message.attachments}


async def test_from_the_numbers_to_the_words_and_the_weekly_post(stage: Stage) -> None:
    """No attempts, one attempt, its filters, its comment, its file, and Monday's digest."""
    await stage.link_mia()
    answer = await stage.max.slash("retention report", channel=stage.here)
    screen = await answer.settled(timeout=30)
    assert screen.ephemeral
    assert "Nobody tried to cancel in this period." in screen.text
    assert screen.attachments == []

    await leave(stage)
    await stage.max.choose(screen, "Last 7 days")
    await screen.changed(containing="1 attempt to cancel", timeout=30)
    assert "Revenue lost: **$20.00 a month**" in screen.text
    assert "It costs too much: $20.00 a month · 1 of 1 left" in screen.text
    assert "Save rate: **0% (0 of 1; likely 0% to 79%)**" in screen.text
    shown = pictures(screen)
    assert {"funnel.png", "reasons.png", "weeks.png"} <= set(shown)
    assert shown["reasons.png"] is not None
    assert "The same numbers are in the text above." in shown["reasons.png"]

    comments = (await stage.max.click(screen, "Read the comments")).message
    assert comments is not None
    assert comments.ephemeral
    assert "\u200beveryone" in comments.text
    sent = await stage.max.click(comments, "All as a CSV file")
    [file] = (await sent.settled(timeout=30)).attachments
    [row] = csv.DictReader(io.StringIO(file.data.decode("utf-8-sig")))
    assert row["comment"] == COSTLY

    sent = await stage.max.click(screen, "Attempts as CSV")
    [file] = (await sent.settled(timeout=30)).attachments
    [row] = csv.DictReader(io.StringIO(file.data.decode("utf-8-sig")))
    assert (row["outcome"], row["reason"], row["plan"]) == ("cancelled", "too_expensive", "pro")
    assert row["started_at"] <= row["requested_at"] <= row["cancelled_at"]
    assert stage.mia.user.id not in file.data.decode()

    await stage.max.choose(screen, "Lite", custom_id=_select(screen, "retention.plan"))
    await screen.changed(containing="Nobody tried to cancel in this period.", timeout=30)
    assert screen.attachments == []

    await monday_comes(stage)


async def monday_comes(stage: Stage) -> None:
    """Ada has chosen a channel: there is one post, with the weeks up to it."""
    chosen = await stage.ada.slash("setup", channel=stage.here, report_channel=stage.scene.log)
    await chosen.settled()
    change_store(
        stage,
        "UPDATE jobs SET run_at = ? WHERE kind = 'retention.digest'",
        int(time.time() * 1000),
    )
    posted = await stage.max.wait_for_message(stage.scene.log, containing="Retention last week")
    assert "/retention report" in posted.text
    await jobs_done(stage)
    posts = [each for each in stage.max.messages(stage.scene.log) if "Retention last" in each.text]
    assert len(posts) == 1


def _select(message: Message, verb: str) -> str:
    """The custom_id of the select that does this."""
    [found] = [each.custom_id for each in message.selects if f":{verb}:" in each.custom_id]
    return found


async def test_who_may_not_and_what_is_no_period(stage: Stage) -> None:
    """The service decides, whatever Discord lets somebody type: Sam answers tickets only."""
    refused = await stage.sam.slash("retention report", channel=stage.here)
    assert "moderator" in (await refused.settled()).text

    asked = {"from": "2026-11-30", "to": "2026-11-01"}
    wrong = await stage.max.slash("retention report", channel=stage.here, **asked)
    assert "the earlier one first" in (await wrong.settled()).text
    unread = await stage.max.slash("retention report", channel=stage.here, **{"from": "soon"})
    assert "2026-11-01" in (await unread.settled()).text
    usable = {"from": "2026-01-01", "to": "2026-11-01", "plan": "pro"}
    found = await stage.ada.slash("retention report", channel=stage.here, **usable)
    assert "Retention, Pro" in (await found.settled(timeout=30)).text
