"""The INTERACTION_CREATE event of one interaction."""

from __future__ import annotations

from bot.sandbox.discord import commands as cmd
from bot.sandbox.discord import permissions
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.discord.interactions import Interaction
from bot.sandbox.discord.refusals import SandboxRefusal
from bot.sandbox.discord.wire import Json

ATTACHMENT_LIMIT = 10 * 1024 * 1024


def interaction_create(application_id: str, interaction: Interaction, *, held: int) -> Json:
    """The event; ``held`` is what the person may do in the channel."""
    channel, source = interaction.channel, interaction.source
    event: Json = {
        "id": interaction.id,
        "application_id": application_id,
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": channel.id,
        "channel": channel.partial_payload(held),
        "locale": "en-US",
        "entitlements": [],
        "entitlement_sku_ids": [],
        "attachment_size_limit": ATTACHMENT_LIMIT,
        "authorizing_integration_owners": interaction.metadata["authorizing_integration_owners"],
    }
    if source is not None:
        event["message"] = source.payload()
    if channel.guild is not None:
        return event | _in_guild(channel.guild, interaction, held)
    return event | {
        "user": interaction.user.payload(),
        "context": cmd.BOT_DM_CONTEXT,
        "app_permissions": str(permissions.DIRECT_MESSAGE),
    }


def _in_guild(guild: Guild, interaction: Interaction, held: int) -> Json:
    member = guild.member(interaction.user.id)
    if member is None:
        raise SandboxRefusal(f"{interaction.user.username} is not in {guild.name}")
    return {
        "member": member.payload() | {"permissions": str(held)},
        "guild_id": guild.id,
        "guild": {"id": guild.id, "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "context": cmd.GUILD_CONTEXT,
        "app_permissions": str(guild.bot_member.permissions_in(interaction.channel)),
    }
