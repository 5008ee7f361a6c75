"""What a screen says of a price while an offer that was taken counts (fairness rule 7)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import cast

import pytest

from bot.domain.offer import OfferKind, reduction_of, terms_of
from bot.domain.subscription import Status, Subscription
from bot.services.cancellations import CancelCase
from bot.services.offers import ShownOffer
from cogs import prices
from cogs.cancellation.offers import terms_text
from cogs.dependencies import Dependencies
from tests.unit.test_offer import CATALOGUE, MONTHLY, case, offer

AGREED = terms_of(offer(OfferKind.DISCOUNT), case())
BEGINS, ENDS = AGREED.starts_at, AGREED.until
assert BEGINS is not None
assert ENDS is not None


def plain(moment: datetime) -> str:
    return f"{moment:%d %b}"


def in_period(start: datetime, end: datetime, **changed: object) -> Subscription:
    found = replace(MONTHLY, period_start=start, period_end=end)
    return replace(found, reduction=reduction_of(found, AGREED), **changed)  # type: ignore[arg-type]


BEFORE = in_period(MONTHLY.period_start, BEGINS)
FIRST = in_period(BEGINS, datetime(2027, 1, 5, tzinfo=BEGINS.tzinfo))
LAST = in_period(datetime(2027, 2, 5, tzinfo=BEGINS.tzinfo), ENDS)
AFTER = in_period(ENDS, datetime(2027, 4, 5, tzinfo=BEGINS.tzinfo))


@pytest.mark.parametrize(
    ("subscription", "present", "renewal", "changes"),
    [
        (
            BEFORE,
            "$20.00 monthly",
            "on 05 Dec for $10.00, and from 05 Mar on again for $20.00 monthly",
            ["**From 05 Dec:** $10.00 monthly", "**From 05 Mar:** $20.00 monthly again"],
        ),
        (
            FIRST,
            "$10.00 monthly",
            "on 05 Jan for $10.00, and from 05 Mar on again for $20.00 monthly",
            ["**From 05 Mar:** $20.00 monthly again"],
        ),
        (
            LAST,
            "$10.00 monthly",
            "on 05 Mar for $20.00 monthly",
            ["**From 05 Mar:** $20.00 monthly again"],
        ),
        (AFTER, "$20.00 monthly", "on 05 Apr for $20.00 monthly", []),
        (
            replace(FIRST, cancel_at=FIRST.period_end),
            "$10.00 monthly",
            "on 05 Jan for $10.00, and from 05 Mar on again for $20.00 monthly",
            [],
        ),
        (
            replace(FIRST, status=Status.PAST_DUE),
            "$10.00 monthly",
            "on 05 Jan for $10.00, and from 05 Mar on again for $20.00 monthly",
            ["**From 05 Mar:** $20.00 monthly again"],
        ),
    ],
)
def test_fairness_7_the_price_now_the_next_charge_and_what_changes(
    subscription: Subscription, present: str, renewal: str, changes: list[str]
) -> None:
    day: Callable[[datetime], str] = plain
    assert prices.present(subscription) == present
    assert prices.renewal(subscription, day=day) == renewal
    assert prices.changes(subscription, day=day) == changes


def test_fairness_7_a_talk_beside_a_discount_names_the_price_that_was_agreed() -> None:
    """It can be offered while another offer's discount runs."""
    talk = offer(OfferKind.TALK)
    shown = ShownOffer(talk, terms_of(talk, case(FIRST)))
    leaving = cast(CancelCase, SimpleNamespace(subscription=FIRST))
    deps = cast(
        Dependencies,
        SimpleNamespace(
            catalogue=CATALOGUE, vendor=SimpleNamespace(support_email="team@lumen.example")
        ),
    )

    said = terms_text(leaving, shown, deps)

    assert f"**Price:** as before. It renews {prices.renewal(FIRST)}, until you cancel." in said
    assert "$20.00 monthly, as before" not in said
