"""The database: reachable, and at this version's schema."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.checks.findings import Finding, doubtful, fine, wrong
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import GuildId, PlanId, PriceId, RoleId
from storage import guilds, migrate, roles, subscriptions
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Store:
    """`guilds` are the servers' stored settings, None where they cannot be known.

    `plan_roles` are the roles of plans in each server, `prices` what live subscriptions pay, with
    how many of them do.
    """

    findings: tuple[Finding, ...]
    guilds: Mapping[GuildId, GuildSettings] | None
    plan_roles: Mapping[GuildId, Mapping[PlanId, RoleId]] = field(default_factory=dict)
    prices: Mapping[PriceId, int] = field(default_factory=dict)


async def check_store(database_url: SecretStr) -> Store:
    """Look without changing anything: a missing SQLite file is not created."""
    url = make_url(database_url.get_secret_value())
    is_sqlite = url.get_backend_name() == "sqlite"
    missing = _missing_file(Path(url.database)) if is_sqlite and url.database else None
    if missing is not None:
        return Store((missing,), {})
    database = Database(database_url.get_secret_value())
    try:
        if not await migrate.is_current(database):
            return Store(
                (
                    doubtful(
                        "The database is not at this version's schema. `mooring run` updates it "
                        "at its start; `mooring migrate` does it now."
                    ),
                ),
                None,
            )
        async with database.read() as connection:
            stored = await guilds.load_all(connection)
            chosen = await roles.all_plan_roles(connection)
            prices = await subscriptions.live_prices(connection)
    except (SQLAlchemyError, OSError) as error:
        return Store((_unreachable(error, is_sqlite=is_sqlite),), None)
    finally:
        await database.close()
    by_command = {guild_id: each.roles for guild_id, each in chosen.items() if not each.from_file}
    return Store((fine("The database is there and up to date."),), stored, by_command, prices)


def _missing_file(path: Path) -> Finding | None:
    if path.exists():
        return None
    directory = next(each for each in path.absolute().parents if each.exists())
    if not os.access(directory, os.W_OK):
        return wrong(
            f"The database {path} cannot be created: this user may not write to {directory}. "
            "Change DATABASE_URL or the directory's owner."
        )
    return fine(f"The database {path} does not exist yet; `mooring run` creates it.")


def _unreachable(error: Exception, *, is_sqlite: bool) -> Finding:
    """The server's own words where it has some; other texts can repeat the address."""
    answer = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
    if is_sqlite:
        advice = "Is the file in DATABASE_URL a SQLite database that this user may open?"
    else:
        advice = "Is the server running, and are user, password and database in DATABASE_URL right?"
    return wrong(f"The database cannot be used ({answer}). {advice}")
