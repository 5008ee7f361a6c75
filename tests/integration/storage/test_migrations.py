"""The migrations make exactly the schema that the queries are written for."""

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage import migrate
from storage.database import Database
from storage.schema import metadata


def _tables(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names())


def _is_in_metadata(_object: object, name: str | None, *_: object) -> bool:
    """SQLAlchemy cannot tell of full-text indexes: a test of the search uses them."""
    return name is None or not (name.startswith("ticket_search") or name.endswith("_search"))


async def test_the_migrated_schema_equals_the_metadata(database: Database) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_object": _is_in_metadata,
            },
        )
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_partial_indexes_have_their_conditions(database: Database) -> None:
    """Autogenerate does not compare conditions, and on them rests that money moves once."""
    source = "sqlite_master" if database.is_sqlite else "pg_indexes"
    names = ("name", "sql") if database.is_sqlite else ("indexname", "indexdef")
    async with database.read() as connection:
        rows = await connection.execute(sa.text(f"SELECT {', '.join(names)} FROM {source}"))  # noqa: S608
        found = {row[0]: row[1] or "" for row in rows}

    for table in metadata.tables.values():
        for index in table.indexes:
            condition = index.dialect_options["sqlite"]["where"]
            assert ("WHERE" in found[str(index.name)]) == (condition is not None), index.name
            assert ("UNIQUE" in found[str(index.name)]) == index.unique, index.name


async def test_an_empty_database_is_not_current_until_it_is_migrated(
    empty_database: Database,
) -> None:
    assert not await migrate.is_current(empty_database)

    await migrate.upgrade(empty_database)
    await migrate.upgrade(empty_database)

    assert await migrate.is_current(empty_database)


def test_the_newest_migration_is_the_one_that_a_start_looks_for() -> None:
    scripts = ScriptDirectory.from_config(migrate._config())

    assert scripts.get_current_head() == migrate.HEAD


async def test_downgrade_leaves_nothing_behind(empty_database: Database) -> None:
    await migrate.upgrade(empty_database)

    def downgrade(connection: sa.Connection) -> None:
        config: Config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    async with empty_database.write() as connection:
        await connection.run_sync(downgrade)
    async with empty_database.read() as connection:
        assert await connection.run_sync(_tables) == {"alembic_version"}
    await migrate.upgrade(empty_database)
    assert await migrate.is_current(empty_database)


async def test_a_migration_that_fails_leaves_the_database_as_it_was(
    empty_database: Database,
) -> None:
    """All of it in one transaction: half a schema would need a person."""
    async with empty_database.write() as connection:
        await connection.execute(sa.text("CREATE TABLE tickets (id INTEGER)"))

    try:
        await migrate.upgrade(empty_database)
    except sa.exc.SQLAlchemyError:
        pass
    else:
        raise AssertionError("the migration did not notice the table in its way")

    async with empty_database.read() as connection:
        assert await connection.run_sync(_tables) <= {"tickets", "alembic_version"}
