"""What follows for a server's open tickets when other roles answer them."""

from collections.abc import Callable, Collection

from bot.domain.guild import AnsweringRoles
from bot.domain.identifiers import GuildId, RoleId
from bot.domain.ticket_search import TopicsInSight
from bot.services.handover_jobs import Handover


def handovers_between(
    guild_id: GuildId,
    before: AnsweringRoles,
    after: AnsweringRoles,
    there: Collection[RoleId],
    *,
    new_id: Callable[[], str],
) -> list[Handover]:
    """Empty where the same roles see every ticket as before.

    `there` are the server's roles; `new_id` names each handover among all of the server's.
    """
    everywhere = _of_the_server(guild_id, before, after, there, new_id=new_id)
    found = [] if everywhere is None else [everywhere]
    for topic_id in sorted(before.topics.keys() | after.topics.keys()):
        has_other_team = before.topics.get(topic_id) != after.topics.get(topic_id)
        former, coming = before.of(topic_id), after.of(topic_id)
        if has_other_team and former != coming:
            topics = TopicsInSight(only=frozenset({topic_id}))
            found.append(
                Handover(guild_id, new_id(), topics, former=_known(former), coming=_known(coming))
            )
    return found


def _of_the_server(
    guild_id: GuildId,
    before: AnsweringRoles,
    after: AnsweringRoles,
    there: Collection[RoleId],
    *,
    new_id: Callable[[], str],
) -> Handover | None:
    """What follows from another support role, or other moderators."""
    is_support = before.support != after.support
    is_moderators = before.moderators != after.moderators
    if not (is_support or is_moderators):
        return None
    former, coming = frozenset[RoleId](), frozenset[RoleId]()
    if is_support:
        former, coming = _known(before.support), _known(after.support)
    if is_moderators:
        former, coming = former | _known(before.moderators), coming | _known(after.moderators)
    # Moderators answer what nobody else is there for.
    left = {topic for topic, role in after.topics.items() if is_moderators and role not in there}
    topics = TopicsInSight(only=frozenset(left))
    if is_support or after.support not in there:
        topics = TopicsInSight(without=frozenset(after.topics.keys() - left))
    return Handover(guild_id, new_id(), topics, former, coming, moderators=is_moderators)


def _known(role_id: RoleId | None) -> frozenset[RoleId]:
    return frozenset() if role_id is None else frozenset({role_id})
