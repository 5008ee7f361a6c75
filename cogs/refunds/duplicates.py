"""/duplicates: what was paid twice for the same period, with the way to refund it (rule S30)."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.identifiers import PaymentId
from bot.domain.job import Job
from bot.domain.refund import Ground
from bot.services.duplicates import TELL, Duplicate, DuplicatePage
from cogs import words
from cogs.dependencies import Dependencies
from cogs.help.render import charges, plain_charges
from cogs.interactions import Interaction, actor_of, custom_id, replace, reply
from cogs.layout import Part, View, button, card, line, row, text
from cogs.refunds.render import draft_card
from cogs.team import tell_team

# Discord's limit for a row; more payments of one period than that are the provider's defect.
_BUTTONS = 5
_NOTHING = (
    "## Paid twice\nNo period was paid more than once. Plan switches and top-ups do not count: "
    "each of them buys something of its own."
)


class DuplicatesCog(commands.Cog):
    """For moderators. Discord hides the command; the service refuses everybody else."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the buttons and the handler of the job."""
        self._is = dependencies
        dependencies.router.add("duplicates.page", self.turn)
        dependencies.router.add("duplicates.refund", self.refund)
        dependencies.jobs.add(TELL, self.tell_team, in_discord=True)

    @app_commands.command(name="duplicates", description="Payments made twice (moderators)")
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def duplicates(self, interaction: Interaction) -> None:
        """Of all members, the newest first."""
        found = await self._is.duplicates.page(actor_of(interaction), 0)
        await reply(interaction, _page_card(found))

    async def turn(self, interaction: Interaction, number: str) -> None:
        """Another page, as it is now."""
        found = await self._is.duplicates.page(actor_of(interaction), int(number))
        await replace(interaction, _page_card(found))

    async def refund(self, interaction: Interaction, payment_id: str) -> None:
        """Straight to the desk, with the ground chosen where policy allows it."""
        actor = actor_of(interaction)
        member_id = await self._is.duplicates.member_of(actor, PaymentId(payment_id))
        case = await self._is.refunds.draft(actor, member_id, PaymentId(payment_id))
        if Ground.DUPLICATE_CHARGE in self._is.refunds.grounds:
            case = await self._is.refunds.set_ground(actor, case.refund.id, Ground.DUPLICATE_CHARGE)
        await reply(interaction, draft_card(case, self._is))

    async def tell_team(self, job: Job) -> None:
        """Once, when the second payment comes to light; not if it is settled by now."""
        found = await self._is.duplicates.find(job.payload["payment_ids"])
        if found is None:
            return
        await tell_team(
            self._is,
            lambda: card(*_parts(found, heading="### Charged twice?"), accent=words.WARNING_COLOUR),
            key=job.key,
            subject="Charged twice?",
            text=(
                "More than one payment covers the same period of one subscription:\n\n"
                f"{plain_charges(found.payments)}\n\nPlease look at it with /duplicates in "
                "Discord. Nothing was promised to anybody.\n"
            ),
        )


def _page_card(page: DuplicatePage) -> View:
    if not page.duplicates:
        return card(text(_NOTHING), *_turning(page), accent=words.SUCCESS_COLOUR)
    parts: list[Part] = [text("## Paid twice\nRefunding one of them ends nothing. Newest first.")]
    for each in page.duplicates:
        parts += [line(), *_parts(each)]
    return card(*parts, *_turning(page), accent=words.WARNING_COLOUR)


def _parts(found: Duplicate, *, heading: str = "") -> list[Part]:
    if found.member_id is None:
        whose = (
            "Nobody in Discord has linked this account. Refund it in the payment provider's "
            "dashboard."
        )
    else:
        whose = f"<@{found.member_id}> has more than one payment for the same period:"
    said = "\n".join(filter(None, (heading, whose, charges(found.payments))))
    if found.member_id is None:
        return [text(said)]
    # The first one paid for the period; the later ones came on top.
    newest_first = found.payments[::-1][:_BUTTONS]
    buttons = [
        button(
            f"Refund {words.money(each.refundable)} of {words.plain_day(each.paid_at)}",
            custom_id("duplicates.refund", each.id),
        )
        for each in newest_first
    ]
    return [text(said), row(*buttons)]


def _turning(page: DuplicatePage) -> list[Part]:
    buttons: list[discord.ui.Button[View]] = []
    if page.number > 0:
        buttons.append(button("Newer", custom_id("duplicates.page", str(page.number - 1))))
    if not page.is_last:
        buttons.append(button("Older", custom_id("duplicates.page", str(page.number + 1))))
    return [row(*buttons)] if buttons else []
