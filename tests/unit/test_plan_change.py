"""What buying a plan does, in facts and in words (S7-S10, S19, S27)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allowance import EMPTY_BALANCE, Balance
from bot.domain.catalogue import Catalogue, Interval, Offering, Plan, Price, yearly_saving
from bot.domain.errors import SamePlan
from bot.domain.identifiers import (
    STRIPE,
    CustomerId,
    PlanId,
    PriceId,
    SubscriptionId,
)
from bot.domain.money import Money
from bot.domain.plan_change import PlanPurchase, plan_purchase, renewing
from bot.domain.subscription import Status, Subscription
from cogs.subscribe.render import consequence_text, plan_text

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
END = NOW + timedelta(days=20)


def offering(
    plan: str, interval: Interval = Interval.MONTH, amount: int = 2000, currency: str = "usd"
) -> Offering:
    price = Price(PriceId(f"{plan}-{interval}"), STRIPE, interval, Money(amount, currency))
    made = Plan(PlanId(plan), plan.capitalize(), f"For {plan}.", 1000, (price,))
    return Offering(made, price)


PRO, MAX = offering("pro"), offering("max", amount=6000)
CATALOGUE = Catalogue("credits", (PRO.plan, MAX.plan))
OLD = Subscription(
    id=SubscriptionId("sub_old"),
    provider=STRIPE,
    customer_id=CustomerId("cus_mia"),
    plan_id=PlanId("pro"),
    price_id=PRO.price.id,
    interval=Interval.MONTH,
    price=Money(2000, "usd"),
    status=Status.ACTIVE,
    created_at=NOW - timedelta(days=10),
    period_start=NOW - timedelta(days=10),
    period_end=END,
    cancel_at=None,
    ended_at=None,
)
BALANCE = Balance(granted=1000, topped_up=500, used=1200)


def buying(bought: Offering = MAX, **old: Any) -> PlanPurchase:
    """Mia's purchase while she has OLD, with changes."""
    current = replace(OLD, **old)
    return plan_purchase(bought, current=current, balance=BALANCE, known=[current], now=NOW)


def test_s8_what_is_on_is_replaced() -> None:
    purchase = buying()

    assert purchase.replaces == OLD
    assert purchase.beside == ()
    assert purchase.balance == BALANCE


@pytest.mark.parametrize(
    "old",
    [
        {"status": Status.CANCELED, "ended_at": NOW},
        {"status": Status.INCOMPLETE},
        {"cancel_at": NOW - timedelta(seconds=1)},
    ],
    ids=["ended", "never_begun", "end_is_past"],
)
def test_what_is_over_is_not_replaced(old: dict[str, Any]) -> None:
    purchase = buying(**old)

    assert purchase.replaces is None
    assert purchase.balance == EMPTY_BALANCE


@pytest.mark.parametrize("cancel_at", [None, END])
def test_the_same_plan_and_interval_is_no_change(cancel_at: datetime | None) -> None:
    with pytest.raises(SamePlan) as refused:
        buying(PRO, cancel_at=cancel_at)
    assert refused.value.ends_at == cancel_at


def test_an_older_price_of_the_same_plan_is_the_same_plan() -> None:
    with pytest.raises(SamePlan):
        buying(PRO, price_id=PriceId("of_last_year"), price=Money(1500, "usd"))


def test_s10_another_interval_of_the_same_plan_is_a_change() -> None:
    assert buying(offering("pro", Interval.YEAR)).replaces == OLD


def test_a_plan_that_is_not_in_the_catalogue_is_never_the_same() -> None:
    assert buying(PRO, plan_id=None).replaces is not None


def test_others_that_renew_are_beside_it() -> None:
    other = replace(OLD, id=SubscriptionId("sub_other"))
    ending = replace(OLD, id=SubscriptionId("sub_ending"), cancel_at=END)
    known = [OLD, other, ending]

    change = plan_purchase(MAX, current=OLD, balance=BALANCE, known=known, now=NOW)

    assert change.beside == (other,)
    assert renewing(known) == (OLD, other)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": SubscriptionId("sub_new")},
        {"status": Status.PAST_DUE},
        {"period_end": END + timedelta(days=30)},
        {"cancel_at": END},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_was_agreed_to_has_a_fingerprint(changed: dict[str, Any]) -> None:
    assert buying(**changed).fingerprint != buying().fingerprint


def test_the_fingerprint_knows_price_top_ups_and_other_plans() -> None:
    deal = buying()
    dearer = offering("max", amount=6001)
    topped_up = replace(deal, balance=replace(BALANCE, topped_up=1000))
    beside = replace(deal, beside=(OLD,))

    prints = {
        each.fingerprint for each in (deal, replace(deal, offering=dearer), topped_up, beside)
    }

    assert len(prints) == 4
    assert {len(each) for each in prints} == {8}
    used_more = replace(deal, balance=replace(BALANCE, used=1300))
    assert used_more.fingerprint == deal.fingerprint


def test_the_words_name_everything_that_ends() -> None:
    text = consequence_text(buying(), CATALOGUE)

    assert "**Charged today:** $60.00, the full price" in text
    assert "What is left now ends: 0 of 1,000 credits of this month." in text
    assert "**Your top-ups end too:** 300 credits" in text  # S27


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ({}, "is paid until"),
        ({"cancel_at": END}, "You have cancelled it, and it would go on until"),
        ({"status": Status.TRIALING}, "It is a trial, which would go on until"),
        ({"status": Status.PAUSED}, "It is paused"),
        ({"status": Status.PAST_DUE}, "last payment did not go through"),
        ({"status": Status.UNPAID}, "last payment did not go through"),
        ({"status": Status.PAST_DUE, "cancel_at": END}, "last payment did not go through"),
    ],
)
def test_each_state_of_the_old_plan_is_told_as_it_is(old: dict[str, Any], said: str) -> None:
    text = consequence_text(buying(**old), CATALOGUE)

    assert said in text
    assert "**Pro ends at that moment.**" in text
    assert ("paid until" in text) == (old == {})


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("jpy", 2000, "¥2,000"), ("kwd", 2000, "KWD2.000"), ("eur", 2000, "€20.00")],
)
def test_amounts_have_the_digits_of_their_currency(currency: str, amount: int, shown: str) -> None:
    bought = offering("max", amount=amount, currency=currency)
    yearly = offering("max", Interval.YEAR, amount * 10, currency)

    text = consequence_text(PlanPurchase(bought, None, EMPTY_BALANCE, ()), CATALOGUE)
    listed = plan_text([bought, yearly], current=None, unit="credits")

    assert f"**Charged today:** {shown}," in text
    assert f"Monthly: **{shown}**" in listed
    twice = {"jpy": "¥4,000", "kwd": "KWD4.000", "eur": "€40.00"}[currency]
    assert f"(saves {twice}, 16 %)" in listed


@given(st.integers(1, 10**9), st.integers(0, 10**11))
def test_s19_a_saving_is_what_twelve_months_cost_more(monthly: int, yearly: int) -> None:
    saving = yearly_saving(Money(monthly, "usd"), Money(yearly, "usd"))

    if saving is None:
        assert yearly >= 12 * monthly
        return
    assert saving.money.amount + yearly == 12 * monthly
    assert saving.money.amount > 0
    assert saving.percent <= 100 * saving.money.amount / (12 * monthly) < saving.percent + 1


def test_prices_in_two_currencies_are_not_compared() -> None:
    assert yearly_saving(Money(1000, "usd"), Money(5000, "eur")) is None
