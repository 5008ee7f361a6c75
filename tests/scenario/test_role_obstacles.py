"""Plan roles that the bot cannot, or must not, give: said in words, and mended without loss."""

import pytest

from bot.sandbox.discord import Message, Role, SandboxRefusal
from bot.sandbox.discord import permissions as may
from bot.sandbox.discord.guilds import Guild
from bot.sandbox.scene import CONFIGURATION
from tests.scenario.bad_luck import RECOVERY_SECONDS, DiscordStrike, until
from tests.scenario.outside import call_stripe, change_store, jobs_done
from tests.scenario.plan_roles import (
    a_day_later,
    ids,
    recorded,
    roles_become,
    roles_of,
    set_plan_roles,
    sync,
)
from tests.scenario.stage import Stage

PUT, DELETE = "PUT", "DELETE"
OF_A_MEMBER = r"/members/\d+/roles/\d+$"
ROUTE = "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"
BOTH_CAUSES = ("Manage Roles", "own role does not stand above")


async def choose(stage: Stage, role: Role | None, plan: str = "pro") -> Message:
    """Ada runs /roles set; the bot's first answer."""
    given = {} if role is None else {"role": role}
    answer = await stage.ada.slash("roles set", channel=stage.here, plan=plan, **given)
    assert answer.message is not None
    return answer.message


def told(stage: Stage) -> list[str]:
    """What the log channel says about roles."""
    messages = [message.text for message in stage.sam.messages(stage.scene.log)]
    return [text for text in messages if "cannot be given or taken" in text]


def above_the_bot(stage: Stage, role: Role) -> None:
    """Somebody drags the role to the top."""
    stage.scene.guild.move_role(role, len(stage.scene.guild.roles))


async def test_roles_that_nobody_may_buy_are_refused_with_the_reason(stage: Stage) -> None:
    guild: Guild = stage.scene.guild
    high = guild.add_role("High")
    above_the_bot(stage, high)
    for role, reason in (
        (guild.everyone, "Everybody has it already"),
        (guild.bot_member.roles[-1], "belongs to a bot"),
        (stage.scene.support, "support team or moderators"),
        (stage.scene.moderators, "support team or moderators"),
        (guild.add_role("Boss", permissions=may.ADMINISTRATOR), "permissions that nobody may buy"),
        (guild.add_role("Doors", permissions=may.MANAGE_CHANNELS), "permissions that nobody"),
        (high, "own role does not stand above"),
    ):
        answer = await choose(stage, role)
        assert reason in answer.text, role.name
        assert "Nothing was changed" in answer.text
    assert stage.rows("SELECT * FROM plan_roles") == []

    plain = guild.add_role("Plain", permissions=guild.everyone.permissions)
    await (await choose(stage, plain)).changed(containing="up to date")
    assert [row["role_id"] for row in stage.rows("SELECT role_id FROM plan_roles")] == ids(plain)


async def test_who_does_not_manage_the_server_chooses_nothing(stage: Stage) -> None:
    with pytest.raises(SandboxRefusal):
        await stage.max.slash("roles sync", channel=stage.here)


async def test_plans_are_suggested_and_an_unknown_one_is_refused(stage: Stage) -> None:
    offered = await stage.ada.autocomplete(
        "roles set", channel=stage.here, option="plan", typed="m"
    )

    answer = await choose(stage, stage.scene.plan_roles["Pro"], plan="Premium")

    assert [each["name"] for each in offered] == ["Max"]
    assert "This plan does not exist" in answer.text


async def test_a_role_above_the_bots_own_is_explained_and_given_after_a_sync(stage: Stage) -> None:
    await set_plan_roles(stage)
    pro = stage.scene.plan_roles["Pro"]
    above_the_bot(stage, pro)

    await stage.link_mia()

    log = await stage.sam.wait_for_message(stage.scene.log, containing=pro.mention)
    assert "Drag the bot's role up" in log.text
    assert "Manage Roles" in log.text
    await jobs_done(stage)
    await stage.balance_of(stage.mia)
    summary = await sync(stage)
    await summary.changed(containing="Drag the bot's role up")
    assert "not complete yet" in summary.text
    assert len(told(stage)) == 1  # once a day
    # What Discord would refuse is not asked for.
    assert stage.scene.discord.requests.count(PUT, ROUTE) == 0
    assert recorded(stage, stage.mia) == []

    stage.scene.guild.move_role(pro, 1)
    summary = await sync(stage)

    await summary.changed(containing="up to date", timeout=20)
    assert "1 changed" in summary.text
    assert "⚠️" not in summary.text
    assert roles_of(stage, stage.mia) == ["Pro"]


async def test_without_a_log_channel_the_team_gets_a_mail(stage: Stage) -> None:
    await set_plan_roles(stage)
    change_store(stage, "UPDATE guilds SET log_channel_id = NULL")
    above_the_bot(stage, stage.scene.plan_roles["Pro"])

    await stage.link_mia()

    mail = await stage.scene.mail.wait_for(to="team@lumen.example", containing="given or taken")
    assert f"Pro in the server {stage.scene.guild.name}" in mail.text
    assert "Drag the bot's role up" in mail.text


async def test_the_permission_that_is_missing_is_named(stage: Stage) -> None:
    await set_plan_roles(stage)
    own = stage.scene.guild.bot_member.roles[-1]
    own.permissions &= ~may.MANAGE_ROLES
    stage.scene.guild.announce_role_update(own)

    await stage.link_mia()

    log = await stage.sam.wait_for_message(stage.scene.log, containing="may not manage roles")
    assert "stands above" in log.text
    shown = await stage.ada.slash("roles show", channel=stage.here)
    assert shown.message is not None
    assert shown.message.text.count("may not manage roles") == 3


async def test_what_only_discord_knows_is_explained_with_both_causes(stage: Stage) -> None:
    """The gateway has not told the bot that its permission is gone: Discord answers 50013."""
    await set_plan_roles(stage)
    stage.scene.guild.bot_member.roles[-1].permissions &= ~may.MANAGE_ROLES

    await stage.link_mia()

    log = await stage.sam.wait_for_message(stage.scene.log, containing="Discord refuses it")
    assert all(cause in log.text for cause in BOTH_CAUSES)
    await jobs_done(stage)
    assert (roles_of(stage, stage.mia), recorded(stage, stage.mia)) == ([], [])


async def test_a_role_that_the_bot_cannot_take_back_stays_on_record(stage: Stage) -> None:
    await set_plan_roles(stage)
    pro = stage.scene.plan_roles["Pro"]
    await stage.link_mia()
    await roles_become(stage, stage.mia, "Pro")
    above_the_bot(stage, pro)
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await stage.sam.wait_for_message(stage.scene.log, containing=pro.mention)
    await jobs_done(stage)
    assert recorded(stage, stage.mia) == ids(pro)

    stage.scene.guild.move_role(pro, 1)
    await a_day_later(stage)

    assert (roles_of(stage, stage.mia), recorded(stage, stage.mia)) == ([], [])


async def test_a_deleted_role_is_told_and_another_one_takes_its_place(stage: Stage) -> None:
    await set_plan_roles(stage)
    await stage.link_mia()
    await roles_become(stage, stage.mia, "Pro")

    stage.scene.guild.delete_role(stage.scene.plan_roles["Pro"])

    log = await stage.sam.wait_for_message(stage.scene.log, containing="does not exist any more")
    assert "/roles set" in log.text
    await jobs_done(stage)
    assert recorded(stage, stage.mia) == []
    insider = stage.scene.guild.add_role("Insider")
    await (await choose(stage, insider)).changed(containing="up to date", timeout=20)
    assert roles_of(stage, stage.mia) == ["Insider"]

    await (await choose(stage, None)).changed(containing="up to date", timeout=20)
    assert roles_of(stage, stage.mia) == []


async def test_a_server_outage_of_discord_is_waited_out(stage: Stage) -> None:
    await set_plan_roles(stage)
    faults = stage.scene.discord.faults
    for method, path in (("GET", r"/members/\d+$"), (PUT, OF_A_MEMBER)):
        faults.add(method=method, path=path, status=429, times=1)
        faults.add(method=method, path=path, status=503, times=1)
        faults.add(method=method, path=path, drop=True, times=1)

    await stage.link_mia()

    await until(lambda: roles_of(stage, stage.mia) == ["Pro"], seconds=60)
    await jobs_done(stage)
    assert told(stage) == []


@pytest.mark.parametrize("after_work", [False, True])
async def test_killed_while_giving_nothing_is_lost_or_forgotten(
    stage: Stage, *, after_work: bool
) -> None:
    await set_plan_roles(stage)
    strike = DiscordStrike(stage, PUT, OF_A_MEMBER, after_work=after_work)
    await stage.link_mia()
    await strike.restart()

    await until(lambda: roles_of(stage, stage.mia) == ["Pro"], seconds=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert recorded(stage, stage.mia) == ids(stage.scene.plan_roles["Pro"])

    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await roles_become(stage, stage.mia)


@pytest.mark.parametrize("after_work", [False, True])
async def test_killed_while_taking_the_role_goes_all_the_same(
    stage: Stage, *, after_work: bool
) -> None:
    await set_plan_roles(stage)
    await stage.link_mia()
    await roles_become(stage, stage.mia, "Pro")
    await jobs_done(stage)
    strike = DiscordStrike(stage, DELETE, OF_A_MEMBER, after_work=after_work)
    await call_stripe(stage, "DELETE", f"/v1/subscriptions/{stage.scene.mia_subscription}")
    await strike.restart()

    await until(lambda: roles_of(stage, stage.mia) == [], seconds=RECOVERY_SECONDS)
    await jobs_done(stage, seconds=RECOVERY_SECONDS)
    assert recorded(stage, stage.mia) == []


async def test_the_file_wins_over_the_command(stage: Stage) -> None:
    await set_plan_roles(stage)
    guild, insider = stage.scene.guild, stage.scene.guild.add_role("Insider")
    await stage.link_mia()
    await roles_become(stage, stage.mia, "Pro")
    await stage.bot.stop()
    written = stage.bot.log.with_name("mooring.toml")
    written.write_text(
        f"{CONFIGURATION.read_text()}\n[guild]\nid = {guild.id}\nsupport_role = "
        f"{stage.scene.support.id}\nlog_channel = {stage.scene.log.id}\n"
        f"[guild.plan_roles]\npro = {insider.id}\n"
    )
    stage.bot.environment["MOORING_CONFIG"] = str(written)
    await stage.bot.start()
    await roles_become(stage, stage.mia, "Insider")

    answer = await choose(stage, stage.scene.plan_roles["Pro"])
    shown = await stage.ada.slash("roles show", channel=stage.here)

    assert "`mooring.toml` sets the plan roles" in answer.text
    assert shown.message is not None
    assert f"**Lite:** no role\n**Pro:** {insider.mention}\n" in shown.message.text
    assert "does not change them" in shown.message.text

    await stage.bot.stop()
    stage.bot.environment["MOORING_CONFIG"] = str(CONFIGURATION)
    await stage.bot.start()
    await roles_become(stage, stage.mia)
