"""Creem's API v1: wire format to domain and back, nothing else."""
# ruff: noqa: ARG002 - Creem has no place for some of what the Protocol gives

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from bot.billing.creem_account import Json, in_path
from bot.billing.creem_objects import CANCELED, PAUSED, SCHEDULED, amount_of, refunded_of
from bot.billing.creem_pages import CreemPages
from bot.billing.provider import (
    BadEventError,
    Discount,
    EventHint,
    Pause,
    ProviderRefusedError,
    ProviderUnavailableError,
    RefundReceipt,
    Snapshot,
)
from bot.domain.identifiers import CREEM, PaymentId, SubscriptionId
from bot.domain.money import Money
from bot.domain.offer import OfferKind
from bot.domain.refund import Ground

_NO_EVENT = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_REFERENCES = ("customer", "subscription", "transaction", "order")
_OF_SUBSCRIPTIONS, _OF_CHECKOUTS = "subscription.", "checkout.completed"
_OF_PAYMENTS = ("refund.created", "dispute.created")


class CreemProvider(CreemPages):
    """One Creem store.

    Creem has no idempotency keys. So each change is preceded by a look at what is there, nothing is
    sent twice in one call, and after an answer that tells nothing what has become of it is read.
    """

    name = CREEM
    signature_header = "creem-signature"
    partial_refunds = False
    lists_refunds = False
    # A discount is given at the checkout alone, and a pause has no end: neither is what members
    # are offered.
    offer_kinds: frozenset[OfferKind] = frozenset()

    def read_event(self, body: bytes, signature: str | None) -> EventHint:
        """Verify the raw bytes against `creem-signature`; raises BadEventError.

        The signature holds no time, so a body can be sent again by whoever has seen it. That is
        harmless: the event's id is known then, and an event only has the object looked at.
        """
        secret = self._webhook_secret.get_secret_value().encode()
        expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
        given = (signature or "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, expected.encode()):
            raise BadEventError("SignatureVerificationError")
        try:
            return _hint(json.loads(body))
        except _NO_EVENT as error:
            raise BadEventError(type(error).__name__) from error

    async def fetch_event_objects(self, hint: EventHint) -> Snapshot | None:
        """Fetch by the event's family. Events that change nothing here give None."""
        if hint.type.startswith(_OF_SUBSCRIPTIONS) and hint.object_id:
            return await self._fetch_told(hint.object_id, hint.references.get("transaction"))
        if hint.type in _OF_PAYMENTS and "transaction" in hint.references:
            return await self.fetch_payment(PaymentId(hint.references["transaction"]))
        if hint.type == _OF_CHECKOUTS and hint.object_id:
            return await self.fetch_checkout(hint.object_id)
        return None

    async def _fetch_told(self, subscription_id: str, told: str | None) -> Snapshot:
        """A subscription with the payment that an event tells of, which need not be the last one
        any more: an event that comes late would leave that payment without an invoice (S18)."""
        found = await self._read(SubscriptionId(subscription_id))
        last = found["last_transaction"]
        if told is None or (last is not None and last["id"] == told):
            return self._subscription_snapshot(found)
        shown = [] if last is None else [last]
        try:
            shown.append(await self._api.get("/v1/transactions", transaction_id=told))
        except ProviderRefusedError:
            return self._subscription_snapshot(found)
        return self._subscription_snapshot(found, shown)

    async def schedule_cancellation(
        self,
        subscription_id: SubscriptionId,
        *,
        feedback: str | None,
        comment: str | None,
        idempotency_key: str,
    ) -> Snapshot:
        """Cancel with the period's end; one that is scheduled or over is no error.

        The mode is always sent: without it Creem does what the store's settings say, which may be
        to end at once. One that is paused has no end to be scheduled, gives no access and charges
        nothing: it ends at once. Creem takes no reason; the store of Mooring keeps it.
        """
        current = await self._read(subscription_id)
        body = {"mode": "scheduled", "onExecute": "cancel"}
        if current["status"] == PAUSED:
            body = {"mode": "immediate"}
        return await self._change(
            current, "cancel", body, is_done=lambda status: status in (SCHEDULED, CANCELED)
        )

    async def undo_cancellation(
        self, subscription_id: SubscriptionId, *, idempotency_key: str
    ) -> Snapshot:
        """Resume what is scheduled to end; nothing scheduled is no error."""
        current = await self._read(subscription_id)
        return await self._change(current, "resume", {}, is_done=lambda status: status != SCHEDULED)

    async def end_subscription(
        self,
        subscription_id: SubscriptionId,
        *,
        feedback: str | None = None,
        comment: str | None = None,
        idempotency_key: str,
    ) -> Snapshot:
        """Cancel at once, which calls off further tries of a payment that has failed. Creem gives
        nothing back by itself."""
        current = await self._read(subscription_id)
        return await self._change(
            current, "cancel", {"mode": "immediate"}, is_done=lambda status: status == CANCELED
        )

    async def apply_discount(
        self,
        subscription_id: SubscriptionId,
        discount: Discount,
        *,
        reference: str,
        idempotency_key: str,
    ) -> Snapshot:
        """Creem knows discounts of checkouts alone."""
        raise ProviderRefusedError("discount_unsupported")

    async def pause(
        self,
        subscription_id: SubscriptionId,
        pause: Pause,
        *,
        reference: str,
        idempotency_key: str,
    ) -> Snapshot:
        """Creem pauses at once and for ever, also what is paid for."""
        raise ProviderRefusedError("pause_unsupported")

    async def refund(
        self,
        payment_id: PaymentId,
        *,
        amount: Money,
        ground: Ground,
        reference: str,
        idempotency_key: str,
    ) -> RefundReceipt:
        """All that is left of a payment, which is all that Creem's API can give back.

        It keeps neither ground nor reference, and its answer names no refund: the transaction's id
        stands for it. A second call finds nothing left and is refused, so money moves once.
        """
        transaction = await self._api.get("/v1/transactions", transaction_id=payment_id)
        left = amount_of(transaction) - refunded_of(transaction)
        if left.amount == 0:
            raise ProviderRefusedError("already_refunded")
        if amount != left:
            raise ProviderRefusedError("partial_refund_unsupported")
        made = await self._api.post("/v1/refunds", {"transaction_id": payment_id})
        return RefundReceipt(payment_id, _REFUND_STATUS.get(str(made.get("status")), "pending"))

    async def find_refund(self, payment_id: PaymentId, *, reference: str) -> RefundReceipt | None:
        """By the transaction's own sum, since Creem keeps no reference: nothing is left of it.

        So a refund that somebody made in Creem's dashboard in the same moment is taken for this
        one: the money is back, once, which is what was asked for. Whether the bank has confirmed is
        not known here, so the status is `pending`.
        """
        transaction = await self._api.get("/v1/transactions", transaction_id=payment_id)
        amount, refunded = amount_of(transaction), refunded_of(transaction)
        if amount.amount == 0 or refunded != amount:
            return None
        return RefundReceipt(payment_id, "pending")

    async def _change(
        self,
        current: Json,
        action: str,
        body: Json,
        *,
        is_done: Callable[[str], bool],
    ) -> Snapshot:
        """Act if that is needed. Whether a failed call has done its work is read, not guessed."""
        if is_done(current["status"]):
            return self._subscription_snapshot(current)
        path = f"/v1/subscriptions/{in_path(current['id'])}/{action}"
        try:
            changed = await self.whole(await self._api.post(path, body))
        except (ProviderRefusedError, ProviderUnavailableError):
            changed = await self._read(SubscriptionId(current["id"]))
            if not is_done(changed["status"]):
                raise
        return self._subscription_snapshot(changed)


_REFUND_STATUS = {
    "pending": "pending",
    "requiresAction": "requires_action",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "canceled",
}


def _hint(event: Any) -> EventHint:
    """Ids and types are checked: they are stored and asked for. What an event is about is looked at
    where it is asked for: Creem's events of other types may hold anything."""
    event_id, kind = _name(event["id"]), _name(event["eventType"])
    if not _is_followed(kind):
        return EventHint(event_id, kind, None, {})
    about = event["object"]
    references = {name: _id(about[name]) for name in _REFERENCES if about.get(name)}
    object_id = _name(about["id"])
    if kind.startswith(_OF_SUBSCRIPTIONS):
        references["subscription"] = object_id
        if last := about.get("last_transaction") or about.get("last_transaction_id"):
            references["transaction"] = _id(last)
    return EventHint(event_id, kind, object_id, references)


def _is_followed(kind: str) -> bool:
    return kind.startswith(_OF_SUBSCRIPTIONS) or kind in (*_OF_PAYMENTS, _OF_CHECKOUTS)


def _id(reference: Any) -> str:
    return _name(reference if isinstance(reference, str) else reference["id"])


def _name(written: object) -> str:
    if not isinstance(written, str) or not _NAME.fullmatch(written):
        raise ValueError("no name")
    return written
