"""What every service is built from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.billing.provider import BillingProvider, ProviderNotConfiguredError
from bot.domain.cancellation import Reason
from bot.domain.catalogue import Catalogue
from bot.domain.identifiers import ProviderName
from bot.domain.offer import OfferPolicy
from bot.domain.refund_policy import RefundPolicy
from bot.domain.support_policy import SupportPolicy
from bot.domain.ticket_ends import EndPolicy
from bot.domain.ticket_record import RecordPolicy
from bot.domain.ticket_work import DeskPolicy
from bot.domain.topic import Places, Topic
from bot.domain.win_back import WinBackPolicy
from bot.domain.withdrawal import WithdrawalPolicy
from storage.database import Database

Clock = Callable[[], datetime]
# A new id: short enough for a custom_id and for a person to read out, long enough not to guess.
NewId = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the vendor decides. `grace_days`: access while a renewal payment is past due.

    `billing_topic`: tickets of this topic are about payments. `support_email` is for those whom the
    bot cannot help.
    """

    refunds: RefundPolicy
    grace_days: int
    reasons: tuple[Reason, ...]
    topics: tuple[Topic, ...]
    billing_topic: str | None = None
    win_back: WinBackPolicy = field(default_factory=WinBackPolicy)
    withdrawal: WithdrawalPolicy = field(default_factory=WithdrawalPolicy)
    records: RecordPolicy = field(default_factory=RecordPolicy)
    offers: OfferPolicy = field(default_factory=OfferPolicy)
    places: Places = field(default_factory=Places)
    support_email: str = ""
    ends: EndPolicy = field(default_factory=EndPolicy)
    support: SupportPolicy = field(default_factory=SupportPolicy)
    desk: DeskPolicy = field(default_factory=DeskPolicy)


@dataclass(frozen=True, slots=True)
class Context:
    """Shared by all services of one process.

    `providers` are the accounts that are configured. Customers of one that is not any more may
    still be there: for what was bought, ask `provider_of`.
    """

    database: Database
    providers: Mapping[ProviderName, BillingProvider]
    catalogue: Catalogue
    policy: Policy
    clock: Clock
    new_id: NewId

    def provider_of(self, name: ProviderName) -> BillingProvider:
        """The account through which something was bought; raises ProviderNotConfiguredError."""
        provider = self.providers.get(name)
        if provider is None:
            raise ProviderNotConfiguredError(name)
        return provider
