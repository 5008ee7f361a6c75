"""The screens before the confirmation, and what all of them say of a contract."""

from collections.abc import Callable, Sequence
from datetime import datetime

import discord

from bot.domain.errors import NotLinked
from bot.domain.subscription import Subscription
from bot.domain.withdrawal import MONEY_BACK_WITHIN, deadline
from bot.services.withdrawals import Contract, WithdrawalCase
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import View, button, card, line, link_button, row, section, text
from cogs.refusals import refusal

# The two labels that Article 11a of Directive 2011/83/EU names.
WITHDRAW = "Withdraw from contract here"
CONFIRM = "Confirm withdrawal"
# Beside the texts of a screen with the buttons of each, Discord's limit of components is far away.
_SHOWN = 8


def not_offered_card() -> View:
    """Where the vendor has not switched it on."""
    return card(
        text(
            "## Withdrawing is not offered here\nYou can cancel your plan at any time: run "
            "`/cancel`. It takes three clicks."
        ),
        row(button("Cancel subscription", custom_id("cancel.start"))),
        accent=words.NEUTRAL_COLOUR,
    )


def unlinked_card(deps: Dependencies) -> View:
    """Nobody has to link first in order to withdraw."""
    return card(
        text(
            f"{refusal(NotLinked())}\n\nYou can also withdraw without Discord: write to "
            f"{deps.vendor.support_email} that you withdraw from your contract. Name the address "
            "that you pay with."
        ),
        row(without_discord(deps)),
        accent=words.WARNING_COLOUR,
    )


def without_discord(deps: Dependencies) -> discord.ui.Button[View]:
    """The page of the vendor."""
    return link_button(
        "Manage without Discord", deps.vendor.cancel_url, hosts=deps.vendor.link_hosts
    )


def contracts_card(contracts: Sequence[Contract], deps: Dependencies) -> View:
    """Each contract with its own button."""
    days = deps.policy.withdrawal.days
    if not contracts:
        return card(
            text(
                f"## No contract to withdraw from\nThis is for the first {days} days of a "
                "contract. A renewal is not a new contract. You can cancel your plan at any time."
            ),
            row(button("Cancel subscription", custom_id("cancel.start")), without_discord(deps)),
            accent=words.NEUTRAL_COLOUR,
        )
    return card(
        text(
            f"## Withdraw from a contract\nIn its first {days} days you can withdraw from a "
            "contract. You need no reason. **It then ends at once.** This is not `/cancel`: a "
            "cancelled plan stays on until the end of the time that is paid."
        ),
        line(),
        *(_contract(each, deps) for each in contracts[:_SHOWN]),
        line(),
        text(
            "-# To withdraw from the purchase of a top-up, open a ticket with `/ticket open`, or "
            f"write to {deps.vendor.support_email}."
        ),
        row(
            button("Cancel subscription instead", custom_id("cancel.start")), without_discord(deps)
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def _contract(contract: Contract, deps: Dependencies) -> discord.ui.Item[View]:
    subscription = contract.subscription
    said = f"**{terms(subscription, deps)}**\nContract of {words.day(subscription.created_at)}. "
    if contract.withdrawal is not None:
        stated = words.day_and_time(contract.withdrawal.requested_at)
        return text(f"{said}Withdrawn on {stated} · {contract.withdrawal.reference}")
    until = deadline(subscription.created_at, days=deps.policy.withdrawal.days)
    return section(
        f"{said}You can withdraw until {words.day_and_time(until)}.",
        button(WITHDRAW, custom_id("withdraw.open", subscription.id)),
    )


def statement_card(case: WithdrawalCase, deps: Dependencies) -> View:
    """What the member is about to state, and what it does."""
    subscription = case.subscription
    name = words.plan_name(subscription, deps.catalogue)
    copy = f" and by mail to {words.masked_address(case.email)}" if case.email else ""
    due = words.day(deps.clock() + MONEY_BACK_WITHIN)
    return card(
        text(f"## Withdraw from contract\n{statement(case, deps, words.day)}"),
        text(f"**Confirmation:** by direct message{copy}."),
        line(),
        text(
            f"**What happens:** {name} ends at once, with what is left of your "
            f"{deps.catalogue.unit}, and nothing more is charged for it. "
            f"{money_back(deps, due)}"
        ),
        row(
            button(CONFIRM, custom_id("withdraw.confirm", subscription.id)),
            button("Keep my contract", custom_id("withdraw.keep")),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def statement(
    case: WithdrawalCase, deps: Dependencies, day: Callable[[datetime], str], *, mail: bool = False
) -> str:
    """The content of the statement, the same on every way."""
    subscription, name = case.subscription, words.plain(case.name)
    said = (
        f"**Statement:** I withdraw from this contract.\n"
        f"**Name:** `{name}`\n"
        f"**Contract:** {terms(subscription, deps)}, of {day(subscription.created_at)} "
        f"(`{subscription.id}`)"
    )
    return said.replace("**", "").replace("`", "") if mail else said


def terms(subscription: Subscription, deps: Dependencies) -> str:
    """The plan and its price."""
    name = words.plan_name(subscription, deps.catalogue)
    return f"{name} · {words.money(subscription.price)} {words.every(subscription.interval)}"


def money_back(deps: Dependencies, due: str) -> str:
    """What the law says, and no amount: a person decides it."""
    return (
        f"Then a person of {deps.vendor.name} looks at what you have paid. {deps.vendor.name} has "
        f"to pay back what is due to you by {due}. If you wanted the service to begin at once, a "
        "part for the days that you had it may be kept."
    )
