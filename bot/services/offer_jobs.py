"""The jobs of an offer that was taken: making it at the provider, and telling of it."""

from bot.domain.cancellation import CancelAttempt
from bot.domain.identifiers import AttemptId
from bot.domain.job import NewJob
from bot.domain.offer import Offer, OfferTerms
from bot.services.screens import Screen

APPLY = "offer.apply"
CALL_OFF = "offer.call_off"
SHOW = "offer.show"
TELL_MEMBER = "offer.tell_member"
MAIL_RECEIPT = "offer.mail_receipt"


def apply_offer(attempt: CancelAttempt, offer: Offer, terms: OfferTerms, screen: Screen) -> NewJob:
    """Make it at the provider, as it was agreed: a later configuration does not change that.

    In line with everything else that is asked of the provider for this subscription.
    """
    return NewJob(
        APPLY,
        f"offer:{attempt.id}",
        {
            "attempt_id": attempt.id,
            "kind": offer.kind.value,
            "coupons": dict(offer.coupons),
            "percent": offer.percent,
            "months": offer.months,
            "terms": terms.to_payload(),
            "screen": screen.to_payload(),
        },
        line=attempt.subscription_id,
    )


def call_off(attempt: CancelAttempt) -> NewJob:
    """Let go of the line what is being made just now, if it fails: in no line itself."""
    return NewJob(
        CALL_OFF, f"offer-call-off:{attempt.id}", {"subscription_id": attempt.subscription_id}
    )


def tell_applied(attempt_id: AttemptId, terms: OfferTerms) -> list[NewJob]:
    """The receipts of an offer that is in effect."""
    payload = {"attempt_id": attempt_id, "applied": True, "code": None}
    told = {**payload, "terms": terms.to_payload()}
    return [
        NewJob(TELL_MEMBER, f"offer-dm:{attempt_id}", told),
        NewJob(MAIL_RECEIPT, f"offer-mail:{attempt_id}", told),
    ]
