"""What every cog is built from."""

from dataclasses import dataclass
from typing import Protocol

from bot.domain.catalogue import Catalogue
from bot.services.accounts import AccountService
from bot.services.audit_log import AuditService
from bot.services.cancellation_saga import CancellationSaga
from bot.services.cancellations import CancellationService
from bot.services.context import Clock, Policy
from bot.services.disputes import DisputeService
from bot.services.duplicates import DuplicateService
from bot.services.guilds import GuildService
from bot.services.jobs import JobHandlers
from bot.services.notices import NoticeService
from bot.services.offer_saga import OfferSaga
from bot.services.offers import OfferService
from bot.services.overviews import OverviewService
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
from bot.services.tickets import TicketService
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
    withdrawals: WithdrawalService
    withdrawal_saga: WithdrawalSaga
    win_backs: WinBackService
    refunds: RefundService
    refund_requests: RefundRequestService
    refund_queue: RefundQueueService
    refund_saga: RefundSaga
    refunds_elsewhere: RefundsElsewhereService
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
