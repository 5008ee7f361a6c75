"""Files are kept, secrets go, and who may see a ticket can read it again and find it."""

from collections.abc import Mapping

import aiohttp
import pytest

from bot.sandbox.discord import File, Message
from bot.sandbox.discord import permissions as may
from bot.sandbox.scene import PUBLIC_URL
from tests.scenario.bad_luck import until
from tests.scenario.outside import change_store, everything_stored, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.ticketing import close, open_ticket, read_transcript, settled

CARD = "4242 4242 4242 4242"
PNG = b"\x89PNG\r\n\x1a\n and so on"


def address_in(message: Message, stage: Stage) -> str:
    """The link in a message, at the port where this bot listens."""
    link = message.text.split(f"({PUBLIC_URL}")[1].split(")")[0]
    return f"{stage.bot.web_url}{link}"


async def fetched(address: str) -> tuple[int, str, Mapping[str, str]]:
    """What a browser gets there."""
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        return response.status, await response.text(errors="replace"), dict(response.headers)


async def test_files_are_kept_and_closing_reads_no_history(stage: Stage) -> None:
    """Mia's picture is in her file; the other file is behind the link, for her alone."""
    ticket = await open_ticket(stage)
    files = [
        File("what i saw.png", PNG, "image/png"),
        File('<b>"my; page.html', b"<script>alert(1)</script>", "text/html"),
    ]
    lost = stage.scene.discord.faults.add(
        method="GET", path=r"/cdn/attachments/", status=503, times=1
    )
    await stage.mia.say(ticket.channel, "look at this", files=files)
    await until(lambda: len(stage.rows("SELECT 1 FROM ticket_files WHERE stored_as <> ''")) == 2)
    assert lost.struck
    await jobs_done(stage)
    stage.scene.discord.requests.clear()

    await close(stage.mia, ticket)

    told = await stage.mia.wait_for_message("dm", containing="is closed")
    await settled(stage, "closed")
    entries = [entry for entry in stage.scene.discord.requests.entries if entry.route]
    rest = [entry for entry in entries if not entry.path.startswith(("/webhooks", "/interactions"))]
    assert len(rest) <= 5
    assert not [entry for entry in rest if entry.method == "GET"]
    html = told.attachments[0].data.decode()
    assert html.count('src="data:image/png;base64,') == 1
    assert "my; page.html" in html
    assert "<script" not in html

    address = address_in(told, stage)
    status, page, headers = await fetched(address)
    assert status == 200
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "look at this" in page
    start = page.index('href="', page.index("my; page.html")) + len('href="')
    file_path = page[start : page.index('"', start)].replace("&amp;", "&")
    base = address.split("?")[0].rsplit("/", 1)[0]
    status, body, headers = await fetched(f"{base}/{file_path}")
    assert (status, body) == (200, "<script>alert(1)</script>")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert '"' not in headers["Content-Disposition"]

    for forged in (
        address.replace("copy=member", "copy=staff"),
        address.replace(f"for={stage.mia.user.id}", f"for={stage.noor.user.id}"),
        address[:-1] + ("0" if address[-1] != "0" else "1"),
        address.split("?")[0],
        f"{base}/{file_path}".replace("copy=member", "copy=staff"),
    ):
        status, body, _ = await fetched(forged)
        assert status == 403
        assert "This link does not open" in body


async def test_s21_a_secret_in_a_ticket_is_taken_out_at_once(stage: Stage) -> None:
    """Out of the channel and never into the store; the rest of what Mia wrote stays."""
    ticket = await open_ticket(stage)
    said = await stage.mia.say(ticket.channel, f"I paid with {CARD} and it broke")

    told = await stage.mia.wait_for_message(ticket.channel, containing="I removed your message")

    assert said.deleted
    assert "**card number**" in told.text
    assert "and it broke" in told.text
    assert told.mentions == []
    changed = await stage.mia.say(ticket.channel, "wait")
    await stage.mia.edit(changed, "password: hunter2")
    await stage.mia.wait_for_message(ticket.channel, containing="**password**")
    assert changed.deleted
    named = await stage.mia.say(
        ticket.channel, "this", files=[File(f"{CARD}.txt", b"x", "text/plain")]
    )
    await until(lambda: named.deleted)
    await jobs_done(stage)
    for secret in ("4242 4242", "hunter2"):
        assert secret not in everything_stored(stage)
        assert secret not in stage.bot.log.read_text()
    await close(stage.mia, ticket)
    closed = await stage.mia.wait_for_message("dm", containing="is closed")
    assert "I paid with [removed] and it broke" in read_transcript(closed).said_by("Mia")


async def test_the_files_of_a_message_with_a_secret_are_kept(stage: Stage) -> None:
    """They go out of the channel with it: Mia is asked for them again, and none is lost."""
    ticket = await open_ticket(stage)
    picture = File("screen.png", PNG, "image/png")
    said = await stage.mia.say(ticket.channel, "password: hunter2", files=[picture])

    told = await stage.mia.wait_for_message(ticket.channel, containing="I removed your message")

    assert said.deleted
    assert "Your file went with it: please send it again" in told.text
    await jobs_done(stage)
    await close(stage.mia, ticket)
    closed = await stage.mia.wait_for_message("dm", containing="is closed")
    assert closed.attachments[0].data.decode().count('src="data:image/png;base64,') == 1


@pytest.mark.parametrize(
    "written",
    [
        "a\n" * 900 + "my password: x1",
        "[\n" * 950 + "my password: x1",
        "@everyone\n" * 180 + "pw: x1",
    ],
)
async def test_whoever_writes_much_is_told_why_it_was_removed(stage: Stage, written: str) -> None:
    """Quoted, each line and each sign takes more room than it took before."""
    ticket = await open_ticket(stage)

    said = await stage.mia.say(ticket.channel, written)

    told = await stage.mia.wait_for_message(ticket.channel, containing="I removed your message")
    assert said.deleted
    assert "The rest of it" in told.text


async def test_a_message_about_an_outage_stays(stage: Stage) -> None:
    """Its numbers together would pass for a card's by their check digit alone."""
    ticket = await open_ticket(stage)
    written = "It failed on 2026-11-20, 2026-11-17, 2026-11-11 from 192.168.100.101, 172.16.0.12"

    said = await stage.mia.say(ticket.channel, written)

    await until(lambda: stage.rows("SELECT 1 FROM ticket_messages WHERE content = ?", written))
    await jobs_done(stage)
    assert not said.deleted


async def test_a_message_that_no_store_takes_stops_no_other(stage: Stage) -> None:
    """Half of a pair of UTF-16 is no text in any database."""
    ticket = await open_ticket(stage)
    stage.expect_error("message_not_stored")

    await stage.mia.say(ticket.channel, "half a sign: \ud83d")
    await stage.mia.say(ticket.channel, "and a whole sentence")

    said = "SELECT 1 FROM ticket_messages WHERE content = 'and a whole sentence'"
    await until(lambda: stage.rows(said))


async def test_s21_where_the_bot_may_not_delete_it_asks(stage: Stage) -> None:
    stage.expect_error("secret_not_deleted")
    ticket = await open_ticket(stage)
    for role in stage.scene.guild.bot_member.roles:
        role.permissions &= ~may.MANAGE_MESSAGES
    said = await stage.mia.say(ticket.channel, "api key: abcdefghij1234567890")

    await stage.mia.wait_for_message(ticket.channel, containing="please delete your message")

    told = await stage.sam.wait_for_message(stage.scene.log, containing="secret is still in ticket")
    assert "*Manage Messages*" in told.text
    assert said.id in told.text
    assert not said.deleted
    assert "abcdefghij1234567890" not in everything_stored(stage)


async def test_the_team_finds_a_past_ticket_and_reads_its_own_copy(stage: Stage) -> None:
    """What Mia took back is in it, and that Sam has read it is written down."""
    ticket = await open_ticket(stage)
    regretted = await stage.mia.say(ticket.channel, "the frobnicator is broken")
    await until(lambda: stage.rows("SELECT 1 FROM ticket_messages WHERE content LIKE '%frob%'"))
    await stage.mia.delete(regretted)
    await until(lambda: stage.rows("SELECT 1 FROM ticket_messages WHERE deleted_at IS NOT NULL"))
    for stranger in (stage.mia, stage.noor):
        refused = await stage.noor.slash("ticket transcript", channel=stage.here, number=1)
        assert "You may not do this" in (await refused.settled()).text
        refused = await stranger.slash("tickets search", channel=stage.here, words="frobnicator")
        assert "You may not do this" in (await refused.settled()).text
    unknown = await stage.sam.slash("ticket transcript", channel=ticket.channel, number=99)
    assert "There is no ticket 0099 here" in (await unknown.settled()).text
    own = await stage.mia.slash("ticket transcript", channel=ticket.channel)
    mias = await own.settled(timeout=20)
    assert "frobnicator" not in mias.attachments[0].data.decode()
    await close(stage.mia, ticket)
    await settled(stage, "closed")

    nothing = await stage.sam.slash("tickets search", channel=stage.here, words="nonsense")
    assert "Nothing found" in (await nothing.settled()).text
    searched = await stage.sam.slash("tickets search", channel=stage.here, words="FROBNIC")
    page = await searched.settled()
    assert "the frobnicator is broken" in page.text
    opened = await stage.sam.click(page, "Transcript")
    sams = await opened.settled(timeout=20)

    assert "This is the team's copy" in sams.text
    assert "frobnicator" in sams.attachments[0].data.decode()
    status, html, _ = await fetched(address_in(sams, stage))
    assert status == 200
    assert "frobnicator" in html
    assert stage.rows("SELECT 1 FROM audit_log WHERE action = 'ticket.transcript_read'")


async def test_what_the_team_wrote_about_her_goes_with_the_ticket(stage: Stage) -> None:
    """A note and the reason of an escalation are in no job that carried them, either."""
    ticket = await open_ticket(stage)
    noted = await stage.sam.slash("note", channel=ticket.channel, text="Not her first lawyer")
    assert noted.message is not None
    await noted.message.changed(containing="Note written")
    asked = await stage.sam.slash("escalate", channel=ticket.channel)
    assert asked.modal is not None
    await stage.sam.submit(asked.modal, {"Why?": "She wants a lawyer"})
    await stage.max.wait_for_message(stage.scene.log, containing="She wants a lawyer")
    await close(stage.mia, ticket)
    await settled(stage, "closed")
    await jobs_done(stage)

    await stage.bot.stop()
    long_ago = 400 * 86_400_000
    change_store(stage, "UPDATE tickets SET closed_at = closed_at - ?", long_ago)
    change_store(stage, "DELETE FROM jobs WHERE kind = 'housekeeping.run'")
    await stage.bot.start()
    await until(lambda: stage.rows("SELECT 1 FROM tickets WHERE purged_at IS NOT NULL"))

    assert "lawyer" not in everything_stored(stage)
