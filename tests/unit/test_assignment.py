"""Who gets the next ticket: nobody twice before everybody once, and never their own."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.assignment import Agent, Assignment, choose, turn_of
from bot.domain.identifiers import RoleId, UserId

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SUPPORT, BILLING = RoleId(5), RoleId(9)
MIA = UserId(1001)


def agent(number: int, *, load: int = 0, takes: bool = True, role: RoleId = SUPPORT) -> Agent:
    return Agent(UserId(number), frozenset({role}), load, None, takes)


def give(team: list[Agent], how: Assignment) -> tuple[UserId, list[Agent]]:
    chosen = choose(team, how, role_id=SUPPORT, opener_id=MIA)
    assert chosen is not None
    # The clock stands: turns are told apart all the same.
    turn = turn_of(team, now=NOW)
    return chosen.user_id, [
        replace(each, last_assigned_at=turn, open_tickets=each.open_tickets + 1)
        if each.user_id == chosen.user_id
        else each
        for each in team
    ]


loads = st.lists(st.integers(0, 9), min_size=1, max_size=8)


@given(loads, st.integers(1, 40))
def test_in_turns_nobody_gets_two_more_than_anybody_else(given_loads: list[int], new: int) -> None:
    team = [agent(number, load=load) for number, load in enumerate(given_loads, 1)]
    got: Counter[UserId] = Counter({each.user_id: 0 for each in team})
    for _ in range(new):
        user_id, team = give(team, Assignment.ROUND_ROBIN)
        got[user_id] += 1
        assert max(got.values()) - min(got.values()) <= 1


@given(loads, st.integers(1, 40))
def test_by_load_whoever_gets_one_had_the_fewest(given_loads: list[int], new: int) -> None:
    team = [agent(number, load=load) for number, load in enumerate(given_loads, 1)]
    for _ in range(new):
        fewest = min(each.open_tickets for each in team)
        user_id, after = give(team, Assignment.LEAST_LOADED)
        assert next(each.open_tickets for each in team if each.user_id == user_id) == fewest
        team = after


def test_who_gets_none() -> None:
    on_a_break, other_role, opener = agent(1, takes=False), agent(2, role=BILLING), agent(MIA)
    team = [on_a_break, other_role, opener]

    for how in Assignment:
        assert choose(team, how, role_id=SUPPORT, opener_id=MIA) is None
    assert choose([agent(3)], Assignment.NONE, role_id=SUPPORT, opener_id=MIA) is None
    assert choose(team, Assignment.ROUND_ROBIN, role_id=BILLING, opener_id=MIA) == other_role


def test_a_clock_that_is_set_back_does_not_turn_the_order_round() -> None:
    ahead = replace(agent(1), last_assigned_at=NOW.replace(year=2027))

    assert turn_of([ahead, agent(2)], now=NOW) > NOW.replace(year=2027)
