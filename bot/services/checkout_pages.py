"""The provider's pages for purchases: committed before they are asked for, one for each member.

Two clicks, two processes or a killed one make one page. Whoever starts something else first has the
older page closed, or is told that it was paid.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.billing.provider import (
    ProviderNotConfiguredError,
    ProviderRefusedError,
    ProviderUnavailableError,
    Purchase,
    Snapshot,
)
from bot.domain.checkout import DOUBLE_CLICK, Checkout, CheckoutState
from bot.domain.errors import NoSuchThing, NotYours, PurchaseReplaced
from bot.domain.identifiers import CheckoutId, GuildId, ProviderName, UserId
from bot.domain.job import Job, NewJob
from bot.services.context import Context
from bot.services.mirror import apply
from bot.services.screens import Screen
from storage import audit, checkouts, jobs

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a purchase is started, and where the provider's page leads back to."""

    guild_id: GuildId | None
    return_url: str
    screen: Screen


@dataclass(frozen=True, slots=True)
class PageOpened:
    """The member can pay at `url`."""

    checkout: Checkout
    url: str


@dataclass(frozen=True, slots=True)
class PaidBefore:
    """What the member had started before is paid, as the provider shows only now."""

    checkout_id: CheckoutId


@dataclass(frozen=True, slots=True)
class PageRefused:
    """The provider allows no page for this, and would say no again. The team is told."""

    checkout: Checkout


TELL_REFUSED = "purchase.tell_refused"

Other = TypeVar("Other")
# Says what is to be bought as the store is now, or something else that the member has to see first.
Decide = Callable[[AsyncConnection], Awaitable[Checkout | Other]]


class CheckoutPages:
    """Opens and closes them."""

    def __init__(self, context: Context) -> None:
        """Build on the process's context."""
        self._context = context

    async def open(
        self, decide: Decide[Other], place: Place
    ) -> PageOpened | PageRefused | PaidBefore | Other:
        """The page for what `decide` says; it is asked again in the transaction that commits it.

        Raises PurchaseReplaced, or ProviderUnavailableError: then nothing can be paid.
        """
        async with self._context.database.read() as connection:
            wanted = await decide(connection)
        if not isinstance(wanted, Checkout):
            return wanted
        paid_before = await self._older_paid(wanted)
        if paid_before is not None:
            return PaidBefore(paid_before)
        try:
            begun = await self._begin(decide, place)
        except IntegrityError:
            # On PostgreSQL another click can be quicker between two statements: its row is there.
            begun = await self._begin_again(decide, place)
        return await self._ask(begun, place) if isinstance(begun, Checkout) else begun

    async def give_up(self, user_id: UserId, checkout_id: CheckoutId) -> bool:
        """The member keeps what they have; False when this is paid already."""
        async with self._context.database.write() as connection:
            checkout = await checkouts.find(connection, checkout_id)
            if checkout is None:
                raise NoSuchThing("purchase")
            if checkout.user_id != user_id:
                raise NotYours
            await self._close(connection, checkout)
        return checkout.state is not CheckoutState.COMPLETED

    async def close_page(self, job: Job) -> None:
        """Let nobody pay on a page that was given up, where the provider can close it."""
        page_id = str(job.payload["page_id"])
        try:
            provider = self._context.provider_of(ProviderName(str(job.payload["provider"])))
            await provider.close_checkout(page_id)
        except ProviderNotConfiguredError:
            return
        except ProviderRefusedError as refusal:
            _log.warning("checkout_not_closed", page=page_id, code=refusal.code)

    async def _older_paid(self, wanted: Checkout) -> CheckoutId | None:
        """Close the page that the member has left, and look whether they have paid on it."""
        async with self._context.database.read() as connection:
            older = await checkouts.unfinished(connection, wanted.user_id)
        if older is None or older.page_id is None or _is_double_click(older, wanted):
            return None
        provider, asked_at = self._context.provider_of(older.provider), self._context.clock()
        try:
            await provider.close_checkout(older.page_id)
            snapshot = await provider.fetch_checkout(older.page_id)
        except ProviderRefusedError as refusal:
            # Nobody can pay on a page that the provider does not know.
            _log.warning("checkout_unknown", page=older.page_id, code=refusal.code)
            snapshot = Snapshot()
        async with self._context.database.write() as connection:
            await apply(connection, self._context, snapshot, asked_at=asked_at)
            await checkouts.close(connection, older.id)
            now_known = await checkouts.find(connection, older.id)
        is_paid = now_known is not None and now_known.state is CheckoutState.COMPLETED
        return older.id if is_paid else None

    async def _begin(self, decide: Decide[Other], place: Place) -> Checkout | Other:
        now = self._context.clock()
        async with self._context.database.write() as connection:
            wanted = await decide(connection)
            if not isinstance(wanted, Checkout):
                return wanted
            screen = place.screen.to_payload()
            older = await checkouts.unfinished(connection, wanted.user_id)
            if older is not None and _is_double_click(older, wanted):
                await checkouts.set_screen(connection, older.id, screen)
                return older
            if older is not None:
                await self._close(connection, older)
            await checkouts.add(connection, wanted, screen=screen)
            await _record_start(connection, wanted, now=now)
        return wanted

    async def _begin_again(self, decide: Decide[Other], place: Place) -> Checkout | Other:
        try:
            return await self._begin(decide, place)
        except IntegrityError as error:
            raise PurchaseReplaced from error

    async def _ask(self, checkout: Checkout, place: Place) -> PageOpened | PageRefused:
        if checkout.page_url is not None:
            return PageOpened(checkout, checkout.page_url)
        provider = self._context.provider_of(checkout.provider)
        try:
            page = await provider.open_checkout(
                Purchase(
                    reference=checkout.id,
                    price_id=checkout.price_id,
                    purpose=checkout.purpose,
                    customer_id=checkout.customer_id,
                    return_url=place.return_url,
                ),
                idempotency_key=f"mooring-checkout-{checkout.id}",
            )
        except (ProviderRefusedError, ProviderUnavailableError) as error:
            # The next try is a purchase of its own: a provider may keep an error under its key. A
            # page that was made all the same is known to nobody.
            async with self._context.database.write() as connection:
                await checkouts.close(connection, checkout.id, expected=(CheckoutState.OPENING,))
                if isinstance(error, ProviderRefusedError):
                    await self._note_refusal(connection, checkout, error.code)
            if isinstance(error, ProviderRefusedError):
                return PageRefused(checkout)
            raise
        async with self._context.database.write() as connection:
            opened = await checkouts.open_page(
                connection, checkout.id, page_id=page.id, page_url=page.url
            ) or await checkouts.find(connection, checkout.id)
            if opened is None or opened.page_id != page.id:
                await self._add_closing(connection, checkout.provider, page.id)
        if opened is None or opened.page_url is None or opened.state is CheckoutState.CLOSED:
            raise PurchaseReplaced
        return PageOpened(opened, opened.page_url)

    async def _note_refusal(
        self, connection: AsyncConnection, checkout: Checkout, code: str
    ) -> None:
        """The team hears of each price and answer once a day, however many try it."""
        now = self._context.clock()
        _log.warning("checkout_refused", checkout=checkout.id, price=checkout.price_id, code=code)
        day = now.astimezone(UTC).date().isoformat()
        key = f"purchase-refused:{checkout.provider}:{checkout.price_id}:{code}:{day}"
        told = NewJob(TELL_REFUSED, key, {"checkout_id": checkout.id, "code": code})
        await jobs.add(connection, [told], now=now)

    async def _close(self, connection: AsyncConnection, checkout: Checkout) -> None:
        closed = await checkouts.close(connection, checkout.id)
        if closed is not None and closed.page_id is not None:
            await self._add_closing(connection, closed.provider, closed.page_id)

    async def _add_closing(
        self, connection: AsyncConnection, provider: ProviderName, page_id: str
    ) -> None:
        payload = {"provider": provider, "page_id": page_id}
        closing = NewJob("purchase.close_page", f"checkout-close:{page_id}", payload)
        await jobs.add(connection, [closing], now=self._context.clock())


def _is_double_click(older: Checkout, wanted: Checkout) -> bool:
    return older.is_same(wanted) and wanted.created_at - older.created_at < DOUBLE_CLICK


async def _record_start(connection: AsyncConnection, checkout: Checkout, *, now: datetime) -> None:
    await audit.append(
        connection,
        actor_id=checkout.user_id,
        action="purchase.started",
        subject=checkout.id,
        details={"price": checkout.price_id, "replaces": checkout.replaces},
        now=now,
    )
