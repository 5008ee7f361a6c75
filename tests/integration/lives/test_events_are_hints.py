"""Events may come in any order, any number of times, or never: the mirror ends up true.

Lives are generated: what happens at the provider, and which of its events arrive in between.
"""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.domain.identifiers import CREEM, STRIPE, ProviderName
from tests.integration.lives.happenings import HAPPENINGS
from tests.integration.lives.life import Life, a_life
from tests.integration.lives.truth import untrue

PURCHASES = ("top_up", "pay_late")
FATES = ("lost", "doubled", "shuffled")
RECONCILE = ("reconcile", "")

lives = st.lists(
    st.one_of(
        st.sampled_from(HAPPENINGS + PURCHASES).map(lambda what: ("do", what)),
        st.sampled_from(FATES).map(lambda fate: ("deliver", fate)),
        st.just(RECONCILE),
    ),
    max_size=14,
)
# Weeks between what happens, and nobody tells of it.
slow_lives = st.lists(
    st.sampled_from(
        [("do", what) for what in ("decline", "accept", "renew", "dispute", "decide")]
        + [("do", "wait"), ("do", "wait"), RECONCILE, RECONCILE]
    ),
    min_size=6,
    max_size=16,
)
# A life takes a third of a second, and depends on the second in which it begins: to look for a
# shorter one that fails too would take minutes, and often find none.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
at_each = pytest.mark.parametrize("provider", [STRIPE, CREEM])


async def live(life: Life, beginning: str, steps: list[tuple[str, str]]) -> None:
    await life.do(beginning)
    for step in steps:
        verb, what = step
        await (life.reconcile() if step == RECONCILE else getattr(life, verb)(what))


@pytest.mark.timeout(300)
@at_each
@settings(
    max_examples=10,
    deadline=None,
    phases=_PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    beginning=st.sampled_from(["subscribe", "start_trial"]),
    steps=st.one_of(lives, slow_lives),
    seed=st.integers(0, 2**32),
)
def test_after_reconciliation_the_mirror_equals_the_provider(
    tmp_path: Path,
    provider: ProviderName,
    beginning: str,
    steps: list[tuple[str, str]],
    seed: int,
) -> None:
    async def run() -> None:
        async with a_life(tmp_path, at=provider, seed=seed) as life:
            await live(life, beginning, steps)
            await life.reconcile()
            assert await untrue(life) == []

    asyncio.run(run())


@pytest.mark.timeout(300)
@at_each
@settings(
    max_examples=7,
    deadline=None,
    phases=_PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=lives, seed=st.integers(0, 2**32))
def test_where_every_event_arrives_in_any_order_nothing_is_left_to_repair(
    tmp_path: Path, provider: ProviderName, steps: list[tuple[str, str]], seed: int
) -> None:
    async def run() -> None:
        async with a_life(tmp_path, at=provider, seed=seed) as life:
            unmended = [each for each in steps if each not in (("deliver", "lost"), RECONCILE)]
            await live(life, "subscribe", unmended)
            while life.events:
                await life.deliver("shuffled")
            assert await untrue(life) == []

    asyncio.run(run())
