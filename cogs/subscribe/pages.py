"""From a choice to the provider's own page, the same way for plans and top-ups (rule S20)."""

from collections.abc import Awaitable
from typing import assert_never
from urllib.parse import urlsplit

from bot.billing.provider import ProviderUnavailableError
from bot.domain.checkout import Concern
from bot.domain.plan_change import PlanPurchase
from bot.services.checkout_pages import PageOpened, PageRefused, PaidBefore, Place
from bot.services.purchase_completion import PurchaseCase
from cogs import words
from cogs.account.render import account_card
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, custom_id, guild_of, replace, screen_of
from cogs.layout import View, button, card, link_button, row, text
from cogs.subscribe.concerns import TITLES, member_text
from cogs.subscribe.render import KEEP, NOT_NOW, consequence_card, refused_card, silent_card


def place_of(interaction: Interaction) -> Place:
    """The channel where it was clicked: the provider's page leads back there."""
    where = interaction.guild_id or "@me"
    return Place(
        guild_id=guild_of(interaction),
        return_url=f"https://discord.com/channels/{where}/{interaction.channel_id}",
        screen=screen_of(interaction),
    )


async def lead_to_page(
    interaction: Interaction,
    deps: Dependencies,
    opening: Awaitable[PageOpened | PageRefused | PaidBefore | PlanPurchase],
    *,
    title: str,
    again: str,
) -> None:
    """Answer with the page; that takes the provider a moment.

    `title` says what is bought, `again` is the custom_id of another try.
    """
    await interaction.response.defer()
    try:
        answer = await opening
    except ProviderUnavailableError:
        await replace(interaction, silent_card(again))
        return
    match answer:
        case PlanPurchase():
            view = consequence_card(answer, deps, changed=True)
        case PaidBefore(checkout_id):
            view = outcome_card(
                await deps.purchase_completion.outcome(checkout_id),
                deps,
                heading="**Your earlier payment is complete.** Nothing more was charged.",
            )
        case PageRefused(checkout):
            view = refused_card(checkout, deps)
        case PageOpened():
            view = page_card(answer, deps, title=title)
        case _:
            assert_never(answer)
    await replace(interaction, view)


def outcome_card(case: PurchaseCase, deps: Dependencies, *, heading: str) -> View:
    """The account once it is paid, or where the payment went instead."""
    if case.account is None or case.concern is not None:
        concern = case.concern or Concern.KNOWN_ADDRESS
        said = member_text(concern, case, deps.catalogue)
        return card(text(f"## {TITLES[concern]}\n{said}"), accent=words.WARNING_COLOUR)
    return account_card(case.account, deps, heading=heading)


def page_card(opened: PageOpened, deps: Dependencies, *, title: str) -> View:
    """The way to the page, and out of it; the outcome is shown on this screen."""
    checkout = opened.checkout
    host = urlsplit(opened.url).hostname
    return card(
        text(
            f"## {title}\nIt starts as soon as the payment is complete. This screen then shows "
            "your balance and your renewal date.\n"
            f"-# The page's address begins with https://{host}/. Close it if yours does not."
        ),
        row(
            link_button("Pay on the checkout page", opened.url, hosts=deps.vendor.link_hosts),
            button(KEEP if checkout.replaces else NOT_NOW, custom_id("purchase.keep", checkout.id)),
        ),
        accent=words.NEUTRAL_COLOUR,
    )
