"""Whose turn it is, in whatever order the messages are heard."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.identifiers import UserId
from bot.domain.turns import Side, Step, Turn

OPENED = datetime(2026, 11, 1, 12, tzinfo=UTC)
SAM = UserId(2001)
BEGUN = Turn(waiting_since=OPENED)


def at(minutes: int) -> datetime:
    return OPENED + timedelta(minutes=minutes)


# By minute, so that no two are at once: whether the team wrote it.
conversations = st.dictionaries(st.integers(1, 60), st.booleans(), max_size=12)


def after(turn: Turn, said: list[tuple[int, bool]]) -> Turn:
    for minute, by_team in said:
        turn = turn.after_team(at(minute), SAM) if by_team else turn.after_member(at(minute))
    return turn


@given(conversations)
def test_the_last_word_decides_and_the_first_unanswered_one_counts(said: dict[int, bool]) -> None:
    ordered = sorted(said.items())
    turn = after(BEGUN, ordered)

    team = [minute for minute, by_team in ordered if by_team]
    unanswered = [
        minute for minute, by_team in ordered if not by_team and minute > max(team, default=0)
    ]
    if not team:
        assert turn.waiting_since == OPENED
    elif unanswered:
        assert turn.waiting_since == at(unanswered[0])
    else:
        assert turn.waiting_since is None
    assert turn.first_reply_at == (at(team[0]) if team else None)


@given(conversations, st.randoms(use_true_random=False))
def test_who_waits_does_not_depend_on_the_order_in_which_messages_are_heard(
    said: dict[int, bool],
    chance: Random,
) -> None:
    ordered = sorted(said.items())
    shuffled = list(ordered)
    chance.shuffle(shuffled)
    expected, heard = after(BEGUN, ordered), after(BEGUN, shuffled)

    assert (heard.waiting_since is None) == (expected.waiting_since is None)
    assert heard.first_reply_at == expected.first_reply_at
    assert heard.last_active_at == expected.last_active_at


@given(conversations)
def test_hearing_everything_again_changes_nothing(said: dict[int, bool]) -> None:
    ordered = sorted(said.items())
    once = after(BEGUN, ordered)

    assert after(once, ordered) == once


@given(conversations, st.randoms(use_true_random=False))
def test_who_waits_after_a_deletion_is_as_if_it_had_never_been_said(
    said: dict[int, bool],
    chance: Random,
) -> None:
    steps = [
        Step(at(minute), Side.TEAM if by_team else Side.MEMBER, SAM)
        for minute, by_team in said.items()
    ]
    gone = chance.sample(steps, min(1, len(steps)))
    left = BEGUN.after(each for each in steps if each not in gone)

    assert BEGUN.after(steps).without(gone, left) == left


def test_a_wait_that_came_from_elsewhere_stays_when_a_word_is_deleted() -> None:
    """As from a ticket that was merged into this one."""
    merged = Turn(waiting_since=at(5), first_reply_at=at(1), team_active_at=at(3))
    question, answer = Step(at(2), Side.MEMBER, SAM), Step(at(3), Side.TEAM, SAM)
    answered = BEGUN.after_team(at(1), SAM)

    assert merged.without([question], answered).waiting_since == at(5)
    assert merged.without([answer], answered).waiting_since == at(5)


def test_acts_stand_for_words() -> None:
    opened_for_them = BEGUN.after([Step(at(0), Side.TEAM, SAM, is_word=False)])
    assert opened_for_them == Turn(waiting_since=None, team_active_at=at(0))

    again = opened_for_them.after([Step(at(9), Side.MEMBER, SAM, is_word=False)])
    assert again == Turn(waiting_since=at(9), team_active_at=at(0))


def test_a_first_answer_counts_whatever_the_clocks_say() -> None:
    early = BEGUN.after_team(OPENED - timedelta(seconds=3), SAM)

    assert early.waiting_since is None
    assert early.first_reply_by == SAM


def test_a_ticket_that_the_team_opened_waits_for_the_member() -> None:
    opened_for_them = Turn(waiting_since=None, team_active_at=OPENED)

    assert opened_for_them.after_team(at(1), SAM).waiting_since is None
    assert opened_for_them.after_member(at(2)).waiting_since == at(2)
