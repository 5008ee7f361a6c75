"""What a policy makes of a moderator's yes (rules S13, S14, R9)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.identifiers import UserId
from bot.domain.money import Money
from bot.domain.refund import CHOSEN_GROUNDS, Ground, RefundMode
from bot.domain.refund_decision import Decision, DecisionKind, approvers, submitters
from bot.domain.refund_policy import (
    Allowed,
    Approval,
    Bar,
    Barred,
    NeedsSecondPerson,
    OutsideWindow,
    OverCap,
    RefundPolicy,
    decide,
)
from bot.settings import load_configuration
from bot.settings.configuration import Configuration
from bot.settings.refunds import RefundSection
from tests.unit.test_configuration import ROOT

PAID = datetime(2026, 11, 1, tzinfo=UTC)
MAX, ADA, SAM, MIA = UserId(1), UserId(2), UserId(3), UserId(4)
YES = Approval(
    moderator=MAX,
    amount=Money(2000, "usd"),
    given_back=Money(0, "usd"),
    granted=Money(0, "usd"),
    ground=Ground.OUR_ERROR,
    paid_at=PAID,
    asked_at=PAID + timedelta(days=3),
)
OPEN = RefundPolicy()
STRICT = RefundPolicy(
    window_days={Ground.OUR_ERROR: 30},
    daily_cap={"usd": 10_000},
    two_person_above={"usd": 5_000},
)


def test_r9_no_refunds_under_any_circumstances_except_what_the_law_gives() -> None:
    none = replace(OPEN, mode=RefundMode.NONE)
    assert decide(none, YES) == Barred(Bar.SWITCHED_OFF)
    assert decide(none, replace(YES, is_withdrawal=True, ground=Ground.WITHDRAWAL)) == Allowed()


def test_s14_only_the_grounds_of_the_policy_count() -> None:
    policy = replace(OPEN, grounds=(Ground.SERVICE_FAILURE,))
    assert decide(policy, YES) == Barred(Bar.GROUND)
    assert decide(policy, replace(YES, ground=Ground.SERVICE_FAILURE)) == Allowed()
    # Nobody chooses the law's.
    assert decide(OPEN, replace(YES, ground=Ground.WITHDRAWAL)) == Barred(Bar.GROUND)


def test_the_window_counts_to_the_moment_of_asking() -> None:
    end = PAID + timedelta(days=30)
    assert decide(STRICT, replace(YES, asked_at=end)) == Allowed()
    late = replace(YES, asked_at=end + timedelta(seconds=1))
    assert decide(STRICT, late) == OutsideWindow(end)
    assert decide(STRICT, replace(late, ground=Ground.SERVICE_FAILURE)) == Allowed()


def test_in_parts_it_takes_two_as_well() -> None:
    part = replace(YES, given_back=Money(3001, "usd"))
    assert decide(STRICT, part) == NeedsSecondPerson()
    assert decide(STRICT, replace(part, approved_by=frozenset({ADA}))) == Allowed()
    assert decide(STRICT, replace(part, approved_by=frozenset({MAX}))) == Barred(
        Bar.APPROVED_BEFORE
    )


def test_a_limit_of_one_currency_says_nothing_about_another() -> None:
    euros = replace(
        YES, amount=Money(90_000, "eur"), given_back=Money(0, "eur"), granted=Money(0, "eur")
    )
    assert decide(STRICT, euros) == Allowed()


people = st.sampled_from([MAX, ADA, SAM, MIA])
amounts = st.integers(1, 20_000)


@given(
    yes=st.builds(
        Approval,
        moderator=people,
        amount=st.builds(Money, amounts, st.just("usd")),
        given_back=st.builds(Money, st.integers(0, 20_000), st.just("usd")),
        granted=st.builds(Money, st.integers(0, 20_000), st.just("usd")),
        ground=st.sampled_from(Ground),
        paid_at=st.just(PAID),
        asked_at=st.integers(0, 60).map(lambda days: PAID + timedelta(days=days)),
        asked_by=st.frozensets(people, max_size=2),
        approved_by=st.frozensets(people, max_size=2),
        owns_account=st.booleans(),
        is_withdrawal=st.booleans(),
    ),
    policy=st.builds(
        RefundPolicy,
        mode=st.sampled_from(RefundMode),
        grounds=st.lists(st.sampled_from(CHOSEN_GROUNDS), min_size=1, unique=True).map(tuple),
        window_days=st.dictionaries(st.sampled_from(CHOSEN_GROUNDS), st.integers(1, 60)),
        daily_cap=st.dictionaries(st.just("usd"), amounts),
        two_person_above=st.dictionaries(st.just("usd"), amounts),
    ),
)
def test_what_is_granted_keeps_every_limit(yes: Approval, policy: RefundPolicy) -> None:
    """Never one's own, never above the cap, never by one person above the limit."""
    verdict = decide(policy, yes)
    if isinstance(verdict, Allowed | NeedsSecondPerson):
        assert not yes.owns_account
        assert yes.moderator not in yes.asked_by | yes.approved_by
        if not yes.is_withdrawal:
            assert policy.mode is RefundMode.CASE_BY_CASE
            assert yes.ground in policy.grounds
            cap = policy.daily_cap.get("usd")
            assert cap is None or yes.granted.amount + yes.amount.amount <= cap
    if verdict == Allowed() and policy.needs_two(yes.amount + yes.given_back):
        assert yes.approved_by - {yes.moderator}
    if isinstance(verdict, OverCap):
        assert 0 <= verdict.left.amount < yes.amount.amount


def test_a_yes_counts_for_the_refund_as_it_was() -> None:
    def said(who: UserId, kind: DecisionKind) -> Decision:
        return Decision(who, kind, None, PAID)

    decisions = [said(SAM, DecisionKind.SUBMITTED), said(MAX, DecisionKind.APPROVED)]
    assert approvers(decisions) == (MAX,)
    assert submitters(decisions) == {SAM}
    assert approvers([*decisions, said(ADA, DecisionKind.ASKED)]) == (MAX,)
    for change in (DecisionKind.AMOUNT, DecisionKind.REVISED):
        assert approvers([*decisions, said(ADA, change)]) == ()
        assert approvers([*decisions, said(ADA, change), said(ADA, DecisionKind.APPROVED)]) == (
            ADA,
        )


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"grounds": ["our_error"], "window_days": {"service_failure": 3}}, "service_failure"),
        ({"grounds": ["our_error", "our_error"]}, "each ground once"),
        ({"grounds": []}, "at least 1"),
        ({"grounds": ["withdrawal"]}, "our_error"),
        ({"daily_cap": {"USD": 1}}, "pattern"),
        ({"daily_cap": {"usd": 500}, "two_person_above": {"usd": 500}}, "below daily_cap"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_at_start(
    section: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        RefundSection.model_validate(section)


def test_a_limit_names_every_currency_that_is_sold_in() -> None:
    shipped = load_configuration(ROOT / "mooring.toml").model_dump(mode="json", exclude_unset=True)
    shipped["refunds"]["daily_cap"] = {"eur": 50_000}
    with pytest.raises(ValueError, match="missing: usd"):
        Configuration.model_validate(shipped)
