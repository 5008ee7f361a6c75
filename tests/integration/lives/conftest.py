"""Lives at a provider that does not mind how often it is asked."""

import pytest

from bot.billing import creem_account


@pytest.fixture(autouse=True)
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A life asks as much in a second as a vendor's members do in a minute."""
    monkeypatch.setattr(creem_account, "REQUESTS_PER_SECOND", 10_000)
