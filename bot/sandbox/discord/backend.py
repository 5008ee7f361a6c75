"""What REST handlers work on."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sandbox.discord.commands import Commands
from bot.sandbox.discord.gateway import Gateway
from bot.sandbox.discord.interaction_desk import InteractionDesk
from bot.sandbox.discord.nonces import Nonces
from bot.sandbox.discord.ratelimits import RateLimits
from bot.sandbox.discord.world import World


@dataclass(frozen=True, slots=True)
class Backend:
    """The parts of one sandbox."""

    world: World
    commands: Commands
    interactions: InteractionDesk
    gateway: Gateway
    limits: RateLimits
    nonces: Nonces
