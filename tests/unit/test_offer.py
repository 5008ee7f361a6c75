"""Which leaving member is offered what, and on what terms (fairness rules 3 and 7)."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalogue import Catalogue, Interval, Plan, Price
from bot.domain.identifiers import (
    CREEM,
    STRIPE,
    CustomerId,
    PlanId,
    PriceId,
    SubscriptionId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.offer import (
    HOLDOUT,
    MADE_AT_PROVIDER,
    Case,
    Facts,
    Offer,
    OfferId,
    OfferKind,
    OfferPolicy,
    OfferTerms,
    WhyNot,
    choose,
    less,
    reduction_of,
    renewal_after,
    terms_of,
    why_not,
)
from bot.domain.subscription import Status, Subscription

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
REASON = "too_expensive"
LITE, PRO = PlanId("lite"), PlanId("pro")


def usd(cents: int) -> Money:
    return Money(cents, "usd")


CATALOGUE = Catalogue(
    "credits",
    (
        Plan(LITE, "Lite", "", 300, (Price(PriceId("lite_m"), STRIPE, Interval.MONTH, usd(900)),)),
        Plan(
            PRO,
            "Pro",
            "",
            1000,
            (
                Price(PriceId("pro_m"), STRIPE, Interval.MONTH, usd(2000)),
                Price(PriceId("pro_y"), STRIPE, Interval.YEAR, usd(20000)),
            ),
        ),
    ),
)
MONTHLY = Subscription(
    id=SubscriptionId("sub"),
    provider=STRIPE,
    customer_id=CustomerId("cus"),
    plan_id=PRO,
    price_id=PriceId("pro_m"),
    interval=Interval.MONTH,
    price=usd(2000),
    status=Status.ACTIVE,
    created_at=NOW - timedelta(days=100),
    period_start=datetime(2026, 11, 5, tzinfo=UTC),
    period_end=datetime(2026, 12, 5, tzinfo=UTC),
    cancel_at=None,
    ended_at=None,
)
YEARLY = replace(
    MONTHLY,
    price_id=PriceId("pro_y"),
    interval=Interval.YEAR,
    price=usd(20000),
    period_end=datetime(2027, 11, 5, tzinfo=UTC),
)
# A month of it is left.
YEARS_END = replace(
    YEARLY,
    period_start=datetime(2025, 12, 11, 12, tzinfo=UTC),
    period_end=datetime(2026, 12, 11, 12, tzinfo=UTC),
)
FACTS = Facts(customer_since=NOW - timedelta(days=100), paid=usd(6000))


def offer(kind: OfferKind, name: str = "offer", **more: object) -> Offer:
    own: dict[OfferKind, dict[str, object]] = {
        OfferKind.PAUSE: {"months": 2},
        OfferKind.DISCOUNT: {"months": 3, "percent": 50, "coupons": {STRIPE: "half"}},
        OfferKind.SMALLER_PLAN: {"plan_id": LITE},
        OfferKind.MONTHLY: {},
        OfferKind.CREDITS: {"units": 500},
        OfferKind.TALK: {},
    }
    given = {**own[kind], **more}
    return Offer(OfferId(name), kind, frozenset({REASON}), **given)  # type: ignore[arg-type]


def case(
    subscription: Subscription = MONTHLY, facts: Facts = FACTS, *, now: datetime = NOW
) -> Case:
    return Case(subscription, facts, CATALOGUE, MADE_AT_PROVIDER, now)


def policy(*offers: Offer, holdout: int = 0) -> OfferPolicy:
    return OfferPolicy(offers, timedelta(days=180), holdout)


def refusal(given: Offer, about: Case) -> WhyNot | None:
    return why_not(given, policy(given), about, REASON)


users = st.integers(1, 2**63 - 1).map(UserId)
offers = st.lists(
    st.builds(
        offer,
        st.sampled_from(OfferKind),
        name=st.text("abcdefgh", min_size=1, max_size=4),
        weight=st.integers(1, 100),
        min_days=st.integers(0, 200),
        min_paid=st.integers(0, 9000),
        plans=st.sampled_from([frozenset(), frozenset({PRO}), frozenset({LITE})]),
    ),
    max_size=8,
    unique_by=lambda each: each.id,
)
lasts = st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(days=400)))
cases = st.builds(
    case,
    st.sampled_from([MONTHLY, YEARLY, YEARS_END, replace(MONTHLY, status=Status.PAST_DUE)]),
    st.builds(
        Facts,
        customer_since=st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda ago: NOW - ago),
        paid=st.integers(0, 9000).map(usd),
        last_offered_at=lasts.map(lambda ago: None if ago is None else NOW - ago),
    ),
)


@given(
    known=offers,
    about=cases,
    user=users,
    holdout=st.integers(0, 50),
    days=st.integers(0, 400),
    shuffled=st.randoms(),
)
def test_fairness_3_at_most_one_that_fits_none_in_the_cooldown_and_always_the_same(
    *, known: list[Offer], about: Case, user: UserId, holdout: int, days: int, shuffled: Random
) -> None:
    rules = OfferPolicy(tuple(known), timedelta(days=days), holdout)

    variant = choose(rules, about, reason_id=REASON, user_id=user)

    again = replace(rules, offers=tuple(shuffled.sample(known, len(known))))
    assert variant == choose(again, about, reason_id=REASON, user_id=user)
    assert choose(rules, about, reason_id="another", user_id=user) is None
    fitting = [each for each in known if why_not(each, rules, about, REASON) is None]
    assert (variant is None) == (not fitting)
    assert variant in {None, HOLDOUT, *(each.id for each in fitting)}
    last = about.facts.last_offered_at
    if last is not None and NOW - last < timedelta(days=max(days, 30)):
        assert variant is None  # whatever the vendor has configured
    if holdout == 0:
        assert variant != HOLDOUT


def test_variants_come_in_proportion_to_their_weights() -> None:
    rules = policy(
        offer(OfferKind.DISCOUNT, "half", weight=1),
        offer(OfferKind.SMALLER_PLAN, "lite", weight=3),
        holdout=20,
    )
    chosen = Counter(
        choose(rules, case(), reason_id=REASON, user_id=UserId(number)) for number in range(10_000)
    )

    assert chosen.keys() == {"half", "lite", HOLDOUT}
    assert abs(chosen[HOLDOUT] - 2000) < 200
    assert abs(chosen["half"] - 2000) < 200
    assert abs(chosen["lite"] - 6000) < 200


def test_the_holdout_is_the_same_people_for_every_reason() -> None:
    both = replace(offer(OfferKind.CREDITS), reasons=frozenset({REASON, "unused"}))
    rules = policy(both, holdout=50)
    for number in range(200):
        first, second = (
            choose(rules, case(), reason_id=reason, user_id=UserId(number))
            for reason in (REASON, "unused")
        )
        assert (first == HOLDOUT) == (second == HOLDOUT)


@pytest.mark.parametrize(
    ("given", "about", "why"),
    [
        (offer(OfferKind.TALK), case(replace(MONTHLY, status=Status.PAST_DUE)), None),
        (offer(OfferKind.CREDITS), case(replace(MONTHLY, status=Status.PAST_DUE)), "not_running"),
        (offer(OfferKind.PAUSE), case(replace(MONTHLY, status=Status.TRIALING)), "not_running"),
        (offer(OfferKind.PAUSE), case(replace(MONTHLY, cancel_at=NOW)), "not_running"),
        (offer(OfferKind.PAUSE), case(YEARLY), "interval"),
        (offer(OfferKind.PAUSE), case(replace(MONTHLY, resumes_at=NOW)), "still_on"),
        (offer(OfferKind.DISCOUNT), case(YEARLY), "interval"),
        (offer(OfferKind.DISCOUNT, months=12), case(YEARLY), None),
        (offer(OfferKind.DISCOUNT, coupons={}), case(), "provider"),
        (offer(OfferKind.DISCOUNT), replace(case(), kinds=frozenset()), "provider"),
        (offer(OfferKind.PAUSE), replace(case(), kinds=frozenset()), "provider"),
        (offer(OfferKind.SMALLER_PLAN), case(replace(MONTHLY, quantity=2)), "quantity"),
        (offer(OfferKind.SMALLER_PLAN, plan_id=PRO), case(), "no_price"),
        (offer(OfferKind.SMALLER_PLAN), case(replace(MONTHLY, provider=CREEM)), "no_price"),
        (offer(OfferKind.SMALLER_PLAN), case(replace(MONTHLY, price=usd(800))), "no_price"),
        (offer(OfferKind.SMALLER_PLAN), case(YEARS_END), "no_price"),
        (offer(OfferKind.MONTHLY), case(YEARS_END), None),
        (
            offer(OfferKind.MONTHLY),
            case(YEARS_END, now=NOW - timedelta(microseconds=1)),
            "paid_ahead",
        ),
        (offer(OfferKind.MONTHLY), case(YEARLY), "paid_ahead"),
        (
            offer(OfferKind.SMALLER_PLAN),
            case(replace(MONTHLY, interval=Interval.QUARTER, period_end=NOW + timedelta(days=32))),
            "paid_ahead",
        ),
        (offer(OfferKind.MONTHLY), case(), "interval"),
        (offer(OfferKind.TALK, plans=frozenset({LITE})), case(), "plan"),
        (offer(OfferKind.TALK, min_days=101), case(), "tenure"),
        (offer(OfferKind.TALK, min_paid=6001), case(), "spend"),
        (offer(OfferKind.TALK, min_days=100, min_paid=6000), case(), None),
    ],
)
def test_for_whom(given: Offer, about: Case, why: str | None) -> None:
    assert refusal(given, about) == why


def test_nothing_on_top_of_an_offer_that_still_runs() -> None:
    running = offer(OfferKind.DISCOUNT, "running")
    more = offer(OfferKind.CREDITS, "more")
    rules = policy(running, more)
    facts = replace(FACTS, accepted_id=running.id, accepted_at=NOW - timedelta(days=60))
    assert why_not(more, rules, case(facts=facts), REASON) is WhyNot.STILL_ON
    later = case(facts=facts, now=NOW + timedelta(days=90))
    assert why_not(more, rules, later, REASON) is None


def test_fairness_7_terms_of_a_discount() -> None:
    terms = terms_of(offer(OfferKind.DISCOUNT), case())

    assert (terms.now, terms.during, terms.after) == (usd(2000), usd(1000), usd(2000))
    assert (terms.renewals, terms.starts_at) == (3, MONTHLY.period_end)
    assert terms.until == datetime(2027, 3, 5, tzinfo=UTC)


def test_fairness_7_terms_of_a_pause() -> None:
    terms = terms_of(offer(OfferKind.PAUSE), case())

    assert (terms.during, terms.renewals, terms.after) == (usd(0), 2, usd(2000))
    assert (terms.starts_at, terms.until) == (
        MONTHLY.period_end,
        datetime(2027, 2, 5, tzinfo=UTC),
    )


def test_fairness_7_terms_of_another_plan_or_interval() -> None:
    smaller = terms_of(offer(OfferKind.SMALLER_PLAN), case())
    assert (smaller.after, smaller.price_id, smaller.during) == (usd(900), "lite_m", None)
    monthly = terms_of(offer(OfferKind.MONTHLY), case(YEARS_END))
    assert (monthly.now, monthly.interval) == (usd(20000), Interval.YEAR)
    assert (monthly.after, monthly.after_interval) == (usd(2000), Interval.MONTH)
    assert terms_of(offer(OfferKind.CREDITS), case()).units == 500


@given(st.sampled_from(OfferKind), st.sampled_from([MONTHLY, YEARLY]))
def test_terms_travel_in_a_job(kind: OfferKind, subscription: Subscription) -> None:
    terms = terms_of(offer(kind, months=12), case(subscription))
    read = OfferTerms.from_payload(terms.to_payload())
    assert read == terms
    assert read.fingerprint == terms.fingerprint
    dearer = replace(terms, after=terms.after + usd(1))
    assert dearer.fingerprint != terms.fingerprint


def test_a_discount_is_rounded_to_the_minor_unit() -> None:
    assert less(usd(1999), percent=50) == usd(999)
    assert less(usd(1000), percent=33) == usd(670)
    assert less(usd(2000), percent=100) == usd(0)


def starting(start: str, end: str) -> Subscription:
    return replace(
        MONTHLY,
        period_start=datetime.fromisoformat(start).replace(tzinfo=UTC),
        period_end=datetime.fromisoformat(end).replace(tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("start", "end", "months", "renewal"),
    [
        ("2027-01-31", "2027-02-28", 1, "2027-03-31"),
        ("2027-02-28", "2027-03-31", 1, "2027-04-30"),
        ("2027-02-28", "2027-03-28", 1, "2027-04-28"),
        ("2026-10-31", "2026-11-15", 2, "2027-01-15"),  # shortened by a moved anchor
    ],
)
def test_short_months_do_not_move_the_renewal(
    start: str, end: str, months: int, renewal: str
) -> None:
    assert renewal_after(starting(start, end), months).date().isoformat() == renewal


def test_no_discount_whose_months_would_be_over_before_the_last_renewal_promised() -> None:
    """A coupon's months begin on the day on which it is given."""
    about = starting("2027-02-28", "2027-03-31")
    early = case(about, now=datetime(2027, 2, 28, 12, tzinfo=UTC))
    once = offer(OfferKind.DISCOUNT, months=1)
    assert refusal(once, early) is WhyNot.RENEWALS
    assert refusal(once, case(about, now=datetime(2027, 3, 5, tzinfo=UTC))) is None


def test_fairness_7_what_was_agreed_to_counts_from_its_beginning_to_its_end() -> None:
    agreed = terms_of(offer(OfferKind.DISCOUNT), case())
    reduction = reduction_of(MONTHLY, agreed)
    assert reduction is not None
    assert reduction.price_of(MONTHLY.period_start) == usd(2000)
    assert reduction.price_of(MONTHLY.period_end) == usd(1000)
    assert reduction.price_of(reduction.until - timedelta(days=28)) == usd(1000)
    assert reduction.price_of(reduction.until) == usd(2000)
    assert reduction_of(replace(MONTHLY, period_start=reduction.until), agreed) is None


def test_fairness_7_no_other_price_is_offered_while_a_discount_counts() -> None:
    """Also where the vendor has taken its offer out of the file since; a talk is always open."""
    agreed = terms_of(offer(OfferKind.DISCOUNT), case())
    reduced = replace(MONTHLY, reduction=reduction_of(MONTHLY, agreed))
    assert refusal(offer(OfferKind.CREDITS), case(reduced)) is WhyNot.STILL_ON
    assert refusal(offer(OfferKind.TALK), case(reduced)) is None


@pytest.mark.parametrize("kind", [OfferKind.PAUSE, OfferKind.CREDITS])
def test_what_is_no_discount_reduces_nothing(kind: OfferKind) -> None:
    assert reduction_of(MONTHLY, terms_of(offer(kind), case())) is None


def test_what_was_agreed_for_another_price_tells_nothing() -> None:
    agreed = terms_of(offer(OfferKind.DISCOUNT), case())
    assert reduction_of(replace(MONTHLY, price=usd(900)), agreed) is None
    assert reduction_of(MONTHLY, None) is None
