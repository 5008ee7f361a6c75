"""The world as one persona sees it, as JSON for the page."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sandbox.discord import Channel, DiscordSandbox, Guild, Member, User, permissions
from bot.sandbox.discord.channels import CATEGORY
from bot.sandbox.discord.wire import Json
from bot.sandbox.page.accounts import Account
from bot.sandbox.page.cast import Cast, PagePersona


class WorldView:
    """Describes guilds, channels and people; a persona gets only what its Discord client would."""

    def __init__(self, discord: DiscordSandbox, cast: Cast, accounts: Sequence[Account]) -> None:
        self._discord = discord
        self._cast = cast
        self._accounts = tuple(accounts)

    def state(self, viewer: PagePersona, *, bot_alive: bool) -> Json:
        """Everything around the messages: who, where, and which addresses are the sandbox's."""
        discord = self._discord
        homes = [
            (guild, member) for guild in discord.guilds if (member := guild.member(viewer.user.id))
        ]
        dm = self._cast.actor(viewer).dm
        bot = discord.application.bot
        return {
            "me": self._persona(viewer),
            "personas": [self._persona(persona) for persona in self._cast.personas],
            "bot": {"id": bot.id, "name": bot.display_name, "alive": bot_alive},
            "users": self._users([guild for guild, _ in homes]),
            "guilds": [self._guild(guild, member) for guild, member in homes],
            "dm": self._dm(dm) if dm else None,
            "origins": {
                "discord": discord.cdn_url.removesuffix("/cdn"),
                "providers": {
                    host: account.provider.api_url
                    for account in self._accounts
                    for host in account.hosts
                },
            },
        }

    def _persona(self, persona: PagePersona) -> Json:
        members = (guild.member(persona.user.id) for guild in self._discord.guilds)
        color = next((shown_color(member) for member in members if member), None)
        return {
            "key": persona.key,
            "id": persona.user.id,
            "name": persona.user.display_name,
            "title": persona.title,
            "blurb": persona.blurb,
            "color": color,
        }

    def _users(self, guilds: list[Guild]) -> Json:
        bot = self._discord.application.bot
        users = {bot.id: _user(bot, None)}
        for guild in guilds:
            for member in guild.members:
                users[member.id] = _user(member.user, shown_color(member))
        return users

    def _guild(self, guild: Guild, member: Member) -> Json:
        channels = self._discord.persona(member.user).channels(guild)
        return {
            "id": guild.id,
            "name": guild.name,
            "roles": [
                {"id": role.id, "name": role.name, "color": role.color, "position": role.position}
                for role in guild.roles
            ],
            "channels": [self._channel(channel, member) for channel in channels],
        }

    def _channel(self, channel: Channel, member: Member) -> Json:
        return {
            "id": channel.id,
            "type": channel.kind,
            "name": channel.name,
            "topic": channel.topic,
            "parent_id": channel.parent.id if channel.parent else None,
            "position": channel.position,
            "last_message_id": channel.last_message_id,
            "private": channel.kind != CATEGORY and _is_private(channel),
            "can_send": bool(member.permissions_in(channel) & permissions.SEND_MESSAGES),
        }

    def _dm(self, channel: Channel) -> Json:
        return {
            "id": channel.id,
            "type": channel.kind,
            "name": self._discord.application.bot.display_name,
            "topic": None,
            "parent_id": None,
            "position": 0,
            "last_message_id": channel.last_message_id,
            "private": False,
            "can_send": True,
        }


def shown_color(member: Member) -> str | None:
    """The colour of a member's name: that of the highest role that has one."""
    for role in sorted(member.roles, key=lambda role: role.position, reverse=True):
        if role.color:
            return f"#{role.color:06x}"
    return None


def _user(user: User, color: str | None) -> Json:
    return {
        "id": user.id,
        "username": user.username,
        "name": user.display_name,
        "bot": user.bot,
        "color": color,
    }


def _is_private(channel: Channel) -> bool:
    """Whether @everyone is denied the sight of it: what Discord marks with a lock."""
    place = channel.parent if channel.is_thread and channel.parent else channel
    everyone = place.overwrites.get(channel.guild.id) if channel.guild else None
    return bool(everyone and everyone.deny & permissions.VIEW_CHANNEL)
