"""The command line: mooring run, demo, check, migrate, audit."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from bot import app, upkeep
from bot.logs import configure_logs
from bot.settings import SettingsError, load_environment, load_settings


def _run(_arguments: argparse.Namespace) -> int:
    environment, configuration = load_settings()
    configure_logs()
    asyncio.run(app.run(environment, configuration))
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    # Production imports neither.
    from bot.demo.history import furnish  # noqa: PLC0415
    from bot.sandbox.demo import run_demo  # noqa: PLC0415

    return asyncio.run(run_demo(port=arguments.port, furnish=furnish))


def _check(_arguments: argparse.Namespace) -> int:
    # A tenth of a second that the bot's start has no use for.
    from bot.checks import run_checks  # noqa: PLC0415

    environment, configuration = load_settings()
    return asyncio.run(run_checks(environment, configuration, print))


def _migrate(_arguments: argparse.Namespace) -> int:
    asyncio.run(upkeep.migrate_database(load_environment()))
    print("The database is up to date.")
    return 0


def _verify_audit(arguments: argparse.Namespace) -> int:
    found = asyncio.run(upkeep.verify_audit(load_environment(), kept_head=arguments.head))
    print(f"Rows: {found.head.rows}\nHead: {found.head.hash}")
    if found.broken_row is not None:
        print(
            f"✗ The log was changed: row {found.broken_row} is not what was written, or rows "
            "before it are missing."
        )
    if found.lost_head:
        print(f"✗ Rows are missing at the end: the head {arguments.head} is gone.")
    if found.holds:
        print("✓ The log is whole. Keep the head elsewhere: with --head it shows what is cut off.")
    return 0 if found.holds else 1


def _export_audit(_arguments: argparse.Namespace) -> int:
    asyncio.run(upkeep.export_audit(load_environment(), print))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mooring", description="Support and retention bot for Discord communities"
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    verbs.add_parser("run", help="run the bot").set_defaults(verb=_run)
    demo = verbs.add_parser("demo", help="run the bot on this machine alone, with a page to try it")
    demo.add_argument("--port", type=int, default=8930, help="the page's port (default: 8930)")
    demo.set_defaults(verb=_demo)
    verbs.add_parser("check", help="say what is missing or wrong").set_defaults(verb=_check)
    verbs.add_parser("migrate", help="update the database's schema").set_defaults(verb=_migrate)
    audit = verbs.add_parser("audit", help="check or export the audit log")
    acts = audit.add_subparsers(required=True, metavar="ACT")
    verify = acts.add_parser("verify", help="say whether a row was changed or removed")
    verify.add_argument("--head", help="what an earlier verify has printed, kept elsewhere")
    verify.set_defaults(verb=_verify_audit)
    export = acts.add_parser("export", help="print every row as a line of JSON")
    export.set_defaults(verb=_export_audit)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb; exit with 2 and sentences when the settings are wrong."""
    given = _parser().parse_args(arguments)
    try:
        sys.exit(given.verb(given))
    except SettingsError as error:
        for problem in error.problems:
            print(f"✗ {problem}", file=sys.stderr)
        print("`.env.example` and `mooring.toml` explain every setting.", file=sys.stderr)
        sys.exit(2)
