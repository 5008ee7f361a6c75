"""Before a ticket is opened: what helps at once, if there is anything.

It costs one click at most and stands in nobody's way: without a finding the questions come at once,
and so they do when looking takes long.
"""

import asyncio
from collections.abc import Sequence

import structlog

from bot.domain.subscription import NextStep, next_step
from bot.domain.topic import SelfHelp, Topic
from cogs import words
from cogs.dependencies import Dependencies
from cogs.help.render import findings_parts
from cogs.interactions import Interaction, custom_id, guild_of, user_of
from cogs.layout import View, button, card, row, text

# Discord waits three seconds for the questions, and a modal cannot come later.
LOOK_SECONDS = 1.5

_log = structlog.get_logger(__name__)


async def helping_card(
    interaction: Interaction, topic: Topic, deps: Dependencies, *, quote_id: str
) -> View | None:
    """What fits this topic and this person; None for nothing."""
    if topic.self_help is SelfHelp.BILLING:
        return await _billing(interaction, topic, deps, quote_id)
    if topic.self_help is SelfHelp.CANCEL:
        return await _cancelling(interaction, topic, deps, quote_id)
    return None


async def _billing(
    interaction: Interaction, topic: Topic, deps: Dependencies, quote_id: str
) -> View | None:
    user_id = user_of(interaction)
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = await deps.self_help.look(user_id)
    except TimeoutError:
        # The same look is taken again in the ticket.
        _log.info("self_help_took_long", topic=topic.id)
        return None
    if not found.is_anything_wrong:
        return None
    if found.duplicates:
        await deps.self_help.ask_team(user_id, guild_of(interaction), found.duplicates)
    return _card(
        "## Before you write: this may be it",
        findings_parts(found, deps),
        [("Update card", "billing.portal")],
        topic,
        quote_id,
    )


async def _cancelling(
    interaction: Interaction, topic: Topic, deps: Dependencies, quote_id: str
) -> View | None:
    account = await deps.subscriptions.find_account(user_of(interaction))
    subscription = account.subscription if account else None
    if subscription is None:
        return None
    name = words.plan_name(subscription, deps.catalogue)
    ends = words.day(subscription.period_end)
    step = next_step(subscription, now=deps.clock())
    if step is NextStep.CANCEL:
        said = (
            f"**You can cancel {name} yourself**, at any time and without a ticket. It takes "
            f"three clicks, and {name} stays on until {ends}."
        )
        way = ("Cancel subscription", "cancel.start")
    elif step is NextStep.RESUME:
        said = (
            f"**{name} is cancelled already.** You need to do nothing. It stays on until {ends}, "
            "and nothing more is charged."
        )
        way = ("Resume", "resume.start")
    else:
        return None
    return _card("## Before you write", [said], [way], topic, quote_id)


def _card(
    title: str,
    parts: Sequence[str],
    ways: Sequence[tuple[str, str]],
    topic: Topic,
    quote_id: str,
) -> View:
    return card(
        text(title),
        *(text(part) for part in parts),
        row(
            button("Open the ticket", custom_id("ticket.ask", f"{topic.id}/{quote_id}")),
            *(button(label, custom_id(verb)) for label, verb in ways),
        ),
        accent=words.NEUTRAL_COLOUR,
    )
