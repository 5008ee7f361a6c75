"""Puts into the local Discord what people have said to the support team before the demo began.

Discord's ids and times only grow. So everything is told in the order in which it happened, on a
clock that is behind and catches up. The bot is not there yet.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from bot.sandbox.clock import SandboxClock
from bot.sandbox.discord import (
    Channel,
    Message,
    Overwrite,
    Role,
    User,
    channels,
    messages,
    messaging,
    overwrite_for_member,
    overwrite_for_role,
)
from bot.sandbox.discord import permissions as may
from bot.sandbox.scene import Scene
from bot.sandbox.stories import CHATTER, COLLEAGUE, MEMBERS, OTHERS, Said, Story

# Before anything that is told.
BEGINNING = timedelta(days=120)
_TALK = may.VIEW_CHANNEL | may.SEND_MESSAGES | may.READ_MESSAGE_HISTORY | may.ATTACH_FILES
_CONTAINER, _TEXT = 17, 10


@dataclass(frozen=True, slots=True)
class Names:
    """What the bot calls the places of a ticket, and says in its first message."""

    channel: str
    topic: str
    notes: str
    welcome: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as the bot would have heard it."""

    id: int
    author_id: int
    author: str
    text: str
    at: datetime


@dataclass(slots=True)
class Told:
    """A story in Discord: where it is, and what has been said there."""

    story: Story
    names: Names
    channel: Channel = field(init=False)
    welcome: Message = field(init=False)
    notes: Channel | None = None
    said: list[Heard] = field(default_factory=list)
    noted: list[Heard] = field(default_factory=list)


class DeskPast:
    """The server's people, and how their stories come to be."""

    def __init__(self, scene: Scene, clock: SandboxClock) -> None:
        """`clock` is the scene's, and behind by `BEGINNING`. More members join."""
        self.scene = scene
        self._clock = clock
        self._now = datetime.now(UTC)
        known = scene.people
        self._users: dict[str, User] = {
            each.user.display_name: each.user
            for each in (known.mia, known.lea, known.noor, known.sam, known.max)
        }
        self._join(COLLEAGUE, scene.support)
        for name, plan in MEMBERS.items():
            self._join(name, *([] if plan is None else [scene.plan_roles[plan]]))
        for name in OTHERS:
            self._join(name)

    def _join(self, name: str, *roles: Role) -> None:
        user = self._users[name] = self.scene.discord.add_user(name.lower(), name)
        self.scene.guild.add_member(user, roles=roles)

    def user_id(self, name: str) -> int:
        """Discord's number of somebody."""
        return int(self._users[name].id)

    def moment(self, ago: timedelta) -> datetime:
        """When that was, counted from the demo's start."""
        return self._now - ago

    def tell(self, stories: Sequence[tuple[Story, Names]]) -> list[Told]:
        """Everything up to now, after which the clock is right."""
        told = [Told(story, names) for story, names in stories]
        happened = sorted(self._events(told), key=lambda event: event[0], reverse=True)
        for ago, happen in happened:
            behind = self.moment(ago).timestamp() - self._clock.now()
            self._clock.advance(max(0.0, behind))
            happen()
        self._clock.advance(-self._clock.offset)
        return told

    def _events(self, told: Sequence[Told]) -> Iterator[tuple[timedelta, Callable[[], object]]]:
        for said in CHATTER:
            yield said.ago, partial(self._say, self.scene.general, said)
        for each in told:
            yield each.story.opened, partial(self._open, each)
            for said in each.story.said:
                yield said.ago, partial(self._speak, each, said)
            for said in each.story.notes:
                yield said.ago, partial(self._note, each, said)

    def _open(self, told: Told) -> None:
        opener = self._users[told.story.opener]
        if told.story.in_thread:
            told.channel = self._thread(self.scene.billing, told.names.channel, [opener])
        else:
            told.channel = self.scene.guild.add_text_channel(
                told.names.channel,
                category=self.scene.tickets,
                overwrites=self._rights(opener),
                topic=told.names.topic,
            )
        shown = {"type": _CONTAINER, "components": [{"type": _TEXT, "content": told.names.welcome}]}
        body = {"flags": messages.IS_COMPONENTS_V2, "components": [shown]}
        world = self.scene.guild.world
        told.welcome = messaging.post(world, messaging.Post(told.channel, world.bot, body))

    def _rights(self, opener: User) -> list[Overwrite]:
        guild = self.scene.guild
        return [
            overwrite_for_role(guild.everyone, deny=may.VIEW_CHANNEL),
            overwrite_for_member(guild.world.bot, allow=_TALK),
            overwrite_for_member(opener, allow=_TALK, deny=may.MANAGE_THREADS),
            overwrite_for_role(self.scene.support, allow=_TALK),
        ]

    def _thread(self, parent: Channel, name: str, members: Sequence[User]) -> Channel:
        """A private one of the bot's, with these people and the team in it."""
        guild, now = self.scene.guild, self._clock.now()
        inside = [guild.world.bot, *members, self._users["Sam"], self._users[COLLEAGUE]]
        thread = Channel(
            guild.world.ids.next(),
            channels.PRIVATE_THREAD,
            name,
            guild=guild,
            parent=parent,
            thread=channels.ThreadState(
                owner_id=guild.world.bot.id,
                created_at=now,
                auto_archive_minutes=10_080,
                invitable=False,
                members={each.id: now for each in inside},
            ),
        )
        guild.admit_channel(thread)
        return thread

    def _speak(self, told: Told, said: Said) -> None:
        told.said.append(self._say(told.channel, said))

    def _note(self, told: Told, said: Said) -> None:
        if told.notes is None:
            told.notes = self._thread(told.channel, told.names.notes, [])
        told.noted.append(self._say(told.notes, said))

    def _say(self, channel: Channel, said: Said) -> Heard:
        user = self._users[said.by]
        draft = messaging.Post(channel, user, {"content": said.text})
        posted = messaging.post(self.scene.guild.world, draft)
        at = datetime.fromtimestamp(posted.created_at, UTC)
        return Heard(int(posted.id), int(user.id), user.display_name, said.text, at)
