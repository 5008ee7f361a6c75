"""What member and team are told after a payment that a person has to look at (S12, S13, S30).

The texts carry no markup, because they go by mail where a direct message or a log channel does not
take them.
"""

from bot.domain.catalogue import Catalogue
from bot.domain.checkout import Checkout, Concern
from bot.domain.refund import Payment, PaymentPurpose
from bot.domain.subscription import Subscription
from bot.domain.top_up import cycle_end
from bot.services.purchase_completion import PurchaseCase
from cogs import prices, words

TITLES = {
    Concern.TWO_PLANS: "Two plans renew",
    Concern.OTHER_ACCOUNT: "Paid under another billing account",
    Concern.ACCOUNT_TAKEN: "Paid under a billing account of somebody else",
    Concern.KNOWN_ADDRESS: "Paid: please link your billing account",
    Concern.NOT_ENDED: "The plan was changed, but the old one goes on",
    Concern.RENEWED: "The old plan was charged once more",
    Concern.OVER: "A plan was paid for and is over already",
    Concern.TOP_UP_MOVED: "Your top-up counts in the new billing period",
    Concern.TOP_UP_LOST: "A top-up was paid, and no plan is on",
    Concern.BOUGHT_BY_ANOTHER: "Somebody else bought a plan in your billing account",
}


def member_text(  # noqa: PLR0911 - a text for each concern
    concern: Concern, case: PurchaseCase, catalogue: Catalogue
) -> str:
    """What happened, and what to do."""
    told = f"Our team has been told. {_quote(case.checkout)}"
    match concern:
        case Concern.TWO_PLANS:
            return (
                "Each of these plans renews and is charged:\n"
                f"{_plans(case, catalogue)}\n"
                "If you want only one of them, end the other one with /cancel, or open a ticket "
                f"with /ticket and give the payment that you did not want. {told}"
            )
        case Concern.OTHER_ACCOUNT:
            return (
                "Your payment is complete. It went to another billing account than the one that "
                f"is linked to your Discord user, so /balance does not show it. {told}"
            )
        case Concern.ACCOUNT_TAKEN:
            return (
                "Your payment is complete. It went to a billing account that is linked to another "
                f"Discord user, so /balance does not show it to you. {told}"
            )
        case Concern.KNOWN_ADDRESS:
            return (
                "Your payment is complete. The address that you paid with had a billing account "
                "before. Run /link and enter this address: you get a code there, and then /balance "
                f"shows your plan. {_quote(case.checkout)}"
            )
        case Concern.BOUGHT_BY_ANOTHER:
            return (
                "Another Discord user paid for this plan. It went to your billing account, which "
                f"is linked to you:\n{_plans(case, catalogue)}\n"
                f"A plan of your own stays as it is. {told}"
            )
        case Concern.TOP_UP_MOVED:
            return (
                "You paid after the billing period of your top-up was over. So its "
                f"{words.count(case.checkout.units)} {catalogue.unit} were added to the "
                f"present period. {_good_until(case)}"
            )
        case Concern.TOP_UP_LOST:
            return (
                f"You paid for {words.count(case.checkout.units)} {catalogue.unit}, but your "
                f"plan had ended, so there is nothing to add them to. {told}"
            )
        case _:
            return (
                "Your old plan renewed and was charged once more before the new one took its "
                f"place:\n{_plans(case, catalogue)}\nA person looks at this payment. {told}"
            )


def staff_text(concern: Concern, case: PurchaseCase, catalogue: Catalogue, *, who: str) -> str:
    """The facts, and what to do. `who` names the member."""
    checkout = case.checkout
    linked = case.account.customer_id if case.account else "none"
    facts = [f"{who} · {checkout.reference}"]
    if case.plans:
        facts.append(_plans(case, catalogue))
    match concern:
        case Concern.TWO_PLANS:
            request = (
                "Please ask which one is wanted. Refunding the payment of the other one as Charged "
                "twice (/refund) ends that one."
            )
        case Concern.OTHER_ACCOUNT | Concern.ACCOUNT_TAKEN:
            facts.append(f"Linked account: {linked}. Account that paid: {checkout.customer_id}.")
            request = "Nobody was linked over it. Please look at both accounts."
        case Concern.NOT_ENDED:
            request = (
                "The payment provider refuses to end it. Please end it by hand in the provider's "
                "dashboard. The bot goes on trying."
            )
        case Concern.OVER:
            request = (
                f"The new subscription ({checkout.subscription_id}) ended before this one was "
                "replaced, so this one was left on. Please look at it."
            )
        case Concern.RENEWED:
            request = "Please look whether this payment is to be refunded as our error (/refund)."
        case Concern.KNOWN_ADDRESS:
            facts.append(f"Account that paid: {checkout.customer_id}.")
            request = (
                "The member takes no direct messages. Please tell them to run /link and to enter "
                "the address that they paid with."
            )
        case _:
            facts.append(
                f"{words.count(checkout.units)} {catalogue.unit}, payment "
                f"{checkout.payment_id}, account {checkout.customer_id}"
            )
            request = "Nothing was credited. Please look whether it is to be refunded (/refund)."
    return "\n".join([*facts, request])


def owner_mail(case: PurchaseCase, catalogue: Catalogue, *, support_email: str) -> str:
    """To the address that was typed on the provider's page, whoever reads there."""
    return (
        f"Somebody paid with this address through Discord. If it was you:\n\n"
        f"{member_text(Concern.KNOWN_ADDRESS, case, catalogue)}\n\n"
        "If you did not buy anything, somebody else has entered your address. Please write to "
        f"{support_email} and give {case.checkout.reference}.\n"
    )


def outcome_heading(case: PurchaseCase, catalogue: Catalogue) -> str:
    """For the account's card, once what was bought is there (S16)."""
    checkout = case.checkout
    if checkout.purpose is not PaymentPurpose.TOP_UP:
        return "**Your plan is on.** The payment is complete."
    added = f"{words.count(checkout.units)} {catalogue.unit}"
    return f"**The payment is complete: {added} were added.** {_good_until(case)}"


def _good_until(case: PurchaseCase) -> str:
    subscription = case.account.subscription if case.account else None
    if subscription is None:
        return ""
    return f"They are good until {words.plain_day(cycle_end(subscription))}."


def _plans(case: PurchaseCase, catalogue: Catalogue) -> str:
    return "\n".join(
        _plan(subscription, payment, catalogue) for subscription, payment in case.plans
    )


def _plan(subscription: Subscription, payment: Payment | None, catalogue: Catalogue) -> str:
    name = words.plan_name(subscription, catalogue)
    paid = ""
    if payment is not None:
        paid = f", payment {payment.id} of {words.plain_day(payment.paid_at)}"
    return f"- {name}, {prices.present(subscription)}, subscription {subscription.id}{paid}"


def _quote(checkout: Checkout) -> str:
    return f"If you have a question, open a ticket with /ticket and give {checkout.reference}."
