"""What the usage API takes and gives. The OpenAPI document is made from these."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
)

from bot.domain.catalogue import Interval
from bot.domain.usage import UsageStatus

MOST_ENTRIES = 1_000
LARGEST_AMOUNT = 10**12

# Printable ASCII: what every database and every log can hold.
UsageKey = Annotated[
    str,
    Field(
        pattern=r"^[!-~]{1,200}$",
        description="Yours, unique for ever: the same key again counts nothing.",
        examples=["2026-11-22/render/8c1f"],
    ),
]
CustomerIdText = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,255}$",
        description="The payment provider's id of the customer.",
        examples=["cus_NffrFeUfNV2Hib"],
    ),
]
# Up to the year 2083 of Discord's ids, and below 2^63.
USER_ID_PATTERN = r"(?:[1-9][0-9]{0,17}|[1-8][0-9]{18})"
UserIdText = Annotated[
    str,
    Field(
        pattern=f"^{USER_ID_PATTERN}$",
        description="A Discord user's id, as a string: it is too large for JSON's numbers.",
        examples=["80351110224678912"],
    ),
]


def _whole(amount: Any) -> Any:
    """JSON has one kind of number, and some languages write 5.0 for 5."""
    return int(amount) if isinstance(amount, float) and amount.is_integer() else amount


def _not_zero(amount: int) -> int:
    if amount == 0:
        raise ValueError("zero counts nothing")
    return amount


Amount = Annotated[
    int,
    Field(
        ge=-LARGEST_AMOUNT,
        le=LARGEST_AMOUNT,
        description="In the catalogue's unit. A negative amount takes back what was reported by "
        "mistake, under a key of its own and with the time of the mistake: at most what was used "
        "in that month.",
        json_schema_extra={"not": {"const": 0}},
    ),
    BeforeValidator(_whole),
    AfterValidator(_not_zero),
]
Moment = Annotated[
    AwareDatetime,
    Field(
        description="When it was used, with an offset from UTC: at most 35 days ago and 5 minutes "
        "ahead. Without it, now.",
        examples=["2026-11-22T09:30:00Z"],
    ),
]
ProviderText = Annotated[Literal["stripe", "creem"], Field(description="The payment provider.")]


class _Taken(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True)


class CustomersUsage(_Taken):
    """Usage of a customer of the payment provider."""

    key: UsageKey
    customer_id: CustomerIdText
    amount: Amount
    at: Moment | None = None


class UsersUsage(_Taken):
    """Usage of the customer who is linked to a Discord user."""

    key: UsageKey
    discord_user_id: UserIdText
    amount: Amount
    at: Moment | None = None


BY_CUSTOMER, BY_USER = "by_customer", "by_user"


def _kind_of(entry: Any) -> str:
    return BY_USER if isinstance(entry, dict) and "discord_user_id" in entry else BY_CUSTOMER


UsageEntry = Annotated[
    Annotated[CustomersUsage, Tag(BY_CUSTOMER)] | Annotated[UsersUsage, Tag(BY_USER)],
    Discriminator(_kind_of),
]


class UsageBatch(_Taken):
    """Reports of usage. All of them are recorded, or none."""

    entries: Annotated[tuple[UsageEntry, ...], Field(min_length=1, max_length=MOST_ENTRIES)]


class UsageOutcome(_Given):
    """What became of one entry."""

    key: str
    status: UsageStatus


class UsageAnswer(_Given):
    """In the order of the entries."""

    entries: tuple[UsageOutcome, ...]


class LinkOrder(_Taken):
    """You vouch that this Discord user is this customer."""

    customer_id: CustomerIdText
    provider: ProviderText
    discord_user_id: UserIdText


class LinkAnswer(_Given):
    """They are linked, now or since before."""

    customer_id: str
    discord_user_id: str


class PlanAnswer(_Given):
    """`id` is null for a price that your catalogue does not have any more."""

    id: str | None
    name: str | None
    interval: Interval


class BalanceAnswer(_Given):
    """Of the month that runs, or while its payment is awaited of the one before. `remaining` is
    never below zero."""

    unit: str
    granted: int
    topped_up: int
    used: int
    remaining: int
    refills_at: AwareDatetime | None = Field(
        description="When the next allowance is due; null when none comes any more, and while it "
        "waits for a payment."
    )


class AccountAnswer(_Given):
    """How a customer stands."""

    customer_id: str
    provider: str
    discord_user_id: str | None
    has_access: bool = Field(description="Whether the features of the plan are on.")
    plan: PlanAnswer | None = Field(description="Null is Free: there is no access.")
    status: str | None = Field(
        description="Of the subscription, in the words that all providers share; null without one."
    )
    renews_at: AwareDatetime | None = Field(
        description="When the next period is charged for; null when nothing more is charged."
    )
    cancel_at: AwareDatetime | None = Field(
        description="When a cancelled subscription ends; null when none is scheduled."
    )
    balance: BalanceAnswer


class Problem(_Given):
    """`field` is the place in the body, such as `entries.3.amount`."""

    code: str
    message: str
    field: str | None = Field(default=None, json_schema_extra={"type": "string"})


class ErrorAnswer(_Given):
    """Why a request was refused."""

    error: Problem
