"""A desk at which `mooring check` is run, over local servers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import stripe
from pydantic import SecretStr

from bot.checks import run_checks
from bot.checks.stripe_account import NEEDED_EVENTS
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, PriceId, RoleId, SubscriptionId
from bot.sandbox.discord import Guild
from bot.sandbox.scene import (
    CONFIGURATION,
    CREEM_KEY,
    CREEM_WEBHOOK_SECRET,
    STRIPE_KEY,
    WEBHOOK_SECRET,
    Scene,
)
from bot.settings import Configuration, Environment, load_configuration
from storage import guilds, migrate, subscriptions
from storage.database import Database
from tests.integration.storage.samples import NOW, add_customer, subscription


@dataclass(slots=True)
class Desk:
    """A scene that is all right until a test breaks it, and what the check says of it."""

    scene: Scene
    database_url: str
    configuration: Configuration
    variables: dict[str, object] = field(default_factory=dict)

    def environment(self) -> Environment:
        given: dict[str, object] = {
            "discord_token": self.scene.discord.token,
            "discord_api_url": self.scene.discord.api_url,
            "database_url": self.database_url,
            "stripe_api_key": STRIPE_KEY,
            "stripe_webhook_secret": WEBHOOK_SECRET,
            "stripe_api_url": self.scene.stripe.api_url,
            "creem_api_key": CREEM_KEY,
            "creem_webhook_secret": CREEM_WEBHOOK_SECRET,
            "creem_api_url": self.scene.creem.api_url,
            "smtp_url": self.scene.mail.url,
            "mail_from": "billing@lumen.example",
        }
        return Environment.model_validate({**given, **self.variables})

    async def set_up(self, settings: GuildSettings, *, guild: Guild | None = None) -> None:
        """Store what /setup would, in the scene's server or another one."""
        guild_id = GuildId(int((guild or self.scene.guild).id))
        database = Database(self.environment().database_url.get_secret_value())
        async with database.write() as connection:
            await guilds.save(connection, guild_id, settings)
        await database.close()

    async def pays(self, subscription_id: str, price_id: str) -> None:
        """Store a live subscription at this price."""
        paid = subscription(id=SubscriptionId(subscription_id), price_id=PriceId(price_id))
        database = Database(self.environment().database_url.get_secret_value())
        await add_customer(database)
        async with database.write() as connection:
            await subscriptions.save(connection, paid, asked_at=NOW)
        await database.close()

    @property
    def category(self) -> ChannelId:
        return ChannelId(int(self.scene.tickets.id))

    @property
    def log(self) -> ChannelId:
        return ChannelId(int(self.scene.log.id))

    async def check(self) -> tuple[int, list[str]]:
        """The exit status and the lines, none of which may hold a secret."""
        lines: list[str] = []
        environment = self.environment()
        status = await run_checks(environment, self.configuration, lines.append)
        for value in environment.model_dump().values():
            if isinstance(value, SecretStr) and value.get_secret_value() != self.scene.mail.url:
                assert value.get_secret_value() not in "\n".join(lines)
        return status, lines

    async def complaints(self) -> list[str]:
        """The lines that do not say that all is fine."""
        return [line for line in (await self.check())[1] if line[0] in "⚠✗"]

    def stripe_client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            STRIPE_KEY, base_addresses={"api": self.scene.stripe.api_url}, max_network_retries=0
        )

    async def add_endpoint(self, events: list[str]) -> stripe.WebhookEndpoint:
        return await self.stripe_client().v1.webhook_endpoints.create_async(
            {"url": "https://bot.example/webhooks/stripe", "enabled_events": events}  # type: ignore[typeddict-item]
        )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    scene = Scene(rate_limits=False)
    await scene.start()
    url = f"sqlite+aiosqlite:///{tmp_path / 'mooring.db'}"
    database = Database(url)
    await migrate.upgrade(database)
    await database.close()
    desk = Desk(scene, url, load_configuration(CONFIGURATION))
    await desk.set_up(
        GuildSettings(
            RoleId(int(scene.support.id)),
            RoleId(int(scene.moderators.id)),
            desk.category,
            desk.log,
        )
    )
    await desk.add_endpoint(sorted(NEEDED_EVENTS))
    yield desk
    await scene.stop()
