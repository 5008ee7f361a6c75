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
        # Discord refuses a channel for a role that is gone. And discord.py makes a person of
        # whatever is no Role, in a channel that is new.
        if (role := guild.get_role(role_id or 0)) is not None:
            overwrites[role] = TALK
    return overwrites


def is_shown_to(channel: discord.TextChannel, role: discord.Role) -> bool:
    """Whether the channel's own list lets this role see it."""
    allowed, _ = channel.overwrites_for(role).pair()
    return allowed.view_channel


def living_role(guild: discord.Guild, *wanted: RoleId | None) -> RoleId | None:
    """The first of these roles that nobody has deleted."""
    there = (each for each in wanted if each is not None)
    return next((each for each in there if guild.get_role(each) is not None), None)
