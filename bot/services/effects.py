"""What has to happen because the mirror has changed: the one place where that is decided."""

from datetime import datetime, timedelta

from bot.domain.dispute import DisputeStatus
from bot.domain.identifiers import UserId
from bot.domain.job import NewJob
from bot.domain.role_plan import plan_that_is_on
from bot.domain.subscription import Subscription
from bot.services.changes import Changes
from bot.services.context import Context
from bot.services.notice_jobs import access_ended, notices_of, timers_of
from bot.services.refund_jobs import look_for_returned
from bot.services.role_jobs import apply_roles


def effects_of(changes: Changes, context: Context, *, now: datetime) -> list[NewJob]:
    """Jobs to be committed with the change itself."""
    grace = timedelta(days=context.policy.grace_days)
    return [
        *timers_of(changes, grace=grace, now=now),
        *notices_of(changes, grace=grace, now=now),
        *disputes_of(changes),
        *refunds_of(changes),
        *_returned_refunds(changes, context),
        *_old_prices(changes),
        *_completed_purchases(changes),
        *_role_changes(changes, context, grace=grace, now=now),
    ]


def _old_prices(changes: Changes) -> list[NewJob]:
    """The team hears once of each price that is paid and that the catalogue does not have."""
    return [
        NewJob(
            "catalogue.price_gone",
            f"price-gone:{price_id}",
            {"price_id": price_id, "plan_id": plan_id},
        )
        for price_id, plan_id in changes.old_prices.items()
    ]


def _completed_purchases(changes: Changes) -> list[NewJob]:
    """What is left to do for a purchase once its payment is known."""
    return [
        NewJob("purchase.complete", f"purchase:{each.reference}", {"checkout_id": each.reference})
        for each in changes.completed_checkouts
    ]


def _role_changes(
    changes: Changes, context: Context, *, grace: timedelta, now: datetime
) -> list[NewJob]:
    """Roles follow the plans that are on, and a purchase links its buyer."""
    concerned = [
        *(
            each.after.customer_id
            for each in changes.subscriptions
            if plan_that_is_on(each.before, now=now, grace=grace)
            != plan_that_is_on(each.after, now=now, grace=grace)
        ),
        *(each.customer_id for each in changes.completed_checkouts),
    ]
    return [
        apply_roles(changes.users[customer_id], context.new_id())
        for customer_id in dict.fromkeys(concerned)
        if customer_id in changes.users
    ]


def access_over(subscription: Subscription, user_id: UserId, context: Context) -> list[NewJob]:
    """What follows when access ends by the clock alone, without a change at the provider."""
    return [access_ended(subscription), apply_roles(user_id, context.new_id())]


def refunds_of(changes: Changes) -> list[NewJob]:
    """A payment of which more was given back than before; whether by Mooring is looked up then.

    Not of one that is found refunded when an account is first read: that is history.
    """
    return [
        NewJob(
            "refund.tell_elsewhere",
            f"refund-elsewhere:{each.after.id}:{each.after.refunded.amount}",
            {"payment_id": each.after.id},
        )
        for each in changes.payments
        if each.before is not None and each.after.refunded.amount > each.before.refunded.amount
    ]


def _returned_refunds(changes: Changes, context: Context) -> list[NewJob]:
    """A payment of which less was given back than before: the provider has failed a refund."""
    return [
        look_for_returned(each.after.id, context.new_id())
        for each in changes.payments
        if each.before is not None and each.after.refunded.amount < each.before.refunded.amount
    ]


def disputes_of(changes: Changes) -> list[NewJob]:
    """The team hears of each dispute when it opens, when the bank no longer only asks, and when
    it is over.

    Not of one that is found with its payment when an account is first read: that is history.
    """
    opened = [
        *(
            each.after.id
            for each in changes.payments
            if each.before is not None and each.after.disputed and not each.before.disputed
        ),
        *(
            each.after.payment_id
            for each in changes.disputes
            if each.before is None and not each.after.is_closed
        ),
    ]
    escalated = [
        each.after
        for each in changes.disputes
        if each.before is not None
        and each.before.status is DisputeStatus.INQUIRY
        and each.after.status is DisputeStatus.NEEDS_ANSWER
    ]
    closed = [
        each.after
        for each in changes.disputes
        if each.after.is_closed and (each.before is None or not each.before.is_closed)
    ]
    return [
        *(
            NewJob("dispute.tell_opened", f"dispute-opened:{each}", {"payment_id": each})
            for each in dict.fromkeys(opened)
        ),
        *(
            NewJob(
                "dispute.tell_opened",
                f"dispute-escalated:{each.id}",
                {"payment_id": each.payment_id},
            )
            for each in escalated
        ),
        *(
            NewJob(
                "dispute.tell_closed",
                f"dispute-closed:{each.id}",
                {"payment_id": each.payment_id, "dispute_id": each.id},
            )
            for each in closed
        ),
    ]
