"""Mia has taken half price for three months: every screen tells what she really pays (fairness 7).

It is Pro for $20.00 a month; from the next renewal on for $10.00, and after three payments for
$20.00 again.
"""

import re

import pytest

from bot.sandbox.discord import Interaction
from tests.scenario.outside import jobs_done
from tests.scenario.stage import Stage
from tests.scenario.test_cancel import cancel
from tests.scenario.test_cancel_ticket import BOTH_WAYS, ticket_from_nudge
from tests.scenario.test_cancel_two_plans import buy_lite
from tests.scenario.test_offers import HALF, SWITCHED, renew, take, up_to_offer
from tests.scenario.ticketing import close

RENEWAL = re.compile(
    r"renews on <t:\d+:D> for \$10\.00, and from <t:\d+:D> on again for \$20\.00 monthly"
)


@pytest.fixture
async def halved(stage: Stage) -> Stage:
    """The offer is in effect; the period that runs is paid in full already."""
    await stage.link_mia()
    await take(stage, await up_to_offer(stage, SWITCHED), HALF)
    return stage


async def said(answer: Interaction) -> str:
    return (await answer.settled()).text


@pytest.mark.parametrize("command", ["unlink", "privacy erase"])
async def test_before_parting_mia_reads_what_she_goes_on_paying(
    halved: Stage, command: str
) -> None:
    assert RENEWAL.search(await said(await halved.mia.slash(command, channel=halved.here)))


async def test_of_two_plans_the_one_with_the_discount_is_told_with_it(halved: Stage) -> None:
    """On /help, on the way out of the other plan, and before a third one would be bought."""
    await buy_lite(halved)
    await jobs_done(halved)
    topic = "A payment failed, or looks wrong"
    looked = await halved.mia.slash("help", channel=halved.here, topic=topic)
    assert RENEWAL.search(await said(looked))

    screen = await cancel(halved)

    assert RENEWAL.search(screen.text)


async def test_mia_cancels_and_resumes(halved: Stage) -> None:
    await cancel(halved)

    answer = await halved.mia.slash("resume", channel=halved.here)

    assert answer.message is not None
    await answer.message.changed(containing="Pro goes on")
    assert RENEWAL.search(answer.message.text)


async def test_the_team_sees_it_and_so_does_mia_when_her_ticket_is_closed(halved: Stage) -> None:
    await renew(halved)
    ticket = await ticket_from_nudge(halved)
    assert "Pro · $10.00 monthly" in ticket.welcome.text
    shown = await said(await halved.sam.click(ticket.welcome, "Customer"))
    assert "Pro · $10.00 monthly" in shown
    assert re.search(r"\*\*From <t:\d+:D>:\*\* \$20\.00 monthly again", shown)

    await close(halved.sam, ticket)

    both = await halved.mia.wait_for_message("dm", containing=BOTH_WAYS)
    assert RENEWAL.search(both.text)
