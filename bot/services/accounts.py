"""Linking a Discord user to a billing account: by a code sent to its address, or for the vendor."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from bot.billing.provider import CustomerRecord, ProviderRefusedError
from bot.domain.errors import (
    AlreadyLinked,
    CodeExpired,
    InvalidAddress,
    NoSuchThing,
    NotYours,
    TooManyLinkRequests,
    WrongCode,
)
from bot.domain.identifiers import CustomerId, LinkRequestId, ProviderName, UserId
from bot.domain.job import Job, NewJob
from bot.domain.linking import (
    CODE_LIFETIME,
    MAX_ATTEMPTS,
    MAX_REQUESTS_PER_ADDRESS,
    MAX_REQUESTS_PER_USER,
    MOST_OFFERED,
    REQUEST_WINDOW,
    new_code,
    normalize_address,
    normalize_code,
)
from bot.domain.subscription import Subscription
from bot.services.context import Context
from bot.services.links import link, unlink
from bot.services.mirror import apply
from storage import customers, jobs, link_requests, subscriptions
from storage.link_requests import LinkRequest


@dataclass(frozen=True, slots=True)
class CodeMail:
    """A code on its way to the address that asked for it."""

    address: str
    code: str
    request_id: LinkRequestId


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """One of several customers under one address, told apart by what it subscribes to."""

    customer_id: CustomerId
    subscription: Subscription | None


@dataclass(frozen=True, slots=True)
class Linked:
    """The account is linked."""

    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class ChooseAccount:
    """The code was right, and there are several accounts; `of` is how many in all."""

    request_id: LinkRequestId
    choices: tuple[AccountChoice, ...]
    of: int


def _hash_code(code: str, salt: bytes) -> bytes:
    """Slow on purpose: eight digits could be searched through in a second otherwise."""
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1)


class AccountService:
    """Who has which billing account."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def request_code(self, user_id: UserId, typed_address: str) -> LinkRequestId:
        """Take a request; a job looks the address up and sends the code.

        Nothing here depends on whether the address exists, so neither the answer nor its timing
        tells. Raises InvalidAddress or TooManyLinkRequests.
        """
        address = normalize_address(typed_address)
        if address is None:
            raise InvalidAddress
        now = self._context.clock()
        request_id = LinkRequestId(self._context.new_id())
        async with self._context.database.write() as connection:
            since = now - REQUEST_WINDOW
            by_user = await link_requests.times_since(connection, since, user_id=user_id)
            by_address = await link_requests.times_since(connection, since, address=address)
            for times, most in (
                (by_user, MAX_REQUESTS_PER_USER),
                (by_address, MAX_REQUESTS_PER_ADDRESS),
            ):
                if len(times) >= most:
                    raise TooManyLinkRequests(retry_at=times[-most] + REQUEST_WINDOW)
            await link_requests.add(
                connection,
                request_id,
                user_id=user_id,
                address=address,
                now=now,
                expires_at=now + CODE_LIFETIME,
            )
            job = NewJob(
                "account.send_code",
                f"link-code:{request_id}",
                {"request_id": request_id, "typed": typed_address.strip()},
            )
            await jobs.add(connection, [job], now=now)
        return request_id

    async def prepare_code(self, job: Job) -> CodeMail | None:
        """Find the customers and store a new code's hash; None when there is nobody to mail."""
        request_id = LinkRequestId(str(job.payload["request_id"]))
        asked_at = self._context.clock()
        async with self._context.database.read() as connection:
            request = await link_requests.find(connection, request_id)
        if request is None or request.closed_at or request.verified_at:
            return None
        if request.expires_at <= asked_at:
            return None
        found = await self._customers(str(job.payload["typed"]))
        if not found:
            return None
        providers = self._context.providers
        snapshots = [
            await providers[each.provider].fetch_account(each.id) for each in found[:MOST_OFFERED]
        ]
        code, salt = new_code(), secrets.token_bytes(16)
        hashed = await asyncio.to_thread(_hash_code, code, salt)
        async with self._context.database.write() as connection:
            for snapshot in snapshots:
                await apply(connection, self._context, snapshot, asked_at=asked_at)
            wanted = await link_requests.set_code(
                connection,
                request_id,
                code_hash=hashed,
                code_salt=salt,
                customer_ids=[each.id for each in found],
            )
        if not wanted:
            return None
        return CodeMail(found[0].email or request.address, code, request_id)

    async def _customers(self, typed_address: str) -> list[CustomerRecord]:
        """Who has the address: first those that have a plan as far as the mirror knows."""
        by_provider = [
            await provider.customers_with_address(typed_address)
            for provider in self._context.providers.values()
        ]
        # The one with few comes first, so that the many of another do not push it out.
        found = [customer for each in sorted(by_provider, key=len) for customer in each]
        async with self._context.database.read() as connection:
            known = await subscriptions.of_customers(connection, [each.id for each in found])
        live = {each.customer_id for each in known if each.is_live}
        return sorted(found, key=lambda each: each.id not in live)

    async def enter_code(
        self, user_id: UserId, request_id: LinkRequestId, typed: str
    ) -> Linked | ChooseAccount:
        """Check a code. Each guess is counted before it is compared.

        Raises WrongCode, CodeExpired, AccountTaken or AlreadyLinked. A request without a code,
        because nobody has that address, answers like one with another code.
        """
        request = await self._own_request(user_id, request_id)
        now = self._context.clock()
        if request.closed_at or request.verified_at or request.expires_at <= now:
            raise CodeExpired
        async with self._context.database.write() as connection:
            attempts = await link_requests.count_attempt(connection, request_id, limit=MAX_ATTEMPTS)
        if attempts is None:
            raise CodeExpired
        salt = request.code_salt or b"no code was sent"
        hashed = await asyncio.to_thread(_hash_code, normalize_code(typed), salt)
        if request.code_hash is None or not hmac.compare_digest(hashed, request.code_hash):
            raise WrongCode(attempts_left=MAX_ATTEMPTS - attempts)
        async with self._context.database.write() as connection:
            if not await link_requests.verify(connection, request_id, now=now):
                raise CodeExpired
        if len(request.customer_ids) == 1:
            return await self._link(user_id, request, request.customer_ids[0])
        choices = await self._choices(request.customer_ids[:MOST_OFFERED])
        return ChooseAccount(request_id, choices, of=len(request.customer_ids))

    async def choose_account(
        self, user_id: UserId, request_id: LinkRequestId, number: int
    ) -> Linked:
        """Link the account at this place of those that a verified code has opened."""
        request = await self._own_request(user_id, request_id)
        expired = request.expires_at <= self._context.clock()
        if request.verified_at is None or request.closed_at or expired:
            raise CodeExpired
        if not 0 <= number < min(len(request.customer_ids), MOST_OFFERED):
            raise NotYours
        return await self._link(user_id, request, request.customer_ids[number])

    async def unlink(self, user_id: UserId, customer_id: CustomerId) -> None:
        """The member parts the two; raises NotLinked when they are not linked (any more)."""
        async with self._context.database.write() as connection:
            await unlink(connection, user_id, customer_id, now=self._context.clock())

    async def link_for_vendor(
        self, provider_name: ProviderName, customer_id: CustomerId, user_id: UserId
    ) -> None:
        """Link a customer for whom the vendor vouches, after asking the provider for it.

        Raises NoSuchThing when the provider, or the provider's customer, is not there,
        AccountTaken or AlreadyLinked.
        """
        provider, asked_at = self._context.providers.get(provider_name), self._context.clock()
        if provider is None:
            raise NoSuchThing("provider")
        try:
            snapshot = await provider.fetch_account(customer_id)
        except ProviderRefusedError as refusal:
            raise NoSuchThing("customer") from refusal
        try:
            async with self._context.database.write() as connection:
                await apply(connection, self._context, snapshot, asked_at=asked_at)
                now = self._context.clock()
                await link(connection, customer_id, user_id, by="vendor", now=now)
        except IntegrityError:
            # Another process has linked the same user at the same moment.
            raise AlreadyLinked from None

    async def _own_request(self, user_id: UserId, request_id: LinkRequestId) -> LinkRequest:
        async with self._context.database.read() as connection:
            request = await link_requests.find(connection, request_id)
        if request is None:
            raise CodeExpired
        if request.user_id != user_id:
            raise NotYours
        return request

    async def _choices(self, customer_ids: Sequence[CustomerId]) -> tuple[AccountChoice, ...]:
        async with self._context.database.read() as connection:
            known = await subscriptions.of_customers(connection, customer_ids)
        live_first = sorted(known, key=lambda each: not each.is_live)
        newest = {each.customer_id: each for each in reversed(live_first)}
        return tuple(AccountChoice(each, newest.get(each)) for each in customer_ids)

    async def _link(self, user_id: UserId, request: LinkRequest, customer_id: CustomerId) -> Linked:
        now = self._context.clock()
        async with self._context.database.write() as connection:
            await link(connection, customer_id, user_id, by="code", now=now)
            await customers.remember_address(connection, customer_id, request.address)
            await link_requests.close(connection, request.id, now=now)
        return Linked(customer_id)
