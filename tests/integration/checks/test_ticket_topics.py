"""`mooring check` looks at what `[tickets]` names in Discord."""

from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, RoleId
from bot.sandbox.discord import permissions as may
from bot.sandbox.scene import BOT_PERMISSIONS
from bot.settings import Configuration
from tests.integration.checks.desk import Desk

GONE = 123456789012345678


def configure(desk: Desk, *, topic: dict[str, object], **tickets: object) -> None:
    """Change the first topic, and the section."""
    file = desk.configuration.model_dump(exclude_unset=True)
    file["tickets"] |= tickets
    file["tickets"]["topics"] = [
        {**each, **(topic if number == 0 else {})}
        for number, each in enumerate(file["tickets"]["topics"])
    ]
    desk.configuration = Configuration.model_validate(file)


async def test_what_the_file_names_and_no_server_has(desk: Desk) -> None:
    configure(
        desk,
        topic={"staff_role": GONE, "category": GONE + 1},
        overflow_categories=[GONE + 2],
        thread_channel=GONE + 3,
    )

    complaints = await desk.complaints()

    assert [line[0] for line in complaints] == ["✗"] * 4
    for number, line in enumerate(complaints):
        assert str(GONE + number) in line
    assert "only moderators see its tickets" in complaints[0]


async def test_what_is_closed_to_the_bot_or_to_members(desk: Desk) -> None:
    guild, log = desk.scene.guild, desk.scene.log
    configure(desk, topic={"staff_role": int(desk.scene.support.id)}, thread_channel=int(log.id))
    for role in guild.roles:
        role.permissions &= ~(may.CREATE_PRIVATE_THREADS | may.MANAGE_ROLES)

    complaints = await desk.complaints()

    assert any("lacks Create Private Threads in" in line for line in complaints)
    assert any("not everybody sees" in line for line in complaints)
    assert any(line.startswith("⚠") and "lacks Manage Roles" in line for line in complaints)
    assert not any("staff_role" in line for line in complaints)


async def test_without_a_channel_of_their_own_threads_need_the_right_everywhere(
    desk: Desk,
) -> None:
    configure(desk, topic={"mode": "thread"})
    for role in desk.scene.guild.roles:
        role.permissions &= ~may.SEND_MESSAGES_IN_THREADS

    [complaint] = await desk.complaints()

    assert "tickets are threads" in complaint
    assert "Send Messages in Threads" in complaint


async def test_a_server_that_lacks_a_topics_role_and_category_is_told_who_and_where_instead(
    desk: Desk,
) -> None:
    """It works, so that it is no complaint."""
    scene = desk.scene
    other = scene.discord.add_guild(
        "Lumen Beta", owner=scene.people.ada.user, bot_permissions=BOT_PERMISSIONS
    )
    support, moderators = other.add_role("Support"), other.add_role("Moderator")
    configure(desk, topic={"staff_role": int(scene.support.id), "category": int(scene.tickets.id)})
    chosen = GuildSettings(
        RoleId(int(support.id)),
        RoleId(int(moderators.id)),
        ChannelId(int(other.add_category("Tickets").id)),
        ChannelId(int(other.add_text_channel("log").id)),
    )
    await desk.set_up(chosen, guild=other)

    _, lines = await desk.check()

    assert (
        "✓ Lumen Beta: the team of the topic billing is in another server. Here the support role "
        "of /setup answers it."
    ) in lines
    assert (
        "✓ Lumen Beta: the category of the topic billing is in another server. Here its channels "
        "go into the ticket category of /setup."
    ) in lines
    assert not any("Lumen Notes: the team of" in each for each in lines)
