"""The Discord application: token, intents and the servers that the bot is in. No gateway."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from discord.flags import ApplicationFlags

from bot.checks.discord_guild import INVITED_WITH, GuildView, check_guild
from bot.checks.findings import Finding, doubtful, fine, wrong
from bot.checks.plan_roles import check_joins, check_plan_roles
from bot.checks.ticket_topics import TicketFile, check_topics
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import GuildId, PlanId, RoleId
from bot.settings import Environment

TIMEOUT_SECONDS = 20
# Discord gives this many servers at once.
PAGE = 200
MAX_TRIES = 4


class RefusedError(Exception):
    """Discord answered with an error status, or not at all."""

    def __init__(self, status: int | None) -> None:
        """`status` is None when there was no answer."""
        super().__init__(str(status))
        self.status = status


@dataclass(frozen=True, slots=True)
class _Api:
    session: aiohttp.ClientSession
    url: str
    token: str

    async def get(self, path: str) -> Any:
        """The decoded answer, waiting where Discord asks for it; raises RefusedError."""
        for _ in range(MAX_TRIES):
            try:
                async with self.session.get(
                    f"{self.url}{path}", headers={"Authorization": f"Bot {self.token}"}
                ) as response:
                    if response.status == 200:
                        return await response.json()
                    if response.status != 429:
                        raise RefusedError(response.status)
                    pause = float(response.headers.get("Retry-After", "1"))
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                raise RefusedError(None) from error
            await asyncio.sleep(pause)
        raise RefusedError(429)


async def check_discord(
    environment: Environment,
    configured: Mapping[GuildId, GuildSettings],
    settings: Mapping[GuildId, GuildSettings] | None,
    *,
    servers: Collection[int],
    plan_roles: Mapping[GuildId, Mapping[PlanId, RoleId]],
    tickets: TicketFile,
) -> AsyncIterator[Finding]:
    """Token first: without it nothing else can be asked.

    `settings` are those that count in each server, None where the store could not be read;
    `configured` are those from mooring.toml, `servers` the servers that it names. `plan_roles` are
    those that count in each server; `tickets` is what the file says about tickets.
    """
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        token = environment.discord_token.get_secret_value().strip()
        api = _Api(session, environment.discord_api_url, token)
        try:
            me = await api.get("/users/@me")
            yield fine(f"Discord knows the token: the bot is {me['username']}.")
            application = await api.get("/applications/@me")
            flags = ApplicationFlags._from_value(int(application["flags"]))
            yield _check_intents(flags)
            if plan_roles:
                yield check_joins(flags)
            if application["bot_public"] and not servers:
                yield wrong(
                    "Everybody can add this bot to a server of their own, where they would be "
                    "refused. Switch off Public Bot in the developer portal (your application, "
                    "Bot), or name your servers in mooring.toml: servers = [...]."
                )
            guilds = await _guilds(api)
            for finding in _check_membership(guilds, configured, str(application["id"])):
                yield finding
            views: list[GuildView] = []
            for guild_id, name in guilds.items():
                known = (settings if settings is not None else configured).get(guild_id)
                if known is None and settings is None:
                    yield doubtful(f"{name}: its settings are not known without the database.")
                    continue
                view = await _view(api, guild_id, name, str(me["id"]))
                views.append(view)
                for finding in check_guild(view, known or GuildSettings()):
                    yield finding
                mapping = plan_roles.get(guild_id, {})
                for finding in check_plan_roles(view, known or GuildSettings(), mapping):
                    yield finding
            if len(views) == len(guilds) > 0:
                for finding in check_topics(views, tickets):
                    yield finding
        except RefusedError as refusal:
            yield _refusal(refusal.status)


def _refusal(status: int | None) -> Finding:
    if status == 401:
        return wrong(
            "Discord does not know the token in DISCORD_TOKEN. Reset it in the developer portal "
            "(your application, Bot) and copy it again."
        )
    if status is None:
        return wrong("Discord does not answer. Check the network and DISCORD_API_URL.")
    return wrong(f"Discord answered with the error {status}. Try again in a minute.")


def _check_intents(granted: ApplicationFlags) -> Finding:
    """A bot in 100 servers and more has the full flag, a smaller one the limited one."""
    if granted.gateway_message_content or granted.gateway_message_content_limited:
        return fine("The Message Content intent is on.")
    return wrong(
        "The Message Content intent is off, so Mooring cannot start. Switch it on in the "
        "developer portal: your application, Bot, Privileged Gateway Intents."
    )


async def _guilds(api: _Api) -> dict[GuildId, str]:
    found: dict[GuildId, str] = {}
    after = 0
    while True:
        page = await api.get(f"/users/@me/guilds?limit={PAGE}&after={after}")
        found |= {GuildId(int(each["id"])): str(each["name"]) for each in page}
        if len(page) < PAGE:
            return found
        after = max(found)


def _check_membership(
    guilds: Mapping[GuildId, str],
    configured: Mapping[GuildId, GuildSettings],
    application_id: str,
) -> list[Finding]:
    findings = [
        wrong(
            f"mooring.toml has settings for the server {guild_id}, but the bot is not in it. "
            "Correct `id` under [guild], or invite the bot."
        )
        for guild_id in configured
        if guild_id not in guilds
    ]
    if not guilds:
        findings.append(
            doubtful(
                "The bot is in no server yet. Invite it: https://discord.com/oauth2/authorize"
                f"?client_id={application_id}&scope=bot%20applications.commands"
                f"&permissions={INVITED_WITH.value}"
            )
        )
    return findings


async def _view(api: _Api, guild_id: GuildId, name: str, bot_id: str) -> GuildView:
    roles = await api.get(f"/guilds/{guild_id}/roles")
    channels = await api.get(f"/guilds/{guild_id}/channels")
    member = await api.get(f"/guilds/{guild_id}/members/{bot_id}")
    return GuildView(
        guild_id=int(guild_id),
        name=name,
        bot_id=int(bot_id),
        roles={int(each["id"]): each for each in roles},
        channels={int(each["id"]): each for each in channels},
        bot_role_ids=frozenset(int(each) for each in member["roles"]),
    )
