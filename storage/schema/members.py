"""What members have chosen and asked for."""

import sqlalchemy as sa

from storage.columns import Json, Timestamp, metadata

link_requests = sa.Table(
    "link_requests",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("requested_at", Timestamp, nullable=False),
    sa.Column("expires_at", Timestamp, nullable=False),
    sa.Column("code_hash", sa.LargeBinary),
    sa.Column("code_salt", sa.LargeBinary),
    # What the code opens: the customers under the address when it was sent.
    sa.Column("customer_ids", Json),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("verified_at", Timestamp),
    sa.Column("closed_at", Timestamp),
    sa.Index(None, "user_id", "requested_at"),
    sa.Index(None, "address", "requested_at"),
)

notice_settings = sa.Table(
    "notice_settings",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("enabled", sa.Boolean, nullable=False),
)
