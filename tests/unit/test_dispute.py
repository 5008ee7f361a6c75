"""Which disputes stand in the way of a refund (S13)."""

from dataclasses import replace

import pytest

from bot.domain.dispute import DisputeStatus, why_not_refundable
from tests.unit.test_dispute_effects import DISPUTE


@pytest.mark.parametrize(
    ("statuses", "why"),
    [
        ([], "disputed"),
        ([DisputeStatus.NEEDS_ANSWER], "disputed"),
        ([DisputeStatus.UNDER_REVIEW], "disputed"),
        ([DisputeStatus.UNKNOWN], "disputed"),
        ([DisputeStatus.LOST], "lost"),
        ([DisputeStatus.INQUIRY], None),
        ([DisputeStatus.WON], None),
        ([DisputeStatus.DROPPED], None),
        ([DisputeStatus.NEEDS_ANSWER, DisputeStatus.WON], "disputed"),
        ([DisputeStatus.WON, DisputeStatus.LOST], "lost"),
    ],
)
def test_s13_only_what_the_bank_holds_or_has_given_back_is_not_refunded(
    statuses: list[DisputeStatus], why: str | None
) -> None:
    known = [replace(DISPUTE, status=each) for each in statuses]
    assert why_not_refundable(known, is_disputed=True) == why


def test_a_payment_without_any_dispute_can_be_refunded() -> None:
    assert why_not_refundable([], is_disputed=False) is None
