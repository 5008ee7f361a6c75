"""An object that is not as its provider documents it is told to the log, and holds up nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.billing.provider import UnreadableError
from bot.domain.identifiers import CREEM, STRIPE, InvoiceId, PaymentId, ProviderName
from bot.domain.subscription import Status
from bot.sandbox.creem import shapes
from storage import reconciliations, subscriptions
from storage.reconciliations import Reconciliation
from tests.integration.lives.life import Life, a_life
from tests.integration.lives.truth import untrue
from tests.support.shops import CreemShop, StripeShop

STRANGER = "stranger@example.com"
at_each = pytest.mark.parametrize("provider", [STRIPE, CREEM])
Shape = dict[str, Any]


def take_away(
    life: Life,
    monkeypatch: pytest.MonkeyPatch,
    object_id: str,
    *fields: str,
    kind: str = "subscription",
) -> None:
    """The provider shows this object without these fields from now on."""
    if isinstance(life.shop, StripeShop):
        for each in fields:
            del life.shop.stripe._world.store.get(kind, object_id)[each]
        return
    whole: Callable[..., Shape] = getattr(shapes, kind)

    def without(*given: object, **options: object) -> Shape:
        shape = whole(*given, **options)
        taken = fields if shape["id"] == object_id else ()
        return {name: value for name, value in shape.items() if name not in taken}

    monkeypatch.setattr(shapes, kind, without)


async def newest_run(life: Life) -> Reconciliation:
    async with life.context.database.read() as connection:
        found = await reconciliations.newest(connection, life.shop.name)
    assert found is not None
    return found


async def reports(life: Life) -> int:
    """How often the team was told."""
    async with life.context.database.read() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT count(*) FROM jobs WHERE kind = 'reconciliation.report'"
        )
        return int(rows.scalar_one())


@at_each
async def test_a_strangers_subscription_that_cannot_be_read_holds_up_nobody(
    tmp_path: Path, provider: ProviderName, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_life(tmp_path, at=provider, seed=1) as life:
        stranger = life.shop.add_customer(STRANGER)
        bad = life.shop.subscribe(stranger, life.shop.monthly)
        field = "ended_at" if provider == STRIPE else "product"
        take_away(life, monkeypatch, bad, field)
        await life.do("subscribe")
        told = await reports(life)

        with capture_logs() as logs:
            await life.reconcile()

        assert await untrue(life) == []
        run = await newest_run(life)
        assert run.finished_at is not None
        assert run.repaired["unreadable"] > 0
        unread = [each for each in logs if each["event"] == "unreadable_at_provider"]
        assert (bad, field) in {(each["id"], each["field"]) for each in unread}
        assert STRANGER not in str(logs)
        assert await reports(life) == told + 1
        # What was told once is no news.
        await life.reconcile()
        assert (await newest_run(life)).finished_at is not None
        assert await reports(life) == told + 1


@at_each
async def test_what_else_somebody_has_is_read(
    tmp_path: Path, provider: ProviderName, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_life(tmp_path, at=provider, seed=1) as life:
        await life.do("subscribe")
        await life.do("subscribe")
        bad, good = (each["id"] for each in life.happenings.live())
        take_away(life, monkeypatch, bad, "ended_at" if provider == STRIPE else "product")

        account = await life.shop.provider.fetch_account(life.customer)

        assert [each.id for each in account.subscriptions] == [good]
        assert len(account.payments) == 2
        assert [each.id for each in account.unreadable] == [bad]


async def test_a_transaction_that_cannot_be_read_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_life(tmp_path, at=CREEM, seed=1) as life:
        await life.do("subscribe")
        await life.do("renew")
        bad, good = (each["id"] for each in life.happenings.own("transaction"))
        take_away(life, monkeypatch, bad, "currency", kind="transaction")

        account = await life.shop.provider.fetch_account(life.customer)

        assert [each.id for each in account.payments] == [good]
        assert [(each.id, each.field) for each in account.unreadable] == [(bad, "currency")]
        # Alone it is an error: what waits for it is tried again.
        with pytest.raises(UnreadableError, match="currency"):
            await life.shop.provider.fetch_payment(PaymentId(bad))
        await life.reconcile()
        assert (await newest_run(life)).finished_at is not None


async def test_an_invoice_that_cannot_be_read_keeps_no_other_from_being_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_life(tmp_path, at=STRIPE, seed=1) as life:
        await life.do("subscribe")
        await life.do("subscribe")
        await life.do("decline")
        await life.shop.advance(31)
        for _ in range(6):
            await life.do("day")
            await life.reconcile()
        bad, good = (each for each in life.happenings.own("invoice") if each["status"] == "open")
        take_away(life, monkeypatch, bad["id"], "lines", kind="invoice")
        before = life.shop.requests.count("GET", f"^/v1/invoices/{good['id']}$")

        await life.reconcile()

        assert life.shop.requests.count("GET", f"^/v1/invoices/{good['id']}$") == before + 1
        run = await newest_run(life)
        assert (run.finished_at is not None, run.repaired["unreadable"] > 0) == (True, True)
        with pytest.raises(UnreadableError, match="lines"):
            await life.shop.provider.fetch_invoice(InvoiceId(bad["id"]))


@pytest.mark.parametrize("status", ["incomplete", "canceled"])
async def test_what_has_not_begun_or_is_over_needs_no_period(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    """Creem documents a subscription's period as optional."""
    async with a_life(tmp_path, at=CREEM, seed=1) as life:
        await life.do("subscribe")
        await life.reconcile()
        [known] = life.happenings.live()
        assert isinstance(life.shop, CreemShop)
        life.shop.set_status(life.shop.subscription, status)
        life.shop.set_status(known["id"], status)
        fields = ("current_period_start_date", "current_period_end_date", "items")
        take_away(life, monkeypatch, known["id"], *fields)

        await life.reconcile()

        account = await life.shop.provider.fetch_account(life.customer)
        [shown] = account.subscriptions
        assert shown.status is Status(status)
        assert shown.period_start == shown.period_end == shown.created_at
        assert all(each.period_start < each.period_end for each in account.paid_periods)
        async with life.context.database.read() as connection:
            assert await subscriptions.find(connection, shown.id) == shown
        assert "unreadable" not in (await newest_run(life)).repaired
