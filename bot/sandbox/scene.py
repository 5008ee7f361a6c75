"""The server, the people and the vendor's accounts with its payment providers, for the demo and the
scenario tests."""

import re
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bot.sandbox.creem import CreemSandbox
from bot.sandbox.discord import Channel, DiscordSandbox, Guild, Persona, Role, overwrite_for_role
from bot.sandbox.discord import permissions as may
from bot.sandbox.mail import MailSink
from bot.sandbox.process import BotProcess, Launch, execute, free_port
from bot.sandbox.stripe import StripeSandbox

# A file of its own: whoever fills in theirs still has a demo and tests that work.
CONFIGURATION = Path(__file__).parent / "mooring.toml"
STRIPE_KEY = "sk_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - of the local Stripe
CREEM_KEY = "creem_test_sandbox"
CREEM_WEBHOOK_SECRET = "whsec_creem_sandbox"  # noqa: S105 - of the local Creem
API_SECRET = "sandbox_api_secret"  # noqa: S105 - of the local vendor's backend
# Nobody listens there: who follows such a link here puts the bot's own address in its place.
PUBLIC_URL = "https://mooring.lumen.example"
MIA_ADDRESS = "mia@example.com"
LEA_ADDRESS = "lea@example.com"
# The bot's store, in its directory.
STORE = "mooring.db"
PRO_MONTHLY = "price_pro_month"
CREEM_PRO_MONTHLY = "prod_pro_month"
_T = TypeVar("_T")
CODE = re.compile(r"\b\d{4} \d{4}\b")

STAFF = may.MANAGE_MESSAGES | may.VIEW_CHANNEL
BOT_PERMISSIONS = (
    may.VIEW_CHANNEL
    | may.SEND_MESSAGES
    | may.MANAGE_MESSAGES
    | may.MANAGE_CHANNELS
    | may.READ_MESSAGE_HISTORY
    | may.ATTACH_FILES
    | may.EMBED_LINKS
    | may.MENTION_EVERYONE
    | may.MANAGE_ROLES
    | may.MANAGE_THREADS
    | may.CREATE_PRIVATE_THREADS
    | may.SEND_MESSAGES_IN_THREADS
)


@dataclass(frozen=True, slots=True)
class People:
    """Ada owns the server; Mia pays through Stripe and Lea through Creem; Noor has linked nothing;
    Sam answers; Max decides."""

    ada: Persona
    mia: Persona
    lea: Persona
    noor: Persona
    sam: Persona
    max: Persona


class Scene:
    """A local world with one server in it."""

    def __init__(self, *, rate_limits: bool = True, clock: Callable[[], float] = time.time) -> None:
        """Build the world; no server listens yet. `clock` is Discord's."""
        self.discord = DiscordSandbox(rate_limits=rate_limits, clock=clock)
        # The bot sends buyers back to discord.com, which is not this Discord.
        self.stripe = StripeSandbox(
            api_key=STRIPE_KEY, webhook_secret=WEBHOOK_SECRET, sends_buyers_back=False
        )
        self.creem = CreemSandbox(
            api_key=CREEM_KEY, webhook_secret=CREEM_WEBHOOK_SECRET, sends_buyers_back=False
        )
        self.mail = MailSink()
        self._build_server()
        self._build_vendor()

    def _build_server(self) -> None:
        users = {
            name: self.discord.add_user(name.lower(), name)
            for name in ("Ada", "Mia", "Lea", "Noor", "Sam", "Max")
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
        colors = {"Lite": 0x8BC34A, "Pro": 0x5B6EE1, "Max": 0x9C4DCC}
        self.plan_roles: dict[str, Role] = {
            name: guild.add_role(name, color=color) for name, color in colors.items()
        }
        roles = {"Sam": [self.support], "Max": [self.moderators]}
        for name in ("Mia", "Lea", "Noor", "Sam", "Max"):
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
        self.refunds: Channel = guild.add_text_channel("refund-desk", category=team)
        self.people = People(
            **{name.lower(): self.discord.persona(user) for name, user in users.items()}
        )

    def _build_vendor(self) -> None:
        """Sell at each provider what the configuration says is sold there."""
        configuration = tomllib.loads(CONFIGURATION.read_text())
        catalogue = configuration["catalogue"]
        for offer in configuration["retention"]["offers"]:
            if offer["kind"] == "discount":
                self.stripe.add_coupon(
                    id=offer["coupon"], percent=offer["percent"], months=offer["months"]
                )
        for plan in catalogue["plans"]:
            self._sell(plan["name"], plan["prices"])
        for top_up in catalogue.get("top_ups", []):
            self._sell(f"{top_up['units']} {catalogue['unit']}", top_up["prices"])
        self.mia_customer: str = self.stripe.add_customer(MIA_ADDRESS, name="Mia")["id"]
        self.mia_subscription: str = self.stripe.add_subscription(self.mia_customer, PRO_MONTHLY)[
            "id"
        ]
        self.lea_customer: str = self.creem.add_customer(LEA_ADDRESS, name="Lea")["id"]
        self.lea_subscription: str = self.creem.add_subscription(
            self.lea_customer, CREEM_PRO_MONTHLY
        )["id"]

    def _sell(self, name: str, prices: list[dict[str, Any]]) -> None:
        """At Stripe one product has several prices; at Creem every price is a product."""
        stripe_product = self.stripe.add_product(name)["id"]
        for price in prices:
            terms = {"currency": price["currency"], "interval": price.get("interval")}
            if price.get("provider") == "creem":
                self.creem.add_product(name, price=price["amount"], id=price["id"], **terms)
            else:
                self.stripe.add_price(
                    stripe_product, unit_amount=price["amount"], id=price["id"], **terms
                )

    async def start(self) -> None:
        """Have every server listen."""
        await self.discord.start()
        await self.stripe.start()
        await self.creem.start()
        await self.mail.start()

    async def stop(self) -> None:
        """Stop every server."""
        await self.stripe.stop()
        await self.creem.stop()
        await self.mail.stop()
        await self.discord.stop()

    def bot(
        self, directory: Path, *, database_url: str | None = None, launch: Launch = execute
    ) -> BotProcess:
        """The production bot of this world, with its data and log in `directory`."""
        port = free_port()
        self.stripe.webhook_url = f"http://127.0.0.1:{port}/webhooks/stripe"
        self.creem.webhook_url = f"http://127.0.0.1:{port}/webhooks/creem"
        environment = {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "DATABASE_URL": database_url or f"sqlite:///{directory / STORE}",
            "STRIPE_API_KEY": STRIPE_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_URL": self.stripe.api_url,
            "CREEM_API_KEY": CREEM_KEY,
            "CREEM_WEBHOOK_SECRET": CREEM_WEBHOOK_SECRET,
            "CREEM_API_URL": self.creem.api_url,
            "API_SECRET": API_SECRET,
            "WEB_HOST": "127.0.0.1",
            "WEB_PORT": str(port),
            "PUBLIC_URL": PUBLIC_URL,
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
            refund_channel=self.refunds,
        )

    async def set_plan_roles(self) -> None:
        """Ada has members with a plan get its role."""
        for name, role in self.plan_roles.items():
            await self.people.ada.slash("roles set", channel=self.billing, plan=name, role=role)

    async def link(self, person: Persona, address: str) -> None:
        """A person runs /link and enters the code from their mail."""
        asked = await person.slash("link", channel=self.billing)
        sent = await person.submit(shown(asked.modal), {"Your billing email": address})
        mail = await self.mail.wait_for(to=address, containing="code")
        opened = await person.click(shown(sent.message), "Enter code")
        code = shown(CODE.search(mail.text)).group()
        await person.submit(shown(opened.modal), {"Code from the mail": code})


def shown(what: _T | None) -> _T:
    """What the bot has to show at this step; raises RuntimeError when it did not."""
    if what is None:
        raise RuntimeError("the bot did not show the next step")
    return what
