"""Whose turn it is, in whatever order the messages are heard."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.identifiers import TicketId, UserId
from bot.domain.turns import Merged, Side, Step, Turn, rebuilt

OPENED = datetime(2026, 11, 1, 12, tzinfo=UTC)
SAM = UserId(2001)
BEGUN = Turn(waiting_since=OPENED)
FIRST, SECOND, THIRD = TicketId("T1"), TicketId("T2"), TicketId("T3")


def at(minutes: int) -> datetime:
    return OPENED + timedelta(minutes=minutes)


# By minute, so that no two are at once: whether the team wrote it.
conversations = st.dictionaries(st.integers(1, 60), st.booleans(), max_size=12)


def all_of(*steps: Step) -> Turn:
    """The turn of a ticket in which this happened."""
    return rebuilt(FIRST, opened={FIRST: OPENED}, happened={FIRST: steps})


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
    left = all_of(*(each for each in steps if each not in gone))

    assert all_of(*steps).without(gone, left) == left


def test_a_wait_that_came_from_elsewhere_stays_when_a_word_is_deleted() -> None:
    """As from a ticket that was merged into this one."""
    merged = Turn(waiting_since=at(5), first_reply_at=at(1), team_active_at=at(3))
    question, answer = Step(at(2), Side.MEMBER, SAM), Step(at(3), Side.TEAM, SAM)
    answered = BEGUN.after_team(at(1), SAM)

    assert merged.without([question], answered).waiting_since == at(5)
    assert merged.without([answer], answered).waiting_since == at(5)


def test_acts_stand_for_words() -> None:
    opened_for_them = Step(at(0), Side.TEAM, SAM, is_word=False)
    assert all_of(opened_for_them) == Turn(waiting_since=None, team_active_at=at(0))

    again = all_of(opened_for_them, Step(at(9), Side.MEMBER, SAM, is_word=False))
    assert again == Turn(waiting_since=at(9), team_active_at=at(0))


def test_what_the_team_opens_again_waits_for_whom_it_waited_for() -> None:
    again = Step(at(9), Side.TEAM, SAM, is_word=False, ends_wait=False)
    answer = Step(at(1), Side.TEAM, SAM)

    assert all_of(again).waiting_since == OPENED
    assert all_of(answer, again) == Turn(None, at(1), SAM, None, at(9))


def test_what_is_answered_in_one_ticket_is_no_answer_to_one_that_is_merged_into_it() -> None:
    """The second goes on in the first, and that one in the third; words of all count there then."""
    answer, merged = Step(at(4), Side.TEAM, SAM), Merged(at(5), FIRST)
    opened = {FIRST: OPENED, SECOND: at(2), THIRD: at(3)}
    happened: dict[TicketId, list[Step | Merged]] = {FIRST: [answer], SECOND: [merged]}
    first = rebuilt(FIRST, opened=opened, happened=happened)
    assert first == Turn(at(2), at(4), SAM, None, at(4))

    happened[FIRST].append(Merged(at(6), THIRD))
    assert rebuilt(THIRD, opened=opened, happened=happened).waiting_since == at(2)
    happened[SECOND].append(Step(at(7), Side.TEAM, SAM))
    assert rebuilt(THIRD, opened=opened, happened=happened).waiting_since is None


@given(conversations, conversations)
def test_of_two_tickets_the_turn_is_the_same_whichever_goes_on(
    one: dict[int, bool], other: dict[int, bool]
) -> None:
    first, second = after(BEGUN, sorted(one.items())), after(BEGUN, sorted(other.items()))

    joined = first.joined(second)

    assert joined == second.joined(first)
    assert (joined.waiting_since is None) == (
        first.waiting_since is None and second.waiting_since is None
    )


def test_a_first_answer_counts_whatever_the_clocks_say() -> None:
    early = BEGUN.after_team(OPENED - timedelta(seconds=3), SAM)

    assert early.waiting_since is None
    assert early.first_reply_by == SAM


def test_a_ticket_that_the_team_opened_waits_for_the_member() -> None:
    opened_for_them = Turn(waiting_since=None, team_active_at=OPENED)

    assert opened_for_them.after_team(at(1), SAM).waiting_since is None
    assert opened_for_them.after_member(at(2)).waiting_since == at(2)
