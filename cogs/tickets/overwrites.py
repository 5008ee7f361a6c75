"""Who may read and write in a ticket's channel."""

from collections.abc import Iterable

import discord

from bot.domain.identifiers import RoleId, UserId

TALK = discord.PermissionOverwrite(
    view_channel=True, send_messages=True, read_message_history=True, attach_files=True
)
# The team's notes are a private thread, which whoever manages threads could open.
_TALK_WITHOUT_NOTES = discord.PermissionOverwrite(
    view_channel=True,
    send_messages=True,
    read_message_history=True,
    attach_files=True,
    manage_threads=False,
)
Target = discord.Role | discord.Member | discord.Object


def talk_of_a_person(guild: discord.Guild) -> discord.PermissionOverwrite:
    """For whom the ticket is about. The bot can deny only what it may do itself."""
    may_deny = guild.me.guild_permissions.manage_threads
    return _TALK_WITHOUT_NOTES if may_deny else TALK


def silence_of_a_person(guild: discord.Guild) -> discord.PermissionOverwrite:
    """They can still read what was said."""
    silence = discord.PermissionOverwrite.from_pair(*talk_of_a_person(guild).pair())
    silence.update(send_messages=False)
    return silence


def overwrites_for(
    guild: discord.Guild, *, people: Iterable[UserId], role_ids: Iterable[RoleId | None]
) -> dict[Target, discord.PermissionOverwrite]:
    """The people, the roles that are there, and the bot; nobody else."""
    overwrites: dict[Target, discord.PermissionOverwrite] = {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        guild.me: TALK,
    }
    for person in people:
        overwrites[discord.Object(person, type=discord.Member)] = talk_of_a_person(guild)
    for role_id in role_ids:
        # Discord refuses a channel for a role that is gone.
        if role_id is not None and guild.get_role(role_id) is not None:
            overwrites[discord.Object(role_id, type=discord.Role)] = TALK
    return overwrites


def living_role(guild: discord.Guild, *wanted: RoleId | None) -> RoleId | None:
    """The first of these roles that nobody has deleted."""
    there = (each for each in wanted if each is not None)
    return next((each for each in there if guild.get_role(each) is not None), None)
