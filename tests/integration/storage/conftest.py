"""Every test here runs on a SQLite file and on a real PostgreSQL."""

from tests.support.databases import backend, database, database_url, empty_database, postgresql

__all__ = ["backend", "database", "database_url", "empty_database", "postgresql"]
