"""Turns, targets, silence, assignment and the queue, as the store keeps them."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.assignment import Assignment
from bot.domain.errors import NotPermitted
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, MessageId, RoleId, TicketId, UserId
from bot.domain.job import Job
from bot.domain.retention_report import Period
from bot.domain.sla import ServiceLevels, Target
from bot.domain.support_hours import SupportHours
from bot.domain.support_policy import Silence, SupportPolicy
from bot.domain.ticket import Priority, Ticket, TicketState
from bot.domain.ticket_queue import PER_PAGE, QueueFilter, Whose
from bot.domain.ticket_record import TicketMessage
from bot.domain.ticket_search import TopicsInSight
from bot.services import ticket_turns as turns
from bot.services.agents import AgentService
from bot.services.context import Context, Policy
from bot.services.guilds import Actor, GuildService
from bot.services.screens import Screen
from bot.services.ticket_access import TicketAccess
from bot.services.ticket_queue import QueueService
from bot.services.ticket_requests import Asking
from bot.services.ticket_silence import CLOSE_SILENT, TELL_SILENT, SilenceService
from bot.services.ticket_stats import TicketStatsService
from bot.services.tickets import TicketService
from storage import ticket_queue
from storage.database import Database
from storage.schema import jobs as jobs_table
from storage.schema import sla_breaches, tickets
from tests.integration.storage.records import MODERATORS, SUPPORT, Members, records_over
from tests.integration.storage.samples import GUILD, MIA, NOOR, NOW, Clock

SAM, KIM = UserId(2001), UserId(2002)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = SupportPolicy(
    hours=SupportHours(),
    levels=ServiceLevels(
        usual={Target.FIRST_REPLY: 4 * HOUR, Target.NEXT_REPLY: 8 * HOUR},
        by_priority={Priority.URGENT: {Target.FIRST_REPLY: HOUR}},
        by_topic={"help": {Target.FIRST_REPLY: 2 * HOUR, Target.RESOLUTION: 3 * DAY}},
    ),
    assignment=Assignment.ROUND_ROBIN,
    silence=Silence(remind_after=3 * DAY, close_after=5 * DAY),
)
TIMERS = {
    turns.SLA_DUE,
    turns.SLA_ALERT,
    turns.REMIND_SILENT,
    TELL_SILENT,
    CLOSE_SILENT,
}
_LITERAL = {"literal_binds": True}
_message_ids = count(1)


class Desk:
    """The services over one store, and a clock that carries out what falls due."""

    def __init__(self, context: Context, clock: Clock) -> None:
        self.clock = clock
        self.context = context
        self.may_write = True
        self.telling: Job | None = None
        self.configure(replace(context.policy, support=POLICY))

    def configure(self, policy: Policy) -> None:
        """The vendor's file, from the next start on."""
        self.context = replace(self.context, policy=policy)
        self.guilds = guilds = GuildService(
            self.context, {GUILD: GuildSettings(SUPPORT, MODERATORS, ChannelId(7), ChannelId(8))}
        )
        self.access = TicketAccess(self.context, guilds)
        self.tickets = TicketService(self.context, guilds)
        self.members = Members()
        self.records = records_over(self.context, self.members)
        self.turns = turns.TurnService(self.context)
        self.silence = SilenceService(self.context)
        self.agents = AgentService(self.context, guilds)
        self.queue = QueueService(self.context, self.access)
        self.stats = TicketStatsService(self.context, guilds)

    async def open(
        self, opener: UserId = MIA, topic: str = "help", *, by: UserId | None = None
    ) -> Ticket:
        ticket = await self.tickets.open(
            guild_id=GUILD,
            opener_id=opener,
            topic_id=topic,
            answers={},
            screen=Screen(1, "t"),
            asking=Asking(by=by),
        )
        await self.tickets.attach_channel(ticket.id, ChannelId(900 + ticket.number))
        await self.tickets.opened(ticket.id, MessageId(100_000 + ticket.number))
        return ticket

    async def say(
        self,
        ticket: Ticket,
        by: UserId,
        *,
        internal: bool = False,
        fetched: bool = False,
        **values: Any,
    ) -> MessageId:
        """The gateway brings the author's roles along; a message that is `fetched` has none."""
        roles = frozenset({SUPPORT} if by in (SAM, KIM) else ())
        said = TicketMessage(
            MessageId(next(_message_ids)),
            ticket.id,
            ChannelId(1),
            by,
            "Somebody",
            False,
            "Hello",
            self.clock(),
            internal=internal,
            author_roles=None if fetched else roles,
        )
        await self.records.capture([replace(said, **values)])
        return said.message_id

    async def due(self) -> list[str]:
        """Carry out every timer whose time has come; the kinds, in order."""
        done: list[str] = []
        handlers = {
            turns.SLA_DUE: self.turns.target_due,
            turns.REMIND_SILENT: self.silence.remind,
            TELL_SILENT: self.remind_in_ticket,
            CLOSE_SILENT: self.silence.close,
        }
        while (job := await self._next()) is not None:
            done.append(job.kind)
            if job.kind in handlers:
                await handlers[job.kind](job)
        return done

    async def remind_in_ticket(self, job: Job) -> None:
        """Discord takes the reminder, where there is one and it may be posted."""
        self.telling = job
        reminder = await self.silence.reminder(job)
        if reminder is not None and self.may_write:
            await self.silence.reminded(job, reminder)

    async def _next(self) -> Job | None:
        table = jobs_table
        async with self.context.database.write() as connection:
            row = (
                await connection.execute(
                    sa.select(table)
                    .where(
                        table.c.kind.in_(TIMERS),
                        table.c.done_at.is_(None),
                        table.c.run_at <= self.clock(),
                    )
                    .order_by(table.c.id)
                    .limit(1)
                )
            ).first()
            if row is None:
                return None
            await connection.execute(
                sa.update(table).where(table.c.id == row.id).values(done_at=self.clock())
            )
        return Job(row.id, row.kind, row.key, row.payload, 1)

    async def start(self) -> None:
        """What a process does with timers when it starts."""
        await self.turns.schedule()
        table = jobs_table
        async with self.context.database.write() as connection:
            rows = (
                await connection.execute(
                    sa.select(table).where(table.c.kind == turns.SWEEP, table.c.done_at.is_(None))
                )
            ).all()
            await connection.execute(
                sa.update(table).where(table.c.kind == turns.SWEEP).values(done_at=self.clock())
            )
        for row in rows:
            await self.turns.sweep(Job(row.id, row.kind, row.key, row.payload, 1))

    async def timers(self) -> list[str]:
        """The keys of all that were ever set and are known."""
        statement = sa.select(jobs_table.c.key).where(jobs_table.c.kind.in_(TIMERS))
        async with self.context.database.read() as connection:
            return sorted(await connection.scalars(statement))

    async def breaches(self) -> list[tuple[str, datetime]]:
        table = sla_breaches
        async with self.context.database.read() as connection:
            rows = await connection.execute(sa.select(table).order_by(table.c.noticed_at))
            return [(row.target, row.due_at) for row in rows]

    async def set(self, ticket_id: TicketId, **values: object) -> None:
        async with self.context.database.write() as connection:
            await connection.execute(
                sa.update(tickets).where(tickets.c.id == ticket_id).values(**values)
            )
            await turns.arm(connection, self.context, ticket_id)


@pytest.fixture
def desk(context: Context, clock: Clock) -> Desk:
    numbers = count(1)
    return Desk(replace(context, new_id=lambda: f"T{next(numbers):05}"), clock)


def team(user_id: UserId = SAM, *roles: RoleId, guild: GuildId = GUILD) -> Actor:
    return Actor(user_id, guild, frozenset(roles or (SUPPORT,)), manages_guild=False)


async def test_a_late_first_reply_is_told_once_and_an_answer_in_time_is_not(desk: Desk) -> None:
    late, answered = await desk.open(), await desk.open(NOOR)
    desk.clock.advance(hours=1)
    await desk.say(answered, SAM)
    await desk.say(late, SAM, internal=True)
    desk.clock.advance(hours=1)

    assert await desk.due() == [turns.SLA_DUE, turns.SLA_DUE, turns.SLA_ALERT]
    assert await desk.breaches() == [("first_reply", NOW + 2 * HOUR)]
    await desk.set(late.id, priority="urgent")
    await desk.set(late.id, priority="normal")
    desk.clock.advance(days=1)
    assert turns.SLA_ALERT not in await desk.due()

    # Two days later the member still waits: the resolution is another target.
    desk.clock.advance(days=2)
    assert (await desk.due()).count(turns.SLA_ALERT) == 1
    assert [target for target, _ in await desk.breaches()] == ["first_reply", "resolution"]


async def test_a_shorter_target_counts_at_once_and_a_longer_one_waits(desk: Desk) -> None:
    ticket = await desk.open(topic="billing")
    await desk.set(ticket.id, priority="urgent")
    desk.clock.advance(minutes=61)
    await desk.due()
    assert await desk.breaches() == [("first_reply", NOW + HOUR)]

    other = await desk.open(NOOR, topic="billing")
    await desk.set(other.id, snoozed_until=desk.clock() + DAY)
    desk.clock.advance(hours=5)
    assert turns.SLA_ALERT not in await desk.due()
    desk.clock.advance(hours=20)
    assert turns.SLA_ALERT in await desk.due()


async def test_a_question_after_an_answer_has_a_target_of_its_own_and_ends_a_snooze(
    desk: Desk,
) -> None:
    ticket = await desk.open(topic="billing")
    await desk.say(ticket, SAM)
    await desk.set(ticket.id, snoozed_until=desk.clock() + DAY, close_deadline=desk.clock() + DAY)
    desk.clock.advance(hours=2)
    await desk.say(ticket, MIA)

    found = await desk.tickets.find(ticket.id)
    assert (found.waiting_since, found.snoozed_until) == (NOW + 2 * HOUR, None)
    assert found.close_deadline is None
    desk.clock.advance(hours=9)
    await desk.due()
    assert await desk.breaches() == [("next_reply", NOW + 10 * HOUR)]
    await desk.tickets.close(team(), ticket.id, reason=None)
    desk.clock.advance(days=9)
    assert turns.SLA_ALERT not in await desk.due()


async def test_silence_is_reminded_of_once_and_then_closes(desk: Desk) -> None:
    silent, talking = await desk.open(), await desk.open(NOOR)
    never_answered = await desk.open(topic="billing")
    for ticket in (silent, talking):
        await desk.say(ticket, SAM)
    desk.clock.advance(days=2)
    await desk.say(talking, SAM)  # the team adds something: the days begin anew
    desk.clock.advance(days=1)
    assert (await desk.due()).count(TELL_SILENT) == 1
    desk.clock.advance(days=2)
    done = await desk.due()
    assert (done.count(TELL_SILENT), done.count(CLOSE_SILENT)) == (1, 1)

    closed = await desk.tickets.find(silent.id)
    assert (closed.state, closed.closed_by) == (TicketState.CLOSING, None)
    assert closed.close_reason == "No answer for 5 days."
    # One who answers after the reminder is waiting, and nobody closes while they wait.
    await desk.say(talking, NOOR)
    desk.clock.advance(days=30)
    await desk.due()
    for ticket in (talking, never_answered):
        assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN


async def test_silence_does_not_close_what_is_snoozed_or_asked_about_and_not_at_once_after_a_pause(
    desk: Desk,
) -> None:
    snoozed, asked, late = await desk.open(), await desk.open(NOOR), await desk.open(KIM)
    for ticket in (snoozed, asked, late):
        await desk.say(ticket, SAM)
    await desk.set(snoozed.id, snoozed_until=desk.clock() + 20 * DAY)
    await desk.set(asked.id, close_deadline=desk.clock() + 20 * DAY)
    desk.clock.advance(days=10)  # the bot was away

    await desk.due()
    assert (await desk.tickets.find(late.id)).state is TicketState.OPEN
    desk.clock.advance(days=2)
    await desk.due()
    states = [(await desk.tickets.find(each.id)).state for each in (snoozed, asked, late)]
    assert states == [TicketState.OPEN, TicketState.OPEN, TicketState.CLOSING]


async def test_tickets_go_round_also_when_they_are_opened_at_once(desk: Desk) -> None:
    for agent in (SAM, KIM):
        await desk.agents.set_taking(team(agent), takes_tickets=True)
    with pytest.raises(NotPermitted):
        await desk.agents.set_taking(team(NOOR, RoleId(99)), takes_tickets=True)

    opened = await asyncio.gather(*(desk.open(UserId(5000 + number)) for number in range(6)))

    got = sorted(each.assignee_id or 0 for each in opened)
    assert got == [SAM] * 3 + [KIM] * 3
    assert {agent.user_id: agent.open_tickets for agent in await desk.agents.roster(team())} == {
        SAM: 3,
        KIM: 3,
    }
    await desk.agents.set_taking(team(SAM), takes_tickets=False)
    await desk.agents.seen(GUILD, KIM, frozenset())
    assert (await desk.open(UserId(6000))).assignee_id is None


async def test_the_queue_has_the_urgent_first_then_who_has_waited_longest(desk: Desk) -> None:
    for number in range(PER_PAGE + 2):
        ticket = await desk.open(UserId(5000 + number), "help" if number % 2 else "billing")
        desk.clock.advance(minutes=1)
        if number == 5:
            await desk.set(ticket.id, priority="urgent", assignee_id=SAM)
        if number == 6:
            await desk.set(ticket.id, priority="low")
        if number == 7:
            await desk.say(ticket, SAM)

    first = await desk.queue.page(team(), QueueFilter())
    second = await desk.queue.page(team(), QueueFilter(page=1))

    numbers = [each.waiting.number for page in (first, second) for each in page.lines]
    assert numbers == [6, 1, 2, 3, 4, 5, 9, 10, 11, 12, 7]
    assert (first.total, first.has_more, second.has_more) == (PER_PAGE + 1, True, False)
    due = first.lines[0].due
    assert due is not None
    assert (due.target, due.at) == (Target.FIRST_REPLY, NOW + timedelta(minutes=5) + HOUR)
    mine = await desk.queue.page(team(), QueueFilter(whose=Whose.MINE, page=3))
    assert [each.waiting.number for each in mine.lines] == [6]
    billing = QueueFilter(topic_id="billing", whose=Whose.NOBODYS)
    found = (await desk.queue.page(team(), billing)).lines
    assert [each.waiting.number for each in found] == [1, 3, 5, 9, 11, 7]
    with pytest.raises(NotPermitted):
        await desk.queue.page(team(MIA, RoleId(99)), QueueFilter())


async def test_statistics_are_of_the_period_and_for_those_who_lead(desk: Desk) -> None:
    quick, slow, open_still = await desk.open(), await desk.open(NOOR), await desk.open(KIM)
    desk.clock.advance(hours=1)
    await desk.say(quick, SAM)
    desk.clock.advance(hours=2)
    await desk.say(slow, KIM)
    await desk.tickets.close(team(), quick.id, reason=None)
    await desk.set(quick.id, rating=5)
    await desk.set(slow.id, assignee_id=SAM)
    leader = team(UserId(1), MODERATORS)

    stats = await desk.stats.report(leader, Period.of_days(7, now=NOW))

    overall = stats.overall
    assert (overall.opened, overall.content.part, overall.content.whole) == (3, 1, 1)
    assert overall.first_response.median == HOUR
    assert overall.first_response.most == 3 * HOUR
    assert overall.resolution.median == 3 * HOUR
    assert [(agent, own.opened) for agent, own in stats.by_agent] == [(SAM, 2), (None, 1)]
    assert [own.opened for _, own in stats.by_week] == [3]
    assert open_still.number in {
        each.number for each in await desk.stats.facts(leader, Period.of_days(7, now=NOW))
    }
    earlier = Period.of_days(7, now=NOW - 30 * DAY)
    assert (await desk.stats.report(leader, earlier)).overall.opened == 0
    with pytest.raises(NotPermitted):
        await desk.stats.report(team(), earlier)


async def test_a_change_of_configuration_is_noticed_at_the_next_start(
    desk: Desk, database: Database
) -> None:
    ticket = await desk.open(topic="billing")
    async with database.write() as connection:
        await connection.execute(sa.delete(jobs_table).where(jobs_table.c.kind.in_(TIMERS)))
    desk.clock.advance(hours=5)
    await desk.turns.sweep(Job(1, turns.SWEEP, "support.sweep:1", {}, 1))

    assert await desk.due() == [turns.SLA_DUE, turns.SLA_ALERT]
    assert await desk.breaches() == [("first_reply", NOW + 4 * HOUR)]
    assert (await desk.tickets.find(ticket.id)).state is TicketState.OPEN


async def test_tickets_of_a_topic_that_was_removed_stay_in_the_queue(desk: Desk) -> None:
    """The support role answers them, as it does everywhere else."""
    waiting = await desk.open(topic="billing")
    left = tuple(topic for topic in desk.context.policy.topics if topic.id != "billing")
    changed = replace(desk.context, policy=replace(desk.context.policy, topics=left))
    guilds = GuildService(changed, {GUILD: GuildSettings(SUPPORT, MODERATORS)})

    page = await QueueService(changed, TicketAccess(changed, guilds)).page(team(), QueueFilter())

    assert [each.waiting.number for each in page.lines] == [waiting.number]
    assert "billing" not in page.topics


async def test_a_topics_own_team_needs_no_support_role_in_the_server(desk: Desk) -> None:
    own = RoleId(77)
    topics = tuple(
        replace(topic, staff_role_id=own if topic.id == "billing" else None)
        for topic in desk.context.policy.topics
    )
    changed = replace(desk.context, policy=replace(desk.context.policy, topics=topics))
    guilds = GuildService(changed, {GUILD: GuildSettings()})
    await guilds.note_roles(GUILD, {own})
    waiting = await desk.open(topic="billing")
    await desk.open()

    queue = QueueService(changed, TicketAccess(changed, guilds))
    page = await queue.page(team(SAM, own), QueueFilter())

    assert [each.waiting.number for each in page.lines] == [waiting.number]
    assert page.topics == ("billing",)


async def test_the_queue_reads_only_what_waits(desk: Desk, database: Database) -> None:
    """By the index of tickets that wait, whatever else there is: tickets that are open, too."""
    waiting = await desk.open()
    other = {"guild_id": GUILD, "topic_id": "help", "answers": {}, "state": "open"}
    async with database.write() as connection:
        await connection.execute(
            sa.insert(tickets),
            [
                {**other, "id": f"X{n}", "number": 100 + n, "opener_id": 9_000 + n}
                | {"created_at": waiting.created_at}
                for n in range(1_000)
            ],
        )
        await connection.exec_driver_sql("ANALYZE")
    topics = TopicsInSight(without=frozenset(["bug"]))
    statement = ticket_queue.select_page(
        GUILD, QueueFilter(), topics=topics, user_id=SAM, now=desk.clock()
    )
    async with database.read() as connection:
        written = statement.compile(connection.sync_connection, compile_kwargs=_LITERAL)
        if database.is_sqlite:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}")
        else:
            plan = await connection.exec_driver_sql(f"EXPLAIN {written}")
        steps = " ".join(str(row) for row in plan)
    assert "ix_tickets_waiting" in steps
