"""What is on beside a plan whose end is told (S3, S4)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.identifiers import SubscriptionId
from bot.domain.other_plans import plans_besides
from bot.domain.subscription import Status, Subscription
from tests.unit.test_subscription import END, START, subscription

PRO = subscription(Status.ACTIVE, None)
LITE = SubscriptionId("sub_lite")
DAY = timedelta(days=1)


def besides(
    lite: Subscription, *, requested: datetime | None = None, after: datetime = END
) -> list[datetime | None]:
    """What is said of Lite when Pro ends: until when it stays on."""
    found = plans_besides(
        [PRO, replace(lite, id=LITE)],
        besides=PRO.id,
        requested_ends={LITE: requested} if requested else {},
        after=after,
        now=START,
    )
    assert all(each.subscription.id == LITE for each in found)
    return [each.stays_until for each in found]


@pytest.mark.parametrize(
    ("status", "cancel_at"),
    [
        (Status.ACTIVE, None),
        (Status.PAUSED, None),
        (Status.PAST_DUE, None),
        (Status.PAST_DUE, END),
        (Status.ACTIVE, END + timedelta(days=100)),
    ],
)
def test_s3_what_may_charge_again_is_always_named(
    status: Status, cancel_at: datetime | None
) -> None:
    assert besides(subscription(status, cancel_at)) == [None]


def test_s4_what_ends_is_named_while_it_is_on_longer() -> None:
    leaving = subscription(Status.ACTIVE, END)

    assert besides(leaving, after=END - DAY) == [END]
    assert besides(leaving, after=END) == []


def test_what_the_member_has_asked_to_end_goes_on_until_then() -> None:
    """The provider has yet to confirm it; nothing more is charged all the same."""
    assert besides(PRO, requested=END, after=END - DAY) == [END]
    assert besides(PRO, requested=END) == []
    assert besides(subscription(Status.PAST_DUE, None), requested=START) == []


@pytest.mark.parametrize("status", [Status.CANCELED, Status.INCOMPLETE])
def test_what_is_over_or_never_began_is_not_named(status: Status) -> None:
    assert besides(subscription(status, None)) == []
