"""Leaving and refunding, step by step."""

import sqlalchemy as sa

from storage.columns import Timestamp, metadata, partial

cancel_attempts = sa.Table(
    "cancel_attempts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("guild_id", sa.BigInteger),
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("subscription_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason_id", sa.Text),
    sa.Column("comment", sa.Text),
    sa.Column("ticket_id", sa.Text),
    sa.Column("started_at", Timestamp, nullable=False),
    sa.Column("requested_at", Timestamp),
    sa.Column("finished_at", Timestamp),
    sa.Column("effective_at", Timestamp),
    sa.Column("failure", sa.Text),
    sa.Index(None, "customer_id", "started_at"),
    sa.Index(None, "user_id"),
    partial(
        "uq_cancel_attempts_unfinished",
        "subscription_id",
        where="state IN ('started', 'reason_given', 'requested')",
        unique=True,
    ),
)

refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("guild_id", sa.BigInteger, nullable=False),
    sa.Column("moderator_id", sa.BigInteger, nullable=False),
    sa.Column("member_id", sa.BigInteger),
    sa.Column("payment_id", sa.Text, sa.ForeignKey("payments.id"), nullable=False),
    sa.Column("subscription_id", sa.Text),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("ground", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("consequence", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("requested_at", Timestamp),
    sa.Column("finished_at", Timestamp),
    sa.Column("provider_refund_id", sa.Text),
    sa.Column("provider_status", sa.Text),
    sa.Column("failure", sa.Text),
    sa.Index(None, "payment_id"),
    sa.Index(None, "member_id"),
    # Money moves once: no second refund of a payment while one is under way.
    partial(
        "uq_refunds_unfinished",
        "payment_id",
        where="state IN ('requested', 'refunded')",
        unique=True,
    ),
)
