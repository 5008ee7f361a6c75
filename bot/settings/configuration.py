"""`mooring.toml`: catalogue, policy and words."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from bot.domain.cancellation import Reason
from bot.domain.catalogue import Catalogue, Interval, Plan, Price, TopUp, TopUpPrice
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import (
    ChannelId,
    GuildId,
    PlanId,
    PriceId,
    ProviderName,
    RoleId,
    TopUpId,
)
from bot.domain.links import PROVIDER_HOSTS, is_allowed_link
from bot.domain.money import Money
from bot.domain.support_policy import Silence
from bot.services.context import Policy
from bot.settings.fairness import FairLine, FairText, OneLine, refuse_unfair
from bot.settings.leaving import WithdrawalSection, problem_with, win_back_policy
from bot.settings.macros import DeskSection, MacroSection
from bot.settings.problems import SettingsError, problems_of
from bot.settings.refunds import RefundSection
from bot.settings.retention import RetentionSection
from bot.settings.section import Id
from bot.settings.section import Section as _Section
from bot.settings.support import SupportSection
from bot.settings.tickets import TicketSection

# Short enough for the custom_id of a button.
PriceName = Annotated[str, Field(min_length=1, max_length=64)]
Provider = Literal["stripe", "creem"]


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

    name: Annotated[OneLine, Field(min_length=1, max_length=80)]
    support_email: Annotated[OneLine, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
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
    """`id` is Stripe's price id or Creem's product id; `amount` is in the minor unit.

    Nobody new can buy one that is not `sold`; members who pay it keep their plan.
    """

    id: PriceName
    provider: Provider = "stripe"
    interval: Literal[Interval.MONTH, Interval.YEAR]
    amount: Annotated[int, Field(ge=0)]
    currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")]
    sold: bool = True


class PlanSection(_Section):
    """`allowance` is per month, in the catalogue's unit."""

    id: Id
    name: Annotated[OneLine, Field(min_length=1, max_length=40)]
    summary: Annotated[OneLine, Field(max_length=90)] = ""
    allowance: Annotated[int, Field(ge=0)]
    prices: Annotated[tuple[PriceSection, ...], Field(min_length=1)]


class TopUpPriceSection(_Section):
    """A price that is paid once."""

    id: PriceName
    provider: Provider = "stripe"
    amount: Annotated[int, Field(ge=0)]
    currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")]


class TopUpSection(_Section):
    """`units` are added to the current billing cycle."""

    id: Id
    units: Annotated[int, Field(ge=1)]
    prices: Annotated[tuple[TopUpPriceSection, ...], Field(min_length=1)]


class CatalogueSection(_Section):
    """Plans from smallest to largest, and top-ups from smallest to largest."""

    unit: Annotated[OneLine, Field(min_length=1, max_length=40)] = "credits"
    plans: Annotated[tuple[PlanSection, ...], Field(min_length=1, max_length=10)]
    top_ups: Annotated[tuple[TopUpSection, ...], Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _check_unique(self) -> "CatalogueSection":
        prices = [price.id for plan in self.plans for price in plan.prices]
        prices += [price.id for top_up in self.top_ups for price in top_up.prices]
        plans = [plan.id for plan in self.plans]
        top_ups = [top_up.id for top_up in self.top_ups]
        for kind, ids in (("price", prices), ("plan", plans), ("top-up", top_ups)):
            twice = sorted({each for each in ids if ids.count(each) > 1})
            if twice:
                raise ValueError(f"each {kind} id once; there twice: {', '.join(twice)}")
        return self


class ReasonSection(_Section):
    """A reason for leaving. Never give its id to another reason: reports would mix them.

    `follow_up` is a question that whoever gives this reason may answer, or not.
    """

    id: Id
    label: Annotated[FairLine, Field(min_length=1, max_length=100)]
    feedback: Feedback | None = None
    follow_up: Annotated[FairLine, Field(max_length=100)] = ""

    @model_validator(mode="before")
    @classmethod
    def _check_fair(cls, given: Any) -> Any:
        return refuse_unfair(given, known=cls.model_fields)


class CancellationSection(_Section):
    """`nudge` is what the first screen says about talking to support."""

    nudge: Annotated[FairText, Field(max_length=500)] = (
        "If something is not working, our support team would like to help. "
        "You can open a ticket, or go on. Opening a ticket does not stop you from cancelling."
    )
    reasons: Annotated[tuple[ReasonSection, ...], Field(min_length=2, max_length=10)]

    @model_validator(mode="before")
    @classmethod
    def _check_fair(cls, given: Any) -> Any:
        return refuse_unfair(given, known=cls.model_fields)

    @model_validator(mode="after")
    def _check_reasons(self) -> "CancellationSection":
        ids = [reason.id for reason in self.reasons]
        if len(set(ids)) != len(ids):
            raise ValueError("each reason id once")
        if "prefer_not_to_say" not in ids:
            raise ValueError('a reason with the id "prefer_not_to_say": nobody has to explain')
        return self


class GuildSection(_Section):
    """Roles and channels of one server; wins over `/setup` there.

    `plan_roles` is the role that members with each plan get; it wins over `/roles set`.
    """

    id: int
    support_role: int | None = None
    moderator_role: int | None = None
    ticket_category: int | None = None
    log_channel: int | None = None
    report_channel: int | None = None
    refund_channel: int | None = None
    plan_roles: dict[Id, int] = Field(default_factory=dict)


class Configuration(_Section):
    """`mooring.toml`. `servers` are the only ones where the team's commands work, if given."""

    vendor: VendorSection
    catalogue: CatalogueSection
    cancellation: CancellationSection
    tickets: TicketSection
    support: SupportSection = SupportSection()
    desk: DeskSection = DeskSection()
    macros: Annotated[tuple[MacroSection, ...], Field(max_length=100)] = ()
    refunds: RefundSection = RefundSection()
    withdrawal: WithdrawalSection = WithdrawalSection()
    retention: RetentionSection = RetentionSection()
    grace_days: Annotated[int, Field(ge=0, le=60)] = 7
    servers: tuple[int, ...] = ()
    guild: GuildSection | None = None

    @model_validator(mode="after")
    def _check_plan_roles(self) -> "Configuration":
        plans = {plan.id for plan in self.catalogue.plans}
        unknown = sorted(set(self.guild.plan_roles) - plans) if self.guild else []
        if unknown:
            raise ValueError(f"guild.plan_roles with ids of plans; no plan: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _check_offers(self) -> "Configuration":
        problems = self.retention.problems(
            reasons={reason.id for reason in self.cancellation.reasons},
            plans={plan.id for plan in self.catalogue.plans},
        )
        if problems:
            raise ValueError("; ".join(["offers for reasons and plans of this file", *problems]))
        return self

    @model_validator(mode="after")
    def _check_win_backs(self) -> "Configuration":
        problem = problem_with(
            self.retention.win_back,
            reasons={reason.id for reason in self.cancellation.reasons},
            hosts=self.vendor.all_link_hosts,
        )
        if problem is not None:
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _check_refund_limits(self) -> "Configuration":
        currencies = {price.currency for plan in self.catalogue.plans for price in plan.prices}
        currencies |= {price.currency for each in self.catalogue.top_ups for price in each.prices}
        if (problem := self.refunds.problem_with(currencies)) is not None:
            raise ValueError(problem)
        return self

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
                            PriceId(price.id),
                            ProviderName(price.provider),
                            price.interval,
                            Money(price.amount, price.currency),
                            price.sold,
                        )
                        for price in plan.prices
                    ),
                )
                for plan in self.catalogue.plans
            ),
            top_ups=tuple(
                TopUp(
                    TopUpId(top_up.id),
                    top_up.units,
                    tuple(
                        TopUpPrice(
                            PriceId(price.id),
                            ProviderName(price.provider),
                            Money(price.amount, price.currency),
                        )
                        for price in top_up.prices
                    ),
                )
                for top_up in self.catalogue.top_ups
            ),
        )

    @model_validator(mode="after")
    def _check_macros(self) -> "Configuration":
        ids = [macro.id for macro in self.macros]
        if len(set(ids)) != len(ids):
            raise ValueError("macros: each macro id once")
        return self

    @model_validator(mode="after")
    def _check_service_levels(self) -> "Configuration":
        if problem := self.support.problem_with(topic.id for topic in self.tickets.topics):
            raise ValueError(problem)
        return self

    @property
    def _silence(self) -> Silence | None:
        return self.tickets.auto_close.to_silence() if self.tickets.auto_close else None

    def to_policy(self) -> Policy:
        """The vendor's decisions, for the services."""
        return Policy(
            refunds=self.refunds.to_policy(),
            grace_days=self.grace_days,
            reasons=tuple(
                Reason(reason.id, reason.label, reason.feedback or "", reason.follow_up)
                for reason in self.cancellation.reasons
            ),
            topics=self.tickets.to_topics(),
            places=self.tickets.to_places(),
            support_email=self.vendor.support_email,
            ends=self.tickets.to_ends(),
            records=self.tickets.to_records(),
            support=self.support.to_policy(self._silence),
            desk=self.desk.to_policy(self.macros),
            billing_topic=self.tickets.billing_topic,
            win_back=win_back_policy(
                self.retention.win_back, cooldown_days=self.retention.cooldown_days
            ),
            withdrawal=self.withdrawal.to_policy(),
            offers=self.retention.to_policy(),
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
                refund_channel_id=(
                    ChannelId(given.refund_channel) if given.refund_channel else None
                ),
                report_channel_id=(
                    ChannelId(given.report_channel) if given.report_channel else None
                ),
            )
        }

    def to_plan_roles(self) -> dict[GuildId, dict[PlanId, RoleId]]:
        """The plan roles of the server that the file configures, if it names any."""
        if self.guild is None or not self.guild.plan_roles:
            return {}
        named = self.guild.plan_roles
        return {
            GuildId(self.guild.id): {PlanId(plan): RoleId(role) for plan, role in named.items()}
        }


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
        raise SettingsError(
            problems_of(error, lambda name: f"{path}: {name or 'the file'}")
        ) from None
