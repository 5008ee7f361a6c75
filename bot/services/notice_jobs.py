"""Notices and timers as jobs: what the mirror's changes make due, now or later.

A job says only what it is about. Whether it is still true, who reads it and whether they want it
is looked up when it runs, in `bot.services.notices` and `bot.services.timers`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.account import Card
from bot.domain.identifiers import CustomerId, PaymentId, SubscriptionId
from bot.domain.job import NewJob
from bot.domain.notice import NoticeKind, reminders, tells_end, tells_failure, tells_payment
from bot.domain.subscription import Status, Subscription
from bot.services.changes import Change, Changes
from storage import customers, jobs, subscriptions

SEND = "notice.send"
# Many plans renew on the first of a month. Discord takes a few messages a second, and what members
# have just asked for must not wait behind them.
SENT_AT_ONCE = 4
PURCHASED = "notice.purchased"
PERIOD_OVER = "subscription.period_over"
GRACE_OVER = "subscription.grace_over"


def stamp(moment: datetime) -> int:
    """A time as it stands in keys and payloads."""
    return int(moment.timestamp())


def moment_of(stamped: object) -> datetime:
    """The inverse of `stamp`."""
    return datetime.fromtimestamp(int(str(stamped)), UTC)


def notice(
    kind: NoticeKind,
    customer_id: CustomerId,
    subject: str,
    *,
    about: Mapping[str, Any],
    run_at: datetime | None = None,
) -> NewJob:
    """A notice about `subject`: once for ever, however often it is added."""
    payload = {"kind": kind.value, "customer_id": customer_id, **about}
    return NewJob(SEND, f"notice:{kind}:{subject}", payload, run_at=run_at)


def payment_received(customer_id: CustomerId, payment_id: PaymentId) -> NewJob:
    """Balance, renewal date and receipt after a payment (S16, S18)."""
    about = {"payment_id": payment_id}
    return notice(NoticeKind.PAYMENT_RECEIVED, customer_id, payment_id, about=about)


def access_ended(subscription: Subscription) -> NewJob:
    """The plan is Free now (S4): once for its end, and once for each period that was not paid."""
    subject = str(subscription.id)
    if subscription.status in (Status.PAST_DUE, Status.UNPAID):
        subject += f":{stamp(subscription.period_start)}"
    about = {"subscription_id": subscription.id}
    return notice(NoticeKind.ACCESS_ENDED, subscription.customer_id, subject, about=about)


def allowance_used(
    customer_id: CustomerId, subscription_id: SubscriptionId, month_start: datetime
) -> NewJob:
    """Nothing is left in this month of the billing cycle."""
    return notice(
        NoticeKind.ALLOWANCE_USED,
        customer_id,
        f"{subscription_id}:{stamp(month_start)}",
        about={"subscription_id": subscription_id, "month_start": stamp(month_start)},
    )


def notices_of(changes: Changes, *, grace: timedelta, now: datetime) -> list[NewJob]:
    """What linked members are told of a change, and what they will be reminded of."""
    new = [
        payment_received(payment.customer_id, payment.id)
        for payment in (
            each.after
            for each in changes.payments
            if tells_payment(each.before, each.after, now=now)
        )
        if payment.customer_id in changes.users
    ]
    for each in changes.completed_checkouts:
        if each.payment_id is not None:
            new.append(payment_received(each.customer_id, each.payment_id))
        elif each.subscription_id is not None:
            about = {"customer_id": each.customer_id, "subscription_id": each.subscription_id}
            new.append(NewJob(PURCHASED, f"notice:purchased:{each.reference}", about))
    for change in changes.subscriptions:
        customer_id = change.after.customer_id
        is_linked = customer_id in changes.users
        if is_linked:
            new += _told_of(change, grace=grace, now=now)
        card = changes.cards.get(customer_id)
        new += reminders_of(change.after, card, is_linked=is_linked, now=now)
    return new


def _told_of(change: Change[Subscription], *, grace: timedelta, now: datetime) -> list[NewJob]:
    before, after = change.before, change.after
    new: list[NewJob] = []
    if tells_failure(before, after):
        about = {"subscription_id": after.id, "period_start": stamp(after.period_start)}
        subject = f"{after.id}:{stamp(after.period_start)}"
        new.append(notice(NoticeKind.PAYMENT_FAILED, after.customer_id, subject, about=about))
    if tells_end(before, after, now=now, grace=grace):
        new.append(access_ended(after))
    return new


def reminders_of(
    subscription: Subscription, card: Card | None, *, is_linked: bool, now: datetime
) -> list[NewJob]:
    """Reminders of the present period. One whose time has come waits until somebody is linked."""
    about = {"subscription_id": subscription.id, "period_end": stamp(subscription.period_end)}
    subject = f"{subscription.id}:{stamp(subscription.period_end)}"
    return [
        notice(kind, subscription.customer_id, subject, about=about, run_at=due)
        for kind, due in reminders(subscription, card)
        if now < subscription.period_end and (is_linked or now < due)
    ]


def timers_of(changes: Changes, *, grace: timedelta, now: datetime) -> list[NewJob]:
    """When access ends by the clock alone: at a scheduled end, or with the grace period.

    They have no line: jobs of the same line would wait for them.
    """
    new: list[NewJob] = []
    for subscription in (each.after for each in changes.subscriptions):
        if not subscription.is_live:
            continue
        if (end := subscription.cancel_at) is not None:
            about = {"subscription_id": subscription.id, "ends_at": stamp(end)}
            key = f"period-over:{subscription.id}:{stamp(end)}"
            new.append(NewJob(PERIOD_OVER, key, about, run_at=end))
        start = subscription.period_start
        if subscription.status is Status.PAST_DUE and now < start + grace:
            about = {"subscription_id": subscription.id, "period_start": stamp(start)}
            key = f"grace-over:{subscription.id}:{stamp(start)}"
            new.append(NewJob(GRACE_OVER, key, about, run_at=start + grace))
    return new


async def on_link(connection: AsyncConnection, customer_id: CustomerId, *, now: datetime) -> None:
    """Somebody has linked this customer: add the reminders whose time has come already."""
    customer = await customers.find(connection, customer_id)
    card = customer.card if customer else None
    new = [
        job
        for subscription in await subscriptions.of_customers(connection, [customer_id])
        for job in reminders_of(subscription, card, is_linked=True, now=now)
    ]
    await jobs.add(connection, new, now=now)
