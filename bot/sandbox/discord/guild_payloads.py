"""Guilds as the API and the gateway write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.discord.wire import Json, iso

if TYPE_CHECKING:
    from bot.sandbox.discord.guilds import Guild

LARGE_GUILD = 250

_UNSET: Json = {
    "icon": None,
    "description": None,
    "home_header": None,
    "splash": None,
    "discovery_splash": None,
    "features": [],
    "banner": None,
    "application_id": None,
    "region": "us-west",
    "afk_channel_id": None,
    "afk_timeout": 300,
    "system_channel_id": None,
    "system_channel_flags": 0,
    "widget_enabled": False,
    "widget_channel_id": None,
    "verification_level": 0,
    "default_message_notifications": 0,
    "mfa_level": 0,
    "explicit_content_filter": 0,
    "max_presences": None,
    "max_members": 500_000,
    "max_stage_video_channel_users": 50,
    "max_video_channel_users": 25,
    "vanity_url_code": None,
    "premium_tier": 0,
    "premium_subscription_count": 0,
    "preferred_locale": "en-US",
    "rules_channel_id": None,
    "safety_alerts_channel_id": None,
    "public_updates_channel_id": None,
    "premium_progress_bar_enabled": False,
    "nsfw": False,
    "nsfw_level": 0,
    "emojis": [],
    "stickers": [],
    "incidents_data": None,
}
"""What a guild has that nobody has configured."""


def guild_payload(guild: Guild) -> Json:
    """The API's guild object."""
    return _UNSET | {
        "id": guild.id,
        "name": guild.name,
        "owner_id": guild.owner.id,
        "roles": [role.payload() for role in guild.roles],
    }


def guild_create(guild: Guild, *, all_members: bool) -> Json:
    """The GUILD_CREATE event: the guild with its channels, threads that are awake, and members."""
    bot = guild.bot_member
    listed = guild.members if all_members else [bot]
    awake = [each for each in guild.threads if each.thread and not each.thread.archived]
    return guild_payload(guild) | {
        "joined_at": iso(guild.bot_joined_at),
        "large": guild.member_count > LARGE_GUILD,
        "unavailable": False,
        "member_count": guild.member_count,
        "members": [member.payload() for member in listed],
        "channels": [channel.payload() for channel in guild.channels],
        "threads": [thread.payload() for thread in awake if bot.can_view(thread)],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
