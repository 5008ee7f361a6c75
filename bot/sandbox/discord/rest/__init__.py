"""The REST API: one module of handlers per noun."""

from __future__ import annotations

from bot.sandbox.discord.rest import (
    account,
    channels,
    commands,
    guilds,
    interactions,
    members,
    messages,
    threads,
)
from bot.sandbox.discord.rest.router import Router

ROUTER = Router(
    account.routes,
    commands.routes,
    interactions.routes,
    messages.routes,
    channels.routes,
    threads.routes,
    guilds.routes,
    members.routes,
)
"""Every route the sandbox knows."""
