"""Servers, their settings and the roles that the bot has given there."""

import sqlalchemy as sa

from storage.columns import Json, Timestamp, metadata

guilds = sa.Table(
    "guilds",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("support_role_id", sa.BigInteger),
    sa.Column("moderator_role_id", sa.BigInteger),
    sa.Column("ticket_category_id", sa.BigInteger),
    sa.Column("log_channel_id", sa.BigInteger),
    sa.Column("refund_channel_id", sa.BigInteger),
    sa.Column("report_channel_id", sa.BigInteger),
    sa.Column("next_ticket_number", sa.Integer, nullable=False, server_default="1"),
    # Whom open tickets were last handed over to: mooring.toml may name others at the next start.
    sa.Column("answering_roles", Json),
)

# Roles of topics that a server has, or had: the file names a role, and not whose it is. One that
# was deleted there leaves its topic to moderators; a server that never had it, to the support role.
topic_roles = sa.Table(
    "topic_roles",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("role_id", sa.BigInteger, primary_key=True, autoincrement=False),
)

plan_roles = sa.Table(
    "plan_roles",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("plan_id", sa.Text, primary_key=True),
    sa.Column("role_id", sa.BigInteger, nullable=False),
    # Taken over from mooring.toml at start, and gone when it no longer says so.
    sa.Column("from_file", sa.Boolean, nullable=False),
)

# Roles that the bot has given: it takes back no others.
granted_roles = sa.Table(
    "granted_roles",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("role_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("granted_at", Timestamp, nullable=False),
    sa.Index(None, "user_id"),
)
