"""Who may read and write in a ticket's channel."""

from collections.abc import Iterable

import discord

from bot.domain.identifiers import RoleId, UserId

TALK = discord.PermissionOverwrite(
    view_channel=True, send_messages=True, read_message_history=True, attach_files=True
)
Target = discord.Role | discord.Member | discord.Object


def overwrites_for(
    guild: discord.Guild, *, people: Iterable[UserId], role_id: RoleId | None
) -> dict[Target, discord.PermissionOverwrite]:
    """The people, the team's role and the bot; nobody else."""
    overwrites: dict[Target, discord.PermissionOverwrite] = {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        guild.me: TALK,
    }
    for person in people:
        overwrites[discord.Object(person, type=discord.Member)] = TALK
    if role_id is not None:
        overwrites[discord.Object(role_id, type=discord.Role)] = TALK
    return overwrites


def living_role(guild: discord.Guild, *wanted: RoleId | None) -> RoleId | None:
    """The first of these roles that nobody has deleted: Discord refuses channels for one that is
    gone."""
    there = (each for each in wanted if each is not None)
    return next((each for each in there if guild.get_role(each) is not None), None)
