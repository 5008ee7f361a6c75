"""The tables. Times are UTC, stored as whole milliseconds since 1970; money in minor units."""

import sqlalchemy as sa

from storage.columns import Json, Key, Timestamp, partial

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

guilds = sa.Table(
    "guilds",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("support_role_id", sa.BigInteger),
    sa.Column("moderator_role_id", sa.BigInteger),
    sa.Column("ticket_category_id", sa.BigInteger),
    sa.Column("log_channel_id", sa.BigInteger),
    sa.Column("next_ticket_number", sa.Integer, nullable=False, server_default="1"),
)

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    # One customer, one Discord user, both ways.
    sa.Column("user_id", sa.BigInteger, unique=True),
    sa.Column("linked_at", Timestamp),
    sa.Column("card_last_digits", sa.Text),
    sa.Column("card_expires_at", Timestamp),
    # Set while its member wants nothing remembered about them that the books do not need.
    sa.Column("erased_at", Timestamp),
    sa.Index(None, "provider"),
)

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

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("plan_id", sa.Text),
    sa.Column("price_id", sa.Text, nullable=False),
    sa.Column("interval", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("period_start", Timestamp, nullable=False),
    sa.Column("period_end", Timestamp, nullable=False),
    sa.Column("cancel_at", Timestamp),
    sa.Column("ended_at", Timestamp),
    # When the provider was asked for this state: an answer that was asked for earlier is older.
    sa.Column("asked_at", Timestamp, nullable=False),
    sa.Index(None, "customer_id", "created_at"),
)

payments = sa.Table(
    "payments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("invoice_id", sa.Text),
    sa.Column("subscription_id", sa.Text),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("refunded", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("disputed", sa.Boolean, nullable=False),
    sa.Column("paid_at", Timestamp, nullable=False),
    sa.Column("period_start", Timestamp),
    sa.Column("period_end", Timestamp),
    sa.Column("asked_at", Timestamp, nullable=False),
    sa.Index(None, "customer_id", "paid_at"),
)

disputes = sa.Table(
    "disputes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    # No foreign key: the payment itself may be told of later.
    sa.Column("payment_id", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("opened_at", Timestamp, nullable=False),
    sa.Column("answer_by", Timestamp),
    sa.Column("asked_at", Timestamp, nullable=False),
    sa.Index(None, "payment_id"),
)

invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("subscription_id", sa.Text),
    sa.Column("number", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("issued_at", Timestamp, nullable=False),
    sa.Column("page_url", sa.Text),
    sa.Column("pdf_url", sa.Text),
    sa.Column("asked_at", Timestamp, nullable=False),
    sa.Index(None, "customer_id", "issued_at"),
)

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("subscription_id", sa.Text, nullable=False),
    # The billing cycle, and the month of it: a yearly plan is granted its allowance every month.
    sa.Column("period_start", Timestamp, nullable=False),
    sa.Column("month_start", Timestamp, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", Timestamp, nullable=False),
    sa.Index(None, "subscription_id", "period_start"),
)

# The sums of the ledger's entries. Triggers keep them, so that no writer can forget to.
ledger_months = sa.Table(
    "ledger_months",
    metadata,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("period_start", Timestamp, primary_key=True),
    sa.Column("month_start", Timestamp, primary_key=True),
    *(sa.Column(sums, sa.BigInteger, nullable=False) for sums in ("granted", "topped_up", "used")),
)

checkouts = sa.Table(
    "checkouts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("guild_id", sa.BigInteger),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text),
    sa.Column("price_id", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("replaces", sa.Text),
    sa.Column("tops_up", sa.Text),
    sa.Column("cycle_start", Timestamp),
    sa.Column("units", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("page_id", sa.Text),
    sa.Column("page_url", sa.Text),
    sa.Column("subscription_id", sa.Text),
    sa.Column("payment_id", sa.Text),
    sa.Column("completed_at", Timestamp),
    # Where the member looks while they pay: emptied once the outcome is shown there.
    sa.Column("screen", Json),
    sa.Index(None, "user_id", "created_at"),
    sa.Index(None, "subscription_id"),
    sa.Index(None, "payment_id"),
    # Two clicks, or two processes, make one page.
    partial(
        "uq_checkouts_unfinished", "user_id", where="state IN ('opening', 'open')", unique=True
    ),
)

notice_settings = sa.Table(
    "notice_settings",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("enabled", sa.Boolean, nullable=False),
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
    partial("ix_jobs_due", "run_at", where="done_at IS NULL"),
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
