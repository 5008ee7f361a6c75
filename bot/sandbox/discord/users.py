"""People and bots, and the application the bot belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sandbox.discord.wire import Json

PRESENCE_LIMITED = 1 << 13
MEMBERS_LIMITED = 1 << 15
MESSAGE_CONTENT_LIMITED = 1 << 19


@dataclass(slots=True, eq=False)
class User:
    """An account. ``accepts_dms`` is whether it takes direct messages from the bot (else 50007)."""

    id: str
    username: str
    display_name: str
    bot: bool = False
    accepts_dms: bool = True

    @property
    def mention(self) -> str:
        """The text that mentions this user in a message."""
        return f"<@{self.id}>"

    def payload(self) -> Json:
        """The API's user object."""
        return {
            "id": self.id,
            "username": self.username,
            "avatar": None,
            "discriminator": "0",
            "public_flags": 0,
            "flags": 0,
            "bot": self.bot,
            "banner": None,
            "accent_color": None,
            "global_name": self.display_name,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
        }


@dataclass(slots=True, eq=False)
class Application:
    """The bot's application; its flags say which privileged intents are switched on.

    ``public``: whether everybody, and not its owner alone, may add it to servers.
    """

    id: str
    name: str
    bot: User
    owner: User
    token: str
    flags: int
    public: bool = False

    def payload(self, *, guild_count: int) -> Json:
        """The API's private application object."""
        return {
            "id": self.id,
            "name": self.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot": self.bot.payload(),
            "bot_public": self.public,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": self.flags,
            "flags_new": str(self.flags),
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.owner.payload(),
            "approximate_guild_count": guild_count,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
            "integration_types_config": {"0": {}},
        }
