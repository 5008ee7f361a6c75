"""The screens of erasing, and its receipt."""

import discord

from bot.domain.account import Account
from bot.domain.subscription import NextStep, next_step
from bot.services.privacy import ErasureOutcome, ErasureQuestion
from cogs import prices, words
from cogs.dependencies import Dependencies
from cogs.erasure_obstacles import why_not_erased
from cogs.interactions import custom_id
from cogs.layout import View, button, card, line, row, text

_KEEP = "Keep my data"


def question_card(question: ErasureQuestion, deps: Dependencies) -> View:
    """What goes, what stays and why; and that it cancels nothing."""
    going_on = _what_goes_on(question.account, deps)
    offered = [
        button("Continue", custom_id("privacy.continue", question.reference)),
        button(_KEEP, custom_id("privacy.keep")),
    ]
    if going_on:
        offered.insert(0, button("Cancel subscription", custom_id("cancel.start")))
    return card(
        text(
            "## Erase your data?\n**The bot forgets:** which billing account is yours, its address "
            "and card, your settings, your closed tickets with every message in them, what you "
            "wrote when you cancelled, and the roles of your plan."
        ),
        text(_what_stays(deps.vendor.name)),
        *([line(), text(going_on)] if going_on else []),
        row(*offered),
        accent=words.WARNING_COLOUR,
    )


def _what_stays(vendor: str) -> str:
    return (
        "**It stays, without your name:** payments, refunds, withdrawals, invoices, subscriptions "
        f"and usage, and the record of who did what about them. {vendor} has to keep its books, in "
        "many countries for up to 10 years. Link codes of the last hour go after 7 days, finished "
        "work of the bot after 90. If a server's team keeps you from opening tickets, that stays "
        "until it ends.\n"
        "-# The payment provider and Discord have their own copies: ask them there."
    )


def _what_goes_on(account: Account | None, deps: Dependencies) -> str | None:
    subscription = account.subscription if account else None
    if subscription is None or next_step(subscription, now=deps.clock()) is not NextStep.CANCEL:
        return None
    name = words.plan_name(subscription, deps.catalogue)
    return (
        f"**This does not cancel {name}.** It renews {prices.renewal(subscription)}. To end it, "
        "cancel first: afterwards the bot does not know that it is yours."
    )


def last_card(reference: str) -> View:
    """The last moment to change one's mind."""
    return card(
        text("## Erase it now?\nNobody can bring it back."),
        row(
            button(
                "Erase for good",
                custom_id("privacy.erase", reference),
                style=discord.ButtonStyle.danger,
            ),
            button(_KEEP, custom_id("privacy.keep")),
        ),
        accent=words.WARNING_COLOUR,
    )


def requested_card(reference: str) -> View:
    """Committed, not yet done."""
    return card(
        text(
            "## Erasing…\nYour request is saved. You get a message here when it is done.\n"
            f"-# Reference: E-{reference}"
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def kept_card() -> View:
    """Nothing happened."""
    return card(text("## Nothing was erased"), accent=words.NEUTRAL_COLOUR)


def outcome_card(outcome: ErasureOutcome, deps: Dependencies) -> View:
    """The receipt, or why it could not be done after all."""
    if outcome.obstacles.under_way:
        return card(text(why_not_erased(outcome.obstacles)), accent=words.WARNING_COLOUR)
    return card(
        text(
            "## Your data is erased\nThe bot does not know any more which billing account is "
            "yours. A subscription that was not cancelled goes on: to end it, run `/link` and then "
            f"`/cancel`, or write to {deps.vendor.support_email}."
        ),
        text(_what_stays(deps.vendor.name)),
        text(f"-# Done: {words.day_and_time(outcome.at)} · Reference: E-{outcome.reference}"),
        accent=words.SUCCESS_COLOUR,
    )
