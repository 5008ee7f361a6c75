"""The cards of /roles."""

from collections.abc import Mapping

from bot.domain.catalogue import Catalogue
from bot.domain.identifiers import PlanId, RoleId
from bot.domain.role_plan import RoleObstacle
from bot.services.role_sync import SyncRun
from cogs import words
from cogs.layout import View, card, text
from cogs.role_obstacles import why

NO_JOINS = (
    "-# Discord does not tell the bot who joins. Switch on *Server Members Intent* in the "
    "developer portal (your application, Bot), then restart the bot. Until then a new member gets "
    "the role at their next command, or within a day."
)
BY_FILE = "-# `mooring.toml` sets these for this server, so `/roles set` does not change them."


def mapping_card(
    mapping: Mapping[PlanId, RoleId],
    obstacles: Mapping[RoleId, RoleObstacle],
    catalogue: Catalogue,
    *,
    by_file: bool,
    hears_joins: bool,
) -> View:
    """Which role comes with which plan, and what will not work."""
    names = {plan.id: plan.name for plan in catalogue.plans}
    # A plan that is sold no more still has members.
    shown = [*names, *(plan_id for plan_id in mapping if plan_id not in names)]
    lines = [
        f"**{names.get(plan_id, plan_id)}:** "
        + (f"<@&{mapping[plan_id]}>" if plan_id in mapping else "no role")
        for plan_id in shown
    ]
    if mapping:
        lines.append(
            "The bot gives the role while the plan is on, and takes it when the plan ends. Roles "
            "that somebody else gave stay."
        )
    notes = [BY_FILE] if by_file else []
    if mapping and not hears_joins:
        notes.append(NO_JOINS)
    return card(
        text("\n".join(["## Plan roles", *lines, *notes])),
        *([text(_listed(obstacles))] if obstacles else []),
        accent=words.WARNING_COLOUR if obstacles else words.NEUTRAL_COLOUR,
    )


def started_card(heading: str) -> View:
    """Said at once, before anybody was looked at."""
    return card(text(f"{heading}\nLooking at the members …"), accent=words.NEUTRAL_COLOUR)


def progress_card(run: SyncRun, *, left: int) -> View:
    """How far it is, while it goes on. `left` of those looked at are not done yet."""
    return card(
        text(
            "## Plan roles\n"
            f"**{words.count(run.seen - left)} of {words.count(max(run.total, run.seen))}** "
            "members are done. You can close this: the bot goes on."
        ),
        accent=words.NEUTRAL_COLOUR,
    )


def summary_card(run: SyncRun, obstacles: Mapping[RoleId, RoleObstacle]) -> View:
    """How it ended."""
    is_complete = not obstacles and not run.unfinished
    members = f"{words.count(run.seen)} {'member' if run.seen == 1 else 'members'}"
    lines = [
        f"## Plan roles are {'up to date' if is_complete else 'not complete yet'}",
        f"{members} looked at, {words.count(run.changed - run.unfinished)} changed.",
    ]
    if run.unfinished:
        lines.append(
            f"{words.count(run.unfinished)} could not be changed yet. The bot keeps trying."
        )
    return card(
        text("\n".join(lines)),
        *([text(_listed(obstacles))] if obstacles else []),
        accent=words.SUCCESS_COLOUR if is_complete else words.WARNING_COLOUR,
    )


def obstacle_text(role: str, obstacle: RoleObstacle) -> str:
    """For the team: a role that the bot cannot give or take."""
    return (
        f"### A plan's role cannot be given or taken: {role}\n{why(obstacle)}\n"
        "Then run `/roles sync`, so that everybody has what their plan comes with."
    )


def obstacle_card(role: str, obstacle: RoleObstacle) -> View:
    """The same as a message."""
    return card(text(obstacle_text(role, obstacle)), accent=words.WARNING_COLOUR)


def _listed(obstacles: Mapping[RoleId, RoleObstacle]) -> str:
    return "\n".join(f"⚠️ <@&{role_id}>: {why(each)}" for role_id, each in obstacles.items())
