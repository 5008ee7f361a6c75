"""Settings: secrets and addresses from the environment or `.env`, everything else from
`mooring.toml`. What is wrong is told by variable, file and expectation, never by its value."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.domain.cancellation import Reason
from bot.domain.catalogue import Catalogue, Interval, Plan, Price
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, PlanId, PriceId, RoleId
from bot.domain.links import PROVIDER_HOSTS, is_allowed_link
from bot.domain.money import Money
from bot.domain.refund import RefundMode
from bot.domain.ticket import Topic, TopicField
from bot.services.context import Policy

DISCORD_API_URL = "https://discord.com/api/v10"
STRIPE_API_URL = "https://api.stripe.com"


class SettingsError(Exception):
    """`problems` are sentences for the person who configures Mooring."""

    def __init__(self, problems: list[str]) -> None:
        """One sentence for each thing that is wrong."""
        super().__init__("\n".join(problems))
        self.problems = problems


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address that starts with https:// (or http:// on this machine)")
    return text.rstrip("/")


def _database_url(text: str) -> str:
    for scheme, driver in (
        ("sqlite:///", "sqlite+aiosqlite:///"),
        ("postgresql://", "postgresql+asyncpg://"),
        ("postgres://", "postgresql+asyncpg://"),
    ):
        if text.startswith(scheme):
            return driver + text.removeprefix(scheme)
    if text.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        return text
    raise ValueError("sqlite:///path/to/file or postgresql://user:password@host/database")


def _smtp_url(secret: SecretStr) -> SecretStr:
    parts = urlsplit(secret.get_secret_value())
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("smtp://user:password@host:port, or smtps:// for TLS from the start")
    return secret


def _webhook_secret(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith("whsec_"):
        raise ValueError("the signing secret of the webhook endpoint, which starts with whsec_")
    return secret


def _stripe_key(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(("sk_", "rk_")):
        raise ValueError("a secret or restricted key, which starts with sk_ or rk_")
    return secret


def _present(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("the bot's token from Discord's developer portal")
    return secret


def _database_secret(secret: SecretStr) -> SecretStr:
    return SecretStr(_database_url(secret.get_secret_value()))


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Environment(BaseSettings):
    """The variables that Mooring reads; `.env.example` explains each."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", hide_input_in_errors=True
    )

    discord_token: Annotated[SecretStr, AfterValidator(_present)]
    discord_api_url: HttpUrl = DISCORD_API_URL
    database_url: Annotated[SecretStr, AfterValidator(_database_secret)] = SecretStr(
        "sqlite+aiosqlite:///data/mooring.db"
    )
    stripe_api_key: Annotated[SecretStr, AfterValidator(_stripe_key)]
    stripe_webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)]
    stripe_api_url: HttpUrl = STRIPE_API_URL
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url)]
    mail_from: Annotated[str, Field(pattern=r"^[^\r\n]*@[^\r\n]+$")]
    mooring_config: Path = Path("mooring.toml")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Id = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")]
Feedback = Literal[
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
]


class VendorSection(_Section):
    """Who sells. `cancel_url` is the way to cancel without Discord that receipts name."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    support_email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    cancel_url: str
    link_hosts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_cancel_url(self) -> "VendorSection":
        if not is_allowed_link(self.cancel_url, hosts=self.all_link_hosts):
            raise ValueError("cancel_url must be an https:// link on a host in link_hosts")
        return self

    @property
    def all_link_hosts(self) -> frozenset[str]:
        """Hosts that links may lead to (rule S22)."""
        return PROVIDER_HOSTS | frozenset(self.link_hosts)


class PriceSection(_Section):
    """`id` is the provider's price id; `amount` is in the currency's minor unit."""

    id: str
    interval: Interval
    amount: Annotated[int, Field(ge=0)]
    currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")]


class PlanSection(_Section):
    """`allowance` is per month, in the catalogue's unit."""

    id: Id
    name: Annotated[str, Field(min_length=1, max_length=40)]
    summary: Annotated[str, Field(max_length=90)] = ""
    allowance: Annotated[int, Field(ge=0)]
    prices: Annotated[tuple[PriceSection, ...], Field(min_length=1)]


class CatalogueSection(_Section):
    """Plans from smallest to largest."""

    unit: str = "credits"
    plans: Annotated[tuple[PlanSection, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_unique(self) -> "CatalogueSection":
        prices = [price.id for plan in self.plans for price in plan.prices]
        plans = [plan.id for plan in self.plans]
        for kind, ids in (("price", prices), ("plan", plans)):
            twice = sorted({each for each in ids if ids.count(each) > 1})
            if twice:
                raise ValueError(f"each {kind} id once; there twice: {', '.join(twice)}")
        return self


class RefundSection(_Section):
    """`none` is the policy of no refunds under any circumstances (rule R9)."""

    mode: RefundMode = RefundMode.CASE_BY_CASE
    partial_ends_subscription: bool = True


class ReasonSection(_Section):
    """A reason for leaving. Never give its id to another reason: reports would mix them."""

    id: Id
    label: Annotated[str, Field(min_length=1, max_length=100)]
    feedback: Feedback | None = None


class CancellationSection(_Section):
    """`nudge` is what the first screen says about talking to support."""

    nudge: Annotated[str, Field(max_length=500)] = (
        "If something is not working, our support team would like to help. "
        "You can open a ticket, or go on. Opening a ticket does not stop you from cancelling."
    )
    reasons: Annotated[tuple[ReasonSection, ...], Field(min_length=2, max_length=10)]

    @model_validator(mode="after")
    def _check_reasons(self) -> "CancellationSection":
        ids = [reason.id for reason in self.reasons]
        if len(set(ids)) != len(ids):
            raise ValueError("each reason id once")
        if "prefer_not_to_say" not in ids:
            raise ValueError('a reason with the id "prefer_not_to_say": nobody has to explain')
        return self


class FieldSection(_Section):
    """A question in a ticket's modal."""

    id: Id
    label: Annotated[str, Field(min_length=1, max_length=45)]
    description: Annotated[str, Field(max_length=100)] = ""
    required: bool = True
    paragraph: bool = False
    max_length: Annotated[int, Field(ge=1, le=1000)] = 200


class TopicSection(_Section):
    """A kind of ticket. Discord's modals hold five questions."""

    id: Id
    label: Annotated[str, Field(min_length=1, max_length=45)]
    description: Annotated[str, Field(max_length=100)] = ""
    fields: Annotated[tuple[FieldSection, ...], Field(min_length=1, max_length=5)]


class TicketSection(_Section):
    """`cancel_topic` names the topic of tickets that are opened from the cancel flow."""

    topics: Annotated[tuple[TopicSection, ...], Field(min_length=1, max_length=25)]
    cancel_topic: Id

    @model_validator(mode="after")
    def _check_topics(self) -> "TicketSection":
        ids = [topic.id for topic in self.topics]
        if len(set(ids)) != len(ids):
            raise ValueError("each topic id once")
        if self.cancel_topic not in ids:
            raise ValueError("cancel_topic must be the id of one of the topics")
        return self


class GuildSection(_Section):
    """Roles and channels of one server; wins over `/setup` there."""

    id: int
    support_role: int | None = None
    moderator_role: int | None = None
    ticket_category: int | None = None
    log_channel: int | None = None


class Configuration(_Section):
    """`mooring.toml`."""

    vendor: VendorSection
    catalogue: CatalogueSection
    cancellation: CancellationSection
    tickets: TicketSection
    refunds: RefundSection = RefundSection()
    grace_days: Annotated[int, Field(ge=0, le=60)] = 7
    guild: GuildSection | None = None

    def to_catalogue(self) -> Catalogue:
        """The domain's catalogue."""
        return Catalogue(
            unit=self.catalogue.unit,
            plans=tuple(
                Plan(
                    PlanId(plan.id),
                    plan.name,
                    plan.summary,
                    plan.allowance,
                    tuple(
                        Price(
                            PriceId(price.id), price.interval, Money(price.amount, price.currency)
                        )
                        for price in plan.prices
                    ),
                )
                for plan in self.catalogue.plans
            ),
        )

    def to_policy(self) -> Policy:
        """The vendor's decisions, for the services."""
        return Policy(
            refund_mode=self.refunds.mode,
            partial_refund_ends_subscription=self.refunds.partial_ends_subscription,
            grace_days=self.grace_days,
            reasons=tuple(
                Reason(reason.id, reason.label, reason.feedback or "")
                for reason in self.cancellation.reasons
            ),
            topics=tuple(
                Topic(
                    topic.id,
                    topic.label,
                    topic.description,
                    tuple(TopicField(**field.model_dump()) for field in topic.fields),
                )
                for topic in self.tickets.topics
            ),
        )

    def to_guild_settings(self) -> dict[GuildId, GuildSettings]:
        """The server that the file configures, if it does."""
        if self.guild is None:
            return {}
        given = self.guild
        return {
            GuildId(given.id): GuildSettings(
                RoleId(given.support_role) if given.support_role else None,
                RoleId(given.moderator_role) if given.moderator_role else None,
                ChannelId(given.ticket_category) if given.ticket_category else None,
                ChannelId(given.log_channel) if given.log_channel else None,
            )
        }


def _problem(error: dict[str, object], where: str) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{where} is missing."
    if error["type"] == "extra_forbidden":
        return f"{where} is not a setting that Mooring knows."
    expected = "expected " if str(error["type"]) == "value_error" else ""
    return f"{where} is wrong: {expected}{message}."


def load_environment() -> Environment:
    """Read the environment and `.env`; raises SettingsError."""
    try:
        return Environment()
    except ValidationError as error:
        problems = [
            _problem(dict(each), f"{'.'.join(map(str, each['loc'])).upper()} (environment or .env)")
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError(problems) from None


def load_configuration(path: Path) -> Configuration:
    """Read `mooring.toml`; raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(
            [f"{path} cannot be read ({reason}). MOORING_CONFIG names the file."]
        ) from None
    try:
        return Configuration.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path} is not valid TOML: {error}."]) from None
    except ValidationError as error:
        problems = [
            _problem(dict(each), f"{path}: {'.'.join(map(str, each['loc'])) or 'the file'}")
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError(problems) from None
