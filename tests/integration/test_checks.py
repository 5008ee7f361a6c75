"""`mooring check` over the local world: silent only when everything is right."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import stripe
from pydantic import SecretStr

from bot.checks import run_checks
from bot.checks.stripe_account import NEEDED_EVENTS
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import ChannelId, GuildId, PlanId, RoleId
from bot.sandbox.discord import DiscordSandbox, overwrite_for_role
from bot.sandbox.discord import permissions as may
from bot.sandbox.discord.users import MEMBERS_LIMITED, MESSAGE_CONTENT_LIMITED
from bot.sandbox.scene import (
    CONFIGURATION,
    CREEM_KEY,
    CREEM_WEBHOOK_SECRET,
    STRIPE_KEY,
    WEBHOOK_SECRET,
    Scene,
)
from bot.settings import Configuration, Environment, load_configuration
from storage import guilds, migrate
from storage import roles as stored_roles
from storage.database import Database


@dataclass(slots=True)
class Desk:
    """A scene that is all right until a test breaks it, and what the check says of it."""

    scene: Scene
    database_url: str
    configuration: Configuration
    variables: dict[str, object] = field(default_factory=dict)

    def environment(self) -> Environment:
        given: dict[str, object] = {
            "discord_token": self.scene.discord.token,
            "discord_api_url": self.scene.discord.api_url,
            "database_url": self.database_url,
            "stripe_api_key": STRIPE_KEY,
            "stripe_webhook_secret": WEBHOOK_SECRET,
            "stripe_api_url": self.scene.stripe.api_url,
            "creem_api_key": CREEM_KEY,
            "creem_webhook_secret": CREEM_WEBHOOK_SECRET,
            "creem_api_url": self.scene.creem.api_url,
            "smtp_url": self.scene.mail.url,
            "mail_from": "billing@lumen.example",
        }
        return Environment.model_validate({**given, **self.variables})

    async def set_up(self, settings: GuildSettings) -> None:
        """Store what /setup would."""
        database = Database(self.environment().database_url.get_secret_value())
        async with database.write() as connection:
            await guilds.save(connection, GuildId(int(self.scene.guild.id)), settings)
        await database.close()

    @property
    def category(self) -> ChannelId:
        return ChannelId(int(self.scene.tickets.id))

    @property
    def log(self) -> ChannelId:
        return ChannelId(int(self.scene.log.id))

    async def check(self) -> tuple[int, list[str]]:
        """The exit status and the lines, none of which may hold a secret."""
        lines: list[str] = []
        environment = self.environment()
        status = await run_checks(environment, self.configuration, lines.append)
        for value in environment.model_dump().values():
            if isinstance(value, SecretStr) and value.get_secret_value() != self.scene.mail.url:
                assert value.get_secret_value() not in "\n".join(lines)
        return status, lines

    async def complaints(self) -> list[str]:
        """The lines that do not say that all is fine."""
        return [line for line in (await self.check())[1] if line[0] in "⚠✗"]

    def stripe_client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            STRIPE_KEY, base_addresses={"api": self.scene.stripe.api_url}, max_network_retries=0
        )

    async def add_endpoint(self, events: list[str]) -> stripe.WebhookEndpoint:
        return await self.stripe_client().v1.webhook_endpoints.create_async(
            {"url": "https://bot.example/webhooks/stripe", "enabled_events": events}  # type: ignore[typeddict-item]
        )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    scene = Scene(rate_limits=False)
    await scene.start()
    url = f"sqlite+aiosqlite:///{tmp_path / 'mooring.db'}"
    database = Database(url)
    await migrate.upgrade(database)
    await database.close()
    desk = Desk(scene, url, load_configuration(CONFIGURATION))
    await desk.set_up(
        GuildSettings(
            RoleId(int(scene.support.id)),
            RoleId(int(scene.moderators.id)),
            desk.category,
            desk.log,
        )
    )
    await desk.add_endpoint(sorted(NEEDED_EVENTS))
    yield desk
    await scene.stop()


async def test_all_is_well(desk: Desk) -> None:
    status, lines = await desk.check()

    assert status == 0
    assert [line[0] for line in lines[:-1]] == ["✓"] * (len(lines) - 1)
    assert lines[-1] == "Everything that Mooring needs is there."


async def test_it_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    missing = tmp_path / "later" / "mooring.db"
    desk.variables["database_url"] = f"sqlite:///{missing}"

    status, lines = await desk.check()

    assert not missing.parent.exists()
    assert any("does not exist yet" in line for line in lines)
    assert status == 0
    assert all(
        entry.method == "GET" or "webhook_endpoints" in entry.path
        for entry in desk.scene.stripe.requests.entries
    )
    assert all(entry.method == "GET" for entry in desk.scene.creem.requests.entries)


async def test_a_token_that_discord_does_not_know(desk: Desk) -> None:
    desk.variables["discord_token"] = "nobody.knows.this"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Discord does not know the token in DISCORD_TOKEN")


async def test_discord_is_out_of_reach(desk: Desk) -> None:
    desk.variables["discord_api_url"] = "http://127.0.0.1:1/api/v10"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Discord does not answer")


async def test_discord_is_ill_or_busy(desk: Desk) -> None:
    desk.scene.discord.faults.add(path="/users/@me$", status=503)

    assert "✗ Discord answered with the error 503. Try again in a minute." in (
        await desk.complaints()
    )


async def test_the_intent_is_off(desk: Desk) -> None:
    desk.scene.discord.application.flags &= ~MESSAGE_CONTENT_LIMITED

    status, lines = await desk.check()

    assert status == 1
    assert any(line.startswith("✗ The Message Content intent is off") for line in lines)


async def test_a_bot_that_was_never_invited(desk: Desk) -> None:
    lonely = DiscordSandbox()
    await lonely.start()
    desk.variables |= {"discord_token": lonely.token, "discord_api_url": lonely.api_url}

    [complaint] = await desk.complaints()
    await lonely.stop()

    assert complaint.startswith("⚠ The bot is in no server yet. Invite it: https://discord.com/")
    assert f"client_id={lonely.application.id}" in complaint


async def test_setup_was_never_run(desk: Desk) -> None:
    """No error: /setup needs a bot that runs."""
    await desk.set_up(GuildSettings())

    status, lines = await desk.check()

    assert status == 0
    assert [line for line in lines if line[0] in "⚠✗"] == [
        "⚠ Lumen Notes: nothing is chosen yet. Start Mooring and run /setup there."
    ]


async def test_setup_was_left_half_way(desk: Desk) -> None:
    for chosen, missing in (
        (GuildSettings(log_channel_id=desk.log), ["✗ support", "✗ moderator", "⚠ ticket"]),
        (GuildSettings(ticket_category_id=desk.category), ["✗ support", "✗ moderator", "⚠ log"]),
    ):
        await desk.set_up(chosen)
        complaints = [line for line in await desk.complaints() if " is chosen" in line]
        assert [f"{line[0]} {line.split(': no ')[1].split()[0]}" for line in complaints] == missing


async def test_what_was_chosen_has_been_deleted(desk: Desk) -> None:
    guild = desk.scene.guild
    guild.delete_role(desk.scene.support)
    guild.delete_role(desk.scene.moderators)
    guild.delete_channel(desk.scene.tickets)
    guild.delete_channel(desk.scene.log)

    complaints = await desk.complaints()

    assert [line[0] for line in complaints] == ["✗"] * 4
    assert all("does not exist any more" in line for line in complaints)


async def test_the_file_wins_over_setup_and_names_a_server_without_the_bot(desk: Desk) -> None:
    desk.configuration = Configuration.model_validate(
        {**desk.configuration.model_dump(), "guild": {"id": 12345}}
    )
    assert "mooring.toml has settings for the server 12345" in (await desk.complaints())[0]

    desk.configuration = Configuration.model_validate(
        {**desk.configuration.model_dump(), "guild": {"id": int(desk.scene.guild.id)}}
    )
    assert "nothing is chosen yet" in (await desk.complaints())[0]


@pytest.mark.parametrize(
    ("taken", "word"),
    [
        (may.MANAGE_CHANNELS, "Manage Channels"),
        (may.ATTACH_FILES, "Attach Files"),
        (may.READ_MESSAGE_HISTORY, "Read Message History"),
    ],
)
async def test_the_bot_lacks_a_permission_in_the_server(desk: Desk, taken: int, word: str) -> None:
    for role in desk.scene.guild.roles:
        role.permissions &= ~taken

    assert any(
        line.startswith("✗") and f"the bot's role lacks {word}" in line
        for line in await desk.complaints()
    )


async def test_the_bot_is_shut_out_of_category_and_log_channel(desk: Desk) -> None:
    everyone = desk.scene.guild.everyone
    shut = overwrite_for_role(everyone, deny=may.VIEW_CHANNEL)
    desk.scene.tickets.overwrites = {everyone.id: shut}
    desk.scene.log.overwrites = {everyone.id: overwrite_for_role(everyone, deny=may.SEND_MESSAGES)}

    complaints = await desk.complaints()

    assert len(complaints) == 2
    assert "lacks View Channel, Manage Channels in the ticket category Tickets" in complaints[0]
    assert "lacks Send Messages" in complaints[1]
    assert "in the log channel mooring-log" in complaints[1]


async def test_an_administrator_needs_nothing_else(desk: Desk) -> None:
    await test_the_bot_is_shut_out_of_category_and_log_channel(desk)
    desk.scene.guild.bot_member.roles[-1].permissions = may.ADMINISTRATOR

    assert await desk.complaints() == []


async def test_role_order_and_mentions_are_doubts_and_no_errors(desk: Desk) -> None:
    guild = desk.scene.guild
    guild.move_role(desk.scene.support, 10)
    for role in guild.roles:
        role.permissions &= ~may.MENTION_EVERYONE

    status, lines = await desk.check()

    assert status == 0
    doubts = [line for line in lines if line.startswith("⚠")]
    assert "the bot's role is not above the support role Support" in doubts[0]
    assert "cannot mention the support role Support" in doubts[1]
    assert len(doubts) == 2


async def test_plan_roles_that_the_bot_cannot_or_must_not_give(desk: Desk) -> None:
    guild, roles = desk.scene.guild, desk.scene.plan_roles
    chosen = {"lite": roles["Lite"], "pro": roles["Pro"], "max": desk.scene.support}
    desk.configuration = Configuration.model_validate(
        {
            **desk.configuration.model_dump(),
            "guild": {
                "id": int(guild.id),
                "support_role": int(desk.scene.support.id),
                "moderator_role": int(desk.scene.moderators.id),
                "ticket_category": desk.category,
                "log_channel": desk.log,
                "plan_roles": {plan: int(role.id) for plan, role in chosen.items()},
            },
        }
    )
    assert "the plan max cannot give the role Support" in (await desk.complaints())[0]

    desk.scene.discord.application.flags &= ~MEMBERS_LIMITED
    guild.delete_role(roles["Lite"])
    guild.move_role(roles["Pro"], 10)
    complaints = await desk.complaints()

    assert complaints[0].startswith("⚠ The Server Members intent is off")
    assert "cannot give the role" in complaints[1]
    assert "does not exist any more" in complaints[1]
    assert "cannot give the role Pro. The bot's own role does not stand above" in complaints[2]


async def test_plan_roles_from_the_command_are_looked_at_too(desk: Desk) -> None:
    database = Database(desk.environment().database_url.get_secret_value())
    boss = desk.scene.guild.add_role("Boss", permissions=may.BAN_MEMBERS)
    async with database.write() as connection:
        guild_id, role_id = GuildId(int(desk.scene.guild.id)), RoleId(int(boss.id))
        await stored_roles.set_plan_role(connection, guild_id, PlanId("pro"), role_id)
    await database.close()

    [complaint] = await desk.complaints()

    assert "cannot give the role Boss. It has permissions that nobody may buy" in complaint


async def test_a_key_that_stripe_does_not_know(desk: Desk) -> None:
    desk.variables["stripe_api_key"] = "sk_test_somebody_elses_key"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Stripe does not know the key in STRIPE_API_KEY")


async def test_stripe_is_out_of_reach(desk: Desk) -> None:
    desk.variables["stripe_api_url"] = "http://127.0.0.1:1"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Stripe does not answer")


async def test_prices_that_differ(desk: Desk) -> None:
    plans = [plan.model_dump() for plan in desk.configuration.catalogue.plans]
    plans[0]["prices"][0]["id"] = "price_of_nothing"
    plans[0]["prices"][1]["amount"] = 9100
    plans[1]["prices"][0]["currency"] = "eur"
    plans[1]["prices"][1]["interval"] = "month"
    desk.configuration = Configuration.model_validate(
        {**desk.configuration.model_dump(), "catalogue": {"plans": plans}}
    )
    await desk.stripe_client().v1.prices.update_async("price_max_month", {"active": False})

    complaints = await desk.complaints()

    assert len(complaints) == 5
    assert "price_of_nothing of the plan Lite is not in Stripe" in complaints[0]
    assert "Stripe's amount is 9000, mooring.toml has 9100" in complaints[1]
    assert "Stripe's currency is usd, mooring.toml has eur" in complaints[2]
    assert "Stripe's interval is year, mooring.toml has month" in complaints[3]
    assert "archived" in complaints[4]


async def test_a_key_that_creem_does_not_know(desk: Desk) -> None:
    desk.variables["creem_api_key"] = "creem_test_somebody_elses_key"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Creem does not know the key in CREEM_API_KEY")


async def test_creem_is_out_of_reach(desk: Desk) -> None:
    desk.variables["creem_api_url"] = "http://127.0.0.1:1"

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Creem does not answer")


async def test_products_that_differ(desk: Desk) -> None:
    given = desk.configuration.model_dump()
    plans, top_ups = given["catalogue"]["plans"], given["catalogue"]["top_ups"]
    lite, pro = (
        [each for each in plan["prices"] if each["provider"] == "creem"] for plan in plans[:2]
    )
    lite[0]["id"] = "prod_of_nothing"
    lite[1]["amount"] = 9100
    pro[0]["currency"] = "eur"
    pro[1]["interval"] = "month"
    top_ups[0]["prices"][1]["amount"] = 999
    desk.scene.creem.add_product("Rented", price=4000, id="prod_rented")
    top_ups[1]["prices"][1]["id"] = "prod_rented"
    desk.configuration = Configuration.model_validate(given)

    complaints = await desk.complaints()

    assert len(complaints) == 6
    assert "prod_of_nothing of the plan Lite is not in Creem" in complaints[0]
    assert "Creem's price is 9000, mooring.toml has 9100" in complaints[1]
    assert "Creem's currency is usd, mooring.toml has eur" in complaints[2]
    assert "Creem's billing period is every-year, mooring.toml has every-month" in complaints[3]
    assert "prod_top_up_500 of the top-up small: Creem's price is 1000" in complaints[4]
    assert "Creem's billing period is every-month, mooring.toml has once" in complaints[5]


async def test_creem_falls_silent_half_way(desk: Desk) -> None:
    desk.scene.creem.faults.add(path="/v1/products$", status=503, times=3)

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ Creem did not show the product prod_lite_month")


async def test_webhook_endpoints(desk: Desk) -> None:
    client = desk.stripe_client()
    for endpoint in (await client.v1.webhook_endpoints.list_async({"limit": 100})).data:
        await client.v1.webhook_endpoints.delete_async(endpoint.id)
    assert [line.split(". ")[0] for line in await desk.complaints()] == [
        "⚠ No webhook endpoint in Stripe leads to /webhooks/stripe"
    ]

    few = await desk.add_endpoint(["invoice.paid"])
    [lacking] = await desk.complaints()
    assert lacking.startswith("✗ The webhook endpoint to /webhooks/stripe lacks events. Add: ")
    assert "customer.subscription.deleted" in lacking
    assert "invoice.paid" not in lacking

    await client.v1.webhook_endpoints.update_async(few.id, {"disabled": True})
    assert "is disabled" in (await desk.complaints())[0]

    await desk.add_endpoint(["*"])
    assert await desk.complaints() == []


async def test_a_restricted_key_has_to_read_payment_methods(desk: Desk) -> None:
    """Every subscription is read with the card that pays for it."""
    desk.scene.stripe.faults.add(path="/v1/payment_methods", status=403)

    [complaint] = await desk.complaints()

    assert complaint.startswith("✗ The key in STRIPE_API_KEY may not read payment methods.")


async def test_a_restricted_key_need_not_list_endpoints(desk: Desk) -> None:
    desk.scene.stripe.faults.add(path="/v1/webhook_endpoints", status=403)

    status, lines = await desk.check()

    assert status == 0
    assert any(line.startswith("⚠ The key may not list webhook endpoints") for line in lines)


async def test_the_mail_server_is_down_or_not_there(desk: Desk) -> None:
    desk.scene.mail.down = True
    [complaint] = await desk.complaints()
    assert complaint.startswith("✗ The mail server does not answer as it should")

    desk.variables["smtp_url"] = "smtp://127.0.0.1:1"
    [complaint] = await desk.complaints()
    assert complaint.startswith("✗ The mail server does not answer as it should")


async def test_a_database_of_another_version_and_one_that_is_none(
    desk: Desk, tmp_path: Path
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}")
    async with database.write():
        pass
    await database.close()
    desk.variables["database_url"] = f"sqlite:///{tmp_path / 'old.db'}"
    complaints = await desk.complaints()
    assert complaints[0].startswith("⚠ The database is not at this version's schema")
    assert "its settings are not known without the database" in complaints[1]

    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 100)
    desk.variables["database_url"] = f"sqlite:///{tmp_path / 'letter.txt'}"
    assert (await desk.complaints())[0].startswith("✗ The database cannot be used (file is not")


async def test_a_database_server_that_is_not_there(desk: Desk) -> None:
    desk.variables["database_url"] = "postgresql://mooring:hunter2@127.0.0.1:1/mooring"

    complaints = await desk.complaints()

    assert complaints[0].startswith("✗ The database cannot be used (ConnectionRefusedError)")
    assert not any("hunter2" in line for line in complaints)
