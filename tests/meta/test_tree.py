"""What the whole tree keeps to: layers, sizes, records, documents that tell the truth."""

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import cli
from bot.checks import creem_account, stripe_account
from bot.checks.discord_guild import INVITED_WITH
from bot.settings import load_configuration

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = ("bot", "cogs", "storage")
LONGEST_MODULE = 400
LONGEST_TEST_MODULE = 500
LONGEST_SLEEP = 0.2


def modules(*folders: str) -> Iterator[Path]:
    """Every module of ours below these folders."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_readme_names_every_event_that_the_webhooks_need() -> None:
    readme = (ROOT / "README.md").read_text()
    needed = stripe_account.NEEDED_EVENTS | creem_account.NEEDED_EVENTS
    missing = sorted(event for event in needed if f"`{event}`" not in readme)
    assert not missing


def test_the_readme_invites_the_bot_with_what_the_check_asks_for() -> None:
    assert f"permissions={INVITED_WITH.value}\n" in (ROOT / "README.md").read_text()


def test_imports_point_one_way() -> None:
    done = subprocess.run(  # noqa: S603
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kept = re.search(r"Contracts: (\d+) kept, 0 broken", done.stdout)
    assert kept is not None
    assert int(kept[1]) >= 5


def test_modules_stay_small() -> None:
    too_long = {
        relative(path): lines
        for path in modules(*PRODUCTION, "benchmarks", "tests")
        if "migrations/versions" not in relative(path)
        and (lines := len(path.read_text().splitlines()))
        > (LONGEST_TEST_MODULE if path.is_relative_to(ROOT / "tests") else LONGEST_MODULE)
    }
    assert too_long == {}


def test_every_production_module_says_what_it_is_for() -> None:
    silent = [
        relative(path)
        for path in modules(*PRODUCTION)
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def _groups(tree: ast.AST) -> dict[str, str]:
    """The variables that hold a group of commands, and the group's name.

    A group that several modules add to is handed to them as `<name>_group`.
    """
    handed = {
        each.arg: each.arg.removesuffix("_group")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for each in node.args.args
        if each.annotation is not None and ast.unparse(each.annotation).endswith(".Group")
    }
    return handed | {
        ast.unparse(node.targets[0]): ast.literal_eval(each.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for each in node.value.keywords
        if ast.unparse(node.value.func).endswith(".Group") and each.arg == "name"
    }


def _commands(tree: ast.AST) -> Iterator[str]:
    """As a person types them, without the slash."""
    groups = _groups(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".command"):
                given = {each.arg: each.value for each in decorator.keywords}
                name = ast.literal_eval(given["name"]) if "name" in given else node.name
                holder = ast.unparse(decorator.func).removesuffix(".command")
                yield f"{groups[holder]} {name}" if holder in groups else name


def _section(document: str, heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {heading}"
    return found[1]


def test_the_readmes_table_names_exactly_the_commands_that_exist() -> None:
    exist = sorted(
        name for path in modules("cogs") for name in _commands(ast.parse(path.read_text()))
    )
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in _section((ROOT / "README.md").read_text(), "Commands").splitlines()
        if line.startswith("|")
    ]

    assert rows[0] == ["Command", "Who", "What"]
    assert sorted(row[0].strip("`/") for row in rows[2:]) == exist
    assert all(row[1] and row[2] for row in rows[2:])
    assert len(exist) == len(set(exist)) > 0


def test_the_readme_names_every_verb_of_the_command_line() -> None:
    [verbs] = [
        action.choices
        for action in cli._parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert [verb for verb in verbs if f"`mooring {verb}`" not in readme] == []


def test_the_changelog_tells_of_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert text.startswith("# Changelog\n")
    assert re.search(r"^## (Unreleased|\[?\d+\.\d+\.\d+)", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["run.lock", "dev.lock"])
def test_lock_files_pin_by_hash_and_name_no_index(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert not re.search(r"https?://|^--|\bgit\+|\bfile:", text, re.MULTILINE)
    pinned = re.findall(r"^([a-z0-9][\w.-]*)==", text, re.MULTILINE | re.IGNORECASE)
    blocks = re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pinned) > 20
    assert all("--hash=sha256:" in block for block in blocks)


def test_decisions_are_numbered_and_complete() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
        wanted = [each for each in headings if each in ("Context", "Decision", "Consequences")]
        assert wanted == ["Context", "Decision", "Consequences"], path.name
        for heading in wanted:
            assert len(_section(path.read_text(), heading).split()) > 10, path.name


def _own_sleeps(function: ast.AsyncFunctionDef) -> Iterator[float]:
    """What the function waits itself; functions inside it play somebody who is slow."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef | ast.Lambda):
            continue
        waiting.extend(ast.iter_child_nodes(node))
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == "asyncio.sleep"
            and isinstance(node.args[0], ast.Constant)
        ):
            yield float(str(node.args[0].value))


def test_no_test_sleeps() -> None:
    """A test that waits for a time instead of an event is slow, or fails on a slow machine."""
    sleepers = [
        f"{relative(path)}: {node.name}"
        for path in modules("tests")
        if path.name.startswith("test_")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.AsyncFunctionDef)
        and any(seconds > LONGEST_SLEEP for seconds in _own_sleeps(node))
    ]
    assert sleepers == []


def test_nothing_is_left_for_later_and_no_machine_is_named() -> None:
    left = re.compile(r"\b(TODO|FIXME|HACK)\b|/(home|Users)/\w|/root/\w|\bpypi\.org\b")
    folders = [ROOT / each for each in (*PRODUCTION, "benchmarks", "docs", "requirements", ".ci")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file()]
    texts = {".py", ".md", ".toml", ".js", ".css", ".html", ".lock", ""}
    found = [
        f"{relative(path)}: {match[0]}"
        for path in files
        if path.suffix in texts and path.name != ".env"
        for match in left.finditer(path.read_text(errors="replace"))
    ]
    assert found == []


def test_the_shipped_configuration_loads() -> None:
    assert load_configuration(ROOT / "mooring.toml").catalogue.plans
