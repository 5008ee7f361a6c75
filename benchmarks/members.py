"""Linked members who pay, put into the world and the store without going through /link."""

from pathlib import Path

from pydantic import SecretStr

from bot.app import new_id, now
from bot.billing.stripe import StripeProvider
from bot.domain.identifiers import STRIPE, CustomerId, UserId
from bot.sandbox.discord import Persona
from bot.sandbox.scene import CONFIGURATION, PRO_MONTHLY, STRIPE_KEY, WEBHOOK_SECRET, Scene
from bot.services.context import Context
from bot.services.subscriptions import SubscriptionService
from bot.settings import load_configuration
from storage import customers, migrate
from storage.database import Database


def database_in(directory: Path) -> Database:
    """The store that `Scene.bot` uses in this directory."""
    return Database(f"sqlite+aiosqlite:///{directory / 'mooring.db'}")


def add_people(scene: Scene, count: int) -> list[Persona]:
    """More members of the scene's server."""
    people = []
    for number in range(count):
        user = scene.discord.add_user(f"member{number}", f"Member {number}")
        scene.guild.add_member(user)
        people.append(scene.discord.persona(user))
    return people


async def link_paying(scene: Scene, people: list[Persona], directory: Path) -> None:
    """Give each a Pro subscription in the local Stripe and mirror it by the production code."""
    configuration = load_configuration(CONFIGURATION)
    database = database_in(directory)
    catalogue = configuration.to_catalogue()
    provider = StripeProvider(
        api_key=SecretStr(STRIPE_KEY),
        webhook_secret=SecretStr(WEBHOOK_SECRET),
        api_url=scene.stripe.api_url,
        catalogue=catalogue,
    )
    context = Context(
        database, {STRIPE: provider}, catalogue, configuration.to_policy(), now, new_id
    )
    subscriptions = SubscriptionService(context)
    # Their past is in the mirror already; as events it would keep the worker busy meanwhile.
    scene.stripe.hold_webhooks()
    try:
        await migrate.upgrade(database)
        for person in people:
            customer = CustomerId(
                scene.stripe.add_customer(f"{person.user.username}@example.com")["id"]
            )
            scene.stripe.add_subscription(customer, PRO_MONTHLY)
            async with database.write() as connection:
                await customers.save(connection, customer, provider=STRIPE, email=None)
            await subscriptions.refresh(customer)
            async with database.write() as connection:
                await customers.link(connection, customer, UserId(int(person.user.id)), now=now())
    finally:
        await provider.close()
        await database.close()
        scene.stripe.discard_webhooks()
        scene.stripe.release_webhooks()
