"""A purchase that a member has started on the provider's own page (rule S20)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.identifiers import (
    AttemptId,
    CheckoutId,
    CustomerId,
    GuildId,
    PaymentId,
    PriceId,
    ProviderName,
    SubscriptionId,
    UserId,
)
from bot.domain.refund import PaymentPurpose


class CheckoutState(StrEnum):
    """OPENING: committed, the provider has not given a page yet. OPEN: it may be paid.

    COMPLETED: paid. CLOSED: replaced by another purchase or given up; a provider that cannot close
    its page may still report it as paid, and then it is COMPLETED.
    """

    OPENING = "opening"
    OPEN = "open"
    COMPLETED = "completed"
    CLOSED = "closed"


# Clicks within this time on the same thing are one purchase.
DOUBLE_CLICK = timedelta(minutes=1)


class Concern(StrEnum):
    """What a person has to look at after a payment, because nothing is guessed about money.

    TWO_PLANS: more than one subscription renews. OTHER_ACCOUNT: the buyer has another billing
    account linked. ACCOUNT_TAKEN: somebody else is linked to the account that paid. KNOWN_ADDRESS:
    the account that paid is older than the purchase, so only a code proves whose it is. NOT_ENDED:
    the provider refuses to end the replaced plan. RENEWED: the replaced plan was charged once more
    before it ended. OVER: what was bought has ended before it could be put in the other's place.
    TOP_UP_MOVED: its cycle was over, so it counts in the present one. TOP_UP_LOST: no plan is on.
    BOUGHT_BY_ANOTHER: somebody bought a plan into the account of a member, who is told of it.
    """

    TWO_PLANS = "two_plans"
    OTHER_ACCOUNT = "other_account"
    ACCOUNT_TAKEN = "account_taken"
    KNOWN_ADDRESS = "known_address"
    NOT_ENDED = "not_ended"
    RENEWED = "renewed"
    OVER = "over"
    TOP_UP_MOVED = "top_up_moved"
    TOP_UP_LOST = "top_up_lost"
    BOUGHT_BY_ANOTHER = "bought_by_another"


# What only the team can do something about, and what only the member can.
STAFF_ONLY = frozenset({Concern.NOT_ENDED, Concern.OVER})
MEMBER_ONLY = frozenset({Concern.KNOWN_ADDRESS, Concern.TOP_UP_MOVED})
# The buyer may have typed another one's address, and must learn nothing of that account: whoever is
# linked to it is told, and the team by what else there is to say.
OWNER_ONLY = frozenset({Concern.BOUGHT_BY_ANOTHER})


@dataclass(frozen=True, slots=True)
class Checkout:
    """What is bought is decided when it starts, so that a later catalogue cannot change it (S15).

    `replaces` is the subscription that ends once this one is paid (rule S8). A top-up adds `units`
    to the cycle of `tops_up`. `cycle_start` is when the present cycle of either one began.
    `attempt_id` is the cancel attempt whose offer this is.
    """

    id: CheckoutId
    user_id: UserId
    guild_id: GuildId | None
    provider: ProviderName
    customer_id: CustomerId | None
    price_id: PriceId
    purpose: PaymentPurpose
    state: CheckoutState
    created_at: datetime
    replaces: SubscriptionId | None = None
    tops_up: SubscriptionId | None = None
    cycle_start: datetime | None = None
    units: int = 0
    page_id: str | None = None
    page_url: str | None = None
    subscription_id: SubscriptionId | None = None
    payment_id: PaymentId | None = None
    completed_at: datetime | None = None
    attempt_id: AttemptId | None = None

    @property
    def reference(self) -> str:
        """What people quote."""
        return f"P-{self.id}"

    @property
    def ledger_key(self) -> str:
        """The key of the ledger entry that a paid top-up makes, once for ever."""
        return f"top-up:{self.id}"

    def is_same(self, other: "Checkout") -> bool:
        """Whether both buy the same thing, in the same place of the same cycle."""
        return _bought(self) == _bought(other)


def _bought(checkout: Checkout) -> tuple[object, ...]:
    return (
        checkout.user_id,
        checkout.customer_id,
        checkout.price_id,
        checkout.replaces,
        checkout.tops_up,
        checkout.cycle_start,
        checkout.units,
    )
