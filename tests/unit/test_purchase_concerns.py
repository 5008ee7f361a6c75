"""What member and team read when a payment needs a person (S12, S13, S30)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.account import Account
from bot.domain.checkout import (
    MEMBER_ONLY,
    OWNER_ONLY,
    STAFF_ONLY,
    Checkout,
    CheckoutState,
    Concern,
)
from bot.domain.identifiers import (
    STRIPE,
    CheckoutId,
    CustomerId,
    GuildId,
    PaymentId,
    PriceId,
    SubscriptionId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.refund import Payment, PaymentPurpose
from bot.services.purchase_completion import PurchaseCase
from cogs.subscribe.concerns import TITLES, member_text, owner_mail, staff_text
from tests.unit.test_plan_change import BALANCE, CATALOGUE, NOW, OLD

PAYMENT = Payment(
    id=PaymentId("pi_1"),
    provider=STRIPE,
    customer_id=CustomerId("cus_paid"),
    invoice_id=None,
    subscription_id=OLD.id,
    purpose=PaymentPurpose.SUBSCRIPTION,
    amount=Money(2000, "usd"),
    refunded=Money(0, "usd"),
    disputed=False,
    paid_at=NOW,
    period_start=NOW,
    period_end=NOW + timedelta(days=30),
)
CASE = PurchaseCase(
    checkout=Checkout(
        id=CheckoutId("ABC"),
        user_id=UserId(1001),
        guild_id=GuildId(1),
        provider=STRIPE,
        customer_id=CustomerId("cus_paid"),
        price_id=PriceId("price_pro_month"),
        purpose=PaymentPurpose.TOP_UP,
        state=CheckoutState.COMPLETED,
        created_at=NOW,
        units=500,
        subscription_id=SubscriptionId("sub_new"),
        payment_id=PaymentId("pi_top_up"),
    ),
    account=Account(CustomerId("cus_linked"), STRIPE, "mia@example.com", OLD, BALANCE, ()),
    plans=((OLD, PAYMENT),),
)


@pytest.mark.parametrize("concern", [each for each in Concern if each not in STAFF_ONLY])
def test_the_member_reads_what_happened_and_what_to_do(concern: Concern) -> None:
    text = member_text(concern, CASE, CATALOGUE)

    assert "P-ABC" in text or concern is Concern.TOP_UP_MOVED
    assert ("Our team has been told" in text) == (concern not in MEMBER_ONLY)
    for promise in ("will be refunded", "you get your money", "days"):
        assert promise not in text  # S12, S13: neither amount nor time is promised
    assert not set("*`<>#") & set(text), "it goes by mail too"


@pytest.mark.parametrize(
    "concern", [each for each in Concern if each not in MEMBER_ONLY | OWNER_ONLY]
)
def test_the_team_reads_whose_payment_it_is(concern: Concern) -> None:
    text = staff_text(concern, CASE, CATALOGUE, who="<@1001>")

    assert text.startswith("<@1001> · P-ABC")
    assert "pi_1" in text


def test_every_concern_has_a_title_of_its_own() -> None:
    assert set(TITLES) == set(Concern)
    assert len(set(TITLES.values())) == len(Concern)


def test_s30_both_the_plan_and_its_payment_are_named() -> None:
    text = member_text(Concern.TWO_PLANS, CASE, CATALOGUE)

    assert "- Pro, $20.00 monthly, subscription sub_old, payment pi_1 of 01 November 2026" in text


def test_the_account_that_paid_and_the_one_that_is_linked_are_told_apart() -> None:
    text = staff_text(Concern.OTHER_ACCOUNT, CASE, CATALOGUE, who="Discord user 1001")

    assert "Linked account: cus_linked. Account that paid: cus_paid." in text


@pytest.mark.parametrize(
    "concern", [Concern.KNOWN_ADDRESS, Concern.ACCOUNT_TAKEN, Concern.OTHER_ACCOUNT]
)
def test_a_buyer_learns_nothing_of_the_account_that_paid(concern: Concern) -> None:
    case = replace(CASE, concern=concern, owner_id=UserId(1002), owner_address="lea@example.com")

    text = member_text(concern, case, CATALOGUE)

    for fact in ("cus_paid", "sub_old", "pi_1", "1002", "lea@example.com"):
        assert fact not in text


def test_the_mailbox_reads_what_to_do_whoever_has_bought() -> None:
    text = owner_mail(CASE, CATALOGUE, support_email="team@lumen.example")

    assert "Run /link" in text
    assert "If you did not buy anything" in text
    assert "write to team@lumen.example and give P-ABC" in text
    assert "1001" not in text


def test_the_team_reads_whom_it_has_to_tell_to_link() -> None:
    text = staff_text(Concern.KNOWN_ADDRESS, CASE, CATALOGUE, who="<@1001>")

    assert text.startswith("<@1001> · P-ABC")
    assert "Account that paid: cus_paid." in text
    assert "run /link" in text
