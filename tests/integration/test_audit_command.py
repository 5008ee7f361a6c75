"""`mooring audit`, as the vendor runs it."""

import asyncio
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import cli
from storage import audit, migrate
from storage.database import Database
from tests.integration.storage.samples import MAX, NOW


async def fill(url: str) -> None:
    database = Database(url)
    await migrate.upgrade(database)
    async with database.write() as connection:
        for subject in ("pi_1", "pi_2", "pi_3"):
            await audit.append(
                connection,
                actor_id=MAX,
                action="refund.requested",
                subject=subject,
                details={"ground": "our_error"},
                now=NOW,
            )
    await database.close()


async def execute(url: str, *statements: str) -> None:
    database = Database(url)
    async with database.write() as connection:
        for statement in statements:
            await connection.execute(sa.text(statement))
    await database.close()


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with three rows, and the environment that names it."""
    path = tmp_path / "mooring.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("DISCORD_TOKEN", "token")
    monkeypatch.setenv("MAIL_FROM", "Lumen Notes <billing@lumen.example>")
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:1")
    url = f"sqlite+aiosqlite:///{path}"
    asyncio.run(fill(url))
    return url


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["audit", *arguments])
    return int(str(ended.value.code))


def test_verify_and_export(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify") == 0
    said = capsys.readouterr().out
    assert "Rows: 3" in said
    [head] = [line.split()[-1] for line in said.splitlines() if line.startswith("Head: ")]

    assert run("export") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["subject"] for row in rows] == ["pi_1", "pi_2", "pi_3"]
    assert rows[-1]["hash"] == head

    guard = "DROP TRIGGER audit_log_no_delete"
    asyncio.run(execute(url, guard, "DELETE FROM audit_log WHERE subject = 'pi_3'"))
    assert run("verify") == 0
    assert run("verify", "--head", head) == 1
    assert "missing at the end" in capsys.readouterr().out

    asyncio.run(execute(url, "DELETE FROM audit_log WHERE subject = 'pi_1'"))
    assert run("verify") == 1
    assert f"row {rows[1]['id']} " in capsys.readouterr().out
