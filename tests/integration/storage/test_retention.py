"""The report's numbers as the store counts them, who may see them, and the weekly digest's jobs."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.cancellation import AttemptState, Outcome, Step
from bot.domain.errors import InvalidPeriod, NotPermitted, ServerNotTrusted
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import (
    AttemptId,
    ChannelId,
    CustomerId,
    GuildId,
    PlanId,
    RoleId,
    SubscriptionId,
)
from bot.domain.job import Job
from bot.domain.money import Money
from bot.domain.retention_report import Period, Result, Share
from bot.services.context import Context
from bot.services.guilds import Actor, GuildService
from bot.services.retention_reports import RetentionReportService, Selection
from storage import cancel_attempts, customers, jobs, subscriptions
from storage.database import Database
from storage.schema import jobs as jobs_table
from tests.integration.storage.samples import (
    GUILD,
    MAX,
    MIA,
    NOW,
    STRIPE,
    Clock,
    subscription,
)

MODERATORS, REPORTS = RoleId(5), ChannelId(9)
SETTINGS = {GUILD: GuildSettings(moderator_role_id=MODERATORS, report_channel_id=REPORTS)}
MODERATOR = Actor(MAX, GUILD, frozenset({MODERATORS}), manages_guild=False)
OWNER = Actor(MAX, GUILD, frozenset(), manages_guild=True)
ASKING = (AttemptState.STARTED, AttemptState.REASON_GIVEN)
# NOW is a Sunday: the first of November.
MONTH = Period(date(2026, 10, 3), date(2026, 11, 1))
EVERYTHING = Selection(MONTH, None)
PRO_PRICE = Money(2000, "usd")


@pytest.fixture
def service(context: Context) -> RetentionReportService:
    return RetentionReportService(context, GuildService(context, SETTINGS))


async def attempt(
    database: Database,
    name: str,
    to: AttemptState | None,
    *,
    days_ago: float = 1,
    reason: str | None = "too_expensive",
    plan: str = "pro",
    price: Money = PRO_PRICE,
    offered: dict[str, Any] | None = None,
    **values: Any,
) -> None:
    """One attempt of a customer of its own, an hour from its first click to its last."""
    start = NOW - timedelta(days=days_ago)
    customer_id, attempt_id = CustomerId(f"cus_{name}"), AttemptId(name)
    async with database.write() as connection:
        await customers.save(connection, customer_id, provider=STRIPE, email=None)
        await cancel_attempts.add(
            connection,
            attempt_id,
            user_id=MIA,
            guild_id=GUILD,
            customer_id=customer_id,
            subscription_id=SubscriptionId(f"sub_{name}"),
            now=start,
            plan_id=PlanId(plan),
            monthly=price,
        )
        if reason is not None:
            await cancel_attempts.advance(
                connection,
                attempt_id,
                expected=ASKING,
                to=AttemptState.REASON_GIVEN,
                now=start + timedelta(minutes=1),
                reason_id=reason,
                **(offered or {}),
            )
        if to is not None:
            ended = start + timedelta(hours=1)
            await cancel_attempts.advance(
                connection,
                attempt_id,
                expected=ASKING,
                to=to,
                now=ended,
                finished_at=ended,
                **values,
            )


def shown(variant: str = "half_price") -> dict[str, Any]:
    return {"variant": variant, "offer_id": variant, "offered_at": NOW}


async def test_attempts_are_counted_by_what_became_of_them(
    service: RetentionReportService, database: Database
) -> None:
    await attempt(database, "open", None, reason=None)
    await attempt(database, "left", AttemptState.CANCELLED, comment="Bye")
    await attempt(database, "left_yen", AttemptState.CANCELLED, price=Money(900, "jpy"))
    await attempt(database, "asked", AttemptState.REQUESTED)
    await attempt(database, "stayed", AttemptState.ABORTED)
    await attempt(database, "silent", AttemptState.TIMED_OUT, reason=None)
    await attempt(database, "over", AttemptState.TIMED_OUT, reason=None, failure="canceled")
    await attempt(database, "proven", AttemptState.SAVED, offered=shown(), kept_at=NOW)
    await attempt(database, "waiting", AttemptState.SAVED, offered=shown())
    await attempt(database, "other", AttemptState.ABORTED, offered={"variant": "holdout"})
    await attempt(database, "too_old", AttemptState.CANCELLED, days_ago=40)

    report = await service.report(MODERATOR, EVERYTHING)

    assert {result: number for result, number in report.funnel.results.items() if number} == {
        Result.OPEN: 1,
        Result.CANCELLED: 2,
        Result.REQUESTED: 1,
        Result.KEPT: 2,
        Result.TIMED_OUT: 1,
        Result.ENDED: 1,
        Result.SAVED: 1,
        Result.UNPROVEN: 1,
    }
    funnel = report.funnel
    assert (funnel.started, funnel.gave_reason, funnel.saw_offer) == (10, 7, 2)
    assert report.saved == Share(1, 8)
    assert set(report.lost) == {Money(2000, "usd"), Money(900, "jpy")}
    [half, holdout] = report.variants
    assert (half.variant, half.stayed, half.saved, half.unproven) == (
        "half_price",
        Share(2, 2),
        1,
        1,
    )
    assert (holdout.variant, holdout.stayed, holdout.shown) == ("holdout", Share(1, 1), 0)


@pytest.mark.parametrize(
    ("ended", "expected"), [({}, Result.UNPROVEN), ({"cancel_at": NOW}, Result.UNDONE)]
)
async def test_a_save_whose_plan_ends_before_the_next_invoice_was_none(
    service: RetentionReportService, database: Database, ended: dict[str, Any], expected: Result
) -> None:
    await attempt(database, "ann", AttemptState.SAVED, offered=shown())
    mine = subscription(id=SubscriptionId("sub_ann"), customer_id=CustomerId("cus_ann"), **ended)
    async with database.write() as connection:
        await subscriptions.save(connection, mine, asked_at=NOW)

    report = await service.report(MODERATOR, EVERYTHING)

    assert report.funnel.results[expected] == 1


async def test_weeks_begin_on_monday_in_utc(
    service: RetentionReportService, database: Database
) -> None:
    monday = datetime(2026, 10, 26, tzinfo=NOW.tzinfo)
    for name, moment in (("late", monday - timedelta(milliseconds=1)), ("early", monday)):
        days = (NOW - moment) / timedelta(days=1)
        await attempt(database, name, AttemptState.ABORTED, days_ago=days)

    report = await service.report(MODERATOR, EVERYTHING)

    counted = {week.monday: week.saved.whole for week in report.weeks}
    assert list(counted) == MONTH.mondays()
    assert {monday: number for monday, number in counted.items() if number} == {
        date(2026, 10, 19): 1,
        date(2026, 10, 26): 1,
    }


async def test_a_plan_can_be_looked_at_alone(
    service: RetentionReportService, database: Database
) -> None:
    await attempt(database, "small", AttemptState.CANCELLED, plan="lite", price=Money(500, "usd"))
    await attempt(database, "large", AttemptState.CANCELLED)

    report = await service.report(OWNER, Selection(MONTH, PlanId("lite")))

    assert (report.funnel.started, report.lost) == (1, (Money(500, "usd"),))


async def test_the_file_has_every_attempt_once_with_the_times_of_its_steps(
    service: RetentionReportService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.retention_reports._PORTION", 2)
    for number in range(5):
        # Two began in the same moment.
        await attempt(database, f"n{number}", AttemptState.CANCELLED, days_ago=5 - number // 2)

    records = await service.records(MODERATOR, EVERYTHING)

    assert [record.id for record in records] == ["n0", "n1", "n2", "n3", "n4"]
    first = records[0]
    assert (first.outcome, first.result) == (Outcome.CANCELLED, Result.CANCELLED)
    assert first.monthly == Money(2000, "usd")
    started = NOW - timedelta(days=5)
    assert first.steps == {
        Step.STARTED: started,
        Step.REASON_GIVEN: started + timedelta(minutes=1),
        Step.CANCELLED: started + timedelta(hours=1),
    }


async def test_comments_are_paged_by_reason_newest_first(
    service: RetentionReportService, database: Database
) -> None:
    for number in range(5):
        await attempt(
            database,
            f"n{number}",
            AttemptState.CANCELLED,
            days_ago=5 - number,
            comment=f"No {number}",
        )
    await attempt(database, "bug", AttemptState.ABORTED, reason="bugs", follow_up="It crashed")
    await attempt(database, "mute", AttemptState.CANCELLED)

    first = await service.comments(MODERATOR, EVERYTHING, reason_id="too_expensive", page=0)
    second = await service.comments(MODERATOR, EVERYTHING, reason_id="too_expensive", page=1)
    bugs = await service.comments(MODERATOR, EVERYTHING, reason_id="bugs", page=0)

    assert [each.comment for each in first.comments] == ["No 4", "No 3", "No 2"]
    assert first.has_more
    assert [each.comment for each in second.comments] == ["No 1", "No 0"]
    assert not second.has_more
    assert [each.follow_up for each in bugs.comments] == ["It crashed"]
    assert len(await service.all_comments(MODERATOR, EVERYTHING)) == 6


async def test_only_the_team_of_a_chosen_server_may_look(service: RetentionReportService) -> None:
    member = Actor(MIA, GUILD, frozenset({RoleId(1)}), manages_guild=False)
    stranger = Actor(MIA, GuildId(1), frozenset({MODERATORS}), manages_guild=True)
    for actor, refused in ((member, NotPermitted), (stranger, ServerNotTrusted)):
        with pytest.raises(refused):
            await service.report(actor, EVERYTHING)
        with pytest.raises(refused):
            await service.records(actor, EVERYTHING)
        with pytest.raises(refused):
            await service.comments(actor, EVERYTHING, reason_id=None, page=0)
        with pytest.raises(refused):
            await service.all_comments(actor, EVERYTHING)
    backwards = Selection(Period(MONTH.last, MONTH.first), None)
    with pytest.raises(InvalidPeriod):
        await service.report(OWNER, backwards)


async def waiting(database: Database, kind: str) -> dict[str, datetime]:
    async with database.read() as connection:
        rows = await connection.execute(
            sa.select(jobs_table.c.key, jobs_table.c.run_at).where(jobs_table.c.kind == kind)
        )
        return {row.key: row.run_at for row in rows}


async def carry_out(database: Database, service: RetentionReportService, clock: Clock) -> None:
    """The digest's job, as the worker does it."""
    async with database.write() as connection:
        claimed = await jobs.claim(
            connection,
            now=clock(),
            lease=timedelta(seconds=9),
            token="t",
            most=9,
            kind="retention.digest",
        )
    for job in claimed:
        await service.start_digest(job)
        async with database.write() as connection:
            await jobs.finish(connection, [job.id], token="t", now=clock())


async def test_each_monday_has_one_digest_for_each_channel_whatever_was_restarted(
    service: RetentionReportService, database: Database, clock: Clock
) -> None:
    first = datetime(2026, 11, 2, 9, tzinfo=NOW.tzinfo)
    await service.schedule()
    await service.schedule()
    assert await waiting(database, "retention.digest") == {"retention-digest:2026-11-02": first}

    clock.now = first
    await carry_out(database, service, clock)
    await service.start_digest(Job(0, "retention.digest", "again", {}, 1))  # killed before its end
    assert set(await waiting(database, "retention.post_digest")) == {
        "retention-digest:2026-11-02:9"
    }

    # The process was away for more than a week: one digest, of the week that is over by then.
    clock.now = first + timedelta(days=16)
    await service.schedule()
    await carry_out(database, service, clock)
    assert set(await waiting(database, "retention.post_digest")) == {
        "retention-digest:2026-11-02:9",
        "retention-digest:2026-11-16:9",
    }
    assert max((await waiting(database, "retention.digest")).values()) == first + timedelta(days=21)


async def test_the_digest_is_about_the_week_before_its_monday(
    service: RetentionReportService, database: Database, context: Context
) -> None:
    await attempt(database, "last_week", AttemptState.CANCELLED)
    await attempt(database, "before", AttemptState.ABORTED, days_ago=8)
    payload = {"monday": "2026-11-02", "channel_id": int(REPORTS)}

    found = await service.digest(Job(0, "retention.post_digest", "key", payload, 1))
    gone = await service.digest(
        Job(0, "retention.post_digest", "key", {**payload, "channel_id": 1}, 1)
    )

    assert found is not None
    assert (found[0], found[1].week.funnel.started, found[1].recent.funnel.started) == (
        REPORTS,
        1,
        2,
    )
    assert found[1].week.period == Period(date(2026, 10, 26), date(2026, 11, 1))
    assert gone is None
