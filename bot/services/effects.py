"""What has to happen because the mirror has changed: the one place where that is decided."""

from datetime import datetime, timedelta

from bot.domain.identifiers import UserId
from bot.domain.job import NewJob
from bot.domain.role_plan import plan_that_is_on
from bot.domain.subscription import Subscription
from bot.services.changes import Changes
from bot.services.context import Context
from bot.services.notice_jobs import access_ended, notices_of, timers_of
from bot.services.role_jobs import apply_roles


def effects_of(changes: Changes, context: Context, *, now: datetime) -> list[NewJob]:
    """Jobs to be committed with the change itself."""
    grace = timedelta(days=context.policy.grace_days)
    return [
        *timers_of(changes, grace=grace, now=now),
        *notices_of(changes, grace=grace, now=now),
        *disputes_of(changes),
        *_completed_purchases(changes),
        *_role_changes(changes, context, grace=grace, now=now),
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


def disputes_of(changes: Changes) -> list[NewJob]:
    """The team hears of each dispute when it opens and when it is over.

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
                "dispute.tell_closed",
                f"dispute-closed:{each.id}",
                {"payment_id": each.payment_id, "dispute_id": each.id},
            )
            for each in closed
        ),
    ]
