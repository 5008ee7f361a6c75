"""The account's card."""

from datetime import datetime, timedelta

import discord

from bot.domain.account import Account
from bot.domain.allowance import allowance_months
from bot.domain.invoice import Invoice
from bot.domain.subscription import (
    NextStep,
    Status,
    Subscription,
    grace_end,
    has_access,
    next_step,
)
from bot.domain.top_up import is_used_up
from cogs import prices, words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, line, row, text

BAR_LENGTH = 12


def account_card(
    account: Account,
    deps: Dependencies,
    *,
    heading: str | None = None,
    note: str | None = None,
) -> View:
    """Everything about the subscription on one screen."""
    parts: list[discord.ui.Item[View]] = [text(heading)] if heading else []
    parts += plan_parts(account, deps)
    if account.invoices:
        parts += [line(), text(last_invoices(account, deps))]
    if note:
        parts.append(text(f"-# ⚠️ {note}"))
    parts.append(row(*buttons(account, deps)))
    hosts = deps.vendor.link_hosts
    if not all(_links(invoice, hosts) for invoice in account.invoices):
        # Not every provider has a page for each invoice (rule S18).
        parts.append(row(button("Billing portal", custom_id("billing.portal"))))
    return card(*parts, accent=words.NEUTRAL_COLOUR)


def plan_parts(account: Account, deps: Dependencies) -> list[discord.ui.Item[View]]:
    """The plan with its status, and what is left of its allowance."""
    now, subscription = deps.clock(), account.subscription
    step = next_step(subscription, now=now)
    # A scheduled end counts on time, even when the provider's event for it is late.
    if subscription is None or step is NextStep.SUBSCRIBE:
        return [text(_free_heading(subscription, deps))]
    parts: list[discord.ui.Item[View]] = [text(_paid_heading(subscription, deps))]
    if has_access(subscription, now=now, grace=timedelta(days=deps.policy.grace_days)):
        parts.append(text(_allowance(account, deps)))
    return parts


def last_invoices(account: Account, deps: Dependencies) -> str:
    """The newest of them, each with its links."""
    hosts = deps.vendor.link_hosts
    listed = "\n".join(_invoice_line(invoice, hosts) for invoice in account.invoices)
    return f"### Last invoices\n{listed}"


def buttons(
    account: Account, deps: Dependencies, *, refresh: str = "balance.refresh"
) -> list[discord.ui.Button[View]]:
    """Refresh, and the steps that fit the state; leaving is no less visible than staying."""
    shown = [button("Refresh", custom_id(refresh))]
    match next_step(account.subscription, now=deps.clock()):
        case NextStep.CANCEL:
            shown.append(button("Cancel subscription", custom_id("cancel.start")))
            shown.append(button("Change plan", custom_id("change.start")))
        case NextStep.RESUME:
            shown.append(button("Resume", custom_id("resume.start")))
            shown.append(button("Subscribe (cancel anytime)", custom_id("subscribe.start")))
        case NextStep.SUBSCRIBE:
            shown.append(button("Subscribe (cancel anytime)", custom_id("subscribe.start")))
    if _may_top_up(account, deps):
        shown.append(button("Top up", custom_id("topup.start")))
    return shown


def _may_top_up(account: Account, deps: Dependencies) -> bool:
    """Once the month's allowance is used up (rule S24), where top-ups are sold."""
    grace = timedelta(days=deps.policy.grace_days)
    return is_used_up(
        account.subscription, account.balance, now=deps.clock(), grace=grace
    ) and deps.catalogue.sells_top_ups(account.provider)


def _free_heading(subscription: Subscription | None, deps: Dependencies) -> str:
    if subscription is None:
        return "## Free plan\nYou have no subscription. Nothing will be charged."
    name = words.plan_name(subscription, deps.catalogue)
    if subscription.status is Status.INCOMPLETE:
        return (
            f"## Free plan\n{name} starts once its first payment is complete. Please check your "
            "card details and that the card is good for international payments, or ask your bank."
        )
    ended = subscription.ended_at or subscription.cancel_at or subscription.period_end
    return (
        f"## Free plan\nYour {name} subscription ended on {words.day(ended)}. "
        "Nothing will be charged."
    )


def _paid_heading(subscription: Subscription, deps: Dependencies) -> str:
    name = words.plan_name(subscription, deps.catalogue)
    told = [_status(subscription, deps), *prices.changes(subscription)]
    return "\n".join([f"## {name} · {prices.present(subscription)}", *told])


def _status(subscription: Subscription, deps: Dependencies) -> str:
    end = subscription.cancel_at
    if end is not None and subscription.ends_with_period:
        return _ending(subscription, end)
    fixed_term = f"\n**Ends:** {words.day(end)} ({words.relative(end)})" if end else ""
    renews = f"**Renews:** {words.day(subscription.period_end)}"
    match subscription.status:
        case Status.TRIALING:
            return f"**Status:** Trial\n{renews}{fixed_term}"
        case Status.PAST_DUE | Status.UNPAID:
            return _failed(subscription, deps)
        case Status.PAUSED:
            paused = "**Status:** Paused. Nothing is charged while it is paused."
            return f"{paused}{_goes_on(subscription)}"
        case Status.ACTIVE:
            when = f"{renews} ({words.relative(subscription.period_end)})"
            if subscription.resumes_at is not None:
                when = f"**Paused from:** {words.day(subscription.period_end)}"
            return f"**Status:** Active\n{when}{_goes_on(subscription)}{fixed_term}"
        case _:
            return f"**Status:** {subscription.status.value.replace('_', ' ').capitalize()}"


def _goes_on(subscription: Subscription) -> str:
    """After a pause that has an end, by itself."""
    if subscription.resumes_at is None:
        return ""
    day, price = words.day(subscription.resumes_at), words.money(subscription.next_charge)
    return f"\n**Goes on by itself:** {day}, for {price}"


def _ending(subscription: Subscription, end: datetime) -> str:
    if subscription.is_in_arrears:
        return (
            f"**Status:** Cancelled. Ends on {words.day(end)} ({words.relative(end)}), then Free.\n"
            "Your last payment did not go through and is still open. Run `/cancel` to end it now, "
            "so that nothing more is charged."
        )
    if subscription.status is Status.PAUSED:
        return (
            f"**Status:** Cancelled. It is paused, and ends on {words.day(end)}, then Free.\n"
            "Nothing more is charged. You need to do nothing."
        )
    return (
        f"**Status:** Cancelled. Stays on until {words.day(end)} ({words.relative(end)}), "
        "then Free.\nNothing more is charged. You need to do nothing."
    )


def _failed(subscription: Subscription, deps: Dependencies) -> str:
    """What helps (rule S28), and when access ends if the payment keeps failing."""
    name = words.plan_name(subscription, deps.catalogue)
    failed = (
        "**Status:** Payment failed. Please check your card details, or ask your bank to allow the "
        "payment."
    )
    if subscription.status is Status.UNPAID:
        return f"{failed}\n{name} is off until the open invoice is paid."
    end = grace_end(subscription, grace=timedelta(days=deps.policy.grace_days))
    access = (
        f"**Stays on until:** {words.day(end)} ({words.relative(end)}). If the payment has not "
        f"gone through by then, {name} is off until it does."
        if deps.clock() < end
        else f"{name} is off since {words.day(end)}, until the payment goes through."
    )
    return f"{failed} The payment provider tries again by itself.\n{access}"


def _allowance(account: Account, deps: Dependencies) -> str:
    balance, unit = account.balance, deps.catalogue.unit
    total = balance.granted + balance.topped_up
    if total == 0:
        return (
            f"**Balance:** no {unit} yet for this billing period. You get them as soon as its "
            "payment has gone through."
        )
    filled = round(BAR_LENGTH * balance.remaining / total)
    bar = "█" * filled + "░" * (BAR_LENGTH - filled)
    left = f"**Balance:** {words.count(balance.remaining)} of {words.count(total)} {unit} left"
    if balance.awaits_payment:
        return (
            f"{left} of the last period\n`{bar}` New {unit} come as soon as the payment for this "
            "period has gone through."
        )
    return f"{left}\n`{bar}` {words.count(balance.used)} used {_this_time(account.subscription)}"


def _this_time(subscription: Subscription | None) -> str:
    """What the balance is of: the allowance refills each month, also where a period has several."""
    if subscription is None:
        return "this month"
    months = allowance_months(subscription.cycle_start, subscription.period_end)
    return "in this billing period" if len(months) == 1 else "this month"


def _invoice_line(invoice: Invoice, hosts: frozenset[str]) -> str:
    status = "" if invoice.status == "paid" else f" · {invoice.status}"
    if invoice.brings_nothing:
        status = " · not paid, and its plan has ended"
    shown = " · ".join(_links(invoice, hosts)) or "in the billing portal"
    return f"- {words.day(invoice.issued_at)} · {words.money(invoice.total)}{status} · {shown}"


def _links(invoice: Invoice, hosts: frozenset[str]) -> list[str]:
    page = words.link("View", invoice.page_url, hosts=hosts)
    links = (
        None if invoice.brings_nothing else page,
        words.link("PDF", invoice.pdf_url, hosts=hosts),
    )
    return [each for each in links if each]
