"""The record of tickets over a context, and a Discord that says who has which roles."""

from collections.abc import Mapping

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, RoleId, UserId
from bot.services.context import Context
from bot.services.guilds import GuildService
from bot.services.membership import RolesUnknownError
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_records import TicketRecordService
from bot.services.ticket_sides import TicketSides
from tests.integration.storage.samples import GUILD

SUPPORT, MODERATORS = RoleId(5), RoleId(6)
SETTINGS = {GUILD: GuildSettings(SUPPORT, MODERATORS, ChannelId(7), ChannelId(8))}


class Members:
    """Says who has which roles, or does not answer."""

    def __init__(self, roles: Mapping[UserId, frozenset[RoleId]] | None = None) -> None:
        self.held = dict(roles or {})
        self.answers = True
        self.asked: list[UserId] = []

    async def roles(self, _guild_id: GuildId, user_id: UserId) -> frozenset[RoleId] | None:
        self.asked.append(user_id)
        if not self.answers:
            raise RolesUnknownError
        return self.held.get(user_id)


def records_over(context: Context, members: Members | None = None) -> TicketRecordService:
    access = TicketAccess(context, GuildService(context, SETTINGS))
    return TicketRecordService(context, TicketSides(context, access, members or Members()))
