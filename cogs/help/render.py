"""What the bot can do, and what it found, in plain words."""

from collections.abc import Sequence

from bot.domain.account import Account
from bot.domain.payment_failure import PaymentFailure
from bot.domain.refund import Payment
from bot.domain.subscription import NextStep, Status, Subscription, next_step
from bot.services.self_help import Findings
from cogs import prices, words
from cogs.dependencies import Dependencies
from cogs.notices.declines import in_plain_words

_WAITING = (
    "If you have just paid, wait a few minutes and press **Look again**. If it is still not here "
    "then, open a ticket and send the confirmation of the payment."
)


def help_text(account: Account | None, deps: Dependencies) -> str:
    """The commands that work for this person now."""
    step = next_step(account.subscription if account else None, now=deps.clock())
    lines = [f"## What I can do for you\nI am the billing and support bot of {deps.vendor.name}."]
    if account is None:
        lines.append("- `/link`: **start here** if you pay already. It shows me your account.")
    else:
        lines.append("- `/account`: everything about your account on one screen")
        lines.append("- `/balance`: your plan, what is left of it, and when it renews")
        lines.append("- `/invoices`: your invoices · `/billing`: change your card")
    lines += _plan_lines(step)
    lines.append("- `/ticket open`: talk to the team in private")
    if account is not None:
        if deps.policy.withdrawal.enabled:
            lines.append("- `/withdraw`: withdraw from a contract in its first days")
        lines.append("- `/notices`: what I tell you without being asked")
        lines.append("- `/unlink`: part your Discord and billing accounts. It cancels nothing.")
    lines.append("- `/privacy export` and `/privacy erase`: a copy of your data, or have it erased")
    lines.append("-# Nobody here asks for a password, a card number or a secret key.")
    return "\n".join(lines)


def _plan_lines(step: NextStep) -> list[str]:
    plans = "- `/plans`: what there is, and what it costs"
    match step:
        case NextStep.SUBSCRIBE:
            return [plans, "- `/subscribe`: choose a plan. You can cancel it at any time."]
        case NextStep.CANCEL:
            return [
                f"{plans} · `/change-plan` · `/topup`",
                "- `/cancel`: end your plan. It takes three clicks.",
            ]
        case NextStep.RESUME:
            return [plans, "- `/resume`: keep the plan that you have cancelled"]


def findings_parts(found: Findings, deps: Dependencies) -> list[str]:
    """One paragraph for each thing that was found; what to do when nothing was."""
    parts = [
        *([] if found.provider_answered else [_silent(found)]),
        *([_arrived(found.account, deps)] if found.has_arrived else []),
        *([_declined(found.failure, found.account, deps)] if found.failure else []),
        *(_charged_twice(group) for group in found.duplicates),
        *([_two_plans(found.renewing, deps)] if found.renewing else []),
    ]
    if found.is_anything_wrong:
        return parts
    return [*parts, _nothing_found(found, deps)]


def _silent(found: Findings) -> str:
    if found.provider_refused:
        return (
            "⚠️ **The payment provider does not show me your account.** I could only look at what I "
            "know already."
        )
    return (
        "⚠️ **The payment provider does not answer right now.** I could only look at what I know "
        "already. Please look again in a minute."
    )


def _arrived(account: Account | None, deps: Dependencies) -> str:
    """S29: it was paid, and the news of it was late."""
    if account is None or account.subscription is None:
        return (
            "✅ **Your payment has arrived.** Run `/link` with the address that you paid with, and "
            "then `/balance`."
        )
    name = words.plan_name(account.subscription, deps.catalogue)
    renews = words.day(account.subscription.period_end)
    return (
        f"✅ **Your payment has arrived just now.** {name} is on. It is paid until {renews}. Run "
        "`/balance` to see it."
    )


def _declined(failure: PaymentFailure, account: Account | None, deps: Dependencies) -> str:
    """S28: why, and what helps."""
    decline = in_plain_words(failure.code)
    unpaid = [
        each
        for each in (account.invoices if account else ())
        if each.status == "open" and not each.subscription_over
    ]
    url = unpaid[0].page_url if unpaid else None
    pay = words.link("Pay it now", url, hosts=deps.vendor.link_hosts)
    retry = f" {pay} on the payment provider's page." if pay else ""
    return (
        f"❌ **A payment of {words.money(failure.amount)} was declined** "
        f"({words.day(failure.failed_at)}). {decline.why}\n"
        f"**What helps:** {decline.what_next}{retry}\n"
        "Nothing was charged by this attempt."
    )


def _charged_twice(group: Sequence[Payment]) -> str:
    """S30; a person decides (S14), and nothing is promised (S12, S13)."""
    return (
        "⚠️ **You seem to have paid more than once for the same time:**\n"
        f"{charges(group)}\n"
        "The team has been asked to look at it, with these numbers. A person decides about each "
        "case. If you want to add something, open a ticket."
    )


def charges(group: Sequence[Payment]) -> str:
    """The payments with what a person needs to find them."""
    lines = []
    for payment in group:
        period = ""
        if payment.period_start and payment.period_end:
            start, end = words.day(payment.period_start), words.day(payment.period_end)
            period = f" · for {start} to {end}"
        lines.append(
            f"- `{payment.id}` · {words.money(payment.amount)} · paid on "
            f"{words.day(payment.paid_at)}{period}"
        )
    return "\n".join(lines)


def plain_charges(group: Sequence[Payment]) -> str:
    """The same for mail."""
    return "\n".join(
        f"- {each.id}: {words.money(each.amount)}, paid on {words.plain_day(each.paid_at)}"
        for each in group
    )


def _two_plans(renewing: Sequence[Subscription], deps: Dependencies) -> str:
    listed = "\n".join(
        f"- {words.plan_name(each, deps.catalogue)} renews {prices.renewal(each)}"
        for each in renewing
    )
    return (
        f"⚠️ **You have more than one plan, and each of them renews:**\n{listed}\n"
        "If you want only one, run `/cancel` for the one that it shows, or open a ticket."
    )


def _nothing_found(found: Findings, deps: Dependencies) -> str:
    account = found.account
    if account is None:
        return (
            "**I do not know your billing account yet.** If you have paid, run `/link` and enter "
            f"the address that you paid with.\n{_WAITING}"
        )
    subscription = account.subscription
    if subscription is None or subscription.status is Status.INCOMPLETE:
        return f"**I see no declined payment, and no plan that is on.**\n{_WAITING}"
    name = words.plan_name(subscription, deps.catalogue)
    if subscription.is_over(now=deps.clock()):
        ended = subscription.ended_at or subscription.cancel_at or subscription.period_end
        return (
            f"**I see no plan that is on.** {name} ended on {words.day(ended)}. Nothing more is "
            f"charged for it. To come back, run `/subscribe`.\n{_WAITING}"
        )
    if subscription.status in (Status.ACTIVE, Status.TRIALING):
        state = f"{name} is on, until {words.day(subscription.period_end)} at least."
    else:
        state = f"{name} waits for its payment. Open the billing portal to pay it."
    return f"**I see no declined and no double payment.** {state}\n{_WAITING}"
