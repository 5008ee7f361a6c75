"""Turns at Discord: never more than its limit, and first for whom somebody waits."""

import asyncio

from bot.discord_pace import DiscordPace


async def test_no_stretch_of_time_has_more_turns_than_it_may() -> None:
    pace = DiscordPace(most=5, seconds=3_600)
    asked = [asyncio.create_task(pace.turn()) for _ in range(23)]

    await asyncio.sleep(0.05)

    assert [task.done() for task in asked] == [True] * 5 + [False] * 18
    for task in asked:
        task.cancel()


async def test_everybody_gets_a_turn_in_the_order_of_asking() -> None:
    pace, order = DiscordPace(most=5, seconds=0.01), []

    async def ask(number: int) -> None:
        await pace.turn()
        order.append(number)

    await asyncio.gather(*(ask(number) for number in range(23)))

    assert order == list(range(23))


async def test_a_few_requests_after_a_rest_do_not_wait() -> None:
    pace = DiscordPace(most=5, seconds=3_600)

    for _ in range(5):
        await pace.turn()


async def test_whoever_can_wait_makes_way_for_the_others() -> None:
    # So long that all have asked before the first turns are free again.
    pace, order = DiscordPace(most=2, seconds=0.2), []

    async def ask(name: str, *, can_wait: bool) -> None:
        await pace.turn(can_wait=can_wait)
        order.append(name)

    patient = [asyncio.create_task(ask("patient", can_wait=True)) for _ in range(3)]
    urgent = [asyncio.create_task(ask("urgent", can_wait=False)) for _ in range(5)]
    await asyncio.gather(*patient, *urgent)

    assert order == ["patient", *["urgent"] * 5, "patient", "patient"]


async def test_requests_that_can_wait_leave_half_of_the_turns() -> None:
    pace = DiscordPace(most=10, seconds=3_600)
    patient = [asyncio.create_task(pace.turn(can_wait=True)) for _ in range(10)]
    await asyncio.sleep(0)

    for _ in range(5):
        await pace.turn()

    assert sum(task.done() for task in patient) == 5
    for task in patient:
        task.cancel()


async def test_a_request_that_is_given_up_takes_no_turn() -> None:
    pace = DiscordPace(most=1, seconds=0.01)
    await pace.turn()
    given_up = asyncio.create_task(pace.turn())
    waits = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)

    given_up.cancel()
    await waits

    assert given_up.cancelled()
