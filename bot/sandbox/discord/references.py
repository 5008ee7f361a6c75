"""The ``resolved`` part of interactions: the objects behind the ids a person chose."""

from __future__ import annotations

from bot.sandbox.discord import component_types as ct
from bot.sandbox.discord.channels import Channel
from bot.sandbox.discord.files import Attachment
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.members import Member, Role
from bot.sandbox.discord.messages import Message
from bot.sandbox.discord.refusals import SandboxRefusal
from bot.sandbox.discord.users import User
from bot.sandbox.discord.wire import Json
from bot.sandbox.discord.world import World

Target = User | Member | Role | Channel | Message | Attachment


class References:
    """Collects the objects that one interaction refers to."""

    def __init__(self, guild: Guild | None) -> None:
        self._guild = guild
        self.resolved: Json = {}

    def add(self, target: Target) -> str:
        """Include an object; returns the id by which the interaction names it."""
        if isinstance(target, User | Member):
            self._add_user(target.user if isinstance(target, Member) else target)
        elif isinstance(target, Role):
            self._put("roles", target.id, target.payload())
        elif isinstance(target, Channel):
            member = self._guild.bot_member if self._guild else None
            permissions = member.permissions_in(target) if member else 0
            self._put("channels", target.id, target.partial_payload(permissions))
        elif isinstance(target, Message):
            self._put("messages", target.id, target.payload())
        else:
            self._put("attachments", target.id, target.payload())
        return target.id

    def _add_user(self, user: User) -> None:
        self._put("users", user.id, user.payload())
        member = self._guild.member(user.id) if self._guild else None
        if member is not None:
            body = member.payload(with_user=False) | {"permissions": str(member.permissions)}
            self._put("members", user.id, body)

    def _put(self, section: str, key: str, body: Json) -> None:
        self.resolved.setdefault(section, {})[key] = body


def chosen(world: World, guild: Guild | None, kind: int, value: str) -> Target:
    """The object a person picks in a user, role or channel select, by id or by name.

    Raises:
        SandboxRefusal: the picker of this kind does not offer it.
    """
    offered: list[Target] = []
    if kind in (ct.USER_SELECT, ct.MENTIONABLE_SELECT):
        offered += guild.members if guild else list(world.users.values())
    if kind in (ct.ROLE_SELECT, ct.MENTIONABLE_SELECT) and guild:
        offered += guild.roles
    if kind == ct.CHANNEL_SELECT and guild:
        offered += guild.channels
    for target in offered:
        if value in _names(target):
            return target
    raise SandboxRefusal(f"the picker does not offer {value!r}")


def _names(target: Target) -> tuple[str, ...]:
    if isinstance(target, Member):
        return target.id, target.user.username, target.user.display_name
    if isinstance(target, User):
        return target.id, target.username, target.display_name
    if isinstance(target, Role | Channel):
        return target.id, target.name
    return (target.id,)
