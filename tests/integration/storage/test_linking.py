"""Requesting and entering codes: limits, attempts, and nothing told to a stranger."""

from datetime import timedelta

import pytest

from bot.domain.errors import (
    AccountTaken,
    AlreadyLinked,
    CodeExpired,
    InvalidAddress,
    NotYours,
    TooManyLinkRequests,
    WrongCode,
)
from bot.domain.identifiers import CustomerId, LinkRequestId, UserId
from bot.domain.linking import (
    CODE_LIFETIME,
    MAX_ATTEMPTS,
    MAX_REQUESTS_PER_ADDRESS,
    MAX_REQUESTS_PER_USER,
    REQUEST_WINDOW,
)
from bot.services.accounts import AccountService, ChooseAccount, Linked, _hash_code
from bot.services.context import Context
from storage import customers, link_requests
from storage.database import Database
from tests.integration.storage.samples import MIA, MIAS, NOOR, NOW, Clock, add_customer

ADDRESS = "mia@example.com"
CODE = "12345678"
SALT = b"salt"
SECOND = CustomerId("cus_second")


@pytest.fixture
def service(context: Context) -> AccountService:
    return AccountService(context)


async def send_code(
    database: Database, request_id: LinkRequestId, *customer_ids: CustomerId
) -> None:
    """What the job does once the provider has answered."""
    async with database.write() as connection:
        await link_requests.set_code(
            connection,
            request_id,
            code_hash=_hash_code(CODE, SALT),
            code_salt=SALT,
            customer_ids=customer_ids or [MIAS],
        )


async def owner(database: Database, customer_id: CustomerId) -> UserId | None:
    async with database.read() as connection:
        found = await customers.find(connection, customer_id)
    assert found is not None
    return found.user_id


async def test_the_right_code_links(database: Database, service: AccountService) -> None:
    await add_customer(database, user_id=None)
    request_id = await service.request_code(MIA, ADDRESS)
    await send_code(database, request_id)

    assert await service.enter_code(MIA, request_id, " 1234-5678 ") == Linked(MIAS)

    assert await owner(database, MIAS) == MIA
    with pytest.raises(CodeExpired):  # single use
        await service.enter_code(MIA, request_id, CODE)


async def test_the_store_keeps_no_code(database: Database, service: AccountService) -> None:
    request_id = await service.request_code(MIA, ADDRESS)
    await send_code(database, request_id)
    async with database.read() as connection:
        found = await link_requests.find(connection, request_id)

    assert found is not None
    assert CODE not in repr(found)
    assert found.code_hash != _hash_code(CODE, b"another salt")


async def test_an_unknown_address_answers_like_a_wrong_code(
    database: Database, service: AccountService
) -> None:
    request_id = await service.request_code(MIA, "nobody@example.com")
    with pytest.raises(WrongCode) as unknown:
        await service.enter_code(MIA, request_id, CODE)
    known = await service.request_code(NOOR, ADDRESS)
    await send_code(database, known)
    with pytest.raises(WrongCode) as wrong:
        await service.enter_code(NOOR, known, "00000000")

    assert unknown.value.attempts_left == wrong.value.attempts_left == MAX_ATTEMPTS - 1


async def test_guesses_are_counted_and_end(database: Database, service: AccountService) -> None:
    await add_customer(database, user_id=None)
    request_id = await service.request_code(MIA, ADDRESS)
    await send_code(database, request_id)

    for left in reversed(range(MAX_ATTEMPTS)):
        with pytest.raises(WrongCode) as wrong:
            await service.enter_code(MIA, request_id, "00000000")
        assert wrong.value.attempts_left == left
    with pytest.raises(CodeExpired):
        await service.enter_code(MIA, request_id, CODE)
    assert await owner(database, MIAS) is None


async def test_a_code_expires_and_a_new_one_replaces_it(
    database: Database, service: AccountService, clock: Clock
) -> None:
    await add_customer(database, user_id=None)
    first = await service.request_code(MIA, ADDRESS)
    await send_code(database, first)
    second = await service.request_code(MIA, ADDRESS)
    await send_code(database, second)

    with pytest.raises(CodeExpired):
        await service.enter_code(MIA, first, CODE)
    clock.now += CODE_LIFETIME
    with pytest.raises(CodeExpired):
        await service.enter_code(MIA, second, CODE)
    assert await owner(database, MIAS) is None


async def test_nobody_enters_a_code_for_somebody_else(
    database: Database, service: AccountService
) -> None:
    await add_customer(database, user_id=None)
    request_id = await service.request_code(MIA, ADDRESS)
    await send_code(database, request_id)

    with pytest.raises(NotYours):
        await service.enter_code(NOOR, request_id, CODE)
    with pytest.raises(CodeExpired):
        await service.enter_code(MIA, LinkRequestId("never asked"), CODE)


async def test_requests_are_limited_per_user(service: AccountService, clock: Clock) -> None:
    for number in range(MAX_REQUESTS_PER_USER):
        await service.request_code(MIA, f"{number}@example.com")
        clock.advance(minutes=1)
    with pytest.raises(TooManyLinkRequests) as refused:
        await service.request_code(MIA, ADDRESS)

    assert refused.value.retry_at == NOW + REQUEST_WINDOW
    await service.request_code(NOOR, ADDRESS)
    clock.now = refused.value.retry_at - timedelta(milliseconds=1)
    with pytest.raises(TooManyLinkRequests):
        await service.request_code(MIA, ADDRESS)
    clock.now = refused.value.retry_at
    await service.request_code(MIA, ADDRESS)


async def test_requests_are_limited_per_address_however_it_is_spelt(
    service: AccountService,
) -> None:
    for number in range(MAX_REQUESTS_PER_ADDRESS):
        await service.request_code(UserId(number + 1), ADDRESS if number % 2 else "MIA@Example.com")
    with pytest.raises(TooManyLinkRequests):
        await service.request_code(NOOR, f" {ADDRESS} ")


async def test_what_is_no_address_is_refused_before_anything_else(service: AccountService) -> None:
    for typed in ("", "mia", "mia@", "a b@example.com", "mia@example", "x@y.z\nBcc: all@y.z"):
        with pytest.raises(InvalidAddress):
            await service.request_code(MIA, typed)


async def test_several_customers_are_offered_after_the_code(
    database: Database, service: AccountService
) -> None:
    await add_customer(database, user_id=None)
    await add_customer(database, SECOND, user_id=None)
    request_id = await service.request_code(MIA, ADDRESS)
    await send_code(database, request_id, MIAS, SECOND)
    with pytest.raises(CodeExpired):  # not before the code
        await service.choose_account(MIA, request_id, 1)

    offered = await service.enter_code(MIA, request_id, CODE)

    assert isinstance(offered, ChooseAccount)
    assert [choice.customer_id for choice in offered.choices] == [MIAS, SECOND]
    for number in (-1, 2):
        with pytest.raises(NotYours):
            await service.choose_account(MIA, request_id, number)
    with pytest.raises(NotYours):
        await service.choose_account(NOOR, request_id, 1)
    assert await service.choose_account(MIA, request_id, 1) == Linked(SECOND)
    with pytest.raises(CodeExpired):
        await service.choose_account(MIA, request_id, 0)


async def test_an_account_that_somebody_has_is_not_given_away(
    database: Database, service: AccountService
) -> None:
    await add_customer(database, user_id=NOOR)
    request_id = await service.request_code(MIA, ADDRESS)
    await send_code(database, request_id)

    with pytest.raises(AccountTaken):
        await service.enter_code(MIA, request_id, CODE)
    assert await owner(database, MIAS) == NOOR


async def test_who_is_linked_does_not_change_accounts_by_a_code(
    database: Database, service: AccountService
) -> None:
    await add_customer(database)
    await add_customer(database, SECOND, user_id=None)
    request_id = await service.request_code(MIA, ADDRESS)
    await send_code(database, request_id, SECOND)

    with pytest.raises(AlreadyLinked):
        await service.enter_code(MIA, request_id, CODE)


async def test_old_requests_are_forgotten(database: Database, service: AccountService) -> None:
    request_id = await service.request_code(MIA, ADDRESS)
    async with database.write() as connection:
        assert await link_requests.purge(connection, before=NOW) == 0
        assert await link_requests.purge(connection, before=NOW + timedelta(seconds=1)) == 1
        assert await link_requests.find(connection, request_id) is None
