"""S28: a bank's "no" in plain words, and what helps."""

import pytest

from cogs.notices.declines import _BY_CODE, NO_REASON, in_plain_words

# Stripe's decline codes for cards, as its documentation lists them.
_LISTED = """
approve_with_id authentication_required call_issuer card_not_supported card_velocity_exceeded
currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card fraudulent
generic_decline incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip
insufficient_funds invalid_account invalid_amount invalid_cvc invalid_expiry_month
invalid_expiry_year invalid_number invalid_pin issuer_not_available lost_card merchant_blacklist
mobile_device_authentication_required new_account_information_available no_action_taken
not_permitted offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded
processing_error reenter_transaction restricted_card revocation_of_all_authorizations
revocation_of_authorization security_violation service_not_allowed stolen_card stop_payment_order
testmode_decline transaction_not_allowed try_again_later withdrawal_count_limit_exceeded
"""
STRIPES = _LISTED.split()
# Codes of errors and of Creem's transactions.
OTHERS = ["card_declined", "declined", "uncollectible", "a_code_of_tomorrow", "", None]


@pytest.mark.parametrize("code", [*STRIPES, *OTHERS, *_BY_CODE])
def test_s28_every_code_has_a_reason_and_a_next_step(code: str | None) -> None:
    said = in_plain_words(code)

    for sentence in (said.why, said.what_next):
        assert sentence.endswith(".")
        assert len(sentence) < 300
        assert "_" not in sentence


def test_s28_without_a_reason_the_vendors_advice_is_given() -> None:
    """Check details and international use, ask the bank."""
    for word in ("card details", "international", "bank"):
        assert word in NO_REASON.what_next


@pytest.mark.parametrize(
    "code", ["fraudulent", "lost_card", "stolen_card", "pickup_card", "merchant_blacklist"]
)
def test_a_thief_does_not_learn_that_the_card_is_known(code: str) -> None:
    assert in_plain_words(code) == in_plain_words("generic_decline") == NO_REASON
