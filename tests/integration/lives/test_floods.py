"""Many events about one object cost one look at it."""

from pathlib import Path

from bot.domain.identifiers import CREEM, STRIPE
from tests.integration.lives.life import a_life
from tests.integration.lives.truth import differences


async def test_events_that_were_there_before_the_question_are_answered_with_it(
    tmp_path: Path,
) -> None:
    async with a_life(tmp_path, at=STRIPE, seed=1) as life:
        await life.do("subscribe")
        await life.do("renew")
        await life.do("renew")

        await life.deliver("shuffled", all_of_them=True)

        told = [
            event["data"]["object"]["id"]
            for event in life.shop.events
            if event["type"].startswith("invoice.") and "id" in event["data"]["object"]
        ]
        assert len(told) > 2 * len(set(told))
        assert 0 < life.shop.requests.count("GET", r"^/v1/invoices/in_") <= len(set(told))
        assert await differences(life) == []


async def test_s18_two_renewals_that_are_told_late_leave_two_invoices(tmp_path: Path) -> None:
    """Creem's events are about the subscription, which shows its last payment only."""
    async with a_life(tmp_path, at=CREEM, seed=1) as life:
        await life.do("subscribe")
        await life.deliver("shuffled", all_of_them=True)
        await life.do("renew")
        await life.do("renew")

        await life.deliver("shuffled", all_of_them=True)

        assert await differences(life) == []
