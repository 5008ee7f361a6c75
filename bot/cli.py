"""The command line: mooring run, demo, check, migrate."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from bot import app
from bot.checks import run_checks
from bot.logs import configure_logs
from bot.settings import SettingsError, load_environment, load_settings


def _run(_arguments: argparse.Namespace) -> int:
    environment, configuration = load_settings()
    configure_logs()
    asyncio.run(app.run(environment, configuration))
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from bot.sandbox.demo import run_demo  # noqa: PLC0415 - production never imports the sandbox

    return asyncio.run(run_demo(port=arguments.port))


def _check(_arguments: argparse.Namespace) -> int:
    environment, configuration = load_settings()
    return asyncio.run(run_checks(environment, configuration, print))


def _migrate(_arguments: argparse.Namespace) -> int:
    asyncio.run(app.migrate_database(load_environment()))
    print("The database is up to date.")
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
