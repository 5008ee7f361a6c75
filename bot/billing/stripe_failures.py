"""Stripe's payments that went wrong: declined, or called back by the cardholder's bank."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.billing.provider import Snapshot
from bot.billing.stripe_account import StripeAccount, translated_errors
from bot.billing.stripe_objects import utc
from bot.domain.dispute import Dispute, DisputeStatus
from bot.domain.identifiers import STRIPE, CustomerId, DisputeId, PaymentId
from bot.domain.money import Money
from bot.domain.payment_failure import PaymentFailure

Json = Mapping[str, Any]

# The newest attempt is among the newest intents: a renewal is tried again for weeks, not years.
NEWEST_INTENTS = 10

# A `warning` is an inquiry: the bank asks before it takes the money back.
_DISPUTE_STATUS = {
    "warning_needs_response": DisputeStatus.INQUIRY,
    "warning_under_review": DisputeStatus.INQUIRY,
    "warning_closed": DisputeStatus.DROPPED,
    "needs_response": DisputeStatus.NEEDS_ANSWER,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    "prevented": DisputeStatus.DROPPED,
}


def dispute_of(dispute: Json) -> Dispute | None:
    """A dispute; None for one of an old charge that belongs to no payment intent."""
    if dispute.get("payment_intent") is None:
        return None
    due_by = (dispute.get("evidence_details") or {}).get("due_by")
    return Dispute(
        id=DisputeId(dispute["id"]),
        provider=STRIPE,
        payment_id=PaymentId(dispute["payment_intent"]),
        amount=Money(dispute["amount"], dispute["currency"]),
        reason=str(dispute["reason"]),
        status=_DISPUTE_STATUS.get(dispute["status"], DisputeStatus.UNKNOWN),
        opened_at=utc(dispute["created"]),
        answer_by=utc(due_by) if due_by else None,
    )


class StripeFailures(StripeAccount):
    """What a member, or the team, has to be told about a payment."""

    async def last_failure(self, customer_id: CustomerId) -> PaymentFailure | None:
        """By the intents' errors: an attempt that the bank wanted confirmed leaves no charge."""
        async with translated_errors():
            listed = await self._v1.payment_intents.list_async(
                {
                    "customer": customer_id,
                    "limit": NEWEST_INTENTS,
                    "expand": ["data.latest_charge"],
                }
            )
        attempts = [_attempt(each.to_dict()) for each in listed.data]
        tried = [each for each in attempts if each is not None]
        return max(tried, key=lambda each: each[0])[1] if tried else None

    async def _fetch_dispute(
        self, dispute_id: str, *, fetch_payment: Callable[[PaymentId], Awaitable[Snapshot]]
    ) -> Snapshot:
        """A dispute with the payment that it is about."""
        async with translated_errors():
            found = await self._v1.disputes.retrieve_async(dispute_id)
        dispute = dispute_of(found.to_dict())
        if dispute is None:
            return Snapshot()
        return replace(await fetch_payment(dispute.payment_id), disputes=(dispute,))


def _attempt(intent: Json) -> tuple[datetime, PaymentFailure | None] | None:
    """When an intent was last tried, and how that failed; None while it was never tried."""
    charge, error = intent.get("latest_charge"), intent.get("last_payment_error")
    charged_at = utc(charge["created"]) if isinstance(charge, Mapping) else None
    if intent["status"] == "succeeded" and charged_at is not None:
        return charged_at, None
    if error is None:
        return None
    failed_at = charged_at or utc(intent["created"])
    code = error.get("decline_code") or error.get("code")
    amount = Money(intent["amount"], intent["currency"])
    return failed_at, PaymentFailure(code, amount, failed_at)
