"""docs/usage-api.md: its examples run as they stand, and it names every answer there is."""

import asyncio
import json
import re
import sys
from pathlib import Path

import pytest

from bot.domain.usage import CLOCK_SKEW, OLDEST_USAGE, UsageStatus
from bot.sandbox.scene import API_SECRET
from bot.web.api_models import MOST_ENTRIES
from bot.web.signing import HEADER, WINDOW
from tests.scenario.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "usage-api.md").read_text()


def example(language: str) -> str:
    """The only block in this language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return str(found)


async def run(stage: Stage, *command: str) -> str:
    """What it prints, in an environment with what the guide asks for."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "MOORING_URL": stage.bot.web_url,
            "API_SECRET": API_SECRET,
            "CUSTOMER_ID": stage.scene.mia_customer,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_the_python_example_reports_and_asks(stage: Stage) -> None:
    await stage.link_mia()

    assert (await run(stage, sys.executable, "-c", example("python"))).splitlines() == [
        "{'entries': [{'key': 'render/8c1f', 'status': 'recorded'}]}",
        "975",
    ]
    again = await run(stage, sys.executable, "-c", example("python"))
    assert "duplicate" in again
    assert again.endswith("975\n")


async def test_the_shell_example_asks(stage: Stage) -> None:
    await stage.link_mia()
    answer = json.loads(await run(stage, "sh", "-c", example("sh")))
    assert answer["customer_id"] == stage.scene.mia_customer
    assert answer["balance"]["remaining"] == 1000


def test_the_guide_names_every_status_and_every_refusal() -> None:
    table = re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert table == [status.value for status in UsageStatus]
    source = "".join(
        (ROOT / "bot" / "web" / name).read_text() for name in ("api.py", "api_errors.py")
    )
    codes = set(re.findall(r'(?:ApiError\(\s*|: \()\d{3}?,?\s*"(\w+)"', source))
    codes |= set(re.findall(r'\d{3}: \("(\w+)"', source))
    assert {"not_found", "replayed", "user_taken", "invalid_json"} <= codes
    for code in codes | {"signature_missing", "signature_invalid", "signature_expired"}:
        assert f"`{code}`" in GUIDE, code


@pytest.mark.parametrize(
    "fact",
    [
        HEADER,
        f"{MOST_ENTRIES:,} entries",
        f"{OLDEST_USAGE.days} days",
        f"{CLOCK_SKEW.seconds // 60} minutes",
        f"{WINDOW.seconds} seconds",
        "API_SECRET",
    ],
)
def test_the_guides_figures_are_the_programs(fact: str) -> None:
    assert fact in GUIDE
