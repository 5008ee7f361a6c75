"""Servers with their own settings and teams, and what works in direct messages."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.sandbox.discord import (
    Channel,
    Guild,
    Message,
    Persona,
    Role,
    SandboxRefusal,
    overwrite_for_role,
)
from bot.sandbox.discord import permissions as may
from bot.sandbox.scene import BOT_PERMISSIONS, CONFIGURATION, MIA_ADDRESS, STAFF
from tests.scenario.linking import enter
from tests.scenario.outside import codes_for
from tests.scenario.stage import COMMENT, Stage
from tests.scenario.ticketing import (
    ANSWERS,
    open_ticket,
    ticket_channels,
)

NOT_YOURS = "You may not do this"


@dataclass(frozen=True, slots=True)
class SecondServer:
    """Another server of the same vendor. Sam is a moderator here, and Max has no role."""

    guild: Guild
    support: Role
    moderators: Role
    tickets: Channel
    here: Channel
    log: Channel


def second_server(stage: Stage) -> SecondServer:
    """Build it while the bot runs, as when somebody invites the bot."""
    scene = stage.scene
    guild = scene.discord.add_guild(
        "Lumen Beta", owner=stage.ada.user, bot_permissions=BOT_PERMISSIONS
    )
    moderators = guild.add_role("Beta moderators", permissions=STAFF)
    support = guild.add_role("Beta support", permissions=STAFF)
    # Sees every command in Discord, and is nothing to the bot.
    helpers = guild.add_role("Helpers", permissions=STAFF)
    guild.add_member(stage.mia.user)
    guild.add_member(stage.noor.user, roles=[support])
    guild.add_member(stage.sam.user, roles=[moderators])
    guild.add_member(stage.max.user, roles=[helpers])
    team = [
        overwrite_for_role(guild.everyone, deny=may.VIEW_CHANNEL),
        overwrite_for_role(support, allow=may.VIEW_CHANNEL),
        overwrite_for_role(guild.bot_member.roles[-1], allow=may.VIEW_CHANNEL),
    ]
    return SecondServer(
        guild,
        support,
        moderators,
        guild.add_category("Beta tickets"),
        guild.add_text_channel("beta"),
        guild.add_text_channel("beta-log", overwrites=team),
    )


async def set_up(stage: Stage, server: SecondServer) -> Message:
    """Ada runs /setup in the second server."""
    answer = await stage.ada.slash(
        "setup",
        channel=server.here,
        support_role=server.support,
        moderator_role=server.moderators,
        ticket_category=server.tickets,
        log_channel=server.log,
    )
    assert answer.message is not None
    return answer.message


async def file_ticket(stage: Stage, person: Persona, where: Channel) -> Message:
    """Run /ticket, answer the questions, and read the answer."""
    asked = await person.slash("ticket open", channel=where, topic="billing")
    if asked.modal is None:
        assert asked.message is not None
        return asked.message
    sent = await person.submit(asked.modal, ANSWERS)
    assert sent.message is not None
    return sent.message


async def test_every_server_has_its_own_roles_and_channels(stage: Stage) -> None:
    await stage.link_mia()
    server = second_server(stage)
    before = await file_ticket(stage, stage.mia, server.here)
    assert "This server is not set up yet" in before.text

    await set_up(stage, server)
    opened = await file_ticket(stage, stage.mia, server.here)
    await opened.changed(containing="Your ticket is open")
    in_first = await open_ticket(stage)

    await stage.noor.wait_for_message(server.log, containing="opened")
    [channel] = [each for each in server.guild.channels if each.name.startswith("ticket-")]
    assert channel.parent is server.tickets
    assert channel in stage.mia.channels(server.guild)
    assert channel in stage.noor.channels(server.guild)
    assert channel not in stage.max.channels(server.guild)
    assert [in_first.channel] == ticket_channels(stage)
    assert in_first.channel in stage.sam.channels(stage.scene.guild)
    assert in_first.channel not in stage.noor.channels(stage.scene.guild)
    await stage.sam.wait_for_message(stage.scene.log, containing="opened")
    firsts = [each for each in stage.sam.messages(stage.scene.log) if "opened" in each.text]
    assert len(firsts) == 1


async def test_a_moderator_of_one_server_is_none_in_another(stage: Stage) -> None:
    await stage.link_mia()
    server = second_server(stage)
    await set_up(stage, server)

    for person, where, allowed in (
        (stage.max, stage.here, True),
        (stage.max, server.here, False),
        (stage.sam, server.here, True),
        (stage.sam, stage.here, False),
        (stage.noor, server.here, False),
    ):
        answer = await person.slash("refund", channel=where, member=stage.mia.user)
        message = await answer.settled()
        assert (NOT_YOURS not in message.text) is allowed, (person.user.username, where.name)
        assert bool(message.selects) is allowed


async def test_setup_is_for_administrators_whatever_discord_shows(stage: Stage) -> None:
    """The server's own command permissions may show it to anybody."""
    [command] = [each for each in stage.ada.commands(stage.here) if each["name"] == "setup"]
    with pytest.raises(SandboxRefusal):
        await stage.max.slash("setup", channel=stage.here)
    command["default_member_permissions"] = None
    before = [tuple(row) for row in stage.rows("SELECT * FROM guilds")]

    for person in (stage.noor, stage.sam, stage.max):
        for options in ({"moderator_role": stage.scene.support}, {}):
            answer = await person.slash("setup", channel=stage.here, **options)
            assert answer.message is not None
            assert NOT_YOURS in answer.message.text
            assert "Manage Server" in answer.message.text
            assert "<@&" not in answer.message.text

    assert [tuple(row) for row in stage.rows("SELECT * FROM guilds")] == before
    assert len(stage.rows("SELECT id FROM audit_log WHERE action = 'guild.set_up'")) == 1


async def test_who_adds_a_public_bot_to_a_server_of_their_own_refunds_nobody(
    stage: Stage, tmp_path: Path
) -> None:
    """Roles belong to a server and money to the vendor."""
    await stage.link_mia()
    stage.scene.discord.application.public = True
    await stage.kill_and_restart()
    server = second_server(stage)

    refused = await stage.ada.slash("setup", channel=server.here, moderator_role=server.moderators)
    refund = await stage.sam.slash("refund", channel=server.here, member=stage.mia.user)
    ticket = await stage.noor.slash("ticket open", channel=server.here, topic="billing")

    for answer in (refused, refund, ticket):
        assert answer.message is not None
        assert "not meant for this server" in answer.message.text
    assert len(stage.rows("SELECT guild_id FROM guilds")) == 1

    file = tmp_path / "mooring.toml"
    named = f"servers = [{server.guild.id}]"
    file.write_text(CONFIGURATION.read_text().replace("servers = []", named))
    stage.bot.environment["MOORING_CONFIG"] = str(file)
    await stage.kill_and_restart()
    await set_up(stage, server)
    allowed = await stage.sam.slash("refund", channel=server.here, member=stage.mia.user)
    assert allowed.message is not None
    assert allowed.message.selects


async def test_the_file_wins_over_setup(stage: Stage, tmp_path: Path) -> None:
    guild = stage.scene.guild
    category = guild.add_category("From the file")
    file = tmp_path / "mooring.toml"
    file.write_text(
        f"{CONFIGURATION.read_text()}\n[guild]\nid = {guild.id}\n"
        f"support_role = {stage.scene.moderators.id}\nticket_category = {category.id}\n"
    )
    stage.bot.environment["MOORING_CONFIG"] = str(file)
    await stage.kill_and_restart()

    answer = await stage.ada.slash(
        "setup", channel=stage.here, support_role=stage.scene.support, log_channel=stage.scene.log
    )
    ticket = await open_ticket(stage)

    assert answer.message is not None
    assert "`mooring.toml` sets these for this server" in answer.message.text
    assert f"**Support role:** <@&{stage.scene.moderators.id}>" in answer.message.text
    assert ticket.channel.parent is category
    assert ticket.channel in stage.max.channels(guild)
    assert ticket.channel not in stage.sam.channels(guild)


async def test_members_are_served_in_direct_messages_too(stage: Stage) -> None:
    dm = await stage.mia.open_dm()
    asked = await stage.mia.slash("link", channel=dm)
    assert asked.modal is not None
    sent = await stage.mia.submit(asked.modal, {"Your billing email": MIA_ADDRESS})
    assert sent.message is not None
    await enter(stage.mia, sent.message, await codes_for(stage, MIA_ADDRESS))

    answer = await stage.mia.slash("balance", channel=dm)

    assert answer.message is not None
    assert "Pro · $20.00 monthly" in answer.message.text
    refreshed = await stage.mia.click(answer.message, "Refresh")
    assert "Pro · $20.00 monthly" in (await refreshed.settled()).text
    started = await stage.mia.click(answer.message, "Cancel subscription")
    assert started.message is not None
    reason = await stage.mia.click(started.message, "Continue to cancel")
    assert reason.modal is not None
    await stage.mia.submit(reason.modal, {"Your reason": "It costs too much", COMMENT: ""})
    await stage.mia.click(started.message, "Confirm cancel")
    await started.message.changed(containing="is cancelled")
    receipt = await stage.mia.wait_for_message(
        "dm", containing="is cancelled", where=lambda message: not message.ephemeral
    )

    resumed = await stage.mia.click(receipt, "Resume")

    assert resumed.message is not None
    await resumed.message.changed(containing="Pro goes on")
    assert stage.subscription["cancel_at_period_end"] is False


async def test_what_needs_a_server_is_not_offered_in_direct_messages(stage: Stage) -> None:
    dm = await stage.ada.open_dm()

    offered = {command["name"] for command in stage.ada.commands(dm)}

    assert {"balance", "link", "cancel", "resume", "subscribe"} <= offered
    assert not {"setup", "refund", "ticket"} & offered
