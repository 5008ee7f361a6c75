"""`mooring check`: says in plain words what is missing or wrong, before anything is started."""

from collections.abc import AsyncIterator, Callable

from bot.checks.creem_account import check_creem
from bot.checks.discord_application import check_discord
from bot.checks.findings import Finding, Level, fine
from bot.checks.mail_server import check_mail
from bot.checks.old_prices import check_old_prices
from bot.checks.store import check_store
from bot.checks.stripe_account import check_stripe
from bot.checks.ticket_topics import TicketFile
from bot.domain.identifiers import CREEM, STRIPE
from bot.settings import Configuration, Environment, provider_keys


async def run_checks(
    environment: Environment, configuration: Configuration, say: Callable[[str], None]
) -> int:
    """Say one line for each finding as it comes; 1 when something is wrong, otherwise 0."""
    wrong = 0
    async for finding in _findings(environment, configuration):
        say(str(finding))
        wrong += finding.level is Level.WRONG
    if wrong:
        say(f"{_counted(wrong, 'problem')} to mend.")
        return 1
    say("Everything that Mooring needs is there.")
    return 0


async def _findings(
    environment: Environment, configuration: Configuration
) -> AsyncIterator[Finding]:
    yield fine(_summary(environment, configuration))
    store = await check_store(environment.database_url)
    for finding in store.findings:
        yield finding
    # What the file sets for a server wins over what /setup has stored.
    configured = configuration.to_guild_settings()
    settings = None if store.guilds is None else {**store.guilds, **configured}
    async for finding in check_discord(
        environment,
        configured,
        settings,
        servers=configuration.servers,
        plan_roles={**store.plan_roles, **configuration.to_plan_roles()},
        tickets=TicketFile(configuration.tickets.to_topics(), configuration.tickets.to_places()),
    ):
        yield finding
    catalogue, offers = configuration.to_catalogue(), configuration.to_policy().offers
    for finding in check_old_prices(store.prices, catalogue):
        yield finding
    keys = provider_keys(environment, sold_through=catalogue.providers())
    if STRIPE in keys:
        async for finding in check_stripe(keys[STRIPE], catalogue, offers):
            yield finding
    if CREEM in keys:
        async for finding in check_creem(keys[CREEM], catalogue):
            yield finding
    yield await check_mail(environment)


def _summary(environment: Environment, configuration: Configuration) -> str:
    plans = configuration.catalogue.plans
    prices = sum(len(plan.prices) for plan in plans)
    return (
        f"{environment.mooring_config} is complete: {_counted(len(plans), 'plan')}, "
        f"{_counted(prices, 'price')}, {_counted(len(configuration.tickets.topics), 'topic')}."
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
