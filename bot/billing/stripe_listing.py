"""Everything that a Stripe account holds, a page at a time, for reconciliation.

Stripe's lists are newest first and go on after an id, so objects that come while the pages are
read are missed by none of them: they are newer than the first page, and events tell of them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, cast

import stripe

from bot.billing.provider import Page, Snapshot
from bot.billing.snapshots import if_readable, merged, read_each
from bot.billing.stripe_account import translated_errors
from bot.billing.stripe_failures import dispute_of
from bot.billing.stripe_objects import (
    checkout_snapshot,
    customer_record,
    invoice_snapshot,
    payment_of,
    subscription_of,
)
from bot.domain.catalogue import Catalogue
from bot.domain.identifiers import PaymentId

LARGEST_PAGE = 100
# Each of these costs up to four more requests.
SMALL_PAGE = 10

Json = dict[str, Any]
FetchPayment = Callable[[PaymentId], Awaitable[Snapshot]]


class _List(Protocol):
    """One of the SDK's list methods."""

    async def __call__(self, params: Any, /) -> Any: ...


class StripeListing:
    """Reads subscriptions first: what comes after refers to them and their customers."""

    def __init__(
        self, v1: stripe.V1Services, catalogue: Catalogue, fetch_payment: FetchPayment
    ) -> None:
        """`fetch_payment` reads a payment with its invoice and subscription."""
        self._v1 = v1
        self._catalogue = catalogue
        self._fetch_payment = fetch_payment
        self._phases: Mapping[str, Callable[[str | None, datetime], Awaitable[_Part]]] = {
            "subscriptions": self._subscriptions,
            "checkouts": self._checkouts,
            "invoices": self._invoices,
            "payments": self._payments,
            "refunds": self._refunds,
            "disputes": self._disputes,
        }

    async def fetch_page(self, cursor: str | None, *, since: datetime) -> Page:
        """The page after `cursor`, which names the list and the last id of it."""
        names = list(self._phases)
        name, _, after = (cursor or f"{names[0]}:").partition(":")
        async with translated_errors():
            snapshot, last_id = await self._phases[name](after or None, since)
        if last_id is not None:
            return Page(snapshot, f"{name}:{last_id}")
        following = names[names.index(name) + 1 :]
        return Page(snapshot, f"{following[0]}:" if following else None)

    async def _subscriptions(self, after: str | None, _since: datetime) -> "_Part":
        found, last_id = await _listed(
            self._v1.subscriptions.list_async,
            {"status": "all", "expand": ["data.customer", "data.latest_invoice"]},
            after,
        )
        return read_each(found, self._of_subscription), last_id

    def _of_subscription(self, subscription: Json) -> Snapshot:
        return Snapshot(
            customers=(customer_record(subscription["customer"]),),
            subscriptions=(subscription_of(subscription, self._catalogue),),
        )

    async def _checkouts(self, after: str | None, since: datetime) -> "_Part":
        found, last_id = await _listed(
            self._v1.checkout.sessions.list_async,
            {
                "status": "complete",
                "created": _from(since),
                "expand": ["data.customer", "data.subscription.latest_invoice"],
            },
            after,
        )
        return read_each(found, lambda each: checkout_snapshot(each, self._catalogue)), last_id

    async def _invoices(self, after: str | None, since: datetime) -> "_Part":
        found, last_id = await _listed(
            self._v1.invoices.list_async,
            {"created": _from(since), "expand": ["data.customer"]},
            after,
        )
        return read_each(
            found, lambda each: invoice_snapshot(each, intents=(), catalogue=self._catalogue)
        ), last_id

    async def _payments(self, after: str | None, since: datetime) -> "_Part":
        found, last_id = await _listed(
            self._v1.invoice_payments.list_async,
            {
                "status": "paid",
                "created": _from(since),
                "expand": [
                    "data.payment.payment_intent.latest_charge",
                    "data.invoice.customer",
                ],
            },
            after,
        )
        return read_each(found, _of_payment), last_id

    async def _refunds(self, after: str | None, since: datetime) -> "_Part":
        return await self._payments_behind(self._v1.refunds.list_async, after, since)

    async def _disputes(self, after: str | None, since: datetime) -> "_Part":
        return await self._payments_behind(self._v1.disputes.list_async, after, since)

    async def _payments_behind(self, method: _List, after: str | None, since: datetime) -> "_Part":
        """What was given back or disputed since then may have been paid long before."""
        found, last_id = await _listed(method, {"created": _from(since)}, after, limit=SMALL_PAGE)
        asked: set[str] = set()
        behind = [await if_readable(each, self._behind(each, asked)) for each in found]
        return merged(behind), last_id

    async def _behind(self, shown: Json, asked: set[str]) -> Snapshot:
        """A refund or a dispute with its payment, unless that was `asked` for just now."""
        intent = shown["payment_intent"]
        dispute = dispute_of(shown) if shown["object"] == "dispute" else None
        payment = Snapshot()
        if intent and intent not in asked:
            asked.add(intent)
            payment = await self._fetch_payment(PaymentId(intent))
        return replace(payment, disputes=(dispute,) if dispute else ())


_Part = tuple[Snapshot, str | None]


def _from(since: datetime) -> dict[str, int]:
    return {"gte": int(since.timestamp())}


async def _listed(
    method: _List, params: Mapping[str, Any], after: str | None, *, limit: int = LARGEST_PAGE
) -> tuple[list[Json], str | None]:
    """One page, and the id to go on after where there are more."""
    following = {"starting_after": after} if after else {}
    listed = await method({**params, "limit": limit, **following})
    found = [cast(Json, each.to_dict()) for each in listed.data]
    return found, found[-1]["id"] if listed.has_more and found else None


def _of_payment(link: Json) -> Snapshot:
    """What was paid, with the invoice that it was paid on."""
    invoice, payment = link["invoice"], None
    if link["payment"]["type"] == "payment_intent":
        payment = payment_of(link["payment"]["payment_intent"], invoice=invoice)
    return Snapshot(
        customers=(customer_record(invoice["customer"]),),
        payments=() if payment is None else (payment,),
    )
