"""Panels: messages with buttons that open tickets. Each is a row first, then a message."""

from collections.abc import Sequence

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import ChannelId, MessageId, PanelId
from bot.domain.job import NewJob
from bot.domain.opening_errors import TopicGone
from bot.domain.panel import Panel, PanelLayout, PanelState
from bot.domain.topic import without
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.screens import Screen
from storage import audit, jobs, panels


class PanelService:
    """For administrators. Who clicks is looked at again at each step."""

    def __init__(self, context: Context, guild_service: GuildService) -> None:
        """`guild_service` says who manages the server."""
        self._context = context
        self._guilds = guild_service

    async def draft(
        self,
        actor: Actor,
        channel_id: ChannelId,
        *,
        title: str,
        body: str,
        topics: Sequence[str],
        layout: PanelLayout,
    ) -> Panel:
        """What its maker looks at before it is posted; raises NotPermitted."""
        await self._guilds.administer(actor)
        chosen = [each.id for each in self._context.policy.topics if each.id in topics]
        if not chosen or without(self._context.policy.topics, topics):
            raise TopicGone
        panel = Panel(
            id=PanelId(self._context.new_id()),
            guild_id=actor.guild_id,
            channel_id=channel_id,
            title=title,
            body=body,
            topics=tuple(chosen),
            layout=layout,
            created_by=actor.user_id,
            created_at=self._context.clock(),
        )
        async with self._context.database.write() as connection:
            await panels.add(connection, panel)
        return panel

    async def post(self, actor: Actor, panel_id: PanelId, screen: Screen) -> None:
        """Have a draft sent, or a panel sent anew whose message is gone; raises NoSuchThing."""
        await self._guilds.administer(actor)
        now = self._context.clock()
        async with self._context.database.write() as connection:
            before = await panels.find(connection, panel_id)
            if before is None or before.guild_id != actor.guild_id:
                raise NoSuchThing("panel")
            if len(without(self._context.policy.topics, before.topics)) == len(before.topics):
                raise TopicGone
            sending = await panels.advance(
                connection,
                panel_id,
                expected=(PanelState.DRAFT, PanelState.POSTED),
                to=PanelState.SENDING,
                message_id=None,
            )
            if sending is None:
                return  # on its way already
            following = [
                NewJob(
                    "panel.send",
                    f"panel:{panel_id}:{self._context.new_id()}",
                    {"panel_id": panel_id, "screen": screen.to_payload()},
                    line=panel_id,
                )
            ]
            if before.message_id is not None:
                following.append(_removal(before.channel_id, before.message_id))
            await audit.append(
                connection,
                actor_id=actor.user_id,
                action="panel.posted",
                subject=panel_id,
                details={"channel": str(before.channel_id), "topics": ", ".join(before.topics)},
                now=now,
            )
            await jobs.add(connection, following, now=now)

    async def to_send(self, panel_id: PanelId) -> Panel | None:
        """The panel of a job, unless it was sent or removed meanwhile."""
        async with self._context.database.read() as connection:
            panel = await panels.find(connection, panel_id)
        return panel if panel is not None and panel.state is PanelState.SENDING else None

    async def sent(self, panel: Panel, message_id: MessageId) -> None:
        """Its message is there. Where it was removed meanwhile, the message goes again."""
        async with self._context.database.write() as connection:
            posted = await panels.advance(
                connection,
                panel.id,
                expected=(PanelState.SENDING, PanelState.POSTED),
                to=PanelState.POSTED,
                message_id=message_id,
            )
            if posted is None:
                removal = _removal(panel.channel_id, message_id)
                await jobs.add(connection, [removal], now=self._context.clock())

    async def not_sent(self, panel_id: PanelId) -> None:
        """Discord will not take it there: it is a draft again."""
        async with self._context.database.write() as connection:
            await panels.advance(
                connection, panel_id, expected=(PanelState.SENDING,), to=PanelState.DRAFT
            )

    async def all_of(self, actor: Actor) -> Sequence[Panel]:
        """The server's panels, oldest first; raises NotPermitted."""
        await self._guilds.administer(actor)
        async with self._context.database.read() as connection:
            return await panels.all_in(connection, actor.guild_id)

    async def remove(self, actor: Actor, panel_id: PanelId) -> None:
        """Forget it, and have its message deleted; raises NotPermitted and NoSuchThing."""
        await self._guilds.administer(actor)
        now = self._context.clock()
        async with self._context.database.write() as connection:
            gone = await panels.remove(connection, panel_id, actor.guild_id)
            if gone is None:
                raise NoSuchThing("panel")
            if gone.message_id is not None:
                await jobs.add(connection, [_removal(gone.channel_id, gone.message_id)], now=now)
            await audit.append(
                connection,
                actor_id=actor.user_id,
                action="panel.removed",
                subject=panel_id,
                details={"channel": str(gone.channel_id)},
                now=now,
            )


def _removal(channel_id: ChannelId, message_id: MessageId) -> NewJob:
    about = {"channel_id": channel_id, "message_id": message_id}
    return NewJob("panel.delete_message", f"panel-gone:{message_id}", about)
