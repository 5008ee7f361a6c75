"""What every cog is built from."""

from dataclasses import dataclass
from typing import Protocol

from bot.domain.catalogue import Catalogue
from bot.services.accounts import AccountService
from bot.services.agents import AgentService
from bot.services.audit_log import AuditService
from bot.services.cancellation_saga import CancellationSaga
from bot.services.cancellations import CancellationService
from bot.services.close_requests import CloseRequestService
from bot.services.context import Clock, Policy
from bot.services.customer_cards import CustomerService
from bot.services.disputes import DisputeService
from bot.services.duplicates import DuplicateService
from bot.services.guilds import GuildService
from bot.services.handovers import HandoverService
from bot.services.jobs import JobHandlers
from bot.services.late_payments import LatePaymentService
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
from cogs.interactions import Router
from cogs.messenger import Messenger


class SendMail(Protocol):
    """Sends one mail; see `bot.mail`."""

    async def __call__(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        message_id: str,
        page: tuple[str, str] | None = None,
    ) -> bool:
        """False when the server will never take it. `page` is an HTML file: its name and text."""
        ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """The words and addresses of the vendor. `cancel_url` works without Discord."""

    name: str
    support_email: str
    cancel_url: str
    link_hosts: frozenset[str]
    nudge: str
    cancel_topic: str


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Services, words, and where cogs register their buttons and effects."""

    accounts: AccountService
    subscriptions: SubscriptionService
    overviews: OverviewService
    self_help: SelfHelpService
    purchases: PurchaseService
    purchase_completion: PurchaseCompletion
    cancellations: CancellationService
    cancellation_saga: CancellationSaga
    offers: OfferService
    offer_saga: OfferSaga
    resumptions: ResumptionService
    tickets: TicketService
    ticket_requests: TicketRequestService
    ticket_blocks: TicketBlockService
    panels: PanelService
    ticket_records: TicketRecordService
    ticket_files: TicketFileService
    transcripts: TranscriptService
    transcript_links: TranscriptLinks
    ticket_search: TicketSearchService
    ticket_access: TicketAccess
    ticket_work: TicketWorkService
    ticket_notes: TicketNotesService
    ticket_merges: TicketMergeService
    close_requests: CloseRequestService
    macros: MacroService
    customers: CustomerService
    ticket_people: TicketPeople
    ticket_ratings: TicketRatings
    ticket_reopening: TicketReopening
    ticket_turns: TurnService
    ticket_silence: SilenceService
    ticket_queue: QueueService
    ticket_stats: TicketStatsService
    agents: AgentService
    handovers: HandoverService
    withdrawals: WithdrawalService
    withdrawal_saga: WithdrawalSaga
    win_backs: WinBackService
    refunds: RefundService
    refund_requests: RefundRequestService
    refund_queue: RefundQueueService
    refund_saga: RefundSaga
    refunds_elsewhere: RefundsElsewhereService
    late_payments: LatePaymentService
    returned_refunds: ReturnedRefundsService
    duplicates: DuplicateService
    audit: AuditService
    disputes: DisputeService
    privacy: PrivacyService
    guilds: GuildService
    notices: NoticeService
    reconciliation: ReconciliationService
    retention: RetentionReportService
    roles: RoleService
    role_sync: RoleSyncService
    catalogue: Catalogue
    policy: Policy
    vendor: Vendor
    clock: Clock
    send_mail: SendMail
    router: Router
    jobs: JobHandlers
    messenger: Messenger
