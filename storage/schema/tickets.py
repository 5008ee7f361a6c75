"""Tickets and what was said in them."""

import sqlalchemy as sa

from storage.columns import Json, Timestamp, metadata, partial

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("guild_id", sa.BigInteger, nullable=False),
    sa.Column("opener_id", sa.BigInteger, nullable=False),
    sa.Column("topic_id", sa.Text, nullable=False),
    sa.Column("answers", Json, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("channel_id", sa.BigInteger, unique=True),
    sa.Column("welcome_id", sa.BigInteger),
    sa.Column("attempt_id", sa.Text),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("closed_at", Timestamp),
    sa.Column("closed_by", sa.BigInteger),
    sa.Column("close_reason", sa.Text),
    sa.UniqueConstraint("guild_id", "number"),
    sa.Index(None, "opener_id", "created_at"),
    partial(
        "uq_tickets_occupying",
        "guild_id",
        "opener_id",
        "topic_id",
        where="state IN ('opening', 'open')",
        unique=True,
    ),
    partial("ix_tickets_unclosed", "state", where="state IN ('opening', 'open', 'closing')"),
)

ticket_messages = sa.Table(
    "ticket_messages",
    metadata,
    sa.Column("message_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("ticket_id", sa.Text, sa.ForeignKey("tickets.id"), nullable=False),
    sa.Column("author_id", sa.BigInteger, nullable=False),
    sa.Column("author_name", sa.Text, nullable=False),
    sa.Column("from_bot", sa.Boolean, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("attachments", Json, nullable=False),
    sa.Column("sent_at", Timestamp, nullable=False),
    sa.Column("edited_at", Timestamp),
    sa.Column("deleted_at", Timestamp),
    sa.Index(None, "ticket_id", "message_id"),
)
