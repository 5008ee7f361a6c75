"""What changes late on something old, and is told by nobody, is found by the next run all the same.

Lists of what was made since the last run do not show it.
"""

from pathlib import Path

import pytest

from bot.domain.dispute import DisputeStatus
from bot.domain.identifiers import STRIPE, DisputeId, InvoiceId
from bot.services import unlisted
from storage import disputes, invoices
from tests.integration.lives.life import Life, a_life
from tests.integration.lives.truth import untrue


async def days(life: Life, number: int) -> None:
    """Every event is heard, and each day is reconciled."""
    for _ in range(number):
        await life.do("day")
        await life.deliver("shuffled", all_of_them=True)
        await life.reconcile()


async def unheard_days(life: Life, number: int) -> None:
    """Nobody listens, and nobody sends the events again."""
    for _ in range(number):
        await life.do("day")
    life.events.clear()


async def test_s16_a_renewal_that_is_paid_late_while_the_bot_is_down(tmp_path: Path) -> None:
    """Its invoice is older than what a run looks back over."""
    async with a_life(tmp_path, at=STRIPE, seed=1) as life:
        await life.do("subscribe")
        await days(life, 1)
        await life.do("decline")
        await life.do("renew")
        await days(life, 6)
        assert [each["status"] for each in life.happenings.live()] == ["past_due"]
        assert await untrue(life) == []
        await life.do("accept")
        await unheard_days(life, 5)
        assert [each["status"] for each in life.happenings.live()] == ["active"]

        await life.reconcile()

        assert await untrue(life) == []


async def test_a_dispute_that_is_decided_while_the_bot_is_down(tmp_path: Path) -> None:
    async with a_life(tmp_path, at=STRIPE, seed=1) as life:
        await life.do("subscribe")
        await life.do("dispute")
        await days(life, 20)
        await life.do("decide")
        life.events.clear()

        await life.reconcile()

        assert await untrue(life) == []
        [shown] = life.happenings.disputes()
        async with life.context.database.read() as connection:
            known = await disputes.find_many(connection, [DisputeId(shown["id"])])
        assert known[DisputeId(shown["id"])].is_closed
        assert shown["status"] in (DisputeStatus.WON, DisputeStatus.LOST)


async def test_nothing_is_asked_about_what_is_paid_and_decided(tmp_path: Path) -> None:
    async with a_life(tmp_path, at=STRIPE, seed=1) as life:
        await life.do("subscribe")
        await life.do("dispute")
        await life.do("decide")
        for _ in range(3):
            await life.do("renew")
        await life.deliver("shuffled", all_of_them=True)
        await days(life, 5)
        before = len(life.shop.requests.entries)

        await life.reconcile()

        asked = [each.path for each in life.shop.requests.entries[before:]]
        assert not [each for each in asked if each.startswith(("/v1/invoices/", "/v1/disputes/"))]


async def test_open_invoices_are_asked_for_in_turn_also_after_one_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that nobody will ever pay must not stand in front of one that is paid."""
    monkeypatch.setattr(unlisted, "PORTION", 1)
    monkeypatch.setattr(unlisted, "PORTIONS_OF_OPEN", 1)
    async with a_life(tmp_path, at=STRIPE, seed=1) as life:
        await life.do("subscribe")
        await life.do("subscribe")
        await life.do("decline")
        await life.shop.advance(31)
        await days(life, 6)
        unpaid = [
            InvoiceId(each["id"])
            for each in life.happenings.own("invoice")
            if each["status"] == "open"
        ]
        assert len(unpaid) == 2
        life.shop.faults.add(method="GET", path="^/v1/invoices/in_", status=404)
        before = len(life.shop.requests.entries)

        for _ in range(3):
            await life.do("day")
            await life.reconcile()

        asked = [
            each.path.removeprefix("/v1/invoices/")
            for each in life.shop.requests.entries[before:]
            if each.path.startswith("/v1/invoices/")
        ]
        assert asked in ([*unpaid, unpaid[0]], [*unpaid[::-1], unpaid[1]])
        async with life.context.database.read() as connection:
            known = await invoices.find_many(connection, unpaid)
        assert {each.status for each in known.values()} == {"open"}
