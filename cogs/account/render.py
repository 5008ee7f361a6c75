"""The account's card."""

from datetime import timedelta

import discord

from bot.domain.account import Account
from bot.domain.invoice import Invoice
from bot.domain.subscription import NextStep, Status, Subscription, has_access, next_step
from cogs import words
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
    now = deps.clock()
    subscription = account.subscription
    parts: list[discord.ui.Item[View]] = [text(heading)] if heading else []
    step = next_step(subscription, now=now)
    # A scheduled end counts on time, even when the provider's event for it is late.
    if subscription is None or step is NextStep.SUBSCRIBE:
        parts.append(text(_free_heading(subscription, deps)))
    else:
        grace = timedelta(days=deps.policy.grace_days)
        parts.append(text(_paid_heading(subscription, deps)))
        if has_access(subscription, now=now, grace=grace):
            parts.append(text(_allowance(account, deps)))
    if account.invoices:
        hosts = deps.vendor.link_hosts
        listed = "\n".join(_invoice_line(invoice, hosts) for invoice in account.invoices)
        parts += [line(), text(f"### Last invoices\n{listed}")]
    if note:
        parts.append(text(f"-# ⚠️ {note}"))
    parts.append(row(*buttons(step)))
    return card(*parts, accent=words.NEUTRAL_COLOUR)


def buttons(step: NextStep) -> list[discord.ui.Button[View]]:
    """Refresh, and the step that fits the state; leaving is no less visible than staying."""
    shown = [button("Refresh", custom_id("balance.refresh"))]
    match step:
        case NextStep.CANCEL:
            shown.append(button("Cancel subscription", custom_id("cancel.start")))
        case NextStep.RESUME:
            shown.append(button("Resume", custom_id("resume.start")))
            shown.append(button("Subscribe (cancel anytime)", custom_id("subscribe.start")))
        case NextStep.SUBSCRIBE:
            shown.append(button("Subscribe (cancel anytime)", custom_id("subscribe.start")))
    return shown


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
    price = f"{words.money(subscription.price)} {words.every(subscription.interval)}"
    return f"## {name} · {price}\n{_status(subscription)}"


def _status(subscription: Subscription) -> str:
    end = subscription.cancel_at
    if end is not None:
        return (
            f"**Status:** Cancelled. Stays on until {words.day(end)} ({words.relative(end)}), "
            "then Free.\nNothing more is charged. You need to do nothing."
        )
    renews = f"**Renews:** {words.day(subscription.period_end)}"
    match subscription.status:
        case Status.TRIALING:
            return f"**Status:** Trial\n{renews}"
        case Status.PAST_DUE | Status.UNPAID:
            return (
                "**Status:** Payment failed. Please check your card details, or ask your bank to "
                "allow the payment. The payment provider tries again by itself."
            )
        case Status.PAUSED:
            return "**Status:** Paused. Nothing is charged while it is paused."
        case Status.ACTIVE:
            return f"**Status:** Active\n{renews} ({words.relative(subscription.period_end)})"
        case _:
            return f"**Status:** {subscription.status.value.replace('_', ' ').capitalize()}"


def _allowance(account: Account, deps: Dependencies) -> str:
    balance, unit = account.balance, deps.catalogue.unit
    total = balance.granted + balance.topped_up
    if total == 0:
        return "**Balance:** nothing yet in this billing period. It comes with the payment."
    filled = 0 if total == 0 else round(BAR_LENGTH * balance.remaining / total)
    bar = "█" * filled + "░" * (BAR_LENGTH - filled)
    return (
        f"**Balance:** {words.count(balance.remaining)} of {words.count(total)} {unit} left\n"
        f"`{bar}` {words.count(balance.used)} used in this billing period"
    )


def _invoice_line(invoice: Invoice, hosts: frozenset[str]) -> str:
    links = (
        words.link("View", invoice.page_url, hosts=hosts),
        words.link("PDF", invoice.pdf_url, hosts=hosts),
    )
    status = "" if invoice.status == "paid" else f" · {invoice.status}"
    shown = " · ".join(each for each in links if each)
    return f"- {words.day(invoice.issued_at)} · {words.money(invoice.total)}{status} · {shown}"
