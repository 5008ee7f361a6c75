"""Who one can be on the demo page, and what each of them can reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.discord import Channel, DiscordSandbox, Message, Persona, Role, User
from bot.sandbox.page.requests import Refused


@dataclass(frozen=True, slots=True)
class PagePersona:
    """A person of the demo: ``title`` is a word or two, ``blurb`` one line on who this is."""

    user: User
    title: str
    blurb: str

    @property
    def key(self) -> str:
        """How the page's address names this persona: ``?as=mia``."""
        return self.user.username.lower()


class Cast:
    """The personas of one page; what is named by id is found only where the persona sees it."""

    def __init__(self, discord: DiscordSandbox, personas: Sequence[PagePersona]) -> None:
        self.personas = tuple(personas)
        self._discord = discord

    def find(self, key: str | None) -> PagePersona:
        """The persona with this key; without a key the first one.

        Raises:
            Refused: nobody has this key.
        """
        if not key:
            return self.personas[0]
        for persona in self.personas:
            if persona.key == key:
                return persona
        raise Refused(404, "no_such_persona", f"Nobody here is called {key!r}.")

    def actor(self, persona: PagePersona) -> Persona:
        """What acts in Discord on behalf of this persona."""
        return self._discord.persona(persona.user)

    def channel(self, persona: PagePersona, channel_id: str) -> Channel:
        """A channel that the persona can see.

        Raises:
            Refused: it does not exist, or not for this persona.
        """
        channel = self._discord.channel(channel_id)
        if channel is None or not self.sees(persona, channel):
            raise Refused(404, "no_such_channel", "This channel is gone, or you cannot see it.")
        return channel

    def message(self, persona: PagePersona, channel: Channel, message_id: str) -> Message:
        """A message that the persona can see.

        Raises:
            Refused: it does not exist, or not for this persona.
        """
        for message in reversed(self.actor(persona).messages(channel)):
            if message.id == message_id:
                return message
        raise Refused(404, "no_such_message", "This message is gone.")

    def user(self, user_id: str) -> User:
        """A person (or bot) of any guild.

        Raises:
            Refused: nobody has this id.
        """
        for guild in self._discord.guilds:
            if member := guild.member(user_id):
                return member.user
        raise Refused(404, "no_such_user", "This person is not here (any more).")

    def role(self, role_id: str) -> Role | None:
        """A role of any guild; None when there is none with this id."""
        return next((role for g in self._discord.guilds if (role := g.role(role_id))), None)

    def sees(self, persona: PagePersona, channel: Channel) -> bool:
        """Whether the persona can view the channel."""
        if channel.guild is None:
            return channel is self.actor(persona).dm
        member = channel.guild.member(persona.user.id)
        return member is not None and member.can_view(channel)
