"""/setup: the roles and channels of a server."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, RoleId
from cogs import words
from cogs.dependencies import Dependencies
from cogs.interactions import Interaction, actor_of, reply
from cogs.layout import card, text


class SetupCog(commands.Cog):
    """For those who manage the server."""

    def __init__(self, dependencies: Dependencies) -> None:
        """Keep what is needed."""
        self._is = dependencies

    @app_commands.command(name="setup", description="Choose this server's roles and channels")
    @app_commands.describe(
        support_role="Who answers tickets",
        moderator_role="Who may refund",
        ticket_category="Where ticket channels go",
        log_channel="Where the bot tells the team what happened",
        refund_channel="Where moderators decide about refunds; the log channel, if left out",
        report_channel="Where the weekly retention report goes",
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def setup(
        self,
        interaction: Interaction,
        *,
        support_role: discord.Role | None = None,
        moderator_role: discord.Role | None = None,
        ticket_category: discord.CategoryChannel | None = None,
        log_channel: discord.TextChannel | None = None,
        refund_channel: discord.TextChannel | None = None,
        report_channel: discord.TextChannel | None = None,
    ) -> None:
        """Change what is given, keep the rest, and show what is missing."""
        actor = actor_of(interaction)
        before = await self._is.guilds.administer(actor)
        chosen = GuildSettings(
            RoleId(support_role.id) if support_role else before.support_role_id,
            RoleId(moderator_role.id) if moderator_role else before.moderator_role_id,
            ChannelId(ticket_category.id) if ticket_category else before.ticket_category_id,
            ChannelId(log_channel.id) if log_channel else before.log_channel_id,
            refund_channel_id=(
                ChannelId(refund_channel.id) if refund_channel else before.refund_channel_id
            ),
            report_channel_id=(
                ChannelId(report_channel.id) if report_channel else before.report_channel_id
            ),
        )
        handed_over = 0
        if chosen != before:
            there = (
                [RoleId(each.id) for each in interaction.guild.roles] if interaction.guild else []
            )
            handed_over = await self._is.guilds.set_up(actor, chosen, there)
        settings = await self._is.guilds.settings(actor.guild_id)
        problems = _problems(interaction, settings)
        note = await self._topics_of_others(actor.guild_id)
        if handed_over:
            note += (
                f"\n-# Who sees the {words.open_tickets(handed_over)} is changed now, one after "
                "another."
            )
        if self._is.guilds.is_configured_by_file(actor.guild_id):
            note += (
                "\n-# `mooring.toml` sets these for this server, so `/setup` does not change them."
            )
        await reply(
            interaction,
            card(
                text(f"## Setup\n{_describe(settings)}{note}"),
                *([text("\n".join(f"⚠️ {each}" for each in problems))] if problems else []),
                accent=words.WARNING_COLOUR if problems else words.SUCCESS_COLOUR,
            ),
        )

    async def _topics_of_others(self, guild_id: GuildId) -> str:
        """Whose team `mooring.toml` names, and does not find here."""
        named = [each for each in self._is.tickets.topics if each.staff_role_id is not None]
        lines = [
            f"\n-# “{topic.label}” is answered by the support role here: its own team is in "
            "another server."
            for topic in named
            if await self._is.guilds.topic_role(guild_id, topic.id) is None
        ]
        return "".join(lines)


def _describe(settings: GuildSettings) -> str:
    missing = "not chosen"
    rows = (
        ("Support role", settings.support_role_id, "<@&{}>"),
        ("Moderator role", settings.moderator_role_id, "<@&{}>"),
        ("Ticket category", settings.ticket_category_id, "<#{}>"),
        ("Log channel", settings.log_channel_id, "<#{}>"),
        ("Refund channel", settings.refund_channel_id, "<#{}>"),
        ("Report channel", settings.report_channel_id, "<#{}>"),
    )
    return "\n".join(
        f"**{label}:** {mention.format(value) if value else missing}"
        for label, value, mention in rows
    )


def _problems(interaction: Interaction, settings: GuildSettings) -> list[str]:
    """What will not work with these settings, said before it fails."""
    guild = interaction.guild
    problems = []
    if settings.support_role_id is None:
        problems.append("Without a support role nobody can open a ticket.")
    if settings.moderator_role_id is None:
        problems.append("Without a moderator role nobody can refund.")
    if guild is None or guild.me is None:
        return problems
    category = guild.get_channel(settings.ticket_category_id or 0)
    allowed = category.permissions_for(guild.me) if category else guild.me.guild_permissions
    if not (allowed.manage_channels and allowed.view_channel):
        problems.append("The bot needs View Channel and Manage Channels for the ticket category.")
    for name, channel_id in (
        ("log", settings.log_channel_id),
        ("refund", settings.refund_channel_id),
    ):
        channel = guild.get_channel(channel_id or 0)
        if channel is not None and not channel.permissions_for(guild.me).send_messages:
            problems.append(f"The bot may not write in the {name} channel.")
    report = guild.get_channel(settings.report_channel_id or 0)
    if report is not None:
        may = report.permissions_for(guild.me)
        if not (may.send_messages and may.attach_files):
            problems.append("The bot may not write, or attach files, in the report channel.")
    return problems
