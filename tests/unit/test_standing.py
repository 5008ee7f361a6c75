"""Which subscription decides, and when the next allowance comes (S3, S4, S8)."""

from datetime import timedelta

from bot.domain.identifiers import CustomerId, ProviderName, SubscriptionId
from bot.domain.standing import Standing, decisive, next_allowance
from bot.domain.subscription import Status, Subscription
from tests.unit.test_usage import FEBRUARY, JANUARY, MARCH, SECOND, YEAR_END, subscription

GRACE = timedelta(days=7)
OTHER = SubscriptionId("other")


def standing(of: Subscription) -> Standing:
    return Standing(CustomerId("cus"), ProviderName("stripe"), None, of, has_access=True)


def test_s8_the_one_that_gives_access_decides() -> None:
    unpaid = subscription(status=Status.UNPAID)
    leaving = subscription(id=OTHER, cancel_at=MARCH, created_at=JANUARY - SECOND)
    over = subscription(id=SubscriptionId("over"), status=Status.CANCELED, created_at=FEBRUARY)

    assert decisive([unpaid, leaving, over], now=FEBRUARY, grace=GRACE) is leaving
    assert decisive([unpaid, leaving, over], now=MARCH, grace=GRACE) is unpaid
    assert decisive([over], now=FEBRUARY, grace=GRACE) is over
    assert decisive([], now=FEBRUARY, grace=GRACE) is None


def test_the_next_allowance_comes_on_the_anniversary_or_with_the_renewal() -> None:
    monthly = subscription()
    assert next_allowance(monthly, now=FEBRUARY) == MARCH
    assert next_allowance(monthly, now=JANUARY) == MARCH
    assert next_allowance(monthly, now=MARCH) is None
    yearly = subscription(period_start=JANUARY, period_end=YEAR_END)
    assert next_allowance(yearly, now=JANUARY) == FEBRUARY
    assert next_allowance(yearly, now=FEBRUARY) == MARCH
    assert next_allowance(yearly, now=YEAR_END - SECOND) == YEAR_END


def test_s3_nothing_comes_after_a_scheduled_end() -> None:
    assert next_allowance(subscription(cancel_at=MARCH), now=FEBRUARY) is None
    assert next_allowance(subscription(status=Status.CANCELED), now=FEBRUARY) is None
    ends_in_march = subscription(period_start=JANUARY, period_end=YEAR_END, cancel_at=MARCH)
    assert next_allowance(ends_in_march, now=JANUARY) == FEBRUARY
    assert next_allowance(ends_in_march, now=FEBRUARY) is None


def test_s3_only_what_is_charged_again_renews() -> None:
    assert standing(subscription()).renews_at == MARCH
    assert standing(subscription(cancel_at=MARCH)).renews_at is None
    fixed_term = subscription(cancel_at=YEAR_END)
    assert standing(fixed_term).renews_at == MARCH
    assert next_allowance(fixed_term, now=FEBRUARY) == MARCH
    for status in (Status.CANCELED, Status.PAUSED, Status.UNPAID):
        assert standing(subscription(status=status)).renews_at is None
