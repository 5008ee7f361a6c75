"""Counts and records of cancel attempts, for the retention report."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.cancellation import AttemptState, Outcome, Step, outcome_from
from bot.domain.identifiers import AttemptId, PlanId
from bot.domain.money import Money
from bot.domain.retention_report import AttemptRecord, Cell, Comment, Period, Result, result_of
from storage.columns import EPOCH
from storage.schema import cancel_attempts, cancel_steps, subscriptions

# 1970 began on a Thursday; this was its first Monday.
_FIRST_MONDAY = (EPOCH + timedelta(days=4)).date()
_FIRST_MONDAY_MILLISECONDS = 4 * 86_400_000
_WEEK_MILLISECONDS = 7 * 86_400_000

_c = cancel_attempts.c
_of_customer = subscriptions.c.customer_id == _c.customer_id
_goes_on = sa.and_(subscriptions.c.ended_at.is_(None), subscriptions.c.cancel_at.is_(None))
# A save that no invoice can prove any more: every plan of its customer has ended or is to end.
_has_left = sa.case(
    (
        sa.and_(_c.state == AttemptState.SAVED.value, _c.kept_at.is_(None)),
        sa.and_(sa.exists().where(_of_customer), ~sa.exists().where(_of_customer, _goes_on)),
    ),
    # The plan was over when the attempt was ended: nobody has stopped answering.
    (_c.state == AttemptState.TIMED_OUT.value, _c.failure.is_not(None)),
    else_=sa.false(),
)
_FACTS = (
    _c.state,
    _c.ticket_id.is_not(None).label("has_ticket"),
    _c.offered_at.is_not(None).label("was_offered"),
    _c.kept_at.is_not(None).label("is_kept"),
    _has_left.label("has_left"),
)


def _within(period: Period, plan_id: PlanId | None) -> sa.ColumnElement[bool]:
    in_time = sa.and_(_c.started_at >= period.start, _c.started_at < period.end)
    return in_time if plan_id is None else sa.and_(in_time, _c.plan_id == plan_id)


def _outcome(row: sa.Row[*tuple[Any, ...]]) -> Outcome:
    return outcome_from(
        AttemptState(row.state), has_ticket=row.has_ticket, was_offered=row.was_offered
    )


def _result(row: sa.Row[*tuple[Any, ...]]) -> Result:
    return result_of(_outcome(row), is_kept=row.is_kept, has_left=row.has_left)


async def cells(connection: AsyncConnection, period: Period, plan_id: PlanId | None) -> list[Cell]:
    """Every attempt of the period, counted by what the report tells apart."""
    milliseconds = sa.type_coerce(_c.started_at, sa.BigInteger)
    facts = (
        sa.select(
            ((milliseconds - _FIRST_MONDAY_MILLISECONDS) // _WEEK_MILLISECONDS).label("week"),
            *_FACTS,
            _c.reason_id,
            _c.variant,
            _c.currency,
            _c.monthly_amount,
        )
        .where(_within(period, plan_id))
        .subquery()
    )
    keys = [column for column in facts.c if column.name != "monthly_amount"]
    rows = await connection.execute(
        sa.select(
            *keys,
            sa.func.count().label("attempts"),
            sa.func.coalesce(sa.func.sum(facts.c.monthly_amount), 0).label("monthly_amount"),
        ).group_by(*keys)
    )
    return [
        Cell(
            _FIRST_MONDAY + timedelta(weeks=row.week),
            _result(row),
            row.reason_id,
            row.variant,
            bool(row.was_offered),
            row.currency,
            row.attempts,
            int(row.monthly_amount),
        )
        for row in rows
    ]


async def records(
    connection: AsyncConnection,
    period: Period,
    plan_id: PlanId | None,
    *,
    after: AttemptRecord | None,
    most: int,
) -> list[AttemptRecord]:
    """A portion of the period's attempts, in the order in which they began."""
    statement = (
        sa.select(
            _c.id,
            _c.started_at,
            _c.kept_at,
            *_FACTS,
            _c.reason_id,
            _c.variant,
            _c.offer_id,
            _c.plan_id,
            _c.monthly_amount,
            _c.currency,
        )
        .where(_within(period, plan_id))
        .order_by(_c.started_at, _c.id)
        .limit(most)
    )
    if after is not None:
        statement = statement.where(
            sa.or_(
                _c.started_at > after.started_at,
                sa.and_(_c.started_at == after.started_at, _c.id > after.id),
            )
        )
    rows = (await connection.execute(statement)).all()
    steps = await _steps(connection, [row.id for row in rows])
    return [
        AttemptRecord(
            row.id,
            row.started_at,
            steps[row.id],
            row.kept_at,
            _outcome(row),
            _result(row),
            row.reason_id,
            row.variant,
            row.offer_id,
            row.plan_id,
            Money(row.monthly_amount, row.currency) if row.currency is not None else None,
        )
        for row in rows
    ]


async def _steps(
    connection: AsyncConnection, attempt_ids: Sequence[AttemptId]
) -> defaultdict[str, dict[Step, datetime]]:
    """The first time of each step: a reason that was changed counts from the first one."""
    rows = await connection.execute(
        sa.select(
            cancel_steps.c.attempt_id,
            cancel_steps.c.step,
            sa.func.min(cancel_steps.c.at).label("at"),
        )
        .where(cancel_steps.c.attempt_id.in_(attempt_ids))
        .group_by(cancel_steps.c.attempt_id, cancel_steps.c.step)
    )
    found: defaultdict[str, dict[Step, datetime]] = defaultdict(dict)
    for row in rows:
        found[row.attempt_id][Step(row.step)] = row.at
    return found


async def comments(
    connection: AsyncConnection,
    period: Period,
    plan_id: PlanId | None,
    *,
    reason_id: str | None,
    most: int,
    skip: int = 0,
) -> list[Comment]:
    """What members wrote, newest first."""
    written = sa.or_(_c.comment.is_not(None), _c.follow_up.is_not(None))
    of_reason = sa.true() if reason_id is None else _c.reason_id == reason_id
    rows = await connection.execute(
        sa.select(_c.id, _c.started_at, _c.reason_id, _c.plan_id, *_FACTS, _c.comment, _c.follow_up)
        .where(_within(period, plan_id), written, of_reason)
        .order_by(_c.started_at.desc(), _c.id.desc())
        .limit(most)
        .offset(skip)
    )
    return [
        Comment(
            row.id,
            row.started_at,
            row.reason_id,
            row.plan_id,
            _result(row),
            row.comment,
            row.follow_up,
        )
        for row in rows
    ]
