"""Many events about one object cost one look at it."""

from pathlib import Path

from tests.integration.lives.life import a_life, differences


async def test_events_that_were_there_before_the_question_are_answered_with_it(
    tmp_path: Path,
) -> None:
    async with a_life(tmp_path, seed=1) as life:
        await life.do("subscribe")
        await life.do("renew")
        await life.do("renew")

        await life.deliver("shuffled", all_of_them=True)

        told = [
            event["data"]["object"]["id"]
            for event in life.stripe.events
            if event["type"].startswith("invoice.") and "id" in event["data"]["object"]
        ]
        assert len(told) > 2 * len(set(told))
        assert 0 < life.stripe.requests.count("GET", r"^/v1/invoices/in_") <= len(set(told))
        assert await differences(life) == []
