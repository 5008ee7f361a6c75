"""A copy of everything about a member, and forgetting them."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.identifiers import CustomerId, UserId
from bot.domain.linking import REQUEST_WINDOW
from bot.domain.privacy import Obstacles, UnderWay
from bot.services.links import unlink
from storage import audit, customers, erasure, privacy
from storage.database import Database
from storage.schema import (
    audit_log,
    cancel_attempts,
    checkouts,
    jobs,
    link_requests,
    metadata,
    refunds,
    tickets,
    withdrawals,
)
from storage.schema import customers as customers_table
from tests.integration.storage.members import TEAM_WORDS, add_member, traces
from tests.integration.storage.samples import MAX, MIA, NOOR, NOW

# A table with one of these holds something about somebody.
_PERSONAL = {
    *("user_id", "member_id", "opener_id", "author_id", "actor_id", "moderator_id", "closed_by"),
    *("customer_id", "subscription_id", "payment_id", "invoice_id", "email", "address"),
}
# What one of them leaves behind: the id, the address, and what they or others wrote.
MIAS = (
    str(MIA),
    "mia@",
    "mia says",
    "mia needs",
    "mia speaks",
    "mia is",
    "mia asked",
    "mia answers",
    "of mia",
)


async def copied(database: Database, user_id: UserId) -> dict[str, list[dict[str, object]]]:
    async with database.read() as connection:
        return await privacy.copy(connection, user_id)


async def erase(database: Database, user_id: UserId) -> None:
    async with database.write() as connection:
        await erasure.erase(connection, user_id, reference="E-1", now=NOW)


@pytest.fixture
async def members(database: Database) -> None:
    """Mia and Noor, each with something in every table."""
    await add_member(database, "mia", MIA)
    await add_member(database, "noor", NOOR)


def test_every_table_is_either_copied_or_the_copy_says_why_not() -> None:
    """A new table needs a decision, here and in `storage.erasure`."""
    named = {*privacy.COPIED, *privacy.NOT_COPIED}
    assert {table.name for table in metadata.sorted_tables} == named
    assert not set(privacy.COPIED) & set(privacy.NOT_COPIED)
    for name in privacy.NOT_COPIED:
        assert not _PERSONAL & {column.name for column in metadata.tables[name].c}, name
    # Their payloads are no columns.
    for kept in ("Discord id", "address that you typed", "90 days"):
        assert kept in privacy.NOT_COPIED["jobs"]


@pytest.mark.usefixtures("members")
async def test_a_copy_has_every_table_and_nobody_elses_rows(database: Database) -> None:
    mine = await copied(database, MIA)

    assert {name for name, rows in mine.items() if not rows} == set()
    written = json.dumps(mine, default=str)
    assert "noor" not in written
    assert str(NOOR) not in written
    assert str(MAX) not in written
    for mark in MIAS[:-1]:
        assert mark in written, mark


@pytest.mark.usefixtures("members")
async def test_a_copy_holds_no_secrets(database: Database) -> None:
    """Codes, pages and screens open something; an address must not tell whose account it is."""
    mine = await copied(database, MIA)

    written = json.dumps(mine, default=str)
    for secret in ("hash'", "salt'", "checkout.stripe.com", "token of"):
        assert secret not in written
    assert not any("customer_ids" in row for row in mine["link_requests"])


@pytest.mark.usefixtures("members")
async def test_a_conversation_is_copied_without_who_of_the_team_it_was(
    database: Database,
) -> None:
    messages = (await copied(database, MIA))["ticket_messages"]

    assert [(each["written_by"], each["content"]) for each in messages] == [
        ("you", "mia speaks"),
        ("team", TEAM_WORDS),
        ("team", None),
        ("bot", "welcome"),
    ]
    assert "Max" not in json.dumps(messages, default=str)


@pytest.mark.usefixtures("members")
async def test_what_one_of_the_team_did_is_told_without_about_whom(database: Database) -> None:
    acts = (await copied(database, MAX))["audit_log"]

    assert [(act["action"], act["subject"]) for act in acts] == [("refund.requested", None)] * 2
    assert all(act["by_you"] for act in acts)
    about_mia = (await copied(database, MIA))["audit_log"]
    assert [(act["action"], bool(act["by_you"])) for act in about_mia] == [
        ("account.linked", True),
        ("ticket.closed", True),
        ("refund.asked", True),
        ("refund.requested", False),
        ("refund.done", False),
    ]


@pytest.mark.usefixtures("members")
async def test_erased_there_is_no_trace_but_where_it_has_to_be(database: Database) -> None:
    """Roles until they are taken back, and the newest code's request."""
    await erase(database, MIA)

    assert await traces(database, *MIAS) == {"granted_roles", "link_requests"}
    async with database.write() as connection:
        await erasure.forget_roles(connection, MIA)
    assert await traces(database, str(MIA)) == {"link_requests"}


@pytest.mark.usefixtures("members")
async def test_others_keep_everything(database: Database) -> None:
    before = await copied(database, NOOR)

    await erase(database, MIA)

    assert await copied(database, NOOR) == before


@pytest.mark.usefixtures("members")
async def test_the_books_stay_and_the_audit_log_still_proves_itself(database: Database) -> None:
    await erase(database, MIA)

    async with database.read() as connection:
        assert await audit.first_broken_row(connection) is None
        acts = (await connection.execute(sa.select(audit_log).order_by(audit_log.c.id))).all()
        for name in ("payments", "invoices", "subscriptions", "ledger", "disputes"):
            table = metadata.tables[name]
            assert await connection.scalar(sa.select(sa.func.count()).select_from(table)) == 2
    assert [act.actor_id for act in acts if act.action.startswith("refund.r")] == [MAX, MAX]
    assert [act.actor_id for act in acts if act.action.startswith("account.")] == [None, NOOR]


@pytest.mark.usefixtures("members")
async def test_who_read_a_ticket_as_its_guest_is_forgotten_and_who_read_for_the_team_is_not(
    database: Database,
) -> None:
    """Noor was let into Mia's ticket, and was of the team at another time."""
    acts = ("ticket.member_link_made", "ticket.member_link_opened", "ticket.staff_link_opened")
    async with database.write() as connection:
        for action in acts:
            await audit.append(
                connection,
                actor_id=NOOR,
                action=action,
                subject="ticket_mia",
                details={},
                now=NOW,
            )

    await erase(database, NOOR)

    async with database.read() as connection:
        rows = await connection.execute(
            sa.select(audit_log.c.action, audit_log.c.actor_id).where(audit_log.c.action.in_(acts))
        )
        assert dict(tuple(row) for row in rows) == dict(zip(acts, (None, None, NOOR), strict=True))
        assert await audit.first_broken_row(connection) is None


@pytest.mark.usefixtures("members")
async def test_an_erasure_that_is_repeated_changes_nothing(database: Database) -> None:
    await erase(database, MIA)
    before = await traces(database, *MIAS)

    await erase(database, MIA)

    assert await traces(database, *MIAS) == before


@pytest.mark.usefixtures("members")
async def test_the_limits_of_link_codes_cannot_be_reset(database: Database) -> None:
    """Otherwise somebody could try codes for another's address without an end."""
    await erase(database, MIA)

    async with database.read() as connection:
        mine = link_requests.c.user_id == MIA
        [request] = (await connection.execute(sa.select(link_requests).where(mine))).all()
        keys = await connection.scalars(sa.select(jobs.c.key).where(jobs.c.key.like("%mia")))
        assert request.requested_at > NOW - REQUEST_WINDOW
        assert (request.code_hash, request.closed_at) == (None, NOW)
        assert list(keys) == ["link-code:new_mia"]


@pytest.mark.usefixtures("members")
async def test_the_provider_does_not_bring_back_what_was_erased(database: Database) -> None:
    await erase(database, MIA)
    mias = CustomerId("cus_mia")
    async with database.write() as connection:
        await customers.save(
            connection,
            mias,
            provider=(await _customer(database, mias)).provider,
            email="mia@example.com",
        )
    assert (await _customer(database, mias)).email is None

    async with database.write() as connection:
        await customers.link(connection, mias, MIA, now=NOW)
        await customers.remember_address(connection, mias, "mia@example.com")

    assert (await _customer(database, mias)).email == "mia@example.com"


async def _customer(database: Database, customer_id: CustomerId) -> sa.Row[tuple[object, ...]]:
    async with database.read() as connection:
        found = customers_table.c.id == customer_id
        return (await connection.execute(sa.select(customers_table).where(found))).one()


@pytest.mark.usefixtures("members")
async def test_an_account_that_was_unlinked_before_is_forgotten_too(database: Database) -> None:
    async with database.write() as connection:
        await unlink(connection, MIA, CustomerId("cus_mia"), now=NOW)

    await erase(database, MIA)

    assert (await _customer(database, CustomerId("cus_mia"))).email is None


@pytest.mark.usefixtures("members")
async def test_an_account_that_somebody_else_has_had_since_is_theirs(database: Database) -> None:
    """Mia unlinks, Max links it and unlinks it: what is left of it is Max's to erase."""
    mias = CustomerId("cus_mia")
    async with database.write() as connection:
        await unlink(connection, MIA, mias, now=NOW)
        await audit.append(
            connection, actor_id=MAX, action="account.linked", subject=mias, details={}, now=NOW
        )

    await erase(database, MIA)

    assert (await _customer(database, mias)).email == "mia@example.com"


@pytest.mark.usefixtures("members")
@pytest.mark.parametrize(
    ("table", "values", "expected"),
    [
        ("tickets", {"state": "opening"}, UnderWay.TICKET),
        ("tickets", {"state": "open"}, UnderWay.TICKET),
        ("tickets", {"state": "closing"}, UnderWay.TICKET),
        ("refunds", {"state": "requested"}, UnderWay.REFUND),
        ("refunds", {"state": "submitted"}, UnderWay.REFUND),
        ("refunds", {"state": "refunded", "member_id": None}, UnderWay.REFUND),
        ("cancel_attempts", {"state": "requested"}, UnderWay.CANCELLATION),
        ("withdrawals", {"state": "requested"}, UnderWay.WITHDRAWAL),
        ("cancel_attempts", {"state": "accepting"}, UnderWay.OFFER),
    ],
)
async def test_what_is_under_way_stands_in_the_way(
    database: Database, table: str, values: dict[str, object], expected: UnderWay
) -> None:
    assert (await _obstacles(database)).under_way == ()
    mine = {
        "tickets": tickets.c.id == "ticket_mia",
        "refunds": refunds.c.id == "refund_mia",
        "cancel_attempts": cancel_attempts.c.id == "attempt_mia",
        "withdrawals": withdrawals.c.id == "withdrawal_mia",
    }[table]
    async with database.write() as connection:
        await connection.execute(sa.update(metadata.tables[table]).where(mine).values(**values))

    assert (await _obstacles(database)).under_way == (expected,)


async def _obstacles(database: Database) -> Obstacles:
    async with database.read() as connection:
        return await erasure.obstacles(connection, MIA)


@pytest.mark.usefixtures("members")
@pytest.mark.parametrize(
    ("kind", "key", "line", "expected"),
    [
        ("resumption.carry_out", "resume:1", "sub_mia", UnderWay.RESUMPTION),
        ("purchase.complete", "purchase:checkout_mia", None, UnderWay.PURCHASE),
    ],
)
async def test_jobs_that_are_not_done_stand_in_the_way(
    database: Database, kind: str, key: str, line: str | None, expected: UnderWay
) -> None:
    async with database.write() as connection:
        mine = checkouts.c.id == "checkout_mia"
        await connection.execute(sa.update(checkouts).where(mine).values(state="completed"))
        await connection.execute(
            sa.insert(jobs).values(kind=kind, key=key, line=line, payload={}, run_at=NOW)
        )
    assert (await _obstacles(database)).under_way == (expected,)

    async with database.write() as connection:
        done = sa.update(jobs).where(jobs.c.key == key).values(done_at=NOW + timedelta(seconds=1))
        await connection.execute(done)

    assert (await _obstacles(database)).under_way == ()
