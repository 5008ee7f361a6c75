"""Buttons, selects and modals without memory, and the one place where their errors end.

A custom_id is `m1:verb:argument`: a version, what to do, and the id of a row in the store. Nothing
is registered per message, so a button or an open modal works after any number of restarts.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import aiohttp
import discord
import structlog
from prometheus_client import Counter, Histogram

from bot.domain.errors import MooringError, NotPermitted
from bot.domain.identifiers import GuildId, RoleId, UserId
from bot.services.guilds import Actor
from bot.services.screens import Screen
from bot.services.ticket_requests import Upload
from cogs import words
from cogs.layout import card, finished, text
from cogs.refusals import refusal

Interaction = discord.Interaction[Any]
Handler = Callable[[Interaction, str], Awaitable[None]]

VERSION = "m1"
MOST_SUGGESTED = 25

_log = structlog.get_logger(__name__)
_handled = Counter("mooring_interactions_total", "Interactions", ["what", "outcome"])
_seconds = Histogram(
    "mooring_interaction_seconds",
    "Time that an interaction's handler took",
    ["what"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3),
)


def suggested(
    named: Iterable[tuple[str, str]], typed: str
) -> list[discord.app_commands.Choice[str]]:
    """Of (id, name) pairs those whose names fit, while somebody types: Discord shows 25."""
    wanted = typed.strip().casefold()
    fitting = [
        discord.app_commands.Choice(name=name, value=value)
        for value, name in named
        if wanted in name.casefold()
    ]
    return fitting[:MOST_SUGGESTED]


def custom_id(verb: str, argument: str = "") -> str:
    """The id of a component; Discord allows 100 characters."""
    return f"{VERSION}:{verb}:{argument}"


class Router:
    """Finds the handler of a component or modal by its custom_id."""

    def __init__(self) -> None:
        """Start without handlers; cogs add theirs."""
        self._handlers: dict[str, Handler] = {}

    def add(self, verb: str, handler: Handler) -> None:
        """Have `handler` called with the argument of every custom_id with this verb."""
        if verb in self._handlers:
            raise ValueError(f"two handlers for {verb}")
        self._handlers[verb] = handler

    async def dispatch(self, interaction: Interaction) -> None:
        """Handle a component's click or a modal's submission; everything else is not for here."""
        if interaction.type not in (
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        ):
            return
        data: Mapping[str, Any] = interaction.data or {}
        whole = str(data.get("custom_id", ""))
        version, _, rest = whole.partition(":")
        verb, _, argument = rest.partition(":")
        handler = self._handlers.get(verb) if version == VERSION else None
        if handler is None:
            _log.warning("unknown_custom_id", custom_id=whole[:100])
            await _answer(interaction, words.OUTDATED_BUTTON)
            return
        await guarded(verb, interaction, handler(interaction, argument))


async def guarded(what: str, interaction: Interaction, work: Awaitable[None]) -> None:
    """Run a handler; whatever goes wrong, the person gets an answer."""
    outcome = "done"
    with _seconds.labels(what).time():
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the boundary of every interaction
            outcome = await answer_error(what, interaction, error)
    _handled.labels(what, outcome).inc()


def note_command(name: str, outcome: str, *, seconds: float) -> None:
    """Count a slash command, which comes in another way than buttons do."""
    _handled.labels(name, outcome).inc()
    _seconds.labels(name).observe(seconds)


async def answer_error(what: str, interaction: Interaction, error: Exception) -> str:
    """Tell the person what happened, and the log what exactly; returns the outcome's name."""
    reference = secrets.token_hex(4)
    if isinstance(error, MooringError):
        _log.info(
            "interaction_refused",
            what=what,
            code=error.code,
            user=interaction.user.id,
            reference=reference,
        )
        explanation, outcome = refusal(error), "refused"
    else:
        _log.error(
            "interaction_failed",
            what=what,
            user=interaction.user.id,
            reference=reference,
            exc_info=error,
        )
        explanation, outcome = words.defect(reference), "failed"
    try:
        await _answer(interaction, explanation)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as unreachable:
        _log.warning("answer_not_delivered", reference=reference, error=str(unreachable))
    return outcome


async def _answer(interaction: Interaction, explanation: str) -> None:
    await reply(interaction, card(text(explanation), accent=words.WARNING_COLOUR))


async def reply(
    interaction: Interaction, view: discord.ui.LayoutView, *, file: discord.File | None = None
) -> None:
    """Answer with a message that only this person sees."""
    given = discord.utils.MISSING
    if file is not None:
        view.add_item(discord.ui.File(f"attachment://{file.filename}"))
        given = file
    if interaction.response.is_done():
        await interaction.followup.send(view=finished(view), ephemeral=True, file=given)
    else:
        await interaction.response.send_message(view=finished(view), ephemeral=True, file=given)


async def replace(
    interaction: Interaction,
    view: discord.ui.LayoutView,
    *,
    pictures: Sequence[discord.File] | None = None,
) -> None:
    """Answer by changing the message that was clicked, and its `pictures` where they are given."""
    given = discord.utils.MISSING if pictures is None else pictures
    if interaction.response.is_done():
        await interaction.edit_original_response(view=finished(view), attachments=given)
    else:
        await interaction.response.edit_message(view=finished(view), attachments=given)


async def show_modal(interaction: Interaction, modal: discord.ui.Modal) -> None:
    """Answer with a modal. Discord.py would keep it in memory until it is submitted."""
    modal.stop()
    await interaction.response.send_modal(modal)


def modal_answers(interaction: Interaction) -> Mapping[str, str]:
    """What was filled in, by custom_id; empty text for what was left out.

    Of several choices each is on a line of its own.
    """
    return {
        name: str(component.get("value") or "\n".join(component.get("values") or ())).strip()
        for name, component in _filled_in(interaction)
    }


def modal_choices(interaction: Interaction, name: str) -> Sequence[str]:
    """Everything that was chosen in one part of a modal."""
    found = dict(_filled_in(interaction)).get(name, {})
    return [str(each) for each in found.get("values") or ()]


def uploads_of(interaction: Interaction, names: Sequence[str]) -> list[Upload]:
    """The files that were given in these parts of a modal, in their order."""
    data: Mapping[str, Any] = interaction.data or {}
    known = data.get("resolved", {}).get("attachments", {})
    return [
        Upload(known[each]["filename"], known[each]["url"], known[each]["size"])
        for name in names
        for each in modal_choices(interaction, name)
        if each in known
    ]


def _filled_in(interaction: Interaction) -> Iterator[tuple[str, Mapping[str, Any]]]:
    def collect(
        components: Sequence[Mapping[str, Any]],
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for component in components:
            if "component" in component:
                yield from collect([component["component"]])
            elif "components" in component:
                yield from collect(component["components"])
            elif "custom_id" in component:
                yield component["custom_id"], component

    data: Mapping[str, Any] = interaction.data or {}
    yield from collect(data.get("components", []))


def chosen(interaction: Interaction) -> str:
    """The first value of a select."""
    data: Mapping[str, Any] = interaction.data or {}
    return str(data["values"][0])


def user_of(interaction: Interaction) -> UserId:
    """Who clicked."""
    return UserId(interaction.user.id)


def guild_of(interaction: Interaction) -> GuildId | None:
    """Where; None in a direct message."""
    return None if interaction.guild_id is None else GuildId(interaction.guild_id)


def actor_of(interaction: Interaction) -> Actor:
    """Who clicked, with the roles that Discord says they have right now."""
    if not isinstance(interaction.user, discord.Member) or interaction.guild_id is None:
        raise NotPermitted(needs="server")
    roles = interaction.user._roles
    return Actor(
        UserId(interaction.user.id),
        GuildId(interaction.guild_id),
        frozenset(RoleId(role) for role in roles),
        interaction.permissions.manage_guild,
    )


def screen_of(interaction: Interaction) -> Screen:
    """A handle on the answer, for a job that fills it in."""
    return Screen(interaction.application_id, interaction.token)
