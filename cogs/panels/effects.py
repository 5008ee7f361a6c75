"""A panel's message: sent, and deleted."""

import discord
import structlog
from discord.ext import commands

from bot.domain.identifiers import ChannelId, PanelId
from bot.domain.job import Job
from bot.services.screens import Screen
from cogs.dependencies import Dependencies
from cogs.panels.render import panel_view, posted_card, refused_card

_log = structlog.get_logger(__name__)


class PanelEffects:
    """Carries out what `PanelService` has committed."""

    def __init__(self, bot: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Register the handlers."""
        self._bot = bot
        self._is = dependencies
        dependencies.jobs.add("panel.send", self.send, in_discord=True)
        dependencies.jobs.add("panel.delete_message", self.delete_message, in_discord=True)

    async def send(self, job: Job) -> None:
        """The job's key is the nonce: cut short and run again, there is one message."""
        panel = await self._is.panels.to_send(PanelId(str(job.payload["panel_id"])))
        if panel is None:
            return
        screen = Screen.from_payload(job.payload["screen"])
        view = panel_view(panel, self._is.tickets.topics)
        message_id = await self._is.messenger.pin_up(panel.channel_id, view, key=job.key)
        if message_id is None:
            await self._is.panels.not_sent(panel.id)
            await self._is.messenger.show(screen, refused_card(panel))
            return
        await self._is.panels.sent(panel, message_id)
        await self._is.messenger.show(screen, posted_card(panel))

    async def delete_message(self, job: Job) -> None:
        """One that is gone already was deleted by hand."""
        channel_id, message_id = int(job.payload["channel_id"]), int(job.payload["message_id"])
        channel = self._bot.get_partial_messageable(ChannelId(channel_id))
        try:
            await channel.get_partial_message(message_id).delete()
        except (discord.NotFound, discord.Forbidden) as refusal:
            _log.info("panel_message_not_deleted", channel=channel_id, code=refusal.code)
