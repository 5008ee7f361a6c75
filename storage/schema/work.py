"""What is to be done, what has arrived, and what was done by whom."""

import sqlalchemy as sa

from storage.columns import Json, Key, Timestamp, metadata, partial

reconciliations = sa.Table(
    "reconciliations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("started_at", Timestamp, nullable=False),
    # What was invoiced and paid from then on is looked at.
    sa.Column("since", Timestamp, nullable=False),
    # All that the first one finds was missing: that is no news.
    sa.Column("is_first", sa.Boolean, nullable=False),
    sa.Column("cursor", sa.Text),
    sa.Column("pages", sa.Integer, nullable=False, server_default="0"),
    sa.Column("repaired", Json, nullable=False),
    sa.Column("finished_at", Timestamp),
    sa.Index(None, "provider", "started_at"),
    partial("uq_reconciliations_unfinished", "provider", where="finished_at IS NULL", unique=True),
)

used_signatures = sa.Table(
    "used_signatures",
    metadata,
    sa.Column("signature", sa.LargeBinary, primary_key=True),
    sa.Column("expires_at", Timestamp, nullable=False, index=True),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("object_id", sa.Text),
    sa.Column("received_at", Timestamp, nullable=False, index=True),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", Key, nullable=False, unique=True),
    # Jobs that share a line run one after another, in the order in which they were added.
    sa.Column("line", sa.Text),
    sa.Column("payload", Json, nullable=False),
    sa.Column("run_at", Timestamp, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", Timestamp),
    sa.Column("lease_token", sa.Text),
    sa.Column("done_at", Timestamp),
    sa.Column("last_error", sa.Text),
    sa.Column("failing_since", Timestamp),
    partial("ix_jobs_due", "run_at", where="done_at IS NULL"),
    partial("ix_jobs_failing", "failing_since", where="failing_since IS NOT NULL"),
    partial("ix_jobs_line", "line", "id", where="done_at IS NULL"),
    partial("ix_jobs_done", "done_at", where="done_at IS NOT NULL"),
)

audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("at", Timestamp, nullable=False),
    # The actor can be erased, the seal stays: the chain is over the seal.
    sa.Column("actor_id", sa.BigInteger, index=True),
    sa.Column("actor_salt", sa.Text),
    sa.Column("actor_seal", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
)
