"""Login, the application, users, DMs, and where the gateway is."""

from __future__ import annotations

from bot.sandbox.discord.forms import refuse
from bot.sandbox.discord.rest.access import user_of
from bot.sandbox.discord.rest.router import Call, Reply, Routes
from bot.sandbox.discord.wire import Json, unknown

routes = Routes()


@routes("GET", "/users/@me")
def current_user(call: Call) -> Reply:
    """The bot's account."""
    bot = call.backend.world.bot.payload()
    return Reply(
        200, bot | {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}
    )


@routes("PATCH", "/users/@me")
def edit_current_user(call: Call) -> Reply:
    """Rename the bot."""
    if name := call.body.get("username"):
        call.backend.world.bot.username = name
    return current_user(call)


@routes("GET", "/oauth2/applications/@me")
def oauth_application(call: Call) -> Reply:
    """The application with its owner and the flags of its privileged intents."""
    world = call.backend.world
    return Reply(200, world.application.payload(guild_count=len(world.guilds)))


@routes("GET", "/applications/@me")
def current_application(call: Call) -> Reply:
    """The same under its newer path."""
    return oauth_application(call)


@routes("GET", "/users/@me/guilds")
def current_guilds(call: Call) -> Reply:
    """The guilds the bot is in."""
    guilds: list[Json] = [
        {
            "id": guild.id,
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(guild.bot_member.permissions),
            "features": [],
        }
        for guild in call.backend.world.guilds.values()
    ]
    return Reply(200, guilds)


@routes("GET", "/users/{user_id}")
def get_user(call: Call) -> Reply:
    """Any user by id."""
    return Reply(200, user_of(call).payload())


@routes("POST", "/users/@me/channels")
def open_dm(call: Call) -> Reply:
    """Open the DM with a user."""
    world = call.backend.world
    recipient = str(call.body.get("recipient_id"))
    user = world.users.get(recipient)
    if user is None:
        raise unknown(10013, "User")
    if user.bot:
        raise refuse(("recipient_id",), "CHANNEL_RECIPIENT_INVALID", "Cannot message this user")
    return Reply(200, world.open_dm(user).payload())


@routes("GET", "/gateway", public=True)
def gateway(call: Call) -> Reply:
    """Where the gateway is."""
    return Reply(200, {"url": call.backend.gateway.url})


@routes("GET", "/gateway/bot")
def gateway_bot(call: Call) -> Reply:
    """Where the gateway is, and how many shards it recommends."""
    body: Json = {
        "url": call.backend.gateway.url,
        "shards": 1,
        "session_start_limit": {
            "total": 1000,
            "remaining": 1000,
            "reset_after": 0,
            "max_concurrency": 1,
        },
    }
    return Reply(200, body)
