"""The yardstick: what a bare discord.py bot does that answers /echo and nothing else."""

import asyncio
import os

import discord
from discord import app_commands

from bot.client import point_at


class EchoBot(discord.Client):
    """No store, no components, no logs."""

    def __init__(self) -> None:
        """Add the one command."""
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)

        @self.tree.command(name="echo", description="Say it again")
        async def echo(interaction: discord.Interaction, text: str) -> None:
            await interaction.response.send_message(text, ephemeral=True)

    async def setup_hook(self) -> None:
        """Tell Discord about the command."""
        await self.tree.sync()


async def main() -> None:
    """Run until the process is ended."""
    await point_at(os.environ["DISCORD_API_URL"])
    async with EchoBot() as bot:
        await bot.start(os.environ["DISCORD_TOKEN"])


if __name__ == "__main__":
    asyncio.run(main())
