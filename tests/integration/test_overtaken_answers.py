"""A provider's answers can overtake each other: what was asked later shows what was earlier."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.domain.identifiers import PaymentId
from bot.domain.job import Job
from bot.domain.notice import PaymentReceived
from bot.services.mirror import apply
from bot.services.notice_jobs import payment_received
from bot.services.notices import NoticeService
from storage import customers, migrate, subscriptions
from storage.database import Database
from tests.integration.storage.noticing import PAID_NOW, mirror, run_of
from tests.integration.storage.samples import (
    MIA,
    MIAS,
    SUBSCRIPTION,
    Clock,
    add_customer,
    service_context,
)
from tests.support.shop import open_shop


async def test_s16_the_renewal_date_is_new_with_the_payment_even_then(tmp_path: Path) -> None:
    database, clock = Database(f"sqlite+aiosqlite:///{tmp_path / 'mooring.db'}"), Clock()
    await migrate.upgrade(database)
    async with (
        open_shop() as shop,
        service_context(database, clock, api_url=shop.stripe.api_url) as context,
    ):
        before = await shop.provider.fetch_account(shop.mia)
        await shop.stripe.advance_to_period_end(shop.pro)
        clock.now = datetime.fromtimestamp(shop.stripe.clock.now(), UTC)
        renewed = await shop.provider.fetch_account(shop.mia)
        async with database.write() as connection:
            await apply(connection, context, before, asked_at=clock.now)
            await customers.link(connection, shop.mia, MIA, now=clock.now)
            await apply(
                connection, context, renewed, asked_at=clock.now - timedelta(milliseconds=1)
            )
            known = await subscriptions.find(connection, shop.pro)
        [payment] = [each for each in renewed.payments if each not in before.payments]
        assert known is not None
        assert payment.period_end is not None
        assert known.period_end < payment.period_end
        clock.advance(seconds=1)

        job = payment_received(shop.mia, payment.id)
        notice = await NoticeService(context).prepare(Job(1, job.kind, job.key, job.payload, 1))

        assert notice is not None
        assert isinstance(notice.facts, PaymentReceived)
        assert notice.facts.subscription is not None
        assert notice.facts.subscription.period_end == payment.period_end
    await database.close()


async def test_s16_a_payment_that_the_provider_does_not_show_any_more_is_told_as_it_is_known(
    tmp_path: Path,
) -> None:
    database, clock = Database(f"sqlite+aiosqlite:///{tmp_path / 'mooring.db'}"), Clock()
    await migrate.upgrade(database)
    async with (
        open_shop() as shop,
        service_context(database, clock, api_url=shop.stripe.api_url) as context,
    ):
        await add_customer(database)
        end = SUBSCRIPTION.period_end
        renewal = replace(PAID_NOW, period_start=end, period_end=end + timedelta(days=30))
        await mirror(database, context, subscriptions=(SUBSCRIPTION,), payments=(renewal,))
        told = run_of(payment_received(MIAS, renewal.id))
        unknown = run_of(payment_received(MIAS, PaymentId("pi_nobodys")))

        notice = await NoticeService(context).prepare(told)

        assert notice is not None
        assert isinstance(notice.facts, PaymentReceived)
        assert notice.facts.payment == renewal
        assert await NoticeService(context).prepare(unknown) is None
    await database.close()
