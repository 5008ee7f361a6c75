"""A member on their way out under a generated configuration, and what they see."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import discord
from hypothesis import strategies as st

from bot.domain.allowance import Balance
from bot.domain.cancellation import AttemptState, CancelAttempt
from bot.domain.catalogue import Catalogue, Offering
from bot.domain.identifiers import STRIPE, AttemptId, CustomerId, GuildId, SubscriptionId, UserId
from bot.domain.money import Money
from bot.domain.offer import Case, Facts, OfferKind, choose, terms_of
from bot.domain.plan_change import plan_purchase
from bot.domain.subscription import Status, Subscription
from bot.services.cancellations import CancelCase
from bot.services.context import Policy
from bot.services.offers import ShownOffer
from bot.settings import Configuration
from cogs.cancellation.offers import accepting_card, not_applied_card
from cogs.cancellation.render import change_card, confirm_card, nudge_card, ticket_closed_card
from cogs.dependencies import Dependencies, Vendor
from cogs.layout import View
from tests.unit.fairness.configurations import configurations

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Leaving:
    """`case` is at the confirm screen, with what the member is offered there."""

    deps: Dependencies
    case: CancelCase
    facts: Facts

    @property
    def subscription(self) -> Subscription:
        """What they are about to cancel."""
        assert self.case.subscription is not None
        return self.case.subscription

    @property
    def nudge(self) -> View:
        """The first screen."""
        started = replace(self.case.attempt, state=AttemptState.STARTED, reason_id=None)
        return nudge_card(replace(self.case, attempt=started, offer=None), self.deps)

    @property
    def confirm(self) -> View:
        """The last one."""
        return confirm_card(self.case, self.deps)

    def screens(self) -> Iterator[View]:
        """Every screen on which the member has not decided yet."""
        yield self.nudge
        yield self.confirm
        yield confirm_card(self.case, self.deps, note="Something has changed.")
        accepting = replace(self.case.attempt, state=AttemptState.ACCEPTING)
        yield accepting_card(replace(self.case, attempt=accepting), self.deps)
        yield not_applied_card(self.case, self.deps)
        yield ticket_closed_card(self.case, self.deps)
        price_id = self.case.offer.terms.price_id if self.case.offer else None
        target = self.deps.catalogue.offering(price_id) if price_id else None
        if target is not None:
            purchase = plan_purchase(
                target,
                current=self.subscription,
                balance=Balance(1000, 0, 10),
                known=[self.subscription],
                now=NOW,
            )
            yield change_card(self.case, purchase, self.deps)


def dependencies(catalogue: Catalogue, policy: Policy, vendor: Vendor) -> Dependencies:
    """What screens are rendered from: values alone."""
    given = SimpleNamespace(catalogue=catalogue, policy=policy, vendor=vendor, clock=lambda: NOW)
    return cast(Dependencies, given)


def vendor_of(configuration: Configuration) -> Vendor:
    """As the process builds it."""
    return Vendor(
        name=configuration.vendor.name,
        support_email=configuration.vendor.support_email,
        cancel_url=configuration.vendor.cancel_url,
        link_hosts=configuration.vendor.all_link_hosts,
        nudge=configuration.cancellation.nudge,
        cancel_topic=configuration.tickets.cancel_topic,
    )


def subscription_to(offering: Offering, status: Status) -> Subscription:
    """Begun some days ago."""
    return Subscription(
        id=SubscriptionId("sub_mia"),
        provider=STRIPE,
        customer_id=CustomerId("cus_mia"),
        plan_id=offering.plan.id,
        price_id=offering.price.id,
        interval=offering.price.interval,
        price=offering.price.money,
        status=status,
        created_at=NOW - timedelta(days=40),
        period_start=NOW - timedelta(days=10),
        period_end=NOW + timedelta(days=20),
        cancel_at=None,
        ended_at=None,
    )


_OFTEN = st.sampled_from([True, True, True, False])


@st.composite
def leavings(draw: st.DrawFn) -> Leaving:
    """A member of any plan with any reason, under any configuration."""
    configuration = draw(configurations())
    catalogue, policy = configuration.to_catalogue(), configuration.to_policy()
    offering = draw(st.sampled_from(list(catalogue.offerings())))
    status = draw(st.sampled_from([*[Status.ACTIVE] * 4, Status.PAST_DUE]))
    subscription = subscription_to(offering, status)
    user_id = UserId(draw(st.integers(1, 2**63 - 1)))
    # More often one that an offer answers, from somebody who may have it.
    answered = sorted({each for offer in policy.offers.offers for each in offer.reasons})
    is_answered = bool(answered) and draw(_OFTEN)
    named = answered if is_answered else [each.id for each in policy.reasons]
    reason_id = draw(st.sampled_from(named))
    last = None if draw(_OFTEN) else draw(st.integers(0, 4000))
    facts = Facts(
        customer_since=NOW - timedelta(days=draw(st.sampled_from([400, 400, 10]))),
        paid=Money(draw(st.sampled_from([10_000, 10_000, 0])), "usd"),
        last_offered_at=None if last is None else NOW - timedelta(days=last),
    )
    case = Case(subscription, facts, catalogue, frozenset(OfferKind), NOW)
    offer = policy.offers.find(choose(policy.offers, case, reason_id=reason_id, user_id=user_id))
    shown = None if offer is None else ShownOffer(offer, terms_of(offer, case))
    attempt = CancelAttempt(
        id=AttemptId("23456789ABCD"),
        user_id=user_id,
        guild_id=draw(st.sampled_from([None, GuildId(7)])),
        customer_id=subscription.customer_id,
        subscription_id=subscription.id,
        state=AttemptState.REASON_GIVEN,
        reason_id=reason_id,
        comment=None,
        ticket_id=None,
        started_at=NOW,
        requested_at=None,
        finished_at=None,
        effective_at=subscription.period_end,
        failure=None,
        offer_id=None if offer is None else offer.id,
        offered_at=None if offer is None else NOW,
    )
    deps = dependencies(catalogue, policy, vendor_of(configuration))
    return Leaving(deps, CancelCase(attempt, subscription, (), "mia@example.com", shown), facts)


def text_of(view: View) -> str:
    """All that a screen says."""
    return "\n".join(
        item.content for item in view.walk_children() if isinstance(item, discord.ui.TextDisplay)
    )


def buttons_of(view: View) -> list[discord.ui.Button[View]]:
    """The first row of buttons: no other one comes before it."""
    rows = [item for item in view.walk_children() if isinstance(item, discord.ui.ActionRow)]
    return [item for item in rows[0].children if isinstance(item, discord.ui.Button)]


def verb_of(button: discord.ui.Button[View]) -> str:
    """What a click does."""
    return str(button.custom_id).split(":")[1]
