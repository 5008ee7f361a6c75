"""What was said in a ticket, and nothing else, reaches the member as an inert file (S21)."""

from bot.sandbox.discord import File
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.outside import everything_stored, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import (
    EMAIL,
    STORY,
    ask,
    close,
    open_ticket,
    opened,
    read_transcript,
    settled,
    transcript_of,
)

XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover='alert(3)"
CARD = "4242 4242 4242 4242"


def stored(stage: Stage) -> list[str]:
    """What the store holds of what was said by people, oldest first."""
    rows = stage.rows("SELECT content FROM ticket_messages WHERE NOT from_bot ORDER BY message_id")
    return [row["content"] for row in rows]


async def test_scripts_in_messages_answers_and_reason_are_only_text(stage: Stage) -> None:
    ticket = await open_ticket(stage, answers={EMAIL: "mia@example.com", STORY: XSS})
    await stage.mia.say(ticket.channel, XSS)
    await stage.mia.say(
        ticket.channel, "see this", files=[File("<b>x</b>.png", b"png", "image/png")]
    )

    await close(stage.sam, ticket, XSS)

    transcript = read_transcript(await stage.mia.wait_for_message("dm", containing="is closed"))
    assert transcript.said_by("Mia") == [XSS, "see this"]
    assert XSS in transcript.answers.values()
    assert XSS in transcript.head
    assert not transcript.tags & {"script", "img", "b", "iframe", "link", "a"}
    assert not {name for name in transcript.attributes if name.startswith("on")}


async def test_edits_show_their_last_text_and_deletions_are_left_out(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    kept = await stage.mia.say(ticket.channel, "My order is 17")
    regretted = await stage.mia.say(ticket.channel, "I am furious")
    early = await stage.sam.say(ticket.channel, "One momnet")
    await stage.sam.edit(early, "One moment")
    await until(lambda: "My order is 17" in stored(stage))
    await stage.mia.edit(kept, "My order is 71")
    await stage.mia.delete(regretted)

    transcript = await transcript_of(stage, ticket)

    assert transcript.said_by("Mia") == ["My order is 71"]
    assert transcript.said_by("Sam") == ["One moment"]
    edited = [each.content for each in transcript.articles if "edited" in each.meta]
    assert edited == ["My order is 71", "One moment"]
    [row] = stage.rows("SELECT content FROM ticket_messages WHERE deleted_at IS NOT NULL")
    assert row["content"] == "I am furious"


async def test_markdown_and_mentions_in_answers_do_nothing(stage: Stage) -> None:
    noor = f"<@{stage.noor.user.id}>"
    role = f"<@&{stage.scene.moderators.id}>"
    story = (
        f"@everyone {noor} {role}\n# Loud\n[your bank](https://evil.example/login) **now** ||x||"
    )

    ticket = await open_ticket(stage, answers={EMAIL: "mia@example.com", STORY: story})

    assert ticket.welcome.mentions == [stage.mia.user]
    assert ticket.welcome.mention_roles == [stage.scene.support.id]
    assert not ticket.welcome.mention_everyone
    shown = ticket.welcome.text
    for live in ("@everyone", noor, role, "\n> # Loud", "[your bank](http", "> **now", " ||x||"):
        assert live not in shown, f"{live} in {shown}"
    assert "evil.example" in shown
    assert "https://evil.example" not in shown


async def test_s21_a_card_number_never_reaches_the_store_and_the_member_is_told(
    stage: Stage,
) -> None:
    story = f"My card {CARD} was charged. password: hunter2"

    ticket = await open_ticket(stage, answers={EMAIL: "mia@example.com", STORY: story})
    await stage.mia.say(ticket.channel, f"again: {CARD}")
    await until(lambda: stored(stage))

    assert "[removed]" in ticket.welcome.text.replace("\\", "")
    assert "card number" in ticket.welcome.text
    assert "was removed from your answers" in ticket.welcome.text
    await close(stage.mia, ticket, f"use {CARD}")
    await settled(stage, "closed")
    for secret in ("4242 4242", "hunter2"):
        assert secret not in everything_stored(stage)
        assert secret not in stage.bot.log.read_text()
        assert secret not in (await stage.mia.wait_for_message("dm", containing="is closed")).text


async def test_an_answer_without_secrets_brings_no_warning(stage: Stage) -> None:
    ticket = await open_ticket(stage)

    assert "was removed" not in ticket.welcome.text


async def test_what_was_written_while_the_bot_was_down_is_in_the_transcript(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await stage.mia.say(ticket.channel, "before")
    await until(lambda: stored(stage) == ["before"])
    await stage.bot.kill()
    for number in range(120):
        await stage.mia.say(ticket.channel, f"while down {number}")
    await stage.bot.start()

    transcript = await transcript_of(stage, ticket)

    assert transcript.said_by("Mia") == ["before", *(f"while down {n}" for n in range(120))]


async def test_a_gateway_that_lost_its_session_loses_no_message(stage: Stage) -> None:
    """Live messages that come before the catching up must not hide the gap."""
    ticket = await open_ticket(stage)
    await stage.mia.say(ticket.channel, "before")
    await until(lambda: stored(stage) == ["before"])
    await stage.scene.discord.drop_gateway(resumable=False)
    await until(lambda: not stage.scene.discord.bot_connected)
    await stage.mia.say(ticket.channel, "in the gap")
    await until(lambda: stage.scene.discord.bot_connected, seconds=30)
    await stage.mia.say(ticket.channel, "right after it")

    await until(lambda: len(stored(stage)) == 3)
    assert stored(stage) == ["before", "in the gap", "right after it"]
    transcript = await transcript_of(stage, ticket)
    assert transcript.said_by("Mia") == ["before", "in the gap", "right after it"]


async def test_a_message_in_the_killed_processes_memory_is_fetched_again(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await stage.mia.say(ticket.channel, "just said")
    await stage.kill_and_restart()

    transcript = await transcript_of(stage, ticket)

    assert transcript.said_by("Mia") == ["just said"]


async def test_closing_waits_until_what_was_missed_is_fetched(stage: Stage) -> None:
    """A message that came after the restart must not hide the gap before it."""
    ticket = await open_ticket(stage)
    await jobs_done(stage)
    await stage.bot.kill()
    await stage.mia.say(ticket.channel, "while down")
    slow = stage.scene.discord.faults.add(
        method="GET", path=r"/channels/\d+/messages$", hold=True, times=1
    )
    await stage.bot.start()
    await until(lambda: slow.struck)
    await stage.mia.say(ticket.channel, "after it")
    await until(lambda: "after it" in stored(stage))

    await close(stage.mia, ticket)
    slow.remove()

    told = await stage.mia.wait_for_message("dm", containing="is closed", timeout=RECOVERY_SECONDS)
    transcript = read_transcript(told)
    assert transcript.said_by("Mia") == ["while down", "after it"]


async def test_last_words_before_closing_survive_a_kill(stage: Stage) -> None:
    """Said, closed and killed within the time that messages wait in memory."""
    ticket = await open_ticket(stage)
    held = stage.scene.discord.faults.add(
        method="POST", path=r"/users/@me/channels", hold=True, drop=True, times=1
    )
    await stage.mia.say(ticket.channel, "my last words")
    await close(stage.mia, ticket)
    await stage.bot.kill()
    held.remove()
    await stage.sam.say(ticket.channel, "said while down")
    await stage.bot.start()

    told = await stage.mia.wait_for_message("dm", containing="is closed", timeout=40)

    transcript = read_transcript(told)
    assert transcript.said_by("Mia") == ["my last words"]
    assert transcript.said_by("Sam") == ["said while down"]
    await settled(stage, "closed")


async def test_the_file_needs_nothing_from_anywhere(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await close(stage.mia, ticket)

    told = await stage.mia.wait_for_message("dm", containing="is closed")

    [file] = told.attachments
    assert file.filename == "ticket-0001.html"
    assert "default-src 'none'" in file.data.decode()
    assert not {"src", "href"} & read_transcript(told).attributes


async def test_nobody_elses_ticket_is_in_it(stage: Stage) -> None:
    ticket = await open_ticket(stage)
    await stage.mia.say(ticket.channel, "mine")
    modal = await ask(stage, stage.noor)
    sent = await stage.noor.submit(modal, {EMAIL: "noor@example.com", STORY: "theirs"})
    assert sent.message is not None
    noors = await opened(stage, sent.message, by=stage.noor)
    await stage.noor.say(noors.channel, "said by Noor")

    transcript = await transcript_of(stage, ticket)

    assert transcript.said_by("Noor") == []
    assert "theirs" not in transcript.answers.values()
