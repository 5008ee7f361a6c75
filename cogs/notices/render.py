"""Notices as direct messages and as mails, and the card of /notices."""

from collections.abc import Mapping
from typing import assert_never

import discord

from bot.domain.notice import (
    AccessEnded,
    AllowanceUsed,
    CardExpiring,
    NoticeKind,
    PaymentFailed,
    PaymentReceived,
    RenewalComing,
    TrialEnding,
    renews,
)
from bot.services.notices import Notice
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, link_button, row, text
from cogs.notices.wording import wording

SWITCH_OFF = "You can switch this off with `/notices`."
Button = discord.ui.Button[View]

_LABELS = {
    NoticeKind.PAYMENT_RECEIVED: ("Payments", "after each renewal and top-up"),
    NoticeKind.CARD_EXPIRING: ("Card", "before a card expires that your plan needs"),
    NoticeKind.ACCESS_ENDED: ("End of plan", "when your plan has ended"),
    NoticeKind.ALLOWANCE_USED: ("Allowance", "when nothing is left of it"),
}


def notice_card(notice: Notice, deps: Dependencies) -> View:
    """The direct message, with the buttons that fit."""
    said = wording(notice.facts, deps, words.day)
    written = f"## {said.title}\n" + "\n\n".join(said.paragraphs)
    if notice.can_be_switched_off:
        written += f"\n\n-# {SWITCH_OFF}"
    return card(text(written), row(*_buttons(notice, deps)), accent=_colour(notice))


def notice_mail(notice: Notice, deps: Dependencies) -> tuple[str, str]:
    """Subject and text for somebody who takes no direct messages."""
    said = wording(notice.facts, deps, words.plain_day)
    paragraphs = [*said.paragraphs]
    if isinstance(notice.facts, PaymentReceived) and notice.facts.invoice is not None:
        page = words.allowed_link(notice.facts.invoice.page_url, hosts=deps.vendor.link_hosts)
        paragraphs += [f"Your invoice: {page}"] if page else []
    paragraphs.append(
        "Commands such as /balance work in Discord. To see or cancel your subscription without "
        f"Discord: {deps.vendor.cancel_url}"
    )
    if notice.can_be_switched_off:
        paragraphs.append(SWITCH_OFF)
    paragraphs.append(f"{deps.vendor.name}\n{deps.vendor.support_email}\n")
    plain = "\n\n".join(paragraphs).replace("**", "").replace("`", "")
    return f"{said.title} ({deps.vendor.name})", plain


def _buttons(notice: Notice, deps: Dependencies) -> list[Button]:
    """Whoever is told of a charge can leave from there; card networks ask for that on receipts."""
    balance = button("Balance", custom_id("balance.show"))
    cancel = button("Cancel subscription", custom_id("cancel.start"))
    update = button("Update card", custom_id("billing.portal"))
    subscribe = button("Subscribe (cancel anytime)", custom_id("subscribe.start"))
    match notice.facts:
        case PaymentReceived() as received:
            plan = received.subscription
            leave = [cancel] if plan is not None and renews(plan) else []
            if received.is_over:
                leave = [cancel] if received.has_plan else [subscribe]
            return [*_receipt(received, deps), balance, *leave]
        case PaymentFailed() | CardExpiring() | AccessEnded(unpaid=True):
            return [update, balance, cancel]
        case RenewalComing() | TrialEnding():
            return [balance, cancel]
        case AccessEnded():
            return [subscribe, balance]
        case AllowanceUsed(subscription=plan):
            sold = deps.catalogue.sells_top_ups(plan.provider)
            return [button("Top up", custom_id("topup.start")), balance] if sold else [balance]
    assert_never(notice.facts)


def _receipt(received: PaymentReceived, deps: Dependencies) -> list[Button]:
    """S18: the invoice's own page, or the billing page of a provider that has none."""
    page = received.invoice.page_url if received.invoice else None
    hosts = deps.vendor.link_hosts
    if page is None or words.allowed_link(page, hosts=hosts) is None:
        return [button("Receipts", custom_id("billing.portal"))]
    return [link_button("Invoice", page, hosts=hosts)]


def _colour(notice: Notice) -> int:
    match notice.facts:
        case PaymentReceived(is_late=False):
            return words.SUCCESS_COLOUR
        case PaymentReceived() | PaymentFailed() | CardExpiring() | AccessEnded(unpaid=True):
            return words.WARNING_COLOUR
        case _:
            return words.NEUTRAL_COLOUR


def settings_card(settings: Mapping[NoticeKind, bool]) -> View:
    """What is on and off. A button names the state that it brings, so an old one does no harm."""
    lines = [
        f"- **{_LABELS[kind][0]}** · {'on' if enabled else 'off'} · {_LABELS[kind][1]}"
        for kind, enabled in settings.items()
    ]
    switches = [
        button(
            f"{_LABELS[kind][0]}: switch {'off' if enabled else 'on'}",
            custom_id("notices.switch", f"{kind}/{'off' if enabled else 'on'}"),
        )
        for kind, enabled in settings.items()
    ]
    return card(
        text(
            "## Messages about your plan\nThey come as direct messages, or by mail if you do not "
            "take those.\n" + "\n".join(lines)
        ),
        row(*switches),
        text(
            "-# Always sent: the receipt for the first payment of a plan, a payment that failed, "
            "a reminder before a trial ends and before a long period renews, and receipts for "
            "cancellations and refunds. You could lose money or your plan without them."
        ),
        accent=words.NEUTRAL_COLOUR,
    )
