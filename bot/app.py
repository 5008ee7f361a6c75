"""The composition root: the one place that builds objects and wires them together."""

import asyncio
import errno
import gc
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import structlog
from aiohttp import web
from discord.ext import commands
from pydantic import SecretStr

from bot.billing.providers import build_providers
from bot.client import MooringClient
from bot.composition import FEATURES, build_dependencies
from bot.discord_connection import DiscordConnection, give_up
from bot.services import handover_jobs, notice_jobs, role_jobs
from bot.services.accounts import AccountService
from bot.services.agents import LEAVE
from bot.services.context import Context
from bot.services.events import APPLIED_AT_ONCE, EventService
from bot.services.health import HealthService
from bot.services.housekeeping import HousekeepingService
from bot.services.jobs import JobHandlers, Worker, take_over
from bot.services.replays import ReplayGuard
from bot.services.standing import StandingService
from bot.services.ticket_acts import FORMER_TEAM
from bot.services.ticket_files import DELETE_FILES, FETCHED_AT_ONCE
from bot.services.ticket_records import FETCH_FILE, LOOK, LOOK_BACK, LOOKS_AT_ONCE
from bot.services.tickets import OPEN, OPENED_AT_ONCE, TELL_STAFF, TOLD_AT_ONCE
from bot.services.timers import TimerService
from bot.services.unconfigured import UnconfiguredService
from bot.services.usage import UsageService
from bot.settings import Configuration, Environment, SettingsError, provider_keys
from bot.web.api import UsageApi
from bot.web.application import create_application
from bot.web.transcripts import TranscriptPages
from cogs.dependencies import Dependencies
from cogs.interactions import Router
from cogs.membership import DiscordMembership
from cogs.messenger import Messenger
from storage import migrate
from storage.database import Database
from storage.process_lock import process_lock

# Without the letters and digits that people mix up when they read a reference out.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 12

PORT_TAKEN = (
    "WEB_PORT (environment or .env) is taken: something else listens on port {port}. Perhaps "
    "Mooring runs already."
)

_log = structlog.get_logger(__name__)


def now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)


def new_id() -> str:
    """A reference of 58 bits: short enough to read out, too long to guess."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


@asynccontextmanager
async def _context(
    environment: Environment, configuration: Configuration
) -> AsyncIterator[Context]:
    database = Database(environment.database_url.get_secret_value())
    catalogue = configuration.to_catalogue()
    keys = provider_keys(environment, sold_through=catalogue.providers())
    providers = build_providers(keys, catalogue)
    try:
        yield Context(database, providers, catalogue, configuration.to_policy(), now, new_id)
    finally:
        for provider in providers.values():
            await provider.close()
        await database.close()


class Application:
    """One process: gateway client, web server and worker over one store."""

    def __init__(
        self, environment: Environment, configuration: Configuration, context: Context
    ) -> None:
        """Build everything; nothing runs yet."""
        self._environment = environment
        handlers = JobHandlers()
        router = Router()

        def with_dependencies(
            feature: Callable[[commands.AutoShardedBot, Dependencies], Awaitable[None]],
        ) -> Callable[[MooringClient], Awaitable[None]]:
            async def add(client: MooringClient) -> None:
                await feature(client, dependencies)

            return add

        self.client = MooringClient(
            router=router, setups=[with_dependencies(feature.setup) for feature in FEATURES]
        )
        self._dependencies = dependencies = build_dependencies(
            environment,
            configuration,
            context,
            router=router,
            jobs=handlers,
            messenger=Messenger(self.client),
            membership=DiscordMembership(self.client),
        )
        self._connection = DiscordConnection(environment, self.client, dependencies.guilds)
        events = EventService(context)
        self._unconfigured = UnconfiguredService(context)
        self._housekeeping = HousekeepingService(context)
        handlers.add("housekeeping.run", self._housekeeping.run)
        handlers.add("housekeeping.end_attempts", self._housekeeping.end_attempts)
        timers = TimerService(context)
        handlers.add(notice_jobs.PERIOD_OVER, timers.period_over)
        handlers.add(notice_jobs.GRACE_OVER, timers.grace_over)
        handlers.add("event.apply", events.apply)
        handlers.add(DELETE_FILES, dependencies.ticket_files.delete)
        handlers.add("reconciliation.start", dependencies.reconciliation.start)
        handlers.add("reconciliation.page", dependencies.reconciliation.take_page)
        self.worker = Worker(
            context.database,
            handlers,
            clock=context.clock,
            is_discord_ready=self.client.is_ready,
            at_most={
                "event.apply": APPLIED_AT_ONCE,
                role_jobs.APPLY: role_jobs.APPLIED_AT_ONCE,
                notice_jobs.SEND: notice_jobs.SENT_AT_ONCE,
                FETCH_FILE: FETCHED_AT_ONCE,
                LOOK: LOOKS_AT_ONCE,
                LOOK_BACK: LOOKS_AT_ONCE,
                OPEN: OPENED_AT_ONCE,
                TELL_STAFF: TOLD_AT_ONCE,
                handover_jobs.TICKET: handover_jobs.HANDED_OVER_AT_ONCE,
                FORMER_TEAM: handover_jobs.HANDED_OVER_AT_ONCE,
                LEAVE: handover_jobs.HANDED_OVER_AT_ONCE,
            },
        )
        self.web = create_application(
            providers=context.providers,
            events=events,
            health=HealthService(context),
            is_gateway_up=self.client.is_gateway_up,
            usage_api=_usage_api(environment.api_secret, context),
            transcripts=TranscriptPages(
                dependencies.transcript_links, dependencies.transcripts, dependencies.ticket_files
            ),
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then finish what is in hand.

        Webhooks are taken in and jobs carried out from the first moment, however long Discord is
        away: a confirmed cancellation must not wait for it. What acts in Discord waits.
        """
        async with AsyncExitStack() as stack:
            # Signatures are of the bytes as they are sent, and small bodies can unpack to large.
            runner = web.AppRunner(
                self.web, access_log=None, shutdown_timeout=10, auto_decompress=False
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            host, port = self._environment.web_host, self._environment.web_port
            site = web.TCPSite(runner, host, port)
            try:
                await site.start()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                raise SettingsError([PORT_TAKEN.format(port=port)]) from None
            _log.info("web_ready", host=host, port=runner.addresses[0][1])

            await stack.enter_async_context(self.client)
            await self.client.add_features()
            await self._unconfigured.look()
            await self._housekeeping.schedule()
            await self._dependencies.reconciliation.schedule()
            await self._dependencies.retention.schedule()
            await self._dependencies.ticket_turns.schedule()
            await self._dependencies.agents.schedule()
            joins_needed = await self._dependencies.roles.start()
            working = asyncio.create_task(self.worker.run(), name="worker")
            serving = self._connection.serve(joins_needed=joins_needed, when_ready=self._ready)
            gateway = asyncio.create_task(serving, name="gateway")
            stopping = asyncio.create_task(stop.wait(), name="stop")
            await asyncio.wait({gateway, working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            _log.info("stopping")
            self.worker.stop()
            await working
            await give_up(stopping)
            if gateway.done() and not stop.is_set():
                gateway.result()
            await give_up(gateway)

    def _ready(self) -> None:
        # What was built until now stays: the collector need not walk through it every time.
        gc.collect()
        gc.freeze()
        self.worker.wake()


def _usage_api(secret: SecretStr | None, context: Context) -> UsageApi | None:
    """Without a secret nobody could sign, so that there is none."""
    if secret is None:
        return None
    return UsageApi(
        secret=secret,
        usage=UsageService(context),
        accounts=AccountService(context),
        standing=StandingService(context),
        replays=ReplayGuard(context),
        catalogue=context.catalogue,
        clock=context.clock,
    )


async def run(environment: Environment, configuration: Configuration) -> None:
    """Migrate, then serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    async with _context(environment, configuration) as context:
        await migrate.upgrade(context.database)

        async def take_leases() -> None:
            await take_over(context.database, now=context.clock())

        async with process_lock(context.database, when_alone=take_leases):
            await Application(environment, configuration, context).run(stop)
