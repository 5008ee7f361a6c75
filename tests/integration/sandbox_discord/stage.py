"""A sandbox with people in it, and a bare discord.py client for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import discord
import yarl
from discord import app_commands

from bot.sandbox.discord import Channel, DiscordSandbox, Guild, Persona, Role
from bot.sandbox.discord.permissions import KICK_MEMBERS


class SteppedClock:
    """Real time plus what a test adds."""

    def __init__(self, start: Callable[[], float]) -> None:
        self._start = start
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._start() + self.ahead


class Bot(discord.Client):
    """A bare discord.py client with a command tree that it syncs when it starts."""

    def __init__(self, intents: discord.Intents) -> None:
        # Waiting two seconds for further guilds, as by default, would double every test's time.
        super().__init__(intents=intents, max_ratelimit_timeout=30.0, guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.sessions = 0
        self.resumes = 0

    async def setup_hook(self) -> None:
        """Register the commands, as a bot does at its start."""
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify again at once: the library waits five seconds, which tests need not."""

    async def on_ready(self) -> None:
        """Count sessions."""
        self.sessions += 1

    async def on_resumed(self) -> None:
        """Count resumes."""
        self.resumes += 1


@dataclass(slots=True)
class Stage:
    """One sandbox with a guild in which Mia is a member and Max a moderator."""

    sandbox: DiscordSandbox
    clock: SteppedClock
    guild: Guild
    general: Channel
    staff: Channel
    moderator: Role
    mia: Persona
    max: Persona
    bot: Bot
    task: asyncio.Task[None] | None = None

    async def connect(self) -> Bot:
        """Log the bot in and wait until it is READY with its commands synced."""
        point_at(self.sandbox)
        self.task = asyncio.create_task(self.bot.start(self.sandbox.token))
        await self.sandbox.wait_for_bot()
        await self.bot.wait_until_ready()
        # It waits so little for its guilds that on a busy machine it is ready before they come.
        await until(self._has_guild)
        return self.bot

    def _has_guild(self) -> bool:
        found = self.bot.get_guild(int(self.guild.id))
        if found is None or found.unavailable:
            return False
        return found.chunked or not self.bot.intents.members

    @property
    def discord_guild(self) -> discord.Guild:
        """The guild as discord.py sees it."""
        found = self.bot.get_guild(int(self.guild.id))
        assert found is not None
        return found

    def text_channel(self, channel: Channel) -> discord.TextChannel:
        """A text channel as discord.py sees it."""
        found = self.bot.get_channel(int(channel.id))
        assert isinstance(found, discord.TextChannel)
        return found

    async def disconnect(self) -> None:
        """Log out."""
        await self.bot.close()
        if self.task is not None:
            await self.task


def point_at(sandbox: DiscordSandbox) -> None:
    """Have every discord.py client of this process talk to a sandbox."""
    discord.http.Route.BASE = sandbox.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.gateway_url)


async def until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait until a condition holds that no event of ours announces."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def intents() -> discord.Intents:
    """What a support bot asks for."""
    wanted = discord.Intents.default()
    wanted.message_content = True
    wanted.members = True
    return wanted


def build(sandbox: DiscordSandbox, clock: SteppedClock) -> Stage:
    """A guild, two channels and two people."""
    owner = sandbox.add_user("vera", "Vera")
    guild = sandbox.add_guild("Acme", owner=owner)
    moderator = guild.add_role("Moderator", permissions=KICK_MEMBERS)
    mia, max_ = sandbox.add_user("mia", "Mia"), sandbox.add_user("max", "Max")
    guild.add_member(mia)
    guild.add_member(max_, roles=[moderator])
    general = guild.add_text_channel("general")
    staff = guild.add_text_channel("staff")
    return Stage(
        sandbox=sandbox,
        clock=clock,
        guild=guild,
        general=general,
        staff=staff,
        moderator=moderator,
        mia=sandbox.persona(mia),
        max=sandbox.persona(max_),
        bot=Bot(intents()),
    )
