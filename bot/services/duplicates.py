"""Payments that cover the same period twice (rule S30): told once, and listed for moderators.

A plan switch begins a period of its own and a top-up has none, so neither is ever among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NoSuchThing
from bot.domain.identifiers import PaymentId, UserId
from bot.domain.job import NewJob
from bot.domain.refund import Payment, proven_duplicates
from bot.services.changes import Change
from bot.services.context import Context
from bot.services.disputes import undisputed_where_decided
from bot.services.guilds import Actor, Duty, GuildService
from storage import customers, jobs, payments

TELL = "refund.tell_duplicate"
# Providers repeat their events for three days. What was paid earlier is history: nobody is called
# for it, and `/duplicates` shows it.
NEWS_FOR = timedelta(days=4)
PAGE = 5


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Payments of one period, oldest first. `member_id` is None where nobody has linked them."""

    payments: tuple[Payment, ...]
    member_id: UserId | None


@dataclass(frozen=True, slots=True)
class DuplicatePage:
    """A page of them, the newest first."""

    duplicates: tuple[Duplicate, ...]
    number: int
    is_last: bool


async def note_duplicates(
    connection: AsyncConnection, changed: Sequence[Change[Payment]], *, now: datetime
) -> None:
    """List what was paid twice, and have the team told of what is new of it, in the transaction
    that learns of it."""
    shown = [
        each
        for each in changed
        if each.after.subscription_id is not None and each.after.period_start is not None
    ]
    if not shown:
        return
    paid = await payments.of_periods(connection, [each.after for each in shown])
    # With what is disputed: it counts once the bank has left it to the vendor.
    counted = proven_duplicates([replace(each, disputed=False) for each in paid])
    twice = [each.id for group in counted for each in group]
    if not twice:
        return
    await payments.note_paid_twice(connection, twice, now=now)
    news = {
        each.after.id
        for each in shown
        if each.before is None and now - each.after.paid_at < NEWS_FOR
    }
    told = [
        told_once(TELL, group)
        for group in await _groups(connection, paid)
        if news & {each.id for each in group}
    ]
    await jobs.add(connection, told, now=now)


def _period(payment: Payment) -> tuple[object, ...]:
    return payment.subscription_id, payment.period_start, payment.period_end


def told_once(kind: str, group: Sequence[Payment], **asked: object) -> NewJob:
    """A message to the team about these payments, whoever comes upon them first: the mirror, or
    the member with a question."""
    ids = sorted(each.id for each in group)
    return NewJob(kind, f"duplicate:{'+'.join(ids)}", {"payment_ids": ids, **asked})


async def _groups(
    connection: AsyncConnection, paid: Sequence[Payment]
) -> tuple[tuple[Payment, ...], ...]:
    return proven_duplicates(await undisputed_where_decided(connection, paid))


class DuplicateService:
    """What moderators see of them."""

    def __init__(self, context: Context, guilds: GuildService) -> None:
        """`guilds` says who is a moderator."""
        self._context = context
        self._guilds = guilds

    async def page(self, actor: Actor, number: int) -> DuplicatePage:
        """Of all members; the first page is number 0. Raises NotPermitted."""
        await self._guilds.require(actor, Duty.MODERATOR)
        async with self._context.database.read() as connection:
            paid = await payments.of_periods_paid_twice(
                connection, most=PAGE + 1, besides=number * PAGE
            )
            periods = dict.fromkeys(_period(each) for each in paid)
            shown = list(periods)[:PAGE]
            groups = await _groups(
                connection,
                [each for each in paid if _period(each) in shown],
            )
            found = await self._with_members(connection, groups)
        newest_first = sorted(found, key=lambda each: each.payments[-1].paid_at, reverse=True)
        return DuplicatePage(tuple(newest_first), number, is_last=len(periods) <= PAGE)

    async def find(self, payment_ids: Sequence[PaymentId]) -> Duplicate | None:
        """These payments, if they still are duplicates of each other."""
        async with self._context.database.read() as connection:
            paid = await payments.find_many(connection, payment_ids)
            groups = await _groups(connection, list(paid.values()))
            found = await self._with_members(connection, groups)
        return found[0] if found else None

    async def member_of(self, actor: Actor, payment_id: PaymentId) -> UserId:
        """Whose payment it is; raises NotPermitted, or NoSuchThing where nobody has linked it."""
        await self._guilds.require(actor, Duty.MODERATOR)
        async with self._context.database.read() as connection:
            payment = await payments.find(connection, payment_id)
            customer = await customers.find(connection, payment.customer_id) if payment else None
        if customer is None or customer.user_id is None:
            raise NoSuchThing("member")
        return customer.user_id

    async def _with_members(
        self, connection: AsyncConnection, groups: Sequence[tuple[Payment, ...]]
    ) -> list[Duplicate]:
        concerned = {each.customer_id for group in groups for each in group}
        members = {
            each.id: each.user_id for each in await customers.find_many(connection, concerned)
        }
        return [Duplicate(group, members.get(group[0].customer_id)) for group in groups]
