"""/link: prove by a code in the mailbox that a billing account is yours."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import AlreadyLinked
from bot.domain.identifiers import LinkRequestId
from bot.domain.job import Job
from bot.domain.linking import CODE_LENGTH, CODE_LIFETIME
from bot.services.accounts import AccountChoice, ChooseAccount
from cogs import words
from cogs.account.render import account_card
from cogs.dependencies import Dependencies
from cogs.interactions import (
    Interaction,
    chosen,
    custom_id,
    modal_answers,
    reply,
    show_modal,
    user_of,
)
from cogs.layout import button, card, modal, row, select, text, text_field

MINUTES = int(CODE_LIFETIME.total_seconds() // 60)


class LinkCog(commands.Cog):
    """Address, code, and a choice where one address has several accounts."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the flow's buttons, modals and mail."""
        self._is = dependencies
        dependencies.router.add("link.address", self.take_address)
        dependencies.router.add("link.code", self.ask_code)
        dependencies.router.add("link.enter", self.take_code)
        dependencies.router.add("link.choose", self.choose)
        dependencies.jobs.add("account.send_code", self.send_code)

    @app_commands.command(name="link", description="Link your billing account to Discord")
    async def link(self, interaction: Interaction) -> None:
        """Ask for the billing address."""
        if await self._is.subscriptions.find_account(user_of(interaction)) is not None:
            raise AlreadyLinked
        await show_modal(
            interaction,
            modal(
                "Link your billing account",
                custom_id("link.address"),
                text_field(
                    "Your billing email",
                    "address",
                    description="The address that your invoices go to",
                    placeholder="name@example.com",
                    max_length=254,
                ),
            ),
        )

    async def take_address(self, interaction: Interaction, _argument: str) -> None:
        """Give the same answer to everybody."""
        typed = modal_answers(interaction)["address"]
        request_id = await self._is.accounts.request_code(user_of(interaction), typed)
        await reply(
            interaction,
            card(
                text(
                    "## Check your mail\n"
                    "If this address has a billing account, a code is on its way to it. It usually "
                    f"takes less than a minute. The code works once, for {MINUTES} minutes.\n"
                    "-# No mail? Look into the spam folder, check the address on your invoice, or "
                    "open a ticket with `/ticket open`. We never ask for a password or a card "
                    "number."
                ),
                row(
                    button(
                        "Enter code",
                        custom_id("link.code", request_id),
                        style=discord.ButtonStyle.primary,
                    )
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
        )

    async def send_code(self, job: Job) -> None:
        """Send the mail, if there is anybody to send it to."""
        mail = await self._is.accounts.prepare_code(job)
        if mail is None:
            return
        grouped = f"{mail.code[:4]} {mail.code[4:]}"
        await self._is.send_mail(
            to=mail.address,
            subject=f"{grouped} is your {self._is.vendor.name} code",
            text=(
                f"Somebody on Discord wants to link their Discord account to your "
                f"{self._is.vendor.name} billing account.\n\n"
                f"If that is you, enter this code in Discord:\n\n    {grouped}\n\n"
                f"It works once, for {MINUTES} minutes.\n\n"
                "If it is not you, do nothing: without this code nothing is linked. Never give "
                "the code to anybody; our team will not ask for it.\n\n"
                f"{self._is.vendor.name}\n{self._is.vendor.support_email}\n"
            ),
            message_id=f"link-{mail.request_id}-{job.attempts}",
        )

    async def ask_code(self, interaction: Interaction, request_id: str) -> None:
        """Open the modal for the code."""
        await show_modal(
            interaction,
            modal(
                "Enter the code",
                custom_id("link.enter", request_id),
                text_field(
                    "Code from the mail",
                    "code",
                    description=f"{CODE_LENGTH} digits",
                    placeholder="1234 5678",
                    max_length=20,
                ),
            ),
        )

    async def take_code(self, interaction: Interaction, request_id: str) -> None:
        """Check the code; one account is linked at once, several are offered."""
        typed = modal_answers(interaction)["code"]
        outcome = await self._is.accounts.enter_code(
            user_of(interaction), LinkRequestId(request_id), typed
        )
        if isinstance(outcome, ChooseAccount):
            options = [
                discord.SelectOption(
                    label=self._describe(choice)[:100], value=f"{outcome.request_id}/{number}"
                )
                for number, choice in enumerate(outcome.choices)
            ]
            shown = len(outcome.choices)
            more = (
                f"\n-# {shown} of {outcome.of}: first those with a plan, then the newest."
                if shown < outcome.of
                else ""
            )
            await reply(
                interaction,
                card(
                    text(
                        "## Which account is yours?\n"
                        f"This address has several billing accounts.{more}"
                    ),
                    row(
                        select(custom_id("link.choose", outcome.request_id), "Choose one", options)
                    ),
                    accent=words.NEUTRAL_COLOUR,
                ),
            )
            return
        await self._show_linked(interaction)

    def _describe(self, choice: AccountChoice) -> str:
        subscription = choice.subscription
        if subscription is None:
            return f"No subscription (account …{choice.customer_id[-4:]})"
        name = words.plan_name(subscription, self._is.catalogue)
        state = "" if subscription.is_live else ", ended"
        return (
            f"{name}, {words.every(subscription.interval)}{state}, since "
            f"{words.plain_day(subscription.created_at)} (…{choice.customer_id[-4:]})"
        )

    async def choose(self, interaction: Interaction, request_id: str) -> None:
        """Link the chosen account."""
        number = int(chosen(interaction).rpartition("/")[2])
        await self._is.accounts.choose_account(
            user_of(interaction), LinkRequestId(request_id), number
        )
        await self._show_linked(interaction)

    async def _show_linked(self, interaction: Interaction) -> None:
        account = await self._is.subscriptions.account(user_of(interaction))
        await reply(
            interaction,
            account_card(account, self._is, heading="**Your billing account is linked.**"),
        )
