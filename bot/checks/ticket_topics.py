"""What `[tickets]` names in Discord: the topics' roles, categories, and the channel for threads.

With several servers each is in one of them: what is missing everywhere is a mistake.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from discord import Permissions

from bot.checks.discord_guild import CATEGORY, NEEDED_IN_CATEGORY, GuildView, Json
from bot.checks.findings import Finding, doubtful, fine, wrong
from bot.domain.topic import Place, Places, Topic

TEXT_CHANNEL = 0
_FOR_THREADS = {
    "view_channel": "View Channel",
    "send_messages_in_threads": "Send Messages in Threads",
    "create_private_threads": "Create Private Threads",
    "manage_threads": "Manage Threads",
}


@dataclass(frozen=True, slots=True)
class TicketFile:
    """What the file says about where tickets go and who answers them."""

    topics: Sequence[Topic]
    places: Places


def check_topics(guilds: Sequence[GuildView], file: TicketFile) -> Iterator[Finding]:
    """What the file names and no server has, or has closed to the bot."""
    for topic in file.topics:
        role_id = topic.staff_role_id
        if role_id is not None and not any(role_id in guild.roles for guild in guilds):
            yield wrong(
                f"The staff_role {role_id} of the topic {topic.id} does not exist. Where it was "
                "deleted only moderators see its tickets; elsewhere the support role answers them. "
                "Name another one in mooring.toml."
            )
        if topic.category_id is not None:
            name = f"category {topic.category_id} of the topic {topic.id}"
            yield from _check_category(guilds, topic.category_id, name)
    for category_id in file.places.overflow_categories:
        yield from _check_category(guilds, category_id, f"overflow category {category_id}")
    yield from _check_threads(guilds, file)
    for guild in guilds:
        yield from _instead(guilds, guild, file.topics)
        if not guild.bot_permissions.manage_roles:
            yield doubtful(
                f"{guild.name}: the bot's role lacks Manage Roles, so it cannot change who sees a "
                "ticket's channel: with /ticket add, when a ticket is escalated, or moved to "
                "another team."
            )


def _instead(
    guilds: Sequence[GuildView], here: GuildView, topics: Sequence[Topic]
) -> Iterator[Finding]:
    """A role and a category are one server's: what a server has in the place of another's."""
    others = [each for each in guilds if each is not here]
    teams = [
        topic.id
        for topic in topics
        if topic.staff_role_id not in here.roles
        and any(topic.staff_role_id in each.roles for each in others)
    ]
    if teams:
        them = "it" if len(teams) == 1 else "them"
        yield fine(
            f"{here.name}: the team of {_named(teams)} is in another server. Here the support "
            f"role of /setup answers {them}."
        )
    categories = [
        topic.id
        for topic in topics
        if topic.category_id not in here.channels
        and any(topic.category_id in each.channels for each in others)
    ]
    if categories:
        its = "its" if len(categories) == 1 else "their"
        yield fine(
            f"{here.name}: the category of {_named(categories)} is in another server. Here {its} "
            "channels go into the ticket category of /setup."
        )


def _named(topic_ids: Sequence[str]) -> str:
    return f"the topic{'' if len(topic_ids) == 1 else 's'} {', '.join(topic_ids)}"


def _found(guilds: Sequence[GuildView], channel_id: int) -> tuple[GuildView, Json] | None:
    there = ((guild, guild.channels.get(channel_id)) for guild in guilds)
    return next(((guild, channel) for guild, channel in there if channel is not None), None)


def _check_category(guilds: Sequence[GuildView], category_id: int, name: str) -> Iterator[Finding]:
    found = _found(guilds, category_id)
    if found is None or found[1]["type"] != CATEGORY:
        yield wrong(f"The {name} does not exist. Name another one in mooring.toml.")
        return
    guild, category = found
    if not guild.bot_permissions_in(category).is_superset(NEEDED_IN_CATEGORY):
        yield wrong(
            f"{guild.name}: the bot needs View Channel and Manage Channels in the {name}, "
            f"{category['name']}."
        )


def _check_threads(guilds: Sequence[GuildView], file: TicketFile) -> Iterator[Finding]:
    """Threads are also where tickets go when no category has room."""
    channel_id = file.places.thread_channel_id
    is_usual = any(topic.place is Place.THREAD for topic in file.topics)
    if channel_id is None:
        for guild in guilds:
            missing = _missing(guild.bot_permissions)
            if is_usual and missing:
                yield wrong(
                    f"{guild.name}: tickets are threads, and the bot's role lacks {missing}."
                )
        return
    found = _found(guilds, channel_id)
    if found is None or found[1]["type"] != TEXT_CHANNEL:
        yield wrong(
            f"The thread_channel {channel_id} is no text channel of the bot's servers. Name "
            "another one in mooring.toml."
        )
        return
    guild, channel = found
    missing = _missing(guild.bot_permissions_in(channel))
    if missing:
        yield wrong(f"{guild.name}: the bot lacks {missing} in {channel['name']}, for threads.")
    if not guild.everybody_sees(channel):
        yield doubtful(
            f"{guild.name}: not everybody sees {channel['name']}. A member who does not cannot be "
            "called into a ticket that is a thread there."
        )


def _missing(held: Permissions) -> str:
    return ", ".join(word for name, word in _FOR_THREADS.items() if not getattr(held, name))
