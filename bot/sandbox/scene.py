"""The server, the people and the vendor's Stripe account of the demo and of the scenario tests."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.sandbox.discord import Channel, DiscordSandbox, Guild, Persona, Role, overwrite_for_role
from bot.sandbox.discord import permissions as may
from bot.sandbox.mail import MailSink
from bot.sandbox.process import BotProcess, Launch, execute, free_port
from bot.sandbox.stripe import StripeSandbox

# A file of its own: whoever fills in theirs still has a demo and tests that work.
CONFIGURATION = Path(__file__).parent / "mooring.toml"
STRIPE_KEY = "sk_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - of the local Stripe
MIA_ADDRESS = "mia@example.com"
PRO_MONTHLY = "price_pro_month"
_T = TypeVar("_T")
CODE = re.compile(r"\b\d{4} \d{4}\b")

STAFF = may.MANAGE_MESSAGES | may.VIEW_CHANNEL
BOT_PERMISSIONS = (
    may.VIEW_CHANNEL
    | may.SEND_MESSAGES
    | may.MANAGE_CHANNELS
    | may.READ_MESSAGE_HISTORY
    | may.ATTACH_FILES
    | may.EMBED_LINKS
    | may.MENTION_EVERYONE
)


@dataclass(frozen=True, slots=True)
class People:
    """Ada owns the server; Mia pays; Noor has linked nothing; Sam answers; Max decides."""

    ada: Persona
    mia: Persona
    noor: Persona
    sam: Persona
    max: Persona


class Scene:
    """A local world with one server in it."""

    def __init__(self, *, rate_limits: bool = True) -> None:
        """Build the world; no server listens yet."""
        self.discord = DiscordSandbox(rate_limits=rate_limits)
        # The bot sends buyers back to discord.com, which is not this Discord.
        self.stripe = StripeSandbox(
            api_key=STRIPE_KEY, webhook_secret=WEBHOOK_SECRET, sends_buyers_back=False
        )
        self.mail = MailSink()
        self._build_server()
        self._build_vendor()

    def _build_server(self) -> None:
        users = {
            name: self.discord.add_user(name.lower(), name)
            for name in ("Ada", "Mia", "Noor", "Sam", "Max")
        }
        guild: Guild = self.discord.add_guild(
            "Lumen Notes", owner=users["Ada"], bot_permissions=BOT_PERMISSIONS
        )
        self.guild = guild
        self.moderators: Role = guild.add_role(
            "Moderator", permissions=STAFF, color=0xE0A83C, hoist=True
        )
        self.support: Role = guild.add_role(
            "Support", permissions=STAFF, color=0x3CA7E0, hoist=True
        )
        roles = {"Sam": [self.support], "Max": [self.moderators]}
        for name in ("Mia", "Noor", "Sam", "Max"):
            guild.add_member(users[name], roles=roles.get(name, []))
        community = guild.add_category("Community")
        self.billing: Channel = guild.add_text_channel(
            "subscriptions", category=community, topic="Type / and choose a command of Mooring"
        )
        self.general: Channel = guild.add_text_channel("general", category=community)
        self.tickets: Channel = guild.add_category("Tickets")
        hidden = [
            overwrite_for_role(guild.everyone, deny=may.VIEW_CHANNEL),
            *(
                overwrite_for_role(role, allow=may.VIEW_CHANNEL)
                for role in (self.support, self.moderators, guild.bot_member.roles[-1])
            ),
        ]
        team = guild.add_category("Team", hidden)
        self.log: Channel = guild.add_text_channel("mooring-log", category=team)
        self.people = People(
            **{name.lower(): self.discord.persona(user) for name, user in users.items()}
        )

    def _build_vendor(self) -> None:
        """Sell in the local Stripe what the configuration says is sold."""
        catalogue = tomllib.loads(CONFIGURATION.read_text())["catalogue"]
        for plan in catalogue["plans"]:
            product = self.stripe.add_product(plan["name"])
            for price in plan["prices"]:
                self.stripe.add_price(
                    product["id"],
                    unit_amount=price["amount"],
                    currency=price["currency"],
                    interval=price["interval"],
                    id=price["id"],
                )
        for top_up in catalogue["top_ups"]:
            product = self.stripe.add_product(f"{top_up['units']} {catalogue['unit']}")
            for price in top_up["prices"]:
                self.stripe.add_price(
                    product["id"],
                    unit_amount=price["amount"],
                    currency=price["currency"],
                    interval=None,
                    id=price["id"],
                )
        self.mia_customer: str = self.stripe.add_customer(MIA_ADDRESS, name="Mia")["id"]
        self.mia_subscription: str = self.stripe.add_subscription(self.mia_customer, PRO_MONTHLY)[
            "id"
        ]

    async def start(self) -> None:
        """Have every server listen."""
        await self.discord.start()
        await self.stripe.start()
        await self.mail.start()

    async def stop(self) -> None:
        """Stop every server."""
        await self.stripe.stop()
        await self.mail.stop()
        await self.discord.stop()

    def bot(
        self, directory: Path, *, database_url: str | None = None, launch: Launch = execute
    ) -> BotProcess:
        """The production bot of this world, with its data and log in `directory`."""
        port = free_port()
        self.stripe.webhook_url = f"http://127.0.0.1:{port}/webhooks/stripe"
        environment = {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "DATABASE_URL": database_url or f"sqlite:///{directory / 'mooring.db'}",
            "STRIPE_API_KEY": STRIPE_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_URL": self.stripe.api_url,
            "WEB_HOST": "127.0.0.1",
            "WEB_PORT": str(port),
            "SMTP_URL": self.mail.url,
            "MAIL_FROM": "Lumen Notes <billing@lumen.example>",
            "MOORING_CONFIG": str(CONFIGURATION),
        }
        return BotProcess(environment, log=directory / "bot.log", launch=launch)

    async def set_up(self) -> None:
        """Ada runs /setup, as an administrator does once."""
        await self.people.ada.slash(
            "setup",
            channel=self.billing,
            support_role=self.support,
            moderator_role=self.moderators,
            ticket_category=self.tickets,
            log_channel=self.log,
        )

    async def link(self, person: Persona, address: str) -> None:
        """A person runs /link and enters the code from their mail."""
        asked = await person.slash("link", channel=self.billing)
        sent = await person.submit(_shown(asked.modal), {"Your billing email": address})
        mail = await self.mail.wait_for(to=address, containing="code")
        opened = await person.click(_shown(sent.message), "Enter code")
        code = _shown(CODE.search(mail.text)).group()
        await person.submit(_shown(opened.modal), {"Code from the mail": code})


def _shown(what: _T | None) -> _T:
    """What the bot has to show at this step; raises RuntimeError when it did not."""
    if what is None:
        raise RuntimeError("the bot did not show the next step")
    return what
