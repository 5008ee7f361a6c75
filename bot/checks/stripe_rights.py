"""What the key may do in the Stripe account. A restricted key has only what was ticked.

Reading is tried with a list of one. Writing is tried on an object that does not exist: Stripe
looks at the key's rights first, so that nothing is ever changed.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import stripe

from bot.checks.findings import Finding, doubtful, fine, wrong

NOTHING = "mooring_check"
_ONE: Any = {"limit": 1}


@dataclass(frozen=True, slots=True)
class _Right:
    """`name` as the dashboard's list of permissions has it; `without` is what will not work.

    Where Mooring has another way, it `is_optional`.
    """

    name: str
    without: str
    attempt: Callable[[stripe.V1Services], Awaitable[object]]
    is_optional: bool = False


_RIGHTS = (
    _Right(
        "read customers", "nobody can link an account", lambda v1: v1.customers.list_async(_ONE)
    ),
    _Right(
        "read subscriptions",
        "no plan, balance or renewal date is known",
        lambda v1: v1.subscriptions.list_async(_ONE),
    ),
    _Right(
        "read payment methods",
        "no subscription can be read: the card that pays for it is read with it",
        lambda v1: v1.payment_methods.list_async(_ONE),
    ),
    _Right(
        "read invoices",
        "there are no invoices, and no payment is known",
        lambda v1: v1.invoices.list_async(_ONE),
    ),
    _Right(
        "read payment intents",
        "no payment is known, so that none can be refunded or explained",
        lambda v1: v1.payment_intents.list_async(_ONE),
    ),
    _Right(
        "read charges",
        "no payment is known, so that none can be refunded or explained",
        lambda v1: v1.charges.list_async(_ONE),
    ),
    _Right(
        "read disputes",
        "the team hears nothing of disputes",
        lambda v1: v1.disputes.list_async(_ONE),
    ),
    _Right(
        "write subscriptions",
        "nobody can cancel, resume or change a plan",
        lambda v1: v1.subscriptions.update_async(f"sub_{NOTHING}", {}),
    ),
    _Right(
        "write refunds",
        "no refund can be made",
        lambda v1: v1.refunds.update_async(f"re_{NOTHING}", {}),
    ),
    _Right(
        "write checkout sessions",
        "nobody can subscribe or top up",
        lambda v1: v1.checkout.sessions.expire_async(f"cs_{NOTHING}"),
    ),
    _Right(
        "write customer portal sessions",
        "nobody can change their card with /billing",
        lambda v1: v1.billing_portal.sessions.create_async({"customer": f"cus_{NOTHING}"}),
    ),
    # By Stripe's rule for restricted keys a POST takes the right to write. Nothing else that
    # Mooring does writes an invoice.
    _Right(
        "write invoices, which is what a preview of the next one takes",
        "reminders of a renewal tell the price of the plan and what was agreed here, and not the "
        "charge with tax, credit and discounts of yours",
        lambda v1: v1.invoices.create_preview_async({"subscription": f"sub_{NOTHING}"}),
        is_optional=True,
    ),
)
# As Stripe's refusal names what is missing.
_NAMED = re.compile(r"'(rak_\w+)'")


async def check_rights(client: stripe.StripeClient) -> AsyncIterator[Finding]:
    """One finding for each right that is missing, or one that says that all are there."""
    all_there = True
    for right in _RIGHTS:
        finding = await _check(client, right)
        if finding is not None:
            all_there = False
            yield finding
    if all_there:
        yield fine("The key may do everything that Mooring does in Stripe.")


async def _check(client: stripe.StripeClient, right: _Right) -> Finding | None:
    try:
        await right.attempt(client.v1)
    except stripe.PermissionError as refusal:
        told = doubtful if right.is_optional else wrong
        return told(
            f"The key in STRIPE_API_KEY may not {right.name}. Give it that permission: without it "
            f"{right.without}.{_stripes_name(refusal)}"
        )
    except stripe.InvalidRequestError:
        return None  # it may, and there is no such object
    except stripe.StripeError as error:
        return doubtful(
            f"Stripe did not say whether the key may {right.name} ({type(error).__name__}). Run "
            "the check again."
        )
    return None


def _stripes_name(refusal: stripe.PermissionError) -> str:
    named = _NAMED.search(refusal.user_message or "")
    return f" Stripe's name for it is {named[1]}." if named else ""
