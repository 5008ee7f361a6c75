"""A moderator's yes: what the policy makes of it, and what is committed with it (S13, S14, R9).

It happens in the caller's transaction, in which nobody else approves anything.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import (
    ApprovedBefore,
    GroundNotAllowed,
    MooringError,
    NoSuchThing,
    NotRefundable,
    OwnAccount,
    OwnRequest,
    RefundCapReached,
    RefundOutsideWindow,
    RefundOver,
    RefundsSwitchedOff,
)
from bot.domain.identifiers import CustomerId, UserId
from bot.domain.refund import Refund, RefundState
from bot.domain.refund_decision import Decision, DecisionKind, approvers, submitters
from bot.domain.refund_policy import (
    CAP_PERIOD,
    Allowed,
    Approval,
    Bar,
    Barred,
    NeedsSecondPerson,
    OutsideWindow,
    OverCap,
    Verdict,
    decide,
)
from bot.services.context import Context
from bot.services.refund_cases import RefundCase, record
from bot.services.refund_jobs import bring_card_up_to_date, move_money
from bot.services.screens import Screen
from bot.services.stuck import look_at_refund
from storage import customers, jobs, refunds

_BARS: dict[Bar, type[MooringError]] = {
    Bar.SWITCHED_OFF: RefundsSwitchedOff,
    Bar.OWN_ACCOUNT: OwnAccount,
    Bar.OWN_REQUEST: OwnRequest,
    Bar.APPROVED_BEFORE: ApprovedBefore,
    Bar.GROUND: GroundNotAllowed,
}


async def approve(
    connection: AsyncConnection,
    context: Context,
    case: RefundCase,
    moderator: UserId,
    *,
    screen: Screen,
) -> Refund:
    """Commit to the refund, or let it wait for a second moderator; raises what policy says.

    The caller has the desk alone, and has checked that the payment can be refunded.
    """
    now = context.clock()
    match await judge(connection, context, case, moderator, now=now):
        case Allowed():
            return await _grant(connection, context, case, moderator, screen=screen)
        case NeedsSecondPerson():
            return await _wait_for_second(connection, context, case, moderator)
        case refused:
            raise refusal_of(refused)


def refusal_of(verdict: Barred | OutsideWindow | OverCap) -> MooringError:
    """A verdict that is a no, as the edges tell it."""
    match verdict:
        case Barred(why):
            return _BARS[why]()
        case OutsideWindow(ended_at):
            return RefundOutsideWindow(ended_at)
        case OverCap(cap, left):
            return RefundCapReached(cap=cap, left=left)
        case _:
            assert_never(verdict)


async def judge(
    connection: AsyncConnection,
    context: Context,
    case: RefundCase,
    moderator: UserId,
    *,
    now: datetime,
) -> Verdict:
    """What the policy says to this moderator's yes right now."""
    refund, payment = case.refund, case.payment
    if refund.ground is None:
        raise NoSuchThing("ground")
    asked_by = set(submitters(case.decisions))
    if refund.requester_id is not None:
        asked_by.add(refund.requester_id)
    return decide(
        context.policy.refunds,
        Approval(
            moderator=moderator,
            amount=refund.amount,
            given_back=payment.refunded,
            granted=await refunds.granted_by(
                connection, moderator, currency=refund.amount.currency, since=now - CAP_PERIOD
            ),
            ground=refund.ground,
            paid_at=payment.paid_at,
            asked_at=refund.asked_at or now,
            asked_by=frozenset(asked_by),
            approved_by=frozenset(approvers(case.decisions)),
            owns_account=await owns_account(
                connection, moderator, payment.customer_id, refund.member_id
            ),
            is_withdrawal=refund.withdrawal_id is not None,
        ),
    )


async def owns_account(
    connection: AsyncConnection, user_id: UserId, customer_id: CustomerId, member_id: UserId | None
) -> bool:
    """Whether the payment is this person's own, by everything that the store knows.

    An account that they have had before, or that bills to the address of theirs, is their own too,
    whoever has linked it now.
    """
    if user_id == member_id or await refunds.ever_had(connection, user_id, customer_id):
        return True
    own = await customers.of_user(connection, user_id)
    billed = await customers.find(connection, customer_id)
    if own is None or billed is None:
        return False
    same_address = own.email is not None and billed.email is not None
    return own.id == billed.id or (
        same_address and str(own.email).casefold() == str(billed.email).casefold()
    )


async def _grant(
    connection: AsyncConnection,
    context: Context,
    case: RefundCase,
    moderator: UserId,
    *,
    screen: Screen,
) -> Refund:
    """Money moves from here on; the job carries it out however often it is cut short."""
    now = context.clock()
    granted = await move(
        connection,
        case.refund,
        RefundState.REQUESTED,
        moderator_id=moderator,
        requested_at=now,
    )
    decision = Decision(moderator, DecisionKind.APPROVED, None, now)
    await refunds.add_decision(connection, granted.id, decision)
    if case.refund.state is not RefundState.DRAFT:
        await record(connection, context, granted, "refund.approved", moderator)
    await record(connection, context, granted, "refund.requested", moderator)
    new = [
        move_money(granted, screen.to_payload()),
        look_at_refund(granted.id, now=now),
    ]
    if granted.submitted_at is not None:
        new.append(bring_card_up_to_date(granted, granted.state.value))
    await jobs.add(connection, new, now=now)
    return granted


async def _wait_for_second(
    connection: AsyncConnection, context: Context, case: RefundCase, moderator: UserId
) -> Refund:
    refund, now = case.refund, context.clock()
    waiting = await move(
        connection,
        refund,
        RefundState.SUBMITTED,
        moderator_id=moderator,
        submitted_at=refund.submitted_at or now,
    )
    decision = Decision(moderator, DecisionKind.APPROVED, None, now)
    await refunds.add_decision(connection, refund.id, decision)
    await record(connection, context, waiting, "refund.approved", moderator)
    mark = f"approved:{len(case.decisions)}"
    await jobs.add(connection, [bring_card_up_to_date(waiting, mark)], now=now)
    return waiting


async def move(
    connection: AsyncConnection, refund: Refund, to: RefundState, **values: object
) -> Refund:
    """Move a refund on from where it was read; raises RefundOver where somebody was first.

    The unique index decides between two refunds of one payment: NotRefundable for the other one.
    """
    try:
        async with connection.begin_nested():
            moved = await refunds.advance(
                connection, refund.id, expected=(refund.state,), to=to, **values
            )
    except IntegrityError as error:
        raise NotRefundable(why="in_progress") from error
    if moved is None:
        raise RefundOver(state=refund.state)
    return moved


async def current_case(
    connection: AsyncConnection, context: Context, case: RefundCase, refund: Refund
) -> RefundCase:
    """The case after a change of its refund."""
    decisions = tuple(await refunds.decisions_of(connection, refund.id))
    needs_two = context.policy.refunds.needs_two(case.payment.refunded + refund.amount)
    return replace(case, refund=refund, decisions=decisions, needs_two=needs_two)
