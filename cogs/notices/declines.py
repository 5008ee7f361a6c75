"""Why a payment was declined, in plain words, and what to do about it (rule S28).

The codes are Stripe's: its decline codes, and the codes of its errors. Creem passes on few, under
the same names. Whatever is not here is answered like a bank that gives no reason.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decline:
    """Two sentences or three: what happened, and what helps."""

    why: str
    what_next: str


NO_REASON = Decline(
    "The bank did not say why.",
    "Check your card details, and that the card is good for international payments. If they are "
    "right, ask your bank to allow the payment, or use another card.",
)
_NO_MONEY = Decline(
    "There was not enough money for it.",
    "Put money on the account of the card, or use another card.",
)
_EXPIRED = Decline("The card has expired.", "Use a card that is still valid.")
_CONFIRMATION = Decline(
    "Your bank wants you to confirm the payment yourself.",
    "Open the billing page and confirm the payment there, in the way that your bank asks for.",
)
_DETAILS = Decline(
    "The card details were not right.",
    "Enter the number, the date, the security code and the postcode again, or use another card.",
)
_LIMIT = Decline(
    "The payment is over a limit of the card.",
    "Ask your bank to raise the limit or to allow the payment, or use another card.",
)
_NOT_ALLOWED = Decline(
    "The card does not allow this kind of payment.",
    "Ask your bank to allow payments online, from other countries and in other currencies, or use "
    "another card.",
)
_TECHNICAL = Decline(
    "The bank could not be reached, or had a technical problem.",
    "Wait a little: the payment is tried again by itself. If it fails again, use another card.",
)
_STOPPED = Decline(
    "Your bank was told to stop these payments.",
    "If you did not ask for that, talk to your bank, or use another card. If you want to leave, "
    "you can cancel.",
)
_CLOSED = Decline(
    "The card, or the account behind it, is not in use any more.",
    "Use another card, or ask your bank for the new one.",
)
_REPEATED = Decline(
    "The bank took it for a payment that was made already.",
    "Look at your last invoices first. If nothing was paid, ask your bank to allow the payment.",
)

# Not here on purpose: fraudulent, lost_card, stolen_card, pickup_card, merchant_blacklist,
# security_violation. Stripe asks to show them like a bank's plain "no": whoever holds a stolen
# card must not learn that it is known.
_BY_CODE = {
    "insufficient_funds": _NO_MONEY,
    "expired_card": _EXPIRED,
    "invalid_expiry_month": _DETAILS,
    "invalid_expiry_year": _DETAILS,
    "incorrect_number": _DETAILS,
    "invalid_number": _DETAILS,
    "incorrect_cvc": _DETAILS,
    "invalid_cvc": _DETAILS,
    "incorrect_zip": _DETAILS,
    "incorrect_address": _DETAILS,
    "approve_with_id": _CONFIRMATION,
    "authentication_required": _CONFIRMATION,
    "mobile_device_authentication_required": _CONFIRMATION,
    "payment_intent_authentication_failure": _CONFIRMATION,
    "invoice_payment_intent_requires_action": _CONFIRMATION,
    "subscription_payment_intent_requires_action": _CONFIRMATION,
    "card_velocity_exceeded": _LIMIT,
    "withdrawal_count_limit_exceeded": _LIMIT,
    "invalid_amount": _LIMIT,
    "card_not_supported": _NOT_ALLOWED,
    "currency_not_supported": _NOT_ALLOWED,
    "transaction_not_allowed": _NOT_ALLOWED,
    "service_not_allowed": _NOT_ALLOWED,
    "not_permitted": _NOT_ALLOWED,
    "restricted_card": _NOT_ALLOWED,
    "issuer_not_available": _TECHNICAL,
    "processing_error": _TECHNICAL,
    "reenter_transaction": _TECHNICAL,
    "try_again_later": _TECHNICAL,
    "revocation_of_authorization": _STOPPED,
    "revocation_of_all_authorizations": _STOPPED,
    "stop_payment_order": _STOPPED,
    "invalid_account": _CLOSED,
    "new_account_information_available": _CLOSED,
    "duplicate_transaction": _REPEATED,
}


def in_plain_words(code: str | None) -> Decline:
    """What a provider's code means to the person who pays; None when the provider gave none."""
    return _BY_CODE.get(code or "", NO_REASON)
