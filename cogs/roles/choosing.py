"""/roles set, show and sync: which role comes with which plan."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.catalogue import Plan
from bot.domain.errors import NoSuchThing, RoleUnfit
from bot.domain.identifiers import GuildId, RoleId
from bot.domain.role_plan import RoleObstacle
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, reply, screen_of, suggested
from cogs.roles.render import mapping_card, started_card
from cogs.roles.servers import why_not_give


class RolesCog(commands.Cog):
    """For those who manage the server."""

    roles = app_commands.Group(
        name="roles",
        description="Which role comes with which plan",
        default_permissions=discord.Permissions(manage_guild=True),
        guild_only=True,
    )

    def __init__(self, client: commands.AutoShardedBot, dependencies: Dependencies) -> None:
        """Keep what is needed."""
        self._client = client
        self._is = dependencies

    @roles.command(name="set", description="Choose the role that members with a plan get")
    @app_commands.describe(plan="Which plan", role="Leave this out for no role")
    async def choose(
        self, interaction: Interaction, plan: str, role: discord.Role | None = None
    ) -> None:
        """Store the choice; a job then looks at every member."""
        actor, chosen = actor_of(interaction), self._plan(plan)
        await self._is.guilds.administer(actor)
        role_id = None if role is None else RoleId(role.id)
        if role_id is not None:
            obstacle = (await self._obstacles(actor.guild_id, [role_id])).get(role_id)
            if obstacle is not None:
                raise RoleUnfit(role_id, obstacle)
        await self._is.roles.choose(actor, chosen.id, role_id, screen=screen_of(interaction))
        given = "no role" if role_id is None else f"<@&{role_id}>"
        await reply(interaction, started_card(f"## {chosen.name}: {given}"))

    @choose.autocomplete("plan")
    async def suggest(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """The plans whose names fit."""
        return suggested(((plan.id, plan.name) for plan in self._is.catalogue.plans), typed)

    def _plan(self, typed: str) -> Plan:
        """By its id, which a chosen suggestion sends, or by its name."""
        wanted = typed.strip().casefold()
        for plan in self._is.catalogue.plans:
            if wanted in (plan.id, plan.name.casefold()):
                return plan
        raise NoSuchThing("plan")

    @roles.command(name="show", description="Which role comes with which plan")
    async def show(self, interaction: Interaction) -> None:
        """The roles, and what will not work."""
        actor = actor_of(interaction)
        await self._is.guilds.administer(actor)
        mapping = await self._is.roles.mapping(actor.guild_id)
        await reply(
            interaction,
            mapping_card(
                mapping,
                await self._obstacles(actor.guild_id, list(mapping.values())),
                self._is.catalogue,
                by_file=self._is.roles.is_set_by_file(actor.guild_id),
                hears_joins=self._client.intents.members,
            ),
        )

    @roles.command(name="sync", description="Give and take every member's plan role now")
    async def sync(self, interaction: Interaction) -> None:
        """A job looks at every member, and fills in this answer."""
        await self._is.roles.sync(actor_of(interaction), screen=screen_of(interaction))
        await reply(interaction, started_card("## Plan roles"))

    async def _obstacles(
        self, guild_id: GuildId, role_ids: list[RoleId]
    ) -> dict[RoleId, RoleObstacle]:
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return {}
        settings = await self._is.guilds.settings(guild_id)
        found = {role_id: why_not_give(guild, role_id, settings) for role_id in role_ids}
        return {role_id: obstacle for role_id, obstacle in found.items() if obstacle is not None}
