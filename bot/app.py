"""The composition root: the one place that builds objects and wires them together."""

import asyncio
import gc
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import aiosmtplib
import discord
import structlog
from aiohttp import web
from discord.ext import commands
from pydantic import SecretStr

from bot.billing.providers import build_providers
from bot.client import MooringClient, point_at
from bot.domain.identifiers import GuildId
from bot.mail import Mailer, MailRefusedError
from bot.services import notice_jobs, role_jobs
from bot.services.accounts import AccountService
from bot.services.cancellation_saga import CancellationSaga
from bot.services.cancellations import CancellationService
from bot.services.context import Context
from bot.services.disputes import DisputeService
from bot.services.events import APPLIED_AT_ONCE, EventService
from bot.services.guilds import GuildService
from bot.services.health import HealthService
from bot.services.housekeeping import HousekeepingService
from bot.services.jobs import JobHandlers, TryAgainError, Worker
from bot.services.notices import NoticeService
from bot.services.overviews import OverviewService
from bot.services.privacy import PrivacyService
from bot.services.purchase_completion import PurchaseCompletion
from bot.services.purchases import PurchaseService
from bot.services.reconciliation import ReconciliationService
from bot.services.refund_saga import RefundSaga
from bot.services.refunds import RefundService
from bot.services.refunds_elsewhere import RefundsElsewhereService
from bot.services.replays import ReplayGuard
from bot.services.resumptions import ResumptionService
from bot.services.role_sync import RoleSyncService
from bot.services.roles import RoleService
from bot.services.self_help import SelfHelpService
from bot.services.standing import StandingService
from bot.services.subscriptions import SubscriptionService
from bot.services.tickets import TicketService
from bot.services.timers import TimerService
from bot.services.usage import UsageService
from bot.settings import Configuration, Environment, SettingsError, provider_keys
from bot.web.api import UsageApi
from bot.web.application import create_application
from cogs import (
    account,
    admin,
    cancellation,
    notices,
    privacy,
    refunds,
    roles,
    subscribe,
    tickets,
)
from cogs import help as help_feature
from cogs.dependencies import Dependencies, Vendor
from cogs.interactions import Router
from cogs.messenger import Messenger
from storage import migrate
from storage.database import Database

FEATURES = (
    account,
    subscribe,
    cancellation,
    tickets,
    help_feature,
    notices,
    privacy,
    refunds,
    roles,
    admin,
)
# Without the letters and digits that people mix up when they read a reference out.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 12
FIRST_LOGIN_PAUSE = 1.0
LONGEST_LOGIN_PAUSE = 60.0
WRONG_TOKEN = "DISCORD_TOKEN (environment or .env) is wrong: Discord does not accept it."  # noqa: S105
MISSING_INTENT = (
    "The Message Content intent is switched off. Switch it on in Discord's developer portal: your "
    "application, Bot, Privileged Gateway Intents. If it is on, Server Members has just been "
    "switched off: start again, Mooring goes on without it."
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


class _MailJobs:
    """Sends mail for the cogs, with the errors that jobs understand."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    async def __call__(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        message_id: str,
        page: tuple[str, str] | None = None,
    ) -> bool:
        try:
            await self._mailer.send(
                to=to, subject=subject, text=text, message_id=message_id, page=page
            )
        except MailRefusedError as refusal:
            _log.warning("mail_refused", code=str(refusal), message_id=message_id)
            return False
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TryAgainError(f"mail: {type(error).__name__}") from error
        return True


class Application:
    """One process: gateway client, web server and worker over one store."""

    def __init__(
        self, environment: Environment, configuration: Configuration, context: Context
    ) -> None:
        """Build everything; nothing runs yet."""
        self._environment = environment
        self._database = context.database
        handlers = JobHandlers()
        router = Router()
        self._guilds = guilds = GuildService(
            context,
            configuration.to_guild_settings(),
            servers=[GuildId(server) for server in configuration.servers],
        )
        self._reconciliation = ReconciliationService(context)
        self._roles = RoleService(context, guilds, configuration.to_plan_roles())
        vendor = configuration.vendor

        def with_dependencies(
            feature: Callable[[commands.AutoShardedBot, Dependencies], Awaitable[None]],
        ) -> Callable[[MooringClient], Awaitable[None]]:
            async def add(client: MooringClient) -> None:
                await feature(client, dependencies)

            return add

        self.client = MooringClient(
            router=router, setups=[with_dependencies(feature.setup) for feature in FEATURES]
        )
        subscriptions = SubscriptionService(context)
        dependencies = Dependencies(
            accounts=AccountService(context),
            subscriptions=subscriptions,
            self_help=SelfHelpService(context, subscriptions),
            overviews=OverviewService(context),
            purchases=PurchaseService(context),
            purchase_completion=PurchaseCompletion(context),
            cancellations=CancellationService(context),
            cancellation_saga=CancellationSaga(context),
            resumptions=ResumptionService(context),
            tickets=TicketService(context, guilds),
            refunds=RefundService(context, guilds),
            refund_saga=RefundSaga(context),
            refunds_elsewhere=RefundsElsewhereService(context, guilds),
            disputes=DisputeService(context),
            privacy=PrivacyService(context),
            guilds=guilds,
            notices=NoticeService(context),
            reconciliation=self._reconciliation,
            roles=self._roles,
            role_sync=RoleSyncService(context),
            catalogue=context.catalogue,
            policy=context.policy,
            vendor=Vendor(
                name=vendor.name,
                support_email=vendor.support_email,
                cancel_url=vendor.cancel_url,
                link_hosts=vendor.all_link_hosts,
                nudge=configuration.cancellation.nudge,
                cancel_topic=configuration.tickets.cancel_topic,
            ),
            clock=context.clock,
            send_mail=_MailJobs(Mailer(environment.smtp_url, sender=environment.mail_from)),
            router=router,
            jobs=handlers,
            messenger=Messenger(self.client),
        )
        events = EventService(context)
        self._housekeeping = HousekeepingService(context)
        handlers.add("housekeeping.run", self._housekeeping.run)
        timers = TimerService(context)
        handlers.add(notice_jobs.PERIOD_OVER, timers.period_over)
        handlers.add(notice_jobs.GRACE_OVER, timers.grace_over)
        handlers.add("event.apply", events.apply)
        handlers.add("reconciliation.start", self._reconciliation.start)
        handlers.add("reconciliation.page", self._reconciliation.take_page)
        self.worker = Worker(
            context.database,
            handlers,
            clock=context.clock,
            is_discord_ready=self.client.is_ready,
            at_most={
                "event.apply": APPLIED_AT_ONCE,
                role_jobs.APPLY: role_jobs.APPLIED_AT_ONCE,
                notice_jobs.SEND: notice_jobs.SENT_AT_ONCE,
            },
        )
        self.web = create_application(
            providers=context.providers,
            events=events,
            health=HealthService(context),
            is_gateway_up=self.client.is_gateway_up,
            usage_api=_usage_api(environment.api_secret, context),
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
            await site.start()
            _log.info("web_ready", host=host, port=runner.addresses[0][1])

            await stack.enter_async_context(self.client)
            await self.client.add_features()
            await self._housekeeping.schedule()
            await self._reconciliation.schedule()
            hear_joins = await self._roles.start()
            working = asyncio.create_task(self.worker.run(), name="worker")
            serving = self._serve_discord(hear_joins=hear_joins)
            gateway = asyncio.create_task(serving, name="gateway")
            stopping = asyncio.create_task(stop.wait(), name="stop")
            await asyncio.wait({gateway, working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            _log.info("stopping")
            self.worker.stop()
            await working
            await _give_up(stopping)
            if gateway.done() and not stop.is_set():
                gateway.result()
            await _give_up(gateway)

    async def _serve_discord(self, *, hear_joins: bool) -> None:
        """Log in and stay connected; raises SettingsError where Discord says what is wrong."""
        await self._log_in()
        if hear_joins:
            self.client.hear_joins()
        application = self.client.application
        self._guilds.note_application(
            is_private=application is not None and not application.bot_public
        )
        ready = asyncio.create_task(self._when_ready(), name="ready")
        try:
            await self.client.connect()
        except discord.PrivilegedIntentsRequired:
            raise SettingsError([MISSING_INTENT]) from None
        finally:
            await _give_up(ready)

    async def _when_ready(self) -> None:
        await self.client.wait_until_ready()
        # What was built until now stays: the collector need not walk through it every time.
        gc.collect()
        gc.freeze()
        self.worker.wake()

    async def _log_in(self) -> None:
        """Log in, however long Discord is away.

        A wrong token is not waited out: it ends the process with SettingsError.
        """
        pause = FIRST_LOGIN_PAUSE
        while True:
            try:
                await point_at(self._environment.discord_api_url)
                await self.client.login(self._environment.discord_token.get_secret_value())
            except (aiohttp.ClientError, OSError, discord.DiscordServerError) as error:
                _log.warning("discord_unreachable", error=type(error).__name__, pause=pause)
                # Each login opens a session; only without the closed connector does it work.
                await self.client.http.close()
                self.client.http.connector = discord.utils.MISSING
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_LOGIN_PAUSE)
            except discord.LoginFailure:
                raise SettingsError([WRONG_TOKEN]) from None
            else:
                return


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


async def _give_up(task: asyncio.Task[Any]) -> None:
    """Cancel it and wait until it has ended, whatever the end."""
    task.cancel()
    await asyncio.wait({task})


async def run(environment: Environment, configuration: Configuration) -> None:
    """Migrate, then serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    async with _context(environment, configuration) as context:
        await migrate.upgrade(context.database)
        await Application(environment, configuration, context).run(stop)


async def migrate_database(environment: Environment) -> None:
    """Bring the database to this version's schema."""
    database = Database(environment.database_url.get_secret_value())
    try:
        await migrate.upgrade(database)
    finally:
        await database.close()
