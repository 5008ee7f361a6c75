"""A link to a transcript is as good as the ticket's access at the moment when it is opened."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import yarl

from bot.domain.identifiers import TicketId, UserId
from bot.domain.transcript import Copy, TranscriptLink, link_key
from bot.sandbox.discord import File, Message
from bot.sandbox.scene import PUBLIC_URL
from tests.scenario.bad_luck import until
from tests.scenario.outside import change_store, jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_privacy import erase
from tests.scenario.ticketing import OpenedTicket, close, open_ticket, settled


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    text: str


class Browser:
    """One that keeps cookies. The vendor's web server, which has the certificate, is left out."""

    def __init__(self, stage: Stage) -> None:
        self._address = yarl.URL(stage.bot.web_url)
        self._jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=self._address)

    async def open(self, link: str) -> Page:
        at_bot = link.replace(PUBLIC_URL, str(self._address).rstrip("/"))
        async with (
            aiohttp.ClientSession(cookie_jar=self._jar) as session,
            session.get(yarl.URL(at_bot, encoded=True)) as response,
        ):
            return Page(response.status, await response.text())


def link_in(message: Message) -> str:
    """The address in a message."""
    return PUBLIC_URL + message.text.split(f"({PUBLIC_URL}")[1].split(")")[0]


async def link_for_sam(stage: Stage) -> str:
    """Sam asks for the transcript of ticket 0001."""
    asked = await stage.sam.slash("ticket transcript", channel=stage.here, number=1)
    return link_in(await asked.settled(timeout=20))


def file_link(link: str, page: Page) -> str:
    """The address behind the first download of a page."""
    path = page.text.split('<a href="')[1].split('"')[0].replace("&amp;", "&")
    return f"{link.split('?', maxsplit=1)[0].rsplit('/', 1)[0]}/{path}"


def noted(stage: Stage) -> list[tuple[int, str]]:
    """What the audit log says about links: whom each was for, and what was done with it."""
    rows = stage.rows(
        "SELECT actor_id, action FROM audit_log WHERE action LIKE 'ticket.%_link_%' ORDER BY id"
    )
    return [(row["actor_id"], row["action"]) for row in rows]


@pytest.fixture
async def ticket(stage: Stage) -> OpenedTicket:
    """Mia has said something, with a file."""
    ticket = await open_ticket(stage)
    await stage.mia.say(ticket.channel, "it is broken", files=[File("a.txt", b"log", "text/plain")])
    await until(lambda: stage.rows("SELECT 1 FROM ticket_files WHERE stored_as <> ''"))
    return ticket


@pytest.mark.usefixtures("ticket")
async def test_the_teams_link_opens_in_one_browser_and_that_is_written_down(stage: Stage) -> None:
    link, sams, others = await link_for_sam(stage), Browser(stage), Browser(stage)
    sam = int(stage.sam.user.id)
    assert noted(stage) == [(sam, "ticket.staff_link_made")]

    page = await sams.open(link)

    assert (page.status, "it is broken" in page.text) == (200, True)
    assert noted(stage)[1:] == [(sam, "ticket.staff_link_opened")]
    file = file_link(link, page)
    assert await sams.open(file) == Page(200, "log")
    for address in (link, file):
        passed_on = await others.open(address)
        assert passed_on.status == 403
        assert "opened in another browser" in passed_on.text
        assert "/ticket transcript number:1" in passed_on.text
    assert (await sams.open(link)).status == 200
    assert len(noted(stage)) == 2
    assert (await sams.open(await link_for_sam(stage))).status == 200
    assert (await sams.open(file)).status == 200
    audit = await stage.max.slash("audit", channel=stage.here, action="ticket.staff_link")
    assert "transcript" in (await audit.settled()).text


@pytest.mark.usefixtures("ticket")
async def test_whoever_leaves_the_team_reads_no_more(stage: Stage) -> None:
    link, browser = await link_for_sam(stage), Browser(stage)
    assert (await browser.open(link)).status == 200

    stage.scene.guild.take_role(stage.sam.user, stage.scene.support)
    page = await browser.open(link)
    assert page.status == 403
    assert "not open to you" in page.text
    assert "it is broken" not in page.text
    stage.scene.guild.give_role(stage.sam.user, stage.scene.support)
    assert (await browser.open(link)).status == 200

    stage.scene.guild.remove_member(stage.sam.user)
    assert (await browser.open(link)).status == 403


@pytest.mark.usefixtures("ticket")
async def test_while_discord_does_not_answer_the_team_waits(stage: Stage) -> None:
    """Nothing is shown on trust, and the link is not used up."""
    link, browser = await link_for_sam(stage), Browser(stage)
    away = stage.scene.discord.faults.add(
        method="GET", path=r"/guilds/\d+/members/\d+$", hold=True, times=1
    )

    page = await browser.open(link)
    away.remove()

    assert away.struck
    assert page.status == 503
    assert "Try again in a minute" in page.text
    assert (await browser.open(link)).status == 200


async def test_a_members_link_is_theirs_as_long_as_the_ticket_is(
    stage: Stage, ticket: OpenedTicket
) -> None:
    """In every browser of theirs; that it was opened is written down once."""
    await close(stage.mia, ticket)
    link = link_in(await stage.mia.wait_for_message("dm", containing="is closed"))
    await settled(stage, "closed")

    for browser in (Browser(stage), Browser(stage)):
        page = await browser.open(link)
        assert page.status == 200
        assert (await browser.open(file_link(link, page))).text == "log"

    mia = int(stage.mia.user.id)
    assert noted(stage) == [(mia, "ticket.member_link_made"), (mia, "ticket.member_link_opened")]
    await jobs_done(stage)
    await erase(stage)
    page = await Browser(stage).open(link)
    assert page.status == 403
    assert "was deleted" in page.text
    assert {actor for actor, _ in noted(stage)} == {None}


async def test_what_is_forgotten_or_over_opens_for_nobody(
    stage: Stage, ticket: OpenedTicket
) -> None:
    await close(stage.mia, ticket)
    await settled(stage, "closed")
    link = await link_for_sam(stage)
    key = link_key(stage.bot.environment["API_SECRET"])
    [row] = stage.rows("SELECT id FROM tickets")
    over = TranscriptLink(
        TicketId(row["id"]),
        UserId(int(stage.sam.user.id)),
        Copy.STAFF,
        int((datetime.now(UTC) - timedelta(seconds=1)).timestamp()),
    )

    page = await Browser(stage).open(f"{link.split('?')[0]}?{over.query(key)}")

    assert page.status == 403
    assert "This link has expired" in page.text
    assert "15 minutes" in page.text
    change_store(stage, "UPDATE tickets SET purged_at = closed_at + 1")
    page = await Browser(stage).open(link)
    assert page.status == 403
    assert "was deleted" in page.text
    nonsense = await Browser(stage).open(link[:-1])
    assert nonsense.status == 403
    assert "number:1" not in nonsense.text
