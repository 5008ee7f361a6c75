"""Which roles a member should have, and the way there: only what was granted is ever taken."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalogue import Interval
from bot.domain.identifiers import (
    CustomerId,
    GuildId,
    PlanId,
    PriceId,
    ProviderName,
    RoleId,
    SubscriptionId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.role_plan import (
    MemberRoles,
    RoleFacts,
    RoleObstacle,
    Roles,
    obstacle_to_giving,
    obstacle_to_taking,
    plan_that_is_on,
    role_steps,
    wanted_roles,
)
from bot.domain.subscription import Status, Subscription, has_access

NOW = datetime(2026, 11, 1, tzinfo=UTC)
GRACE = timedelta(days=7)
LITE, PRO, MAX = PlanId("lite"), PlanId("pro"), PlanId("max")
ROLES = {LITE: RoleId(1), PRO: RoleId(2)}
# On both sides of the scheduled end and of the days of grace.
SUBSCRIPTION = Subscription(
    id=SubscriptionId("sub"),
    provider=ProviderName("stripe"),
    customer_id=CustomerId("cus"),
    plan_id=PRO,
    price_id=PriceId("price"),
    interval=Interval.MONTH,
    price=Money(2000, "usd"),
    status=Status.ACTIVE,
    created_at=NOW - timedelta(days=40),
    period_start=NOW - timedelta(days=10),
    period_end=NOW + timedelta(days=20),
    cancel_at=None,
    ended_at=None,
)
moments = st.integers(-12, 12).map(lambda days: NOW + timedelta(days=days))
subscriptions = st.builds(
    lambda plan_id, status, period_start, cancel_at: replace(
        SUBSCRIPTION,
        plan_id=plan_id,
        status=status,
        period_start=period_start,
        cancel_at=cancel_at,
    ),
    st.sampled_from([None, LITE, PRO, MAX]),
    st.sampled_from(Status),
    moments,
    st.none() | moments,
)
role_sets = st.frozensets(st.integers(1, 5).map(RoleId))


@given(st.lists(subscriptions, max_size=4))
def test_s2_s4_s8_a_role_is_wanted_while_any_subscription_gives_access_to_its_plan(
    known: list[Subscription],
) -> None:
    wanted = wanted_roles(known, ROLES, now=NOW, grace=GRACE)

    for plan_id, role_id in ROLES.items():
        has_plan = any(
            each.plan_id == plan_id and has_access(each, now=NOW, grace=GRACE) for each in known
        )
        assert (role_id in wanted) == has_plan
    assert wanted <= set(ROLES.values())


@given(subscriptions)
def test_a_plan_is_on_exactly_while_there_is_access(known: Subscription) -> None:
    on = plan_that_is_on(known, now=NOW, grace=GRACE)
    assert on == (known.plan_id if has_access(known, now=NOW, grace=GRACE) else None)
    assert plan_that_is_on(None, now=NOW, grace=GRACE) is None


def test_two_plans_may_come_with_the_same_role() -> None:
    lite = replace(SUBSCRIPTION, plan_id=LITE)
    both = {LITE: RoleId(1), PRO: RoleId(1)}
    assert wanted_roles([SUBSCRIPTION, lite], both, now=NOW, grace=GRACE) == {1}
    assert wanted_roles([lite], both, now=NOW, grace=GRACE) == {1}


@given(role_sets, role_sets, role_sets)
def test_the_steps_lead_to_what_is_wanted_and_leave_gifts_alone(
    wanted: Roles, granted: Roles, held: Roles
) -> None:
    steps = role_steps(wanted=wanted, granted=granted, held=held)
    after, record = (held - steps.revoke) | steps.grant, granted - steps.revoke - steps.forget

    gifts = held - granted
    assert wanted | gifts <= after <= wanted | held
    assert after & granted <= wanted
    assert steps.revoke | steps.forget <= granted
    assert steps.revoke <= held
    # A gift that is wanted is not recorded, so it is never taken later.
    assert (record | steps.grant) & gifts == frozenset()
    # Nothing is left to do, and everything that was granted and is over is forgotten.
    assert not role_steps(wanted=wanted, granted=record | steps.grant, held=after)


@given(role_sets, role_sets, role_sets)
def test_dying_between_any_two_steps_changes_nothing_in_the_end(
    wanted: Roles, granted: Roles, held: Roles
) -> None:
    """Records of grants come before, those of revocations go after the act."""
    steps = role_steps(wanted=wanted, granted=granted, held=held)
    revoked = held - steps.revoke
    stages = [
        (granted, held),
        (granted, revoked),
        (granted - steps.revoke - steps.forget, revoked),
        (granted - steps.revoke - steps.forget | steps.grant, revoked),
        (granted - steps.revoke - steps.forget | steps.grant, revoked | steps.grant),
    ]
    ends = set()
    for record, has in stages:
        again = MemberRoles(GuildId(1), UserId(1), wanted, record).steps(has)
        ends.add(
            (record - again.revoke - again.forget | again.grant, has - again.revoke | again.grant)
        )
    assert len(ends) == 1


facts = st.builds(RoleFacts, st.booleans(), st.booleans(), st.booleans(), st.booleans())


@given(role=st.none() | facts, manages_roles=st.booleans(), is_team=st.booleans())
def test_a_role_is_given_only_if_nothing_speaks_against_it(
    role: RoleFacts | None, *, manages_roles: bool, is_team: bool
) -> None:
    giving = obstacle_to_giving(role, manages_roles=manages_roles, is_team=is_team)
    taking = obstacle_to_taking(role, manages_roles=manages_roles)

    possible = role is not None and not (role.everyone or role.managed) and role.below_bot
    assert (taking is None) == (possible and manages_roles)
    is_harmless = role is not None and not role.dangerous and not is_team
    assert (giving is None) == (taking is None and is_harmless)


def test_power_is_named_before_what_discord_would_say() -> None:
    powerful = RoleFacts(everyone=False, managed=False, dangerous=True, below_bot=False)
    found = obstacle_to_giving(powerful, manages_roles=False, is_team=False)
    assert found is RoleObstacle.DANGEROUS
    assert obstacle_to_giving(powerful, manages_roles=False, is_team=True) is RoleObstacle.TEAM
    assert obstacle_to_taking(powerful, manages_roles=False) is RoleObstacle.NO_PERMISSION
    assert obstacle_to_taking(powerful, manages_roles=True) is RoleObstacle.NOT_BELOW
    assert obstacle_to_taking(None, manages_roles=True) is RoleObstacle.DELETED
