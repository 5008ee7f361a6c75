"""The world of the browser tests: a guild with people, and the page in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage

import aiosmtplib
from yarl import URL

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.discord import Channel, DiscordSandbox, Guild, User, overwrite_for_role
from bot.sandbox.discord.permissions import VIEW_CHANNEL
from bot.sandbox.mail import MailSink
from bot.sandbox.page import DemoPage
from bot.sandbox.stripe import StripeSandbox
from tests.browser.showcase import Showcase

# Longer than anything takes on a busy machine.
PATIENCE_MILLISECONDS = 20_000


@dataclass
class Demo:
    """A running sandbox with the page in front of it."""

    discord: DiscordSandbox
    stripe: StripeSandbox
    creem: CreemSandbox
    mail: MailSink
    page: DemoPage
    bot: Showcase
    guild: Guild
    general: Channel
    staff: Channel
    users: dict[str, User]

    def address(self, persona: str, **query: str) -> str:
        """The page's address for a persona."""
        return str(URL(self.page.url).with_query({"as": persona, **query}))

    async def send_mail(self, subject: str, text: str, html: str | None = None) -> None:
        """Send a mail as the bot would."""
        message = EmailMessage()
        message["From"], message["To"] = "bot@harbor.example", "mia@example.com"
        message["Subject"] = subject
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        await aiosmtplib.send(message, hostname=self.mail.host, port=self.mail.port)


def furnish(sandbox: DiscordSandbox, users: dict[str, User]) -> tuple[Guild, Channel, Channel]:
    """A guild with a channel for everybody and one for the staff."""
    guild = sandbox.add_guild("Harbor Software", owner=sandbox.add_user("ada", "Ada"))
    support = guild.add_role("Support", color=0x2ECC71)
    guild.add_member(users["mia"], roles=[guild.add_role("Pro", color=0xE67E22)])
    guild.add_member(users["sam"], roles=[support])
    guild.add_member(users["noor"])
    community = guild.add_category("Community")
    general = guild.add_text_channel("general", category=community, topic="Talk about Harbor")
    private = [
        overwrite_for_role(guild.everyone, deny=VIEW_CHANNEL),
        overwrite_for_role(support, allow=VIEW_CHANNEL),
    ]
    staff = guild.add_text_channel("staff", category=community, overwrites=private)
    return guild, general, staff
