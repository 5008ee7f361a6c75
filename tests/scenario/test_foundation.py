"""The process: health, metrics, a clean stop, settings, and what its log must not hold."""

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.scene import MIA_ADDRESS
from tests.scenario.bad_luck import RECOVERY_SECONDS, until
from tests.scenario.linking import ask, enter
from tests.scenario.outside import codes_for, jobs_done
from tests.scenario.stage import COMMENT, Stage
from tests.scenario.test_webhooks import event, post, signed
from tests.scenario.ticketing import open_ticket

SECRET_WORDS = "pass-word-of-smtp"


async def health(stage: Stage) -> tuple[int, dict[str, Any]]:
    """What /healthz answers."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{stage.bot.web_url}/healthz") as response,
    ):
        return response.status, await response.json()


async def metrics(stage: Stage) -> str:
    """What /metrics answers."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{stage.bot.web_url}/metrics") as response,
    ):
        assert response.status == 200
        return await response.text()


async def until_health(stage: Stage, status: int, *, seconds: float) -> dict[str, Any]:
    """The facts once /healthz answers with this status; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            answered, facts = await health(stage)
            if answered == status:
                return facts
            await asyncio.sleep(0.1)


async def test_health_tells_database_gateway_and_jobs(stage: Stage) -> None:
    await jobs_done(stage)

    status, facts = await health(stage)

    assert status == 200
    assert facts == {
        "healthy": True,
        "database": True,
        "gateway": True,
        "jobs": {
            "due": 0,
            "oldest_seconds": 0.0,
            "failing": 0,
            "failing_seconds": 0.0,
            "promised_failing_seconds": 0.0,
        },
    }
    stage.scene.mail.down = True
    await ask(stage, stage.mia, MIA_ADDRESS)
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE last_error IS NOT NULL"))
    stage.scene.mail.down = False
    await jobs_done(stage)
    assert (await health(stage))[1]["jobs"]["failing"] == 0


async def test_health_fails_while_the_gateway_stays_away(stage: Stage) -> None:
    """A short reconnect does not alarm anybody; a long one does, until it is over."""
    await stage.scene.discord.drop_gateway()
    await stage.scene.discord.wait_for_bot()
    assert (await health(stage))[0] == 200

    await stage.scene.discord.drop_gateway(hold_events=100)
    assert (await health(stage))[0] == 200
    facts = await until_health(stage, 503, seconds=60)

    assert (facts["gateway"], facts["database"], facts["healthy"]) == (False, True, False)
    stage.scene.discord.let_gateway_back()
    await until_health(stage, 200, seconds=25)
    assert "not linked" in (await stage.balance_of(stage.noor)).text


async def test_health_fails_until_the_gateway_was_there_once(stage: Stage) -> None:
    """Events from the provider are taken in meanwhile, and applied afterwards."""
    await stage.link_mia()
    await stage.bot.stop()
    away = stage.scene.discord.faults.add(path="/gateway/bot$", hold=True)
    await stage.bot.launch()
    synced = '"event": "commands_synced"'
    await until(lambda: stage.bot.log_tail(100_000).count(synced) == 2)

    status, facts = await health(stage)
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    await stage.scene.stripe.drain(20, retries=True)

    assert (status, facts["gateway"], facts["database"]) == (503, False, True)
    assert 200 in {each.status for each in stage.scene.stripe.deliveries}
    away.remove()
    await until_health(stage, 200, seconds=30)
    await stage.balance_saying(stage.mia, "Cancelled. Stays on until")


async def test_metrics_have_the_named_series_and_nothing_about_people(stage: Stage) -> None:
    await stage.link_mia()
    balance = await stage.balance_of(stage.mia)
    await (await stage.mia.click(balance, "Refresh")).settled()
    await stage.balance_of(stage.noor)
    body = event("weather.changed", {"id": "sunny"})
    assert await post(stage, body, signed(body)) == 200
    await jobs_done(stage)

    text = await metrics(stage)

    for series in (
        'mooring_interactions_total{outcome="done",what="/balance"}',
        'mooring_interactions_total{outcome="refused",what="/balance"}',
        'mooring_interactions_total{outcome="done",what="balance.refresh"}',
        'mooring_interaction_seconds_count{what="/balance"}',
        'mooring_interaction_seconds_count{what="balance.refresh"}',
        'mooring_events_total{type="weather.changed"}',
        'mooring_job_runs_total{kind="account.send_code",outcome="done"}',
        'mooring_job_seconds_count{kind="event.apply"}',
        "mooring_jobs_due 0.0",
        "mooring_jobs_failing 0.0",
        "mooring_jobs_oldest_seconds 0.0",
        "mooring_jobs_failing_seconds 0.0",
        "mooring_jobs_promised_failing_seconds 0.0",
        "process_resident_memory_bytes",
    ):
        assert f"\n{series}" in text, series
    people = [stage.mia.user.id, stage.noor.user.id, MIA_ADDRESS, stage.scene.mia_customer]
    for private in (*people, *secrets_of(stage), stage.scene.mia_subscription):
        assert private not in text
    assert not re.search(r'="[^"]*\d{6,}', text)


def secrets_of(stage: Stage) -> list[str]:
    """What must not be written down anywhere."""
    environment = stage.bot.environment
    names = ("DISCORD_TOKEN", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET")
    return [environment[name] for name in names]


async def test_no_secret_and_no_text_of_members_is_ever_logged(stage: Stage) -> None:
    """A whole story, with a mail server that refuses its password for a while."""
    address = stage.scene.mail.url.removeprefix("smtp://")
    right = stage.bot.environment["SMTP_URL"]
    stage.bot.environment["SMTP_URL"] = f"smtp://billing:{SECRET_WORDS}@{address}"
    await stage.kill_and_restart()
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    await until(lambda: stage.rows("SELECT id FROM jobs WHERE last_error IS NOT NULL"))
    stage.bot.environment["SMTP_URL"] = right
    await stage.kill_and_restart()
    code = await codes_for(stage, MIA_ADDRESS, seconds=RECOVERY_SECONDS)
    await enter(stage.mia, screen, "1111 2222")
    await enter(stage.mia, screen, code)
    await (await stage.mia.click(await stage.balance_of(stage.mia), "Refresh")).settled()
    ticket = await open_ticket(stage)
    await stage.mia.say(ticket.channel, "my words are nobody's business")
    cancel = await stage.mia.slash("cancel", channel=stage.here)
    assert cancel.message is not None
    reason = await stage.mia.click(cancel.message, "Continue to cancel")
    assert reason.modal is not None
    answers = {"Your reason": "It costs too much", COMMENT: "a comment of my own"}
    await stage.mia.submit(reason.modal, answers)
    await stage.mia.click(cancel.message, "Confirm cancel")
    await cancel.message.changed(containing="is cancelled")
    body = event("customer.updated", {"id": "cus_1"})
    assert await post(stage, body, signed(body, secret="whsec_wrong")) == 400
    await jobs_done(stage)

    log = stage.bot.log_tail(10_000_000)
    said = ["my words are", "a comment of my own", MIA_ADDRESS, "I was charged twice"]
    for private in (*secrets_of(stage), SECRET_WORDS, code, code.replace(" ", ""), *said):
        assert private not in log, private
    errors = "".join(str(tuple(row)) for row in stage.rows("SELECT last_error FROM jobs"))
    assert SECRET_WORDS not in errors


async def test_sigterm_ends_an_idle_process_at_once(stage: Stage) -> None:
    await stage.link_mia()
    await jobs_done(stage)

    async with asyncio.timeout(5):
        status = await stage.bot.stop()

    assert status == 0
    assert "Traceback" not in stage.bot.log_tail()
    await until(lambda: not stage.scene.discord.bot_connected)


@pytest.mark.parametrize("silent", ["/gateway$", "/users/@me$", "the gateway itself"])
async def test_sigterm_is_heard_while_discord_does_not_answer(stage: Stage, silent: str) -> None:
    await stage.bot.stop()
    if silent.startswith("/"):
        stage.scene.discord.faults.add(path=silent, hold=True)
    else:
        await stage.scene.discord.drop_gateway(hold_events=30)
    await stage.bot.launch()
    last_words = "web_ready" if silent.startswith("/") else "commands_synced"
    await until(lambda: stage.bot.log_tail(100_000).count(f'"event": "{last_words}"') == 2)

    async with asyncio.timeout(5):
        status = await stage.bot.stop()

    assert status == 0, stage.bot.log_tail()
    assert "Traceback" not in stage.bot.log_tail(100_000)


async def test_sigterm_finishes_the_job_in_hand(stage: Stage) -> None:
    await stage.link_mia()
    held = stage.scene.stripe.faults.add(method="GET", path="/v1/subscriptions/", hold=True)
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    leased = "SELECT id FROM jobs WHERE kind = 'event.apply' AND lease_until IS NOT NULL"
    await until(lambda: held.struck and stage.rows(leased))

    stopping = asyncio.create_task(stage.bot.stop())
    await until(lambda: '"event": "stopping"' in stage.bot.log_tail())
    held.remove()
    async with asyncio.timeout(8):
        status = await stopping

    assert status == 0
    assert not stage.rows("SELECT id FROM jobs WHERE lease_until IS NOT NULL")
    [row] = stage.rows("SELECT cancel_at FROM subscriptions WHERE provider = 'stripe'")
    assert row["cancel_at"] is not None


async def test_sigterm_releases_a_job_that_hangs(stage: Stage) -> None:
    """The next process takes it up at once, without waiting for a lease."""
    await stage.link_mia()
    hanging = stage.scene.stripe.faults.add(method="GET", path="/v1/subscriptions/", hold=True)
    stage.scene.stripe.portal_cancel(stage.scene.mia_subscription)
    leased = "SELECT id FROM jobs WHERE kind = 'event.apply' AND lease_until IS NOT NULL"
    await until(lambda: stage.rows(leased))

    async with asyncio.timeout(12):
        status = await stage.bot.stop()

    assert status == 0
    assert not stage.rows("SELECT id FROM jobs WHERE lease_until IS NOT NULL")
    assert stage.rows("SELECT id FROM jobs WHERE done_at IS NULL AND kind = 'event.apply'")
    hanging.remove()
    await stage.bot.start()
    await jobs_done(stage)
    assert "Cancelled. Stays on until" in (await stage.balance_of(stage.mia)).text


async def run_alone(directory: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """`mooring run` in an empty folder: its exit status and all it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "run"),
        cwd=directory,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(100):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


REQUIRED = ("DISCORD_TOKEN", "SMTP_URL", "MAIL_FROM")
OF_THE_PROVIDERS = (
    "STRIPE_API_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "CREEM_API_KEY",
    "CREEM_WEBHOOK_SECRET",
)


@pytest.mark.timeout(400)  # a process for each of them
async def test_missing_settings_are_named_with_their_file(stage: Stage, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    status, said = await run_alone(empty, {})

    assert status == 2
    for name in REQUIRED:
        assert f"{name} (environment or .env) is missing." in said
    assert "Traceback" not in said
    for name in (*REQUIRED, *OF_THE_PROVIDERS):
        some = {key: value for key, value in stage.bot.environment.items() if key != name}
        status, said = await run_alone(empty, some)
        assert status == 2
        assert f"{name} (environment or .env) is missing." in said
        assert not [value for value in secrets_of(stage) if value in said]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN", " "),
        ("STRIPE_API_KEY", "pk_live_s3cret"),
        ("STRIPE_WEBHOOK_SECRET", "s3cret"),
        ("SMTP_URL", "s3cret"),
        ("SMTP_URL", "smtp://user:s3cret#more@mail.example:587"),
        ("SMTP_URL", "smtp://user:s3cret@[mail.example"),
        ("DATABASE_URL", "mysql://user:s3cret@host/database"),
        ("DATABASE_URL", "postgresql://user:pa@host:s3cret/database"),
        ("DISCORD_API_URL", "ftp://s3cret"),
        ("STRIPE_API_URL", "https://user:s3cret"),
        ("WEB_PORT", "s3cret"),
        ("MAIL_FROM", "s3cret"),
    ],
)
async def test_wrong_settings_are_named_without_their_value(
    tmp_path: Path, name: str, value: str
) -> None:
    """No server is needed: it ends before anything starts."""
    right = {
        "DISCORD_TOKEN": "token",
        "STRIPE_API_KEY": "sk_test_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
        "SMTP_URL": "smtp://localhost",
        "MAIL_FROM": "a@b.example",
    }

    status, said = await run_alone(tmp_path, {**right, name: value})

    assert status == 2, said
    assert f"{name} (environment or .env) is wrong" in said
    assert "s3cret" not in said
    assert "Traceback" not in said


async def test_a_missing_or_broken_file_is_named(stage: Stage, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("vendor = [")
    unfinished = tmp_path / "unfinished.toml"
    unfinished.write_text('grace_days = 99\n[vendor]\nname = "Lumen"\nnmae = "Lumen"\n')
    for file, words in (
        (tmp_path / "nowhere.toml", "cannot be read"),
        (broken, "is not valid TOML"),
        (unfinished, "grace_days"),
        (unfinished, "nmae is not a setting"),
    ):
        environment = {**stage.bot.environment, "MOORING_CONFIG": str(file)}
        status, said = await run_alone(tmp_path, environment)
        assert status == 2
        assert str(file) in said
        assert words in said
        assert not [value for value in secrets_of(stage) if value in said]


async def test_a_wrong_token_ends_the_process_and_is_not_shown(
    stage: Stage, tmp_path: Path
) -> None:
    environment = {**stage.bot.environment, "DISCORD_TOKEN": "wr0ng-t0ken", "WEB_PORT": "0"}

    status, said = await run_alone(tmp_path, environment)

    assert status == 2
    assert "DISCORD_TOKEN (environment or .env) is wrong" in said
    assert "wr0ng" not in said
    assert "Traceback" not in said


async def test_a_port_that_is_taken_ends_the_process_in_words(stage: Stage, tmp_path: Path) -> None:
    own = {"DATABASE_URL": f"sqlite:///{tmp_path}/other.db"}

    status, said = await run_alone(tmp_path, {**stage.bot.environment, **own})

    assert status == 2
    port = stage.bot.environment["WEB_PORT"]
    assert f"WEB_PORT (environment or .env) is taken: something else listens on port {port}" in said
    assert "Traceback" not in said


async def test_a_missing_intent_is_told_in_words(stage: Stage, tmp_path: Path) -> None:
    stage.scene.discord.application.flags = 0

    status, said = await run_alone(tmp_path, {**stage.bot.environment, "WEB_PORT": "0"})

    assert status == 2
    assert "Message Content intent is switched off" in said


async def test_discord_failing_at_the_start_is_waited_out(stage: Stage) -> None:
    await stage.bot.stop()
    for path, status in (("/users/@me$", 503), ("/commands$", 503)):
        stage.scene.discord.faults.add(path=path, status=status, times=1)

    await stage.bot.start()

    assert stage.bot.log_tail(100_000).count('"event": "discord_unreachable"') == 2
    assert "not linked" in (await stage.balance_of(stage.noor)).text
