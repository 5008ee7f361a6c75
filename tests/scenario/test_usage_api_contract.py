"""The usage API keeps to its OpenAPI document: schemathesis looks for what does not."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bot.sandbox.scene import API_SECRET
from tests.scenario.stage import Stage

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(300)
async def test_whatever_is_sent_the_answer_is_as_documented(stage: Stage, tmp_path: Path) -> None:
    """Right and wrong requests, signed and not, against the production process."""
    await stage.link_mia()
    # What aiohttp logs when it refuses what is no HTTP at all.
    stage.expect_error("Error handling request from 127.0.0.1")
    schemathesis = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "st",
        "run",
        f"{stage.bot.web_url}/v1/openapi.json",
        "--checks=all",
        "--phases=examples,coverage,fuzzing",
        "--max-examples=40",
        "--seed=1",
        "--no-color",
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.support.signing_hooks",
            "API_SECRET": API_SECRET,
            "MIA": stage.scene.mia_customer,
            "MIA_USER": stage.mia.user.id,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await schemathesis.communicate()

    assert schemathesis.returncode == 0, output.decode()
    assert "3 selected" in output.decode()
