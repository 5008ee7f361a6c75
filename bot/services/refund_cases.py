"""A refund with what it is about, as every screen and every decision reads it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.dispute import Dispute, why_not_refundable
from bot.domain.errors import NoSuchThing, NotRefundable
from bot.domain.identifiers import RefundId, UserId
from bot.domain.other_plans import OtherPlan
from bot.domain.refund import WAITING, Payment, Refund
from bot.domain.refund_decision import Decision
from bot.domain.subscription import Subscription
from bot.services.context import Context
from bot.services.other_plans import other_plans
from storage import audit, disputes, payments, refunds, subscriptions


@dataclass(frozen=True, slots=True)
class RefundCase:
    """A refund with the payment and the subscription that it is about.

    `others` are the member's other subscriptions that go on or are still on, `disputes` those of
    the payment, newest first. `may_be_partial`: whether the payment's provider can give back less
    than all that is left. `needs_two`: whether policy asks for a second moderator.
    """

    refund: Refund
    payment: Payment
    subscription: Subscription | None
    others: tuple[OtherPlan, ...]
    disputes: tuple[Dispute, ...]
    may_be_partial: bool
    decisions: tuple[Decision, ...] = ()
    needs_two: bool = False


async def load_refund(connection: AsyncConnection, refund_id: RefundId) -> Refund:
    """The refund, whatever became of it; raises NoSuchThing."""
    refund = await refunds.find(connection, refund_id)
    if refund is None:
        raise NoSuchThing("refund")
    return refund


async def load_case(connection: AsyncConnection, context: Context, refund: Refund) -> RefundCase:
    """Everything about a refund; raises NoSuchThing."""
    payment = await payments.find(connection, refund.payment_id)
    if payment is None:
        raise NoSuchThing("payment")
    subscription = (
        await subscriptions.find(connection, refund.subscription_id)
        if refund.subscription_id
        else None
    )
    others: tuple[OtherPlan, ...] = ()
    if subscription is not None:
        now = context.clock()
        others = await other_plans(
            connection, payment.customer_id, besides=subscription.id, after=now, now=now
        )
    provider = context.providers.get(payment.provider)
    return RefundCase(
        refund,
        payment,
        subscription,
        others,
        tuple(await disputes.of_payment(connection, payment.id)),
        provider is not None and provider.partial_refunds,
        tuple(await refunds.decisions_of(connection, refund.id)),
        context.policy.refunds.needs_two(payment.refunded + refund.amount),
    )


async def require_refundable(
    connection: AsyncConnection, payment: Payment, *, besides: RefundId | None = None
) -> None:
    """Raise NotRefundable unless something can be given back, and nobody is about to.

    `besides` is the refund that asks.
    """
    other = await refunds.unfinished_of_payment(connection, payment.id)
    if other is not None and other.id != besides:
        raise NotRefundable(why="waiting" if other.state in WAITING else "in_progress")
    if payment.refundable.amount <= 0:
        raise NotRefundable(why="refunded")
    known = await disputes.of_payment(connection, payment.id)
    if (why := why_not_refundable(known, is_disputed=payment.disputed)) is not None:
        raise NotRefundable(why=why)


async def record(
    connection: AsyncConnection,
    context: Context,
    refund: Refund,
    action: str,
    actor: UserId | None,
    *,
    why: str | None = None,
) -> None:
    """Write a step of a refund to the audit log. `actor` None means Mooring itself.

    `why` is what a moderator gave as the reason; the ground is always there.
    """
    await record_at(connection, refund, action, actor, now=context.clock(), why=why)


async def record_at(
    connection: AsyncConnection,
    refund: Refund,
    action: str,
    actor: UserId | None,
    *,
    now: datetime,
    why: str | None = None,
) -> None:
    """The same as part of a larger change, at its moment."""
    await audit.append(
        connection,
        actor_id=actor,
        action=action,
        subject=refund.payment_id,
        details={
            "refund": refund.id,
            "amount": refund.amount.amount,
            "currency": refund.amount.currency,
            "ground": refund.ground,
            "consequence": refund.consequence,
            "provider_refund": refund.provider_refund_id,
            "failure": refund.failure,
            **({"why": why} if why else {}),
        },
        now=now,
    )
