"""What every cog is built from: the services of one process, and the features that use them."""

from bot.domain.identifiers import GuildId
from bot.domain.transcript import link_key
from bot.mail import Mailer
from bot.mail_jobs import MailJobs
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
from bot.services.guilds import GuildService
from bot.services.handovers import HandoverService
from bot.services.jobs import JobHandlers
from bot.services.late_payments import LatePaymentService
from bot.services.macros import MacroService
from bot.services.membership import Membership
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
from bot.services.resumptions import ResumptionService
from bot.services.retention_reports import RetentionReportService
from bot.services.returned_refunds import ReturnedRefundsService
from bot.services.role_sync import RoleSyncService
from bot.services.roles import RoleService
from bot.services.self_help import SelfHelpService
from bot.services.subscriptions import SubscriptionService
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_blocks import TicketBlockService
from bot.services.ticket_files import TicketFileService
from bot.services.ticket_merges import TicketMergeService
from bot.services.ticket_notes import TicketNotesService
from bot.services.ticket_people import TicketPeople
from bot.services.ticket_queue import QueueService
from bot.services.ticket_ratings import TicketRatings
from bot.services.ticket_records import TicketRecordService
from bot.services.ticket_reopening import TicketReopening
from bot.services.ticket_requests import TicketRequestService
from bot.services.ticket_search import TicketSearchService
from bot.services.ticket_sides import TicketSides
from bot.services.ticket_silence import SilenceService
from bot.services.ticket_stats import TicketStatsService
from bot.services.ticket_turns import TurnService
from bot.services.ticket_work import TicketWorkService
from bot.services.tickets import TicketService
from bot.services.transcript_links import TranscriptLinks
from bot.services.transcripts import TranscriptService
from bot.services.win_backs import WinBackService
from bot.services.withdrawal_saga import WithdrawalSaga
from bot.services.withdrawals import WithdrawalService
from bot.settings import Configuration, Environment
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
from storage.file_folder import FileFolder

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


def build_dependencies(
    environment: Environment,
    configuration: Configuration,
    context: Context,
    *,
    router: Router,
    jobs: JobHandlers,
    messenger: Messenger,
    membership: Membership,
) -> Dependencies:
    """Every service once, over one context."""
    vendor = configuration.vendor
    guilds = GuildService(
        context,
        configuration.to_guild_settings(),
        servers=[GuildId(server) for server in configuration.servers],
    )
    agents = AgentService(context, guilds)
    subscriptions = SubscriptionService(context)
    ticket_files = TicketFileService(context, FileFolder(environment.attachments_folder))
    ticket_records = TicketRecordService(
        context, TicketSides(context, TicketAccess(context, guilds), membership)
    )
    secret = environment.api_secret
    transcript_links = TranscriptLinks(
        context,
        TicketAccess(context, guilds),
        membership,
        public_url=environment.public_url,
        key=link_key(secret.get_secret_value()) if secret else None,
    )
    ticket_access = TicketAccess(context, guilds)
    ticket_work = TicketWorkService(context, ticket_access)
    return Dependencies(
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
        transcripts=TranscriptService(
            context, ticket_records, ticket_files, TicketAccess(context, guilds)
        ),
        transcript_links=transcript_links,
        ticket_search=TicketSearchService(context, TicketAccess(context, guilds)),
        ticket_access=ticket_access,
        ticket_work=ticket_work,
        ticket_notes=TicketNotesService(context, ticket_work),
        ticket_merges=TicketMergeService(context, ticket_work, ticket_access),
        close_requests=CloseRequestService(context, ticket_work),
        macros=MacroService(context, ticket_work),
        customers=CustomerService(context, guilds, ticket_work),
        ticket_people=TicketPeople(context, TicketAccess(context, guilds)),
        ticket_ratings=TicketRatings(context),
        ticket_reopening=TicketReopening(context, guilds, TicketAccess(context, guilds)),
        ticket_turns=TurnService(context),
        ticket_silence=SilenceService(context),
        ticket_queue=QueueService(context, TicketAccess(context, guilds)),
        ticket_stats=TicketStatsService(context, guilds),
        agents=agents,
        handovers=HandoverService(context, guilds, ticket_access),
        withdrawals=WithdrawalService(context),
        withdrawal_saga=WithdrawalSaga(context, guilds),
        win_backs=WinBackService(context),
        refunds=RefundService(context, guilds),
        refund_requests=RefundRequestService(context, guilds),
        refund_queue=RefundQueueService(context, guilds),
        refund_saga=RefundSaga(context),
        refunds_elsewhere=RefundsElsewhereService(context, guilds),
        late_payments=LatePaymentService(context),
        returned_refunds=ReturnedRefundsService(context),
        duplicates=DuplicateService(context, guilds),
        audit=AuditService(context, guilds),
        disputes=DisputeService(context),
        privacy=PrivacyService(context),
        guilds=guilds,
        notices=NoticeService(context),
        reconciliation=ReconciliationService(context),
        retention=RetentionReportService(context, guilds),
        roles=RoleService(context, guilds, configuration.to_plan_roles()),
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
        jobs=jobs,
        messenger=messenger,
    )
