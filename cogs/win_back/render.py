"""What is agreed to under a receipt, and the message itself."""

import discord

from bot.domain.cancellation import CancelAttempt
from bot.domain.win_back import win_back_for
from bot.services.win_backs import Agreement, WinBackMessage
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, row, text

_AGREE = "Tell me once if this changes"


def consent_parts(attempt: CancelAttempt, deps: Dependencies) -> list[discord.ui.Item[View]]:
    """For the receipt of a cancellation: says everything before the click. Empty where the vendor
    would say nothing about this reason."""
    message = win_back_for(deps.policy.win_back.messages, attempt.reason_id)
    if message is None:
        return []
    return [
        text(
            f"-# If you want: press “{_AGREE}”, and you get **one** direct message, "
            f"{message.days_after} days after the end of your plan. No mail, no second message. "
            "Press it again, and you get none."
        ),
        row(button(_AGREE, custom_id("winback.toggle", attempt.id))),
    ]


def agreement_card(agreement: Agreement) -> View:
    """What was agreed to, and the way back."""
    if agreement.comes_at is None:
        return card(
            text("## You get no message\nWe do not write to you about this."),
            row(button(_AGREE, custom_id("winback.agree", agreement.attempt_id))),
            accent=words.NEUTRAL_COLOUR,
        )
    return card(
        text(
            "## You get one message\nIt comes as a direct message on "
            f"{words.day(agreement.comes_at)}, unless you have a plan again by then. There is no "
            "second one. To stop it, press “Do not write to me”."
        ),
        row(button("Do not write to me", custom_id("winback.take_back", agreement.attempt_id))),
        accent=words.SUCCESS_COLOUR,
    )


def win_back_card(message: WinBackMessage, deps: Dependencies) -> View:
    """The vendor's own words, why they come, and how to stop."""
    name = words.plan_name(message.subscription, deps.catalogue)
    plans = (
        "\n\nTo see what there is, press “See plans”, or run `/plans`."
        if message.message.mentions_plans
        else ""
    )
    return card(
        text(f"## News from {deps.vendor.name}\n{message.message.text}{plans}"),
        row(
            button("See plans", custom_id("plans.show")),
            button("Stop these messages", custom_id("winback.stop")),
        ),
        text(
            f"-# You get this because you asked for it on {words.day(message.consented_at)}, when "
            f"you cancelled {name}. It is the only one."
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def stopped_card() -> View:
    """Nothing more comes."""
    return card(
        text("## You get no more of these messages\nNothing else was changed."),
        accent=words.NEUTRAL_COLOUR,
    )
