"""Whoever is of the team no more leaves threads, and the look at everybody's roles finds them."""

import pytest

from bot.domain.identifiers import ChannelId, RoleId, UserId
from bot.domain.ticket import Ticket
from bot.domain.topic import Place
from bot.services import agents
from tests.integration.storage.records import SUPPORT
from tests.integration.storage.samples import GUILD, NOW
from tests.integration.storage.test_handovers import OPENERS, jobs_of
from tests.integration.storage.test_ticket_turns import KIM, SAM, Desk, desk, team

__all__ = ["desk"]

TODAY = f"{NOW:%Y-%m-%d}"


async def threads(desk: Desk) -> list[Ticket]:
    """Sam has said something in four of them; one is his own, and one he never saw."""
    opened = [await desk.open(each) for each in (*OPENERS, SAM)]
    for ticket in opened:
        await desk.tickets.attach_channel(
            ticket.id, ChannelId(900 + ticket.number), Place.THREAD, parent_id=ChannelId(7)
        )
    for ticket in opened[:4]:
        await desk.say(ticket, SAM)
    return opened


async def test_whoever_leaves_the_team_leaves_each_thread_once(desk: Desk) -> None:
    """Those that they worked in, whatever is closed or told again meanwhile."""
    opened = await threads(desk)

    for ticket in reversed(opened[:4]):
        await desk.agents.seen(GUILD, SAM, frozenset())
        await desk.agents.seen(GUILD, SAM, frozenset({RoleId(99)}))
        await desk.tickets.close(team(KIM), ticket.id, reason=None)

    left = [each.payload["ticket_id"] for each in await jobs_of(desk, agents.LEAVE)]
    assert left == [each.id for each in opened[:4]]


async def test_whoever_gets_the_role_back_may_lose_it_again(desk: Desk) -> None:
    await threads(desk)
    await desk.agents.seen(GUILD, SAM, frozenset())

    await desk.agents.seen(GUILD, SAM, frozenset({SUPPORT}))
    assert await jobs_of(desk, agents.LEAVE) == []
    await desk.agents.seen(GUILD, SAM, frozenset())

    assert len(await jobs_of(desk, agents.LEAVE)) == 4


async def test_the_daily_look_goes_on_where_it_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portion that runs again looks at the same people, and is followed once."""
    monkeypatch.setattr(agents, "PORTION", 2)
    people = [UserId(7000 + number) for number in range(5)]
    for each in people:
        await desk.agents.set_taking(team(each), takes_tickets=True)
    await desk.agents.schedule()
    everybody: list[UserId] = []
    done = 0
    while done < len(
        looks := [each for each in await jobs_of(desk, agents.CHECK) if TODAY in each.key]
    ):
        portion = await desk.agents.everywhere(looks[done])
        assert await desk.agents.everywhere(looks[done]) == portion
        await desk.agents.looked_at(looks[done], portion)
        await desk.agents.looked_at(looks[done], portion)
        everybody += [user_id for _, user_id in portion]
        done += 1

    assert done == 3
    assert everybody == people
