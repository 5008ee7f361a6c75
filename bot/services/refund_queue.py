"""The moderators' queue: yes, no, or a question back. Everything is read again at each click."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import (
    ConsequenceChanged,
    NoSuchThing,
    NotPermitted,
    OwnAccount,
    OwnRequest,
    RefundOver,
)
from bot.domain.identifiers import ChannelId, MessageId, RefundId, UserId
from bot.domain.job import NewJob
from bot.domain.money import Money
from bot.domain.refund import WAITING, Refund, RefundState
from bot.domain.refund_decision import Decision, DecisionKind, submitters
from bot.domain.secrets_in_text import remove_secrets
from bot.services.context import Context
from bot.services.guilds import Actor, Duty, GuildService
from bot.services.refund_approval import approve, current_case, move, owns_account
from bot.services.refund_cases import (
    RefundCase,
    load_case,
    load_refund,
    record,
    require_refundable,
)
from bot.services.refund_consequences import consequence_of
from bot.services.refund_file import RefundFile, open_file
from bot.services.refund_jobs import ASK_BACK, bring_card_up_to_date, tell_member, tell_outcome
from bot.services.refunds import require_possible
from bot.services.screens import Screen
from storage import customers, jobs, refunds

MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class WaitingRefunds:
    """Longest waiting first; `total` counts those too that are not listed."""

    listed: Sequence[Refund]
    total: int


class RefundQueueService:
    """What moderators do with a refund that waits."""

    def __init__(self, context: Context, guilds: GuildService) -> None:
        """`guilds` says who is a moderator."""
        self._context = context
        self._guilds = guilds

    async def waiting(self, actor: Actor) -> WaitingRefunds:
        """What waits for a decision."""
        await self._guilds.require(actor, Duty.MODERATOR)
        async with self._context.database.read() as connection:
            return WaitingRefunds(
                await refunds.waiting(connection, limit=MOST_LISTED),
                await refunds.count_waiting(connection),
            )

    async def history(self, actor: Actor, member_id: UserId) -> Sequence[Refund]:
        """What was decided about a member's payments, newest first."""
        await self._guilds.require(actor, Duty.MODERATOR)
        async with self._context.database.read() as connection:
            customer = await customers.of_user(connection, member_id)
            if customer is None:
                return []
            return await refunds.earlier(connection, customer.id, limit=MOST_LISTED)

    async def file(self, refund_id: RefundId) -> RefundFile:
        """The facts, for the card."""
        async with self._context.database.read() as connection:
            refund = await load_refund(connection, refund_id)
            return await open_file(connection, self._context, refund)

    async def remember_card(
        self, refund_id: RefundId, channel_id: ChannelId, message_id: MessageId
    ) -> None:
        """Where the card is."""
        async with self._context.database.write() as connection:
            await refunds.set_card(
                connection, refund_id, channel_id=channel_id, message_id=message_id
            )

    async def require_deciding(self, actor: Actor, refund_id: RefundId) -> RefundCase:
        """The case, if this moderator may decide it now; raises otherwise."""
        await self._guilds.require(actor, Duty.MODERATOR)
        async with self._context.database.read() as connection:
            return await self._waiting_case(connection, actor, refund_id)

    async def approve(
        self, actor: Actor, refund_id: RefundId, *, agreed: str, screen: Screen
    ) -> RefundCase:
        """Say yes to what the card showed, of which `agreed` is the fingerprint.

        Raises what the policy says, or ConsequenceChanged: then the card is new.
        """
        await self._guilds.require(actor, Duty.MODERATOR)
        async with self._context.database.write() as connection:
            await refunds.have_desk_alone(connection)
            case = await self._waiting_case(connection, actor, refund_id)
            if case.refund.fingerprint != agreed:
                raise ConsequenceChanged(in_queue=True)
            await require_refundable(connection, case.payment, besides=refund_id)
            if not await self._revise(connection, actor, case):
                approved = await approve(
                    connection, self._context, case, actor.user_id, screen=screen
                )
                return await current_case(connection, self._context, case, approved)
        # Committed: the next one who looks sees what it would do now.
        raise ConsequenceChanged(in_queue=True)

    async def _revise(self, connection: AsyncConnection, actor: Actor, case: RefundCase) -> bool:
        """Whether the refund would not do any more what the card says; if so, mend that."""
        refund, left = case.refund, case.payment.refundable
        amount = refund.amount if refund.amount.amount <= left.amount else left
        ends = await consequence_of(connection, self._context, case.payment, amount)
        if ends is refund.consequence and amount == refund.amount:
            return False
        revised = await move(
            connection,
            refund,
            refund.state,
            amount=amount.amount,
            consequence=ends.value,
        )
        await self._say(connection, actor.user_id, revised, case, kind=DecisionKind.REVISED)
        return True

    async def set_amount(self, actor: Actor, refund_id: RefundId, amount: Money) -> RefundCase:
        """Another amount; whoever has said yes before has said it to another refund."""
        await self._guilds.require(actor, Duty.MODERATOR)
        async with self._context.database.write() as connection:
            await refunds.have_desk_alone(connection)
            case = await self._waiting_case(connection, actor, refund_id)
            require_possible(case, amount)
            ends = await consequence_of(connection, self._context, case.payment, amount)
            changed = await move(
                connection,
                case.refund,
                case.refund.state,
                amount=amount.amount,
                consequence=ends.value,
            )
            await self._say(connection, actor.user_id, changed, case, kind=DecisionKind.AMOUNT)
            await record(connection, self._context, changed, "refund.amount_set", actor.user_id)
            return await current_case(connection, self._context, case, changed)

    async def deny(self, actor: Actor, refund_id: RefundId, *, reason: str) -> RefundCase:
        """Say no, with a reason that the member can read."""
        await self._guilds.require(actor, Duty.MODERATOR)
        said = remove_secrets(reason)[0]
        async with self._context.database.write() as connection:
            case = await self._waiting_case(connection, actor, refund_id)
            return await deny_within(connection, self._context, case, actor.user_id, why=said)

    async def ask_back(self, actor: Actor, refund_id: RefundId, *, question: str) -> RefundCase:
        """Ask whoever asked for it; the refund waits on, and can be decided all the same."""
        await self._guilds.require(actor, Duty.MODERATOR)
        said = remove_secrets(question)[0]
        async with self._context.database.write() as connection:
            case = await self._waiting_case(connection, actor, refund_id)
            if case.refund.requester_id is None:
                raise NoSuchThing("request")
            asked = await move(connection, case.refund, RefundState.ASKED_BACK)
            await self._say(
                connection, actor.user_id, asked, case, kind=DecisionKind.ASKED, note=said
            )
            await record(connection, self._context, asked, "refund.asked_back", actor.user_id)
            mark = len(case.decisions)
            ask = NewJob(ASK_BACK, f"refund-ask:{refund_id}:{mark}", {"refund_id": refund_id})
            await jobs.add(connection, [ask], now=self._context.clock())
            return await current_case(connection, self._context, case, asked)

    async def require_answering(
        self, user_id: UserId, actor: Actor | None, refund_id: RefundId
    ) -> RefundCase:
        """The case with its question, for whoever may answer: who asked for it, or support."""
        async with self._context.database.read() as connection:
            refund = await load_refund(connection, refund_id)
            case = await load_case(connection, self._context, refund)
        await self._require_answerer(user_id, actor, case)
        return case

    async def answer(
        self, user_id: UserId, actor: Actor | None, refund_id: RefundId, *, text: str
    ) -> RefundCase:
        """Answer the moderators' question; it waits for them again."""
        await self.require_answering(user_id, actor, refund_id)
        said = remove_secrets(text)[0]
        async with self._context.database.write() as connection:
            refund = await load_refund(connection, refund_id)
            if refund.state is not RefundState.ASKED_BACK:
                raise RefundOver(state=refund.state)
            case = await load_case(connection, self._context, refund)
            back = await move(connection, refund, RefundState.SUBMITTED)
            await self._say(connection, user_id, back, case, kind=DecisionKind.ANSWERED, note=said)
            await record(connection, self._context, back, "refund.answered", user_id)
            return await current_case(connection, self._context, case, back)

    async def _require_answerer(
        self, user_id: UserId, actor: Actor | None, case: RefundCase
    ) -> None:
        if case.refund.state is not RefundState.ASKED_BACK:
            raise RefundOver(state=case.refund.state)
        if user_id == case.refund.requester_id or user_id in submitters(case.decisions):
            return
        if actor is None:
            raise NotPermitted(needs=Duty.SUPPORT)
        await self._guilds.require(actor, Duty.SUPPORT)

    async def _say(
        self,
        connection: AsyncConnection,
        who: UserId,
        refund: Refund,
        case: RefundCase,
        *,
        kind: DecisionKind,
        note: str | None = None,
    ) -> None:
        """What was said, and the card that shows it."""
        now = self._context.clock()
        await refunds.add_decision(connection, refund.id, Decision(who, kind, note, now))
        mark = f"{kind.value}:{len(case.decisions)}"
        await jobs.add(connection, [bring_card_up_to_date(refund, mark)], now=now)

    async def _waiting_case(
        self, connection: AsyncConnection, actor: Actor, refund_id: RefundId
    ) -> RefundCase:
        """One that waits, for somebody whom it does not concern."""
        refund = await load_refund(connection, refund_id)
        if refund.state not in WAITING:
            raise RefundOver(state=refund.state)
        case = await load_case(connection, self._context, refund)
        if await owns_account(
            connection, actor.user_id, case.payment.customer_id, refund.member_id
        ):
            raise OwnAccount
        if actor.user_id == refund.requester_id or actor.user_id in submitters(case.decisions):
            raise OwnRequest
        return case


async def deny_within(
    connection: AsyncConnection, context: Context, case: RefundCase, by: UserId, *, why: str
) -> RefundCase:
    """Say no to what is not decided, and tell whoever asked; for who may, as the caller knows."""
    now = context.clock()
    denied = await move(
        connection, case.refund, RefundState.DENIED, moderator_id=by, finished_at=now
    )
    await refunds.add_decision(connection, denied.id, Decision(by, DecisionKind.DENIED, why, now))
    await record(connection, context, denied, "refund.denied", by, why=why)
    new = tell_outcome(denied)
    if denied.was_asked_for:
        new += tell_member(denied)
    await jobs.add(connection, new, now=now)
    return await current_case(connection, context, case, denied)
