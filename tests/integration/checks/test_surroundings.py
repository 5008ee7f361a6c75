"""`mooring check` over the local world: silent only when everything is right."""

from pathlib import Path

import pytest

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import GuildId, PlanId, RoleId
from bot.sandbox.discord import DiscordSandbox, overwrite_for_role
from bot.sandbox.discord import permissions as may
from bot.sandbox.discord.users import MEMBERS_LIMITED, MESSAGE_CONTENT_LIMITED
from bot.settings import Configuration
from storage import roles as stored_roles
from storage.database import Database
from tests.integration.checks.desk import Desk


async def test_all_is_well(desk: Desk) -> None:
    status, lines = await desk.check()

    assert status == 0
    assert [line[0] for line in lines[:-1]] == ["✓"] * (len(lines) - 1)
    assert lines[-1] == "Everything that Mooring needs is there."


async def test_it_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    missing = tmp_path / "later" / "mooring.db"
    desk.variables["database_url"] = f"sqlite:///{missing}"

    status, lines = await desk.check()

    assert not missing.parent.exists()
    assert any("does not exist yet" in line for line in lines)
    assert status == 0
    # What it tries to write does not exist.
    assert all(
        entry.method == "GET" or "webhook_endpoints" in entry.path or entry.status in (400, 404)
        for entry in desk.scene.stripe.requests.entries
    )
    assert all(entry.method == "GET" for entry in desk.scene.creem.requests.entries)


async def test_a_token_that_discord_does_not_know(desk: Desk) -> None:
    desk.variables["discord_token"] = "nobody.knows.this"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Discord does not know the token in DISCORD_TOKEN")


async def test_discord_is_out_of_reach(desk: Desk) -> None:
    desk.variables["discord_api_url"] = "http://127.0.0.1:1/api/v10"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Discord does not answer")


async def test_discord_is_ill_or_busy(desk: Desk) -> None:
    desk.scene.discord.faults.add(path="/users/@me$", status=503)

    assert "✗ Discord answered with the error 503. Try again in a minute." in (
        await desk.complaints()
    )


async def test_the_intent_is_off(desk: Desk) -> None:
    desk.scene.discord.application.flags &= ~MESSAGE_CONTENT_LIMITED

    status, lines = await desk.check()

    assert status == 1
    assert any(line.startswith("✗ The Message Content intent is off") for line in lines)


async def test_a_bot_that_was_never_invited(desk: Desk) -> None:
    lonely = DiscordSandbox()
    await lonely.start()
    desk.variables |= {"discord_token": lonely.token, "discord_api_url": lonely.api_url}

    [complaint] = await desk.complaints()
    await lonely.stop()

    assert complaint.startswith("⚠ The bot is in no server yet. Invite it: https://discord.com/")
    assert f"client_id={lonely.application.id}" in complaint


async def test_setup_was_never_run(desk: Desk) -> None:
    """No error: /setup needs a bot that runs."""
    await desk.set_up(GuildSettings())

    status, lines = await desk.check()

    assert status == 0
    assert [line for line in lines if line[0] in "⚠✗"] == [
        "⚠ Lumen Notes: nothing is chosen yet. Start Mooring and run /setup there."
    ]


async def test_setup_was_left_half_way(desk: Desk) -> None:
    for chosen, missing in (
        (GuildSettings(log_channel_id=desk.log), ["✗ support", "✗ moderator", "⚠ ticket"]),
        (GuildSettings(ticket_category_id=desk.category), ["✗ support", "✗ moderator", "⚠ log"]),
    ):
        await desk.set_up(chosen)
        complaints = [line for line in await desk.complaints() if " is chosen" in line]
        assert [f"{line[0]} {line.split(': no ')[1].split()[0]}" for line in complaints] == missing


async def test_what_was_chosen_has_been_deleted(desk: Desk) -> None:
    guild = desk.scene.guild
    guild.delete_role(desk.scene.support)
    guild.delete_role(desk.scene.moderators)
    guild.delete_channel(desk.scene.tickets)
    guild.delete_channel(desk.scene.log)

    complaints = await desk.complaints()

    assert [line[0] for line in complaints] == ["✗"] * 4
    assert all("does not exist any more" in line for line in complaints)


async def test_the_file_wins_over_setup_and_names_a_server_without_the_bot(desk: Desk) -> None:
    desk.configuration = Configuration.model_validate(
        {**desk.configuration.model_dump(exclude_unset=True), "guild": {"id": 12345}}
    )
    assert "mooring.toml has settings for the server 12345" in (await desk.complaints())[0]

    desk.configuration = Configuration.model_validate(
        {
            **desk.configuration.model_dump(exclude_unset=True),
            "guild": {"id": int(desk.scene.guild.id)},
        }
    )
    assert "nothing is chosen yet" in (await desk.complaints())[0]


@pytest.mark.parametrize(
    ("taken", "word"),
    [
        (may.MANAGE_CHANNELS, "Manage Channels"),
        (may.ATTACH_FILES, "Attach Files"),
        (may.READ_MESSAGE_HISTORY, "Read Message History"),
    ],
)
async def test_the_bot_lacks_a_permission_in_the_server(desk: Desk, taken: int, word: str) -> None:
    for role in desk.scene.guild.roles:
        role.permissions &= ~taken

    assert any(
        line.startswith("✗") and f"the bot's role lacks {word}" in line
        for line in await desk.complaints()
    )


async def test_the_bot_is_shut_out_of_category_and_log_channel(desk: Desk) -> None:
    everyone = desk.scene.guild.everyone
    shut = overwrite_for_role(everyone, deny=may.VIEW_CHANNEL)
    desk.scene.tickets.overwrites = {everyone.id: shut}
    desk.scene.log.overwrites = {everyone.id: overwrite_for_role(everyone, deny=may.SEND_MESSAGES)}

    complaints = await desk.complaints()

    assert len(complaints) == 2
    assert "lacks View Channel, Manage Channels in the ticket category Tickets" in complaints[0]
    assert "lacks Send Messages" in complaints[1]
    assert "in the log channel mooring-log" in complaints[1]


async def test_an_administrator_needs_nothing_else(desk: Desk) -> None:
    await test_the_bot_is_shut_out_of_category_and_log_channel(desk)
    desk.scene.guild.bot_member.roles[-1].permissions = may.ADMINISTRATOR

    assert await desk.complaints() == []


async def test_role_order_and_mentions_are_doubts_and_no_errors(desk: Desk) -> None:
    guild = desk.scene.guild
    guild.move_role(desk.scene.support, 10)
    for role in guild.roles:
        role.permissions &= ~may.MENTION_EVERYONE

    status, lines = await desk.check()

    assert status == 0
    doubts = [line for line in lines if line.startswith("⚠")]
    assert "the bot's role is not above the support role Support" in doubts[0]
    assert "cannot mention the support role Support" in doubts[1]
    assert len(doubts) == 2


async def test_plan_roles_that_the_bot_cannot_or_must_not_give(desk: Desk) -> None:
    guild, roles = desk.scene.guild, desk.scene.plan_roles
    chosen = {"lite": roles["Lite"], "pro": roles["Pro"], "max": desk.scene.support}
    desk.configuration = Configuration.model_validate(
        {
            **desk.configuration.model_dump(exclude_unset=True),
            "guild": {
                "id": int(guild.id),
                "support_role": int(desk.scene.support.id),
                "moderator_role": int(desk.scene.moderators.id),
                "ticket_category": desk.category,
                "log_channel": desk.log,
                "plan_roles": {plan: int(role.id) for plan, role in chosen.items()},
            },
        }
    )
    assert "the plan max cannot give the role Support" in (await desk.complaints())[0]

    desk.scene.discord.application.flags &= ~MEMBERS_LIMITED
    guild.delete_role(roles["Lite"])
    guild.move_role(roles["Pro"], 10)
    complaints = await desk.complaints()

    assert complaints[0].startswith("⚠ The Server Members intent is off")
    assert "cannot give the role" in complaints[1]
    assert "does not exist any more" in complaints[1]
    assert "cannot give the role Pro. The bot's own role does not stand above" in complaints[2]


async def test_plan_roles_from_the_command_are_looked_at_too(desk: Desk) -> None:
    database = Database(desk.environment().database_url.get_secret_value())
    boss = desk.scene.guild.add_role("Boss", permissions=may.BAN_MEMBERS)
    async with database.write() as connection:
        guild_id, role_id = GuildId(int(desk.scene.guild.id)), RoleId(int(boss.id))
        await stored_roles.set_plan_role(connection, guild_id, PlanId("pro"), role_id)
    await database.close()

    [complaint] = await desk.complaints()

    assert "cannot give the role Boss. It has permissions that nobody may buy" in complaint


async def test_the_mail_server_is_down_or_not_there(desk: Desk) -> None:
    desk.scene.mail.down = True
    [complaint] = await desk.complaints()
    assert complaint.startswith("✗ The mail server does not answer as it should")

    desk.variables["smtp_url"] = "smtp://127.0.0.1:1"
    [complaint] = await desk.complaints()
    assert complaint.startswith("✗ The mail server does not answer as it should")


async def test_a_database_of_another_version_and_one_that_is_none(
    desk: Desk, tmp_path: Path
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}")
    async with database.write():
        pass
    await database.close()
    desk.variables["database_url"] = f"sqlite:///{tmp_path / 'old.db'}"
    complaints = await desk.complaints()
    assert complaints[0].startswith("⚠ The database is not at this version's schema")
    assert "its settings are not known without the database" in complaints[1]

    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 100)
    desk.variables["database_url"] = f"sqlite:///{tmp_path / 'letter.txt'}"
    assert (await desk.complaints())[0].startswith("✗ The database cannot be used (file is not")


async def test_a_database_server_that_is_not_there(desk: Desk) -> None:
    desk.variables["database_url"] = "postgresql://mooring:hunter2@127.0.0.1:1/mooring"

    complaints = await desk.complaints()

    assert complaints[0].startswith("✗ The database cannot be used (ConnectionRefusedError)")
    assert not any("hunter2" in line for line in complaints)
