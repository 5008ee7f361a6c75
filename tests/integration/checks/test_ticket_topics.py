"""`mooring check` looks at what `[tickets]` names in Discord."""

from bot.sandbox.discord import permissions as may
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
