"""/account: everything that the bot knows about a member, with the buttons that fit."""

from datetime import timedelta

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.account import Account, Card
from bot.domain.ticket import Ticket
from bot.domain.withdrawal import young_contracts
from bot.services.overviews import Overview
from cogs import words
from cogs.account.refreshing import refresh
from cogs.account.render import buttons, last_invoices, plan_parts
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, custom_id, replace, reply, user_of
from cogs.layout import View, button, card, line, row, text
from cogs.withdrawal.render import WITHDRAW


class AccountCog(commands.Cog):
    """Plan, card, invoices, tickets and address on one screen."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons."""
        self._is = dependencies
        dependencies.router.add("account.show", self.show)
        dependencies.router.add("account.refresh", self.refresh)

    @app_commands.command(name="account", description="Everything about your account on one screen")
    async def account(self, interaction: Interaction) -> None:
        """The command."""
        await self.show(interaction, "")

    async def show(self, interaction: Interaction, _argument: str) -> None:
        """What the store knows needs no waiting."""
        overview = await self._is.overviews.overview(user_of(interaction))
        await reply(interaction, overview_card(overview, self._is))

    async def refresh(self, interaction: Interaction, _argument: str) -> None:
        """Ask the provider (rule S17)."""
        note = await refresh(interaction, self._is)
        overview = await self._is.overviews.overview(user_of(interaction))
        await replace(interaction, overview_card(overview, self._is, note=note))


def overview_card(overview: Overview, deps: Dependencies, *, note: str | None = None) -> View:
    """The screen."""
    account = overview.account
    facts = [_card_line(overview.card), _address_line(account.email), _tickets(overview.tickets)]
    parts: list[discord.ui.Item[View]] = [
        *plan_parts(account, deps),
        line(),
        text("\n".join(facts)),
    ]
    if account.invoices:
        parts += [line(), text(last_invoices(account, deps))]
    if note:
        parts.append(text(f"-# ⚠️ {note}"))
    return card(
        *parts,
        row(*buttons(account, deps, refresh="account.refresh")),
        row(
            *_withdrawal(account, deps),
            button("All invoices", custom_id("invoices.show")),
            button("Billing portal", custom_id("billing.portal")),
            button("Unlink", custom_id("unlink.ask")),
            button("My data", custom_id("privacy.show")),
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def _withdrawal(account: Account, deps: Dependencies) -> list[discord.ui.Button[View]]:
    """The way out of a young contract, in sight as long as the law gives it."""
    plan, policy = account.subscription, deps.policy.withdrawal
    live = [plan] if plan is not None and plan.is_live else []
    if not young_contracts(live, policy=policy, now=deps.clock()):
        return []
    return [button(WITHDRAW, custom_id("withdraw.start"))]


def _card_line(known: Card | None) -> str:
    if known is None:
        return "**Card:** see the billing portal"
    last_day = known.expires_at - timedelta(days=1)
    return f"**Card:** ends in {known.last_digits}, valid until {last_day:%m/%Y}"


def _address_line(email: str | None) -> str:
    shown = words.masked_address(email) if email else "none"
    return f"**Billing address:** {shown}"


def _tickets(unclosed: tuple[Ticket, ...]) -> str:
    if not unclosed:
        return "**Open tickets:** none"
    shown = (
        f"<#{each.channel_id}>" if each.channel_id else f"{each.number:04} (opening)"
        for each in unclosed
    )
    return f"**Open tickets:** {' · '.join(shown)}"
