"""A member's invoices a page at a time, in one query (S18)."""

from datetime import timedelta

from bot.domain.identifiers import CustomerId, InvoiceId, PaymentId
from bot.domain.money import Money
from storage import invoices, payments
from storage.database import Database
from tests.integration.storage.samples import MIA, NOOR, NOW, add_customer, invoice, payment


async def add_invoices(database: Database, count: int) -> None:
    """Mia's, one a day, the newest with the highest number."""
    async with database.write() as connection:
        for number in range(count):
            made = invoice(id=InvoiceId(f"in_{number:02}"), issued_at=NOW + timedelta(days=number))
            await invoices.save(connection, made, asked_at=NOW)


async def page(database: Database, number: int) -> list[str] | None:
    """The ids on a page of Mia's."""
    async with database.read() as connection:
        found = await invoices.page_of_user(connection, MIA, number)
    return None if found is None else [each.invoice.id for each in found.items]


async def test_pages_are_five_long_newest_first_and_none_is_left_out(database: Database) -> None:
    await add_customer(database)
    await add_invoices(database, 12)

    pages = [await page(database, number) for number in range(4)]

    newest_first = [f"in_{number:02}" for number in reversed(range(12))]
    assert pages == [newest_first[:5], newest_first[5:10], newest_first[10:], []]
    async with database.read() as connection:
        found = await invoices.page_of_user(connection, MIA, 0)
    assert found is not None
    assert (found.total, found.last) == (12, 2)


async def test_who_has_no_invoices_has_an_empty_page_and_who_is_not_linked_has_none(
    database: Database,
) -> None:
    assert await page(database, 0) is None
    await add_customer(database)
    assert await page(database, 0) == []


async def test_drafts_and_other_members_invoices_are_not_shown(database: Database) -> None:
    await add_customer(database)
    noors = CustomerId("cus_noor")
    await add_customer(database, noors, user_id=NOOR)
    async with database.write() as connection:
        for made in (
            invoice(id=InvoiceId("in_draft"), status="draft"),
            invoice(id=InvoiceId("in_noor"), customer_id=noors),
            invoice(),
        ):
            await invoices.save(connection, made, asked_at=NOW)

    assert await page(database, 0) == ["in_mia"]


async def test_refunds_of_every_payment_of_an_invoice_are_added_up(database: Database) -> None:
    await add_customer(database)
    async with database.write() as connection:
        await invoices.save(connection, invoice(), asked_at=NOW)
        for number, refunded in enumerate((500, 200, 0)):
            made = payment(id=PaymentId(f"pi_{number}"), refunded=Money(refunded, "usd"))
            await payments.save(connection, made, asked_at=NOW)
        found = await invoices.page_of_user(connection, MIA, 0)

    assert found is not None
    assert [each.refunded for each in found.items] == [Money(700, "usd")]
