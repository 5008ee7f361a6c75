"""Everything that Mooring remembers: one schema for SQLite and PostgreSQL, one module per noun."""
