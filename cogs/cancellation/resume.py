"""/resume: undo a scheduled cancellation before the period ends (rules S5, S6)."""

from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import SubscriptionId, UserId
from bot.domain.job import Job
from bot.domain.subscription import Subscription
from bot.services.screens import Screen
from cogs import prices, words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, custom_id, reply, screen_of, user_of
from cogs.layout import View, button, card, row, text


class ResumeCog(commands.Cog):
    """Takes the wish, and tells when it is done."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the button and the effects."""
        self._is = dependencies
        dependencies.router.add("resume.start", self.start)
        dependencies.jobs.add("resumption.carry_out", dependencies.resumptions.carry_out)
        dependencies.jobs.add("resumption.show", self.show, in_discord=True)
        dependencies.jobs.add("resumption.tell_member", self.tell, in_discord=True)

    @app_commands.command(name="resume", description="Keep your subscription: undo a cancellation")
    async def resume(self, interaction: Interaction) -> None:
        """The command."""
        await self.start(interaction, "")

    async def start(self, interaction: Interaction, subscription_id: str) -> None:
        """Commit the wish; a job asks the provider. A receipt's button names the subscription."""
        await self._is.resumptions.request(
            user_of(interaction),
            SubscriptionId(subscription_id) if subscription_id else None,
            screen=screen_of(interaction),
        )
        await reply(
            interaction,
            card(
                text(
                    "## Resuming…\nYour request is recorded. We are waiting for the payment "
                    "provider to confirm."
                ),
                accent=words.NEUTRAL_COLOUR,
            ),
        )

    async def show(self, job: Job) -> None:
        """Fill in the screen."""
        screen = Screen.from_payload(job.payload["screen"])
        await self._is.messenger.show(screen, await self._outcome(job))

    async def tell(self, job: Job) -> None:
        """A lasting message beside the screen."""
        user_id = UserId(int(job.payload["user_id"]))
        await self._is.messenger.tell(user_id, await self._outcome(job), key=job.key)

    async def _outcome(self, job: Job) -> View:
        subscription = await self._is.resumptions.find(
            SubscriptionId(str(job.payload["subscription_id"]))
        )
        if not job.payload["resumed"] or subscription is None:
            return card(
                text(
                    "## Not resumed\nThe payment provider says that this subscription has ended. "
                    "You can subscribe again at any time."
                ),
                row(button("Subscribe (cancel anytime)", custom_id("subscribe.start"))),
                accent=words.WARNING_COLOUR,
            )
        name = words.plan_name(subscription, self._is.catalogue)
        return card(
            text(
                f"## {name} goes on\n{_charges(subscription)}\n"
                "You can cancel at any time with `/cancel`."
            ),
            row(
                button("Balance", custom_id("balance.show")),
                button("Cancel subscription", custom_id("cancel.start")),
            ),
            accent=words.SUCCESS_COLOUR,
        )


def _charges(subscription: Subscription) -> str:
    if subscription.is_in_arrears:
        open_payment = words.money(subscription.present_price)
        return (
            f"Your last payment of {open_payment} did not go through and is still open. Please "
            "check your card details, or ask your bank to allow the payment."
        )
    return f"It renews {prices.renewal(subscription)}."
