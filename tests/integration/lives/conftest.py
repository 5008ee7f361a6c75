"""Lives at a provider that does not mind how often it is asked."""

from datetime import timedelta

import pytest

from bot.billing import creem_account
from bot.services import unlisted


@pytest.fixture(autouse=True)
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A life asks as much in a second as a vendor's members do in a minute."""
    monkeypatch.setattr(creem_account, "REQUESTS_PER_SECOND", 10_000)


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A life lasts for years, and its late payments and refunds know no bounds."""
    monkeypatch.setattr(unlisted, "PAGES_SINCE", timedelta(days=3650))
    monkeypatch.setattr(unlisted, "PAYMENTS_SINCE", timedelta(days=3650))
