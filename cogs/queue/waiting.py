"""/queue: what waits for the team."""

from dataclasses import replace as changed

from discord import app_commands
from discord.ext import commands

from bot.domain.ticket_queue import QueueFilter, Whose
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, chosen, replace, reply, suggested
from cogs.queue.render import ALL, decoded, queue_card


class QueueCog(commands.Cog):
    """For everybody who answers tickets. The service refuses everybody else."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Register the selects and the buttons."""
        self._is = dependencies
        for verb in ("queue.show", "queue.back", "queue.on"):
            dependencies.router.add(verb, self.show)
        dependencies.router.add("queue.topic", self.choose_topic)
        dependencies.router.add("queue.whose", self.choose_whose)

    @app_commands.command(name="queue", description="What waits for an answer, longest first")
    @app_commands.describe(topic="Tickets of one topic only", whose="Tickets by who has them")
    @app_commands.choices(
        whose=[
            app_commands.Choice(name="Mine", value=Whose.MINE.value),
            app_commands.Choice(name="Nobody's", value=Whose.NOBODYS.value),
        ]
    )
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.guild_only()
    async def queue(
        self, interaction: Interaction, topic: str | None = None, whose: str | None = None
    ) -> None:
        """The first page, for the person who asked alone."""
        wanted = None if topic is None else self._is.tickets.topic(topic).id
        filtered = QueueFilter(wanted, Whose(whose) if whose else Whose.ALL)
        found = await self._is.ticket_queue.page(actor_of(interaction), filtered)
        await reply(interaction, queue_card(found, self._is))

    @queue.autocomplete("topic")
    async def suggest(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """The topics whose names fit."""
        return suggested(((topic.id, topic.label) for topic in self._is.tickets.topics), typed)

    async def show(self, interaction: Interaction, argument: str) -> None:
        """Another page, or this one anew."""
        await self._show(interaction, decoded(argument))

    async def choose_topic(self, interaction: Interaction, argument: str) -> None:
        """From the first page on."""
        picked = chosen(interaction)
        topic_id = None if picked == ALL else self._is.tickets.topic(picked).id
        await self._show(interaction, changed(decoded(argument), topic_id=topic_id, page=0))

    async def choose_whose(self, interaction: Interaction, argument: str) -> None:
        """From the first page on."""
        whose = Whose(chosen(interaction))
        await self._show(interaction, changed(decoded(argument), whose=whose, page=0))

    async def _show(self, interaction: Interaction, filtered: QueueFilter) -> None:
        found = await self._is.ticket_queue.page(actor_of(interaction), filtered)
        await replace(interaction, queue_card(found, self._is))
