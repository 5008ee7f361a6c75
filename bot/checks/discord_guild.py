"""One Discord server: roles, channels and what the bot may do there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from discord import Permissions

from bot.checks.findings import Finding, doubtful, fine, wrong
from bot.domain.guild import GuildSettings

CATEGORY = 4
TEXT_CHANNELS = frozenset({0, 5})

_WORDS = {
    "view_channel": "View Channel",
    "manage_channels": "Manage Channels",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
    "attach_files": "Attach Files",
    "manage_messages": "Manage Messages",
}
# A ticket's channel gives its people these rights, and a bot can give only what it has itself.
NEEDED_IN_SERVER = Permissions(
    view_channel=True,
    manage_channels=True,
    send_messages=True,
    read_message_history=True,
    attach_files=True,
    # Card numbers and passwords are taken out of tickets (rule S21).
    manage_messages=True,
)
NEEDED_IN_CATEGORY = Permissions(view_channel=True, manage_channels=True)
NEEDED_IN_LOG = Permissions(view_channel=True, send_messages=True, attach_files=True)
# Mention Everyone lets the bot mention a support role that is not mentionable by itself. Threads
# are for notes, and for tickets where no channel has room. Manage Roles is what Discord calls the
# right to change who sees a channel: people are added to tickets, and tickets escalated and moved.
INVITED_WITH = NEEDED_IN_SERVER | Permissions(
    embed_links=True,
    mention_everyone=True,
    manage_roles=True,
    manage_threads=True,
    create_private_threads=True,
    send_messages_in_threads=True,
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GuildView:
    """What Discord's API shows of a server; roles and channels are its objects, by id."""

    guild_id: int
    name: str
    bot_id: int
    roles: Mapping[int, Json]
    channels: Mapping[int, Json]
    bot_role_ids: frozenset[int]

    @property
    def bot_permissions(self) -> Permissions:
        """What the bot's roles give it in the whole server."""
        granted = Permissions.none()
        for role_id in (self.guild_id, *self.bot_role_ids):
            granted |= Permissions(int(self.roles[role_id]["permissions"]))
        return Permissions.all() if granted.administrator else granted

    def bot_permissions_in(self, channel: Json) -> Permissions:
        """The same after a channel's overwrites: @everyone's, the roles' together, its own."""
        granted = self.bot_permissions
        if granted.administrator:
            return granted
        overwrites = {int(each["id"]): each for each in channel["permission_overwrites"]}
        together = [overwrites[each] for each in self.bot_role_ids if each in overwrites]
        for step in (
            [overwrites[self.guild_id]] if self.guild_id in overwrites else [],
            together,
            [overwrites[self.bot_id]] if self.bot_id in overwrites else [],
        ):
            denied = allowed = 0
            for each in step:
                denied |= int(each["deny"])
                allowed |= int(each["allow"])
            granted = Permissions(granted.value & ~denied | allowed)
        return granted if granted.view_channel else Permissions.none()

    def everybody_sees(self, channel: Json) -> bool:
        """Whether members without any role see a channel."""
        seen = Permissions(int(self.roles[self.guild_id]["permissions"])).view_channel
        for each in channel["permission_overwrites"]:
            if int(each["id"]) == self.guild_id:
                denied = Permissions(int(each["deny"])).view_channel
                seen = Permissions(int(each["allow"])).view_channel or (seen and not denied)
        return seen

    @property
    def bot_position(self) -> int:
        """Of the bot's highest role."""
        return max((self.roles[each]["position"] for each in self.bot_role_ids), default=0)


def check_guild(guild: GuildView, settings: GuildSettings) -> list[Finding]:
    """What will not work in this server with these settings."""
    if settings == GuildSettings():
        return [
            doubtful(f"{guild.name}: nothing is chosen yet. Start Mooring and run /setup there."),
            *_check_permissions(guild),
        ]
    problems = [
        *_check_roles(guild, settings),
        *_check_permissions(guild),
        *_check_category(guild, settings.ticket_category_id),
        *_check_log(guild, settings.log_channel_id),
        *_check_channel(guild, "refund", settings.refund_channel_id),
    ]
    return problems or [fine(f"{guild.name}: roles, channels and permissions are as they must be.")]


def _check_roles(guild: GuildView, settings: GuildSettings) -> Iterator[Finding]:
    for duty, role_id, without in (
        ("support", settings.support_role_id, "only members see their tickets"),
        ("moderator", settings.moderator_role_id, "nobody can refund"),
    ):
        if role_id is None:
            yield wrong(
                f"{guild.name}: no {duty} role is chosen, so {without}. Run /setup in the server."
            )
            continue
        role = guild.roles.get(role_id)
        if role is None:
            yield wrong(
                f"{guild.name}: the {duty} role {role_id} does not exist any more, so {without}. "
                "Choose another one with /setup or in mooring.toml."
            )
            continue
        if role["position"] >= guild.bot_position:
            yield doubtful(
                f"{guild.name}: the bot's role is not above the {duty} role {role['name']}. "
                "Discord lets a bot grant only roles below its own: drag it up if it shall."
            )
    support = guild.roles.get(settings.support_role_id or 0)
    may_mention = guild.bot_permissions.mention_everyone
    if support is not None and not support["mentionable"] and not may_mention:
        yield doubtful(
            f"{guild.name}: new tickets cannot mention the support role {support['name']}. Make "
            "it mentionable, or give the bot Mention Everyone."
        )


def _missing(held: Permissions, needed: Permissions) -> str:
    return ", ".join(
        word for name, word in _WORDS.items() if getattr(needed, name) and not getattr(held, name)
    )


def _check_permissions(guild: GuildView) -> Iterator[Finding]:
    missing = _missing(guild.bot_permissions, NEEDED_IN_SERVER)
    if missing:
        yield wrong(f"{guild.name}: the bot's role lacks {missing}. Give it that in the server.")


def _check_category(guild: GuildView, category_id: int | None) -> Iterator[Finding]:
    if category_id is None:
        yield doubtful(
            f"{guild.name}: no ticket category is chosen, so tickets stand outside of any. "
            "Choose one with /setup."
        )
        return
    category = guild.channels.get(category_id)
    if category is None or category["type"] != CATEGORY:
        yield wrong(
            f"{guild.name}: the ticket category {category_id} does not exist any more. Choose "
            "another one with /setup or in mooring.toml."
        )
        return
    missing = _missing(guild.bot_permissions_in(category), NEEDED_IN_CATEGORY)
    if missing:
        yield wrong(
            f"{guild.name}: the bot lacks {missing} in the ticket category {category['name']}."
        )


def _check_log(guild: GuildView, channel_id: int | None) -> Iterator[Finding]:
    if channel_id is None:
        yield doubtful(
            f"{guild.name}: no log channel is chosen, so the team is told nothing. Choose one "
            "with /setup."
        )
        return
    yield from _check_channel(guild, "log", channel_id)


def _check_channel(guild: GuildView, name: str, channel_id: int | None) -> Iterator[Finding]:
    """One that is chosen exists, and the bot may write there."""
    if channel_id is None:
        return
    channel = guild.channels.get(channel_id)
    if channel is None or channel["type"] not in TEXT_CHANNELS:
        yield wrong(
            f"{guild.name}: the {name} channel {channel_id} does not exist any more. Choose "
            "another one with /setup or in mooring.toml."
        )
        return
    missing = _missing(guild.bot_permissions_in(channel), NEEDED_IN_LOG)
    if missing:
        yield wrong(
            f"{guild.name}: the bot lacks {missing} in the {name} channel {channel['name']}."
        )
