"""The composition root: the one place that builds objects and wires them together."""

import asyncio
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
from bot.discord_connection import DiscordConnection, give_up
from bot.domain.identifiers import GuildId
from bot.domain.transcript import link_key
from bot.mail import Mailer
from bot.mail_jobs import MailJobs
from bot.services import notice_jobs, role_jobs
from bot.services.accounts import AccountService
from bot.services.agents import AgentService
from bot.services.audit_log import AuditService
from bot.services.cancellation_saga import CancellationSaga
from bot.services.cancellations import CancellationService
from bot.services.close_requests import CloseRequestService
from bot.services.context import Context
from bot.services.customer_cards import CustomerService
from bot.services.disputes import DisputeService
from bot.services.duplicates import DuplicateService
from bot.services.events import APPLIED_AT_ONCE, EventService
from bot.services.guilds import GuildService
from bot.services.health import HealthService
from bot.services.housekeeping import HousekeepingService
from bot.services.jobs import JobHandlers, Worker, take_over
from bot.services.macros import MacroService
from bot.services.notices import NoticeService
from bot.services.offer_saga import OfferSaga
from bot.services.offers import OfferService
from bot.services.overviews import OverviewService
from bot.services.panels import PanelService
from bot.services.privacy import PrivacyService
from bot.services.purchase_completion import PurchaseCompletion
from bot.services.purchases import PurchaseService
from bot.services.reconciliation import ReconciliationService
from bot.services.refund_queue import RefundQueueService
from bot.services.refund_requests import RefundRequestService
from bot.services.refund_saga import RefundSaga
from bot.services.refunds import RefundService
from bot.services.refunds_elsewhere import RefundsElsewhereService
from bot.services.replays import ReplayGuard
from bot.services.resumptions import ResumptionService
from bot.services.retention_reports import RetentionReportService
from bot.services.returned_refunds import ReturnedRefundsService
from bot.services.role_sync import RoleSyncService
from bot.services.roles import RoleService
from bot.services.self_help import SelfHelpService
from bot.services.standing import StandingService
from bot.services.subscriptions import SubscriptionService
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_blocks import TicketBlockService
from bot.services.ticket_files import DELETE_FILES, FETCHED_AT_ONCE, TicketFileService
from bot.services.ticket_merges import TicketMergeService
from bot.services.ticket_notes import TicketNotesService
from bot.services.ticket_people import TicketPeople
from bot.services.ticket_queue import QueueService
from bot.services.ticket_ratings import TicketRatings
from bot.services.ticket_records import FETCH_FILE, TicketRecordService
from bot.services.ticket_reopening import TicketReopening
from bot.services.ticket_requests import TicketRequestService
from bot.services.ticket_search import TicketSearchService
from bot.services.ticket_silence import SilenceService
from bot.services.ticket_stats import TicketStatsService
from bot.services.ticket_turns import TurnService
from bot.services.ticket_work import TicketWorkService
from bot.services.tickets import TicketService
from bot.services.timers import TimerService
from bot.services.transcripts import TranscriptService
from bot.services.usage import UsageService
from bot.services.win_backs import WinBackService
from bot.services.withdrawal_saga import WithdrawalSaga
from bot.services.withdrawals import WithdrawalService
from bot.settings import Configuration, Environment, provider_keys
from bot.web.api import UsageApi
from bot.web.application import create_application
from bot.web.transcripts import TranscriptPages
from cogs import (
    account,
    admin,
    cancellation,
    desk,
    notices,
    panels,
    privacy,
    queue,
    refunds,
    retention,
    roles,
    subscribe,
    support_stats,
    tickets,
    win_back,
    withdrawal,
)
from cogs import help as help_feature
from cogs.dependencies import Dependencies, Vendor
from cogs.interactions import Router
from cogs.messenger import Messenger
from storage import migrate
from storage.database import Database
from storage.file_folder import FileFolder
from storage.process_lock import process_lock

FEATURES = (
    account,
    subscribe,
    cancellation,
    tickets,
    panels,
    desk,
    withdrawal,
    win_back,
    help_feature,
    notices,
    privacy,
    refunds,
    retention,
    queue,
    support_stats,
    roles,
    admin,
)
# Without the letters and digits that people mix up when they read a reference out.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 12

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
        self._database = context.database
        handlers = JobHandlers()
        router = Router()
        self._guilds = guilds = GuildService(
            context,
            configuration.to_guild_settings(),
            servers=[GuildId(server) for server in configuration.servers],
        )
        self._reconciliation = ReconciliationService(context)
        self._retention = RetentionReportService(context, guilds)
        self._turns = TurnService(context)
        self._agents = AgentService(context, guilds)
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
        self._connection = DiscordConnection(environment, self.client, guilds)
        subscriptions = SubscriptionService(context)
        ticket_files = TicketFileService(context, FileFolder(environment.attachments_folder))
        ticket_records = TicketRecordService(context)
        secret = environment.api_secret
        transcripts = TranscriptService(
            context,
            ticket_records,
            ticket_files,
            TicketAccess(context, guilds),
            public_url=environment.public_url,
            key=link_key(secret.get_secret_value()) if secret else None,
        )
        ticket_work = TicketWorkService(context, TicketAccess(context, guilds))
        dependencies = Dependencies(
            accounts=AccountService(context),
            subscriptions=subscriptions,
            self_help=SelfHelpService(context, subscriptions),
            overviews=OverviewService(context),
            purchases=PurchaseService(context),
            purchase_completion=PurchaseCompletion(context),
            cancellations=CancellationService(context),
            cancellation_saga=CancellationSaga(context),
            offers=OfferService(context),
            offer_saga=OfferSaga(context),
            resumptions=ResumptionService(context),
            tickets=TicketService(context, guilds),
            ticket_requests=TicketRequestService(context, guilds),
            ticket_blocks=TicketBlockService(context, guilds),
            panels=PanelService(context, guilds),
            ticket_records=ticket_records,
            ticket_files=ticket_files,
            transcripts=transcripts,
            ticket_search=TicketSearchService(context, TicketAccess(context, guilds)),
            ticket_access=TicketAccess(context, guilds),
            ticket_work=ticket_work,
            ticket_notes=TicketNotesService(context, ticket_work),
            ticket_merges=TicketMergeService(context, ticket_work),
            close_requests=CloseRequestService(context, ticket_work),
            macros=MacroService(context, ticket_work),
            customers=CustomerService(context, guilds, ticket_work),
            ticket_people=TicketPeople(context, TicketAccess(context, guilds)),
            ticket_ratings=TicketRatings(context),
            ticket_reopening=TicketReopening(context, guilds, TicketAccess(context, guilds)),
            ticket_turns=self._turns,
            ticket_silence=SilenceService(context),
            ticket_queue=QueueService(context, self._agents),
            ticket_stats=TicketStatsService(context, guilds),
            agents=self._agents,
            withdrawals=WithdrawalService(context),
            withdrawal_saga=WithdrawalSaga(context, guilds),
            win_backs=WinBackService(context),
            refunds=RefundService(context, guilds),
            refund_requests=RefundRequestService(context, guilds),
            refund_queue=RefundQueueService(context, guilds),
            refund_saga=RefundSaga(context),
            refunds_elsewhere=RefundsElsewhereService(context, guilds),
            returned_refunds=ReturnedRefundsService(context),
            duplicates=DuplicateService(context, guilds),
            audit=AuditService(context, guilds),
            disputes=DisputeService(context),
            privacy=PrivacyService(context),
            guilds=guilds,
            notices=NoticeService(context),
            reconciliation=self._reconciliation,
            retention=self._retention,
            roles=self._roles,
            role_sync=RoleSyncService(context),
            catalogue=context.catalogue,
            policy=context.policy,
            vendor=Vendor(
                name=vendor.name,
                support_email=vendor.support_email,
                cancel_url=vendor.cancel_url,
                link_hosts=vendor.all_link_hosts | environment.own_hosts,
                nudge=configuration.cancellation.nudge,
                cancel_topic=configuration.tickets.cancel_topic,
            ),
            clock=context.clock,
            send_mail=MailJobs(Mailer(environment.smtp_url, sender=environment.mail_from)),
            router=router,
            jobs=handlers,
            messenger=Messenger(self.client),
        )
        events = EventService(context)
        self._housekeeping = HousekeepingService(context)
        handlers.add("housekeeping.run", self._housekeeping.run)
        handlers.add("housekeeping.end_attempts", self._housekeeping.end_attempts)
        timers = TimerService(context)
        handlers.add(notice_jobs.PERIOD_OVER, timers.period_over)
        handlers.add(notice_jobs.GRACE_OVER, timers.grace_over)
        handlers.add("event.apply", events.apply)
        handlers.add(DELETE_FILES, ticket_files.delete)
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
                FETCH_FILE: FETCHED_AT_ONCE,
            },
        )
        self.web = create_application(
            providers=context.providers,
            events=events,
            health=HealthService(context),
            is_gateway_up=self.client.is_gateway_up,
            usage_api=_usage_api(environment.api_secret, context),
            transcripts=TranscriptPages(transcripts, ticket_files),
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
            await self._retention.schedule()
            await self._turns.schedule()
            await self._agents.schedule()
            joins_needed = await self._roles.start()
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
