"""The refund desk's services over one store, and the people at it."""

from dataclasses import replace

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import (
    ChannelId,
    RefundId,
    RoleId,
    TicketId,
    UserId,
)
from bot.domain.refund import Ground, RefundState
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.refund_cases import RefundCase
from bot.services.refund_queue import RefundQueueService
from bot.services.refund_requests import RefundRequestService
from bot.services.refunds import RefundService
from bot.services.screens import Screen
from tests.integration.storage.samples import (
    GUILD,
    MAX,
    MIA,
    PAYMENT,
)

SUPPORT, MODERATOR = RoleId(5), RoleId(6)

SETTINGS = {GUILD: GuildSettings(SUPPORT, MODERATOR)}

SCREEN = Screen(1, "token")

SAM, ADA = UserId(1004), UserId(1005)

TICKET, CHANNEL = TicketId("TICKET"), ChannelId(9001)


def actor(user_id: UserId, *roles: RoleId) -> Actor:
    return Actor(user_id, GUILD, frozenset(roles), manages_guild=False)


BY_MAX, BY_ADA = actor(MAX, MODERATOR), actor(ADA, MODERATOR)

BY_SAM, BY_MIA = actor(SAM, SUPPORT), actor(MIA)


class Desk:
    """The services of one process, under a policy."""

    def __init__(self, context: Context, **policy: object) -> None:
        changed = replace(context.policy.refunds, **policy)  # type: ignore[arg-type]
        self.context = replace(context, policy=replace(context.policy, refunds=changed))
        guilds = GuildService(self.context, SETTINGS)
        self.direct = RefundService(self.context, guilds)
        self.requests = RefundRequestService(self.context, guilds)
        self.queue = RefundQueueService(self.context, guilds)

    async def waiting(self, by: Actor = BY_SAM) -> RefundId:
        """Support has put Mia's payment before the moderators."""
        drafted = await self.requests.draft(by, TICKET, PAYMENT.id)
        await self.direct.set_ground(by, drafted.refund.id, Ground.OUR_ERROR)
        submitted = await self.requests.submit(by, drafted.refund.id, note="")
        assert submitted.refund.state is RefundState.SUBMITTED
        return submitted.refund.id

    async def approve(self, by: Actor, refund_id: RefundId) -> RefundCase:
        """By somebody who has the newest card before them."""
        agreed = (await self.direct.find(refund_id)).refund.fingerprint
        return await self.queue.approve(by, refund_id, agreed=agreed, screen=SCREEN)

    async def state(self, refund_id: RefundId) -> RefundState:
        return (await self.direct.find(refund_id)).refund.state
