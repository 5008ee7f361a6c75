"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

APPEND_ONLY = "the audit log is append-only"
MONTH_SUMS = "(subscription_id, period_start, month_start, granted, topped_up, used)"
ADD_TO_SUMS = (
    "ON CONFLICT (subscription_id, period_start, month_start) DO UPDATE SET "
    "granted = {kept}.granted + excluded.granted, "
    "topped_up = {kept}.topped_up + excluded.topped_up, used = {kept}.used + excluded.used"
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "agents",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "role_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("takes_tickets", sa.Boolean(), nullable=False),
        sa.Column("last_assigned_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name=op.f("pk_agents")),
    )
    op.create_index(op.f("ix_agents_user_id"), "agents", ["user_id"], unique=False)
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_salt", sa.Text(), nullable=True),
        sa.Column("actor_seal", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_log_hash")),
    )
    op.create_index(op.f("ix_audit_log_actor_id"), "audit_log", ["actor_id"], unique=False)
    op.create_index(op.f("ix_audit_log_subject"), "audit_log", ["subject"], unique=False)
    op.create_table(
        "checkouts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("price_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("tops_up", sa.Text(), nullable=True),
        sa.Column("cycle_start", sa.BigInteger(), nullable=True),
        sa.Column("units", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("page_id", sa.Text(), nullable=True),
        sa.Column("page_url", sa.Text(), nullable=True),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("payment_id", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "screen", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkouts")),
    )
    op.create_index(op.f("ix_checkouts_payment_id"), "checkouts", ["payment_id"], unique=False)
    op.create_index(
        op.f("ix_checkouts_subscription_id"), "checkouts", ["subscription_id"], unique=False
    )
    op.create_index(
        op.f("ix_checkouts_user_id_created_at"),
        "checkouts",
        ["user_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "uq_checkouts_unfinished",
        "checkouts",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('opening', 'open')"),
        postgresql_where=sa.text("state IN ('opening', 'open')"),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("linked_at", sa.BigInteger(), nullable=True),
        sa.Column("card_last_digits", sa.Text(), nullable=True),
        sa.Column("card_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("user_id", name=op.f("uq_customers_user_id")),
    )
    op.create_index(op.f("ix_customers_provider"), "customers", ["provider"], unique=False)
    op.create_table(
        "disputes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("answer_by", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
    )
    op.create_index(op.f("ix_disputes_payment_id"), "disputes", ["payment_id"], unique=False)
    op.create_index(
        "ix_disputes_undecided",
        "disputes",
        ["asked_at"],
        unique=False,
        sqlite_where=sa.text("status NOT IN ('won', 'lost', 'dropped')"),
        postgresql_where=sa.text("status NOT IN ('won', 'lost', 'dropped')"),
    )
    op.create_table(
        "events",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_received_at"), "events", ["received_at"], unique=False)
    op.create_table(
        "granted_roles",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "user_id", "role_id", name=op.f("pk_granted_roles")),
    )
    op.create_index(op.f("ix_granted_roles_user_id"), "granted_roles", ["user_id"], unique=False)
    op.create_table(
        "guilds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("support_role_id", sa.BigInteger(), nullable=True),
        sa.Column("moderator_role_id", sa.BigInteger(), nullable=True),
        sa.Column("ticket_category_id", sa.BigInteger(), nullable=True),
        sa.Column("log_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("refund_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("report_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("next_ticket_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "answering_roles",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guilds")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column(
            "payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("key", name=op.f("uq_jobs_key")),
    )
    op.create_index(
        "ix_jobs_done",
        "jobs",
        ["done_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NOT NULL"),
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "ix_jobs_failing",
        "jobs",
        ["failing_since"],
        unique=False,
        sqlite_where=sa.text("failing_since IS NOT NULL"),
        postgresql_where=sa.text("failing_since IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_line",
        "jobs",
        ["line", "id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "ledger_months",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=False),
        sa.Column("month_start", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("topped_up", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "subscription_id", "period_start", "month_start", name=op.f("pk_ledger_months")
        ),
    )
    op.create_table(
        "link_requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_salt", sa.LargeBinary(), nullable=True),
        sa.Column(
            "customer_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_requests")),
    )
    op.create_index(
        op.f("ix_link_requests_address_requested_at"),
        "link_requests",
        ["address", "requested_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_link_requests_user_id_requested_at"),
        "link_requests",
        ["user_id", "requested_at"],
        unique=False,
    )
    op.create_table(
        "notice_settings",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_notice_settings")),
    )
    op.create_table(
        "panels",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "topics", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panels")),
        sa.UniqueConstraint("message_id", name=op.f("uq_panels_message_id")),
    )
    op.create_index(op.f("ix_panels_guild_id"), "panels", ["guild_id"], unique=False)
    op.create_table(
        "plan_roles",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.Column("from_file", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "plan_id", name=op.f("pk_plan_roles")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("pages", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "repaired", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_index(
        op.f("ix_reconciliations_provider_started_at"),
        "reconciliations",
        ["provider", "started_at"],
        unique=False,
    )
    op.create_index(
        "uq_reconciliations_unfinished",
        "reconciliations",
        ["provider"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "ticket_blocks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("blocked_by", sa.BigInteger(), nullable=False),
        sa.Column("blocked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name=op.f("pk_ticket_blocks")),
        sa.UniqueConstraint("id", name=op.f("uq_ticket_blocks_id")),
    )
    op.create_index(op.f("ix_ticket_blocks_user_id"), "ticket_blocks", ["user_id"], unique=False)
    op.create_table(
        "ticket_quotes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_by", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("quoted", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_quotes")),
    )
    op.create_index(
        op.f("ix_ticket_quotes_author_id"), "ticket_quotes", ["author_id"], unique=False
    )
    op.create_index(op.f("ix_ticket_quotes_taken_at"), "ticket_quotes", ["taken_at"], unique=False)
    op.create_index(op.f("ix_ticket_quotes_taken_by"), "ticket_quotes", ["taken_by"], unique=False)
    op.create_table(
        "tickets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("opener_id", sa.BigInteger(), nullable=False),
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("welcome_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "welcome_files", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.BigInteger(), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), server_default="channel", nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("notes_thread_id", sa.BigInteger(), nullable=True),
        sa.Column("priority", sa.Text(), server_default="normal", nullable=False),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column("escalated_at", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("waiting_since", sa.BigInteger(), nullable=True),
        sa.Column("first_reply_at", sa.BigInteger(), nullable=True),
        sa.Column("first_reply_by", sa.BigInteger(), nullable=True),
        sa.Column("member_active_at", sa.BigInteger(), nullable=True),
        sa.Column("team_active_at", sa.BigInteger(), nullable=True),
        sa.Column("close_requested_at", sa.BigInteger(), nullable=True),
        sa.Column("close_requested_by", sa.BigInteger(), nullable=True),
        sa.Column("close_deadline", sa.BigInteger(), nullable=True),
        sa.Column("reopened_at", sa.BigInteger(), nullable=True),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("rating_asked_at", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("rating_comment", sa.Text(), nullable=True),
        sa.Column("rated_at", sa.BigInteger(), nullable=True),
        sa.Column("purged_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_tickets_channel_id")),
        sa.UniqueConstraint("guild_id", "number", name=op.f("uq_tickets_guild_id_number")),
        sa.UniqueConstraint("notes_thread_id", name=op.f("uq_tickets_notes_thread_id")),
    )
    op.create_index(
        "ix_tickets_assigned",
        "tickets",
        ["assignee_id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_tickets_closed_at"), "tickets", ["closed_at"], unique=False)
    op.create_index(
        op.f("ix_tickets_guild_id_created_at"), "tickets", ["guild_id", "created_at"], unique=False
    )
    op.create_index(
        "ix_tickets_merged",
        "tickets",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_tickets_opener_id_created_at"),
        "tickets",
        ["opener_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_tickets_unclosed",
        "tickets",
        ["state"],
        unique=False,
        sqlite_where=sa.text("state IN ('opening', 'open', 'closing')"),
        postgresql_where=sa.text("state IN ('opening', 'open', 'closing')"),
    )
    op.create_index(
        "ix_tickets_waiting",
        "tickets",
        ["guild_id", "waiting_since"],
        unique=False,
        sqlite_where=sa.text("state = 'open' AND waiting_since IS NOT NULL"),
        postgresql_where=sa.text("state = 'open' AND waiting_since IS NOT NULL"),
    )
    op.create_index(
        "uq_tickets_occupying",
        "tickets",
        ["guild_id", "opener_id", "topic_id", "slot"],
        unique=True,
        sqlite_where=sa.text("state IN ('opening', 'open')"),
        postgresql_where=sa.text("state IN ('opening', 'open')"),
    )
    op.create_table(
        "topic_roles",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "role_id", name=op.f("pk_topic_roles")),
    )
    op.create_table(
        "used_signatures",
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("signature", name=op.f("pk_used_signatures")),
    )
    op.create_index(
        op.f("ix_used_signatures_expires_at"), "used_signatures", ["expires_at"], unique=False
    )
    op.create_table(
        "cancel_attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason_id", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("effective_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.Column("follow_up", sa.Text(), nullable=True),
        sa.Column("plan_id", sa.Text(), nullable=True),
        sa.Column("monthly_amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("variant", sa.Text(), nullable=True),
        sa.Column("offer_id", sa.Text(), nullable=True),
        sa.Column("offered_at", sa.BigInteger(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("terms", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("kept_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_cancel_attempts_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancel_attempts")),
    )
    op.create_index(
        op.f("ix_cancel_attempts_customer_id_started_at"),
        "cancel_attempts",
        ["customer_id", "started_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_cancel_attempts_started_at"), "cancel_attempts", ["started_at"], unique=False
    )
    op.create_index(
        op.f("ix_cancel_attempts_subscription_id"),
        "cancel_attempts",
        ["subscription_id"],
        unique=False,
    )
    op.create_index(
        "ix_cancel_attempts_unproven",
        "cancel_attempts",
        ["customer_id"],
        unique=False,
        sqlite_where=sa.text("state = 'saved' AND kept_at IS NULL"),
        postgresql_where=sa.text("state = 'saved' AND kept_at IS NULL"),
    )
    op.create_index(
        op.f("ix_cancel_attempts_user_id"), "cancel_attempts", ["user_id"], unique=False
    )
    op.create_index(
        "uq_cancel_attempts_unfinished",
        "cancel_attempts",
        ["subscription_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('started', 'reason_given', 'accepting', 'requested')"),
        postgresql_where=sa.text("state IN ('started', 'reason_given', 'accepting', 'requested')"),
    )
    op.create_table(
        "invoices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("page_url", sa.Text(), nullable=True),
        sa.Column("pdf_url", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_invoices_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
    )
    op.create_index(
        op.f("ix_invoices_customer_id_issued_at"),
        "invoices",
        ["customer_id", "issued_at"],
        unique=False,
    )
    op.create_index(
        "ix_invoices_open",
        "invoices",
        ["asked_at"],
        unique=False,
        sqlite_where=sa.text("status NOT IN ('paid', 'void')"),
        postgresql_where=sa.text("status NOT IN ('paid', 'void')"),
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=False),
        sa.Column("month_start", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=True),
        sa.Column("price_id", sa.Text(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_ledger_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_key")),
    )
    op.create_index(
        op.f("ix_ledger_subscription_id_period_start"),
        "ledger",
        ["subscription_id", "period_start"],
        unique=False,
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("paid_at", sa.BigInteger(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=True),
        sa.Column("period_end", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("invoice_total", sa.BigInteger(), nullable=True),
        sa.Column("paid_twice_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_payments_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index(
        op.f("ix_payments_customer_id_paid_at"),
        "payments",
        ["customer_id", "paid_at"],
        unique=False,
    )
    op.create_index(
        "ix_payments_paid_twice",
        "payments",
        ["paid_twice_at"],
        unique=False,
        sqlite_where=sa.text("paid_twice_at IS NOT NULL"),
        postgresql_where=sa.text("paid_twice_at IS NOT NULL"),
    )
    op.create_index(
        "ix_payments_period",
        "payments",
        ["subscription_id", "period_start", "period_end"],
        unique=False,
        sqlite_where=sa.text("period_start IS NOT NULL AND refunded = 0"),
        postgresql_where=sa.text("period_start IS NOT NULL AND refunded = 0"),
    )
    op.create_table(
        "sla_breaches",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("noticed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_sla_breaches_ticket_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "target", "since", name=op.f("pk_sla_breaches")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=True),
        sa.Column("price_id", sa.Text(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=False),
        sa.Column("period_end", sa.BigInteger(), nullable=False),
        sa.Column("cancel_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("resumes_at", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("cycle_start", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_subscriptions_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index(
        op.f("ix_subscriptions_customer_id_created_at"),
        "subscriptions",
        ["customer_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "ticket_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_events_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_events")),
    )
    op.create_index(op.f("ix_ticket_events_actor_id"), "ticket_events", ["actor_id"], unique=False)
    op.create_index(
        op.f("ix_ticket_events_ticket_id"), "ticket_events", ["ticket_id"], unique=False
    )
    op.create_table(
        "ticket_messages",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("from_bot", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("rich", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("internal", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("side", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_messages_ticket_id")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_ticket_messages")),
    )
    op.create_index(
        "ix_ticket_messages_team",
        "ticket_messages",
        ["author_id", "ticket_id"],
        unique=False,
        sqlite_where=sa.text("side = 'team'"),
        postgresql_where=sa.text("side = 'team'"),
    )
    op.create_index(
        op.f("ix_ticket_messages_ticket_id_message_id"),
        "ticket_messages",
        ["ticket_id", "message_id"],
        unique=False,
    )
    op.create_table(
        "ticket_people",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_people_ticket_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "user_id", name=op.f("pk_ticket_people")),
    )
    op.create_index(op.f("ix_ticket_people_user_id"), "ticket_people", ["user_id"], unique=False)
    op.create_table(
        "ticket_tags",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_tags_ticket_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "tag", name=op.f("pk_ticket_tags")),
    )
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_withdrawals_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
        sa.UniqueConstraint("subscription_id", name=op.f("uq_withdrawals_subscription_id")),
    )
    op.create_index(op.f("ix_withdrawals_user_id"), "withdrawals", ["user_id"], unique=False)
    op.create_table(
        "cancel_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["cancel_attempts.id"], name=op.f("fk_cancel_steps_attempt_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancel_steps")),
    )
    op.create_index(
        op.f("ix_cancel_steps_attempt_id"), "cancel_steps", ["attempt_id"], unique=False
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("moderator_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("consequence", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("provider_refund_id", sa.Text(), nullable=True),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("requester_id", sa.BigInteger(), nullable=True),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("withdrawal_id", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("queue_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("queue_message_id", sa.BigInteger(), nullable=True),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawal_id"], ["withdrawals.id"], name=op.f("fk_refunds_withdrawal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
    )
    op.create_index(op.f("ix_refunds_member_id"), "refunds", ["member_id"], unique=False)
    op.create_index(
        op.f("ix_refunds_moderator_id_requested_at"),
        "refunds",
        ["moderator_id", "requested_at"],
        unique=False,
    )
    op.create_index(op.f("ix_refunds_payment_id"), "refunds", ["payment_id"], unique=False)
    op.create_index(
        op.f("ix_refunds_subscription_id"), "refunds", ["subscription_id"], unique=False
    )
    op.create_index(op.f("ix_refunds_ticket_id"), "refunds", ["ticket_id"], unique=False)
    op.create_index(
        "uq_refunds_unfinished",
        "refunds",
        ["payment_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('submitted', 'asked_back', 'requested', 'refunded')"),
        postgresql_where=sa.text("state IN ('submitted', 'asked_back', 'requested', 'refunded')"),
    )
    op.create_table(
        "ticket_files",
        sa.Column("attachment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored_as", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["ticket_messages.message_id"], name=op.f("fk_ticket_files_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_files_ticket_id")
        ),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_ticket_files")),
    )
    op.create_index(
        op.f("ix_ticket_files_message_id"), "ticket_files", ["message_id"], unique=False
    )
    op.create_index(op.f("ix_ticket_files_ticket_id"), "ticket_files", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_message_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["ticket_messages.message_id"],
            name=op.f("fk_ticket_message_versions_message_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_message_versions")),
    )
    op.create_index(
        op.f("ix_ticket_message_versions_message_id"),
        "ticket_message_versions",
        ["message_id"],
        unique=False,
    )
    op.create_table(
        "win_backs",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("consented_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["cancel_attempts.id"], name=op.f("fk_win_backs_attempt_id")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_win_backs")),
    )
    op.create_index(op.f("ix_win_backs_user_id"), "win_backs", ["user_id"], unique=False)
    op.create_table(
        "refund_decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("refund_id", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_refund_decisions_refund_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_decisions")),
    )
    op.create_index(
        op.f("ix_refund_decisions_refund_id"), "refund_decisions", ["refund_id"], unique=False
    )
    _make_audit_log_append_only()
    _sum_the_ledger()
    _search_what_was_said()


def _make_audit_log_append_only() -> None:
    """Nothing changes and nothing goes, except that an actor may be erased (see ADR 13)."""
    kept = "id, at, actor_seal, action, subject, details, previous_hash, hash"
    named = "NEW.actor_id IS NOT NULL OR NEW.actor_salt IS NOT NULL"
    if op.get_bind().dialect.name == "sqlite":
        for name, what in (
            ("audit_log_no_update", f"UPDATE OF {kept} ON audit_log"),
            ("audit_log_no_other_actor", f"UPDATE ON audit_log WHEN {named}"),
            ("audit_log_no_delete", "DELETE ON audit_log"),
        ):
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {what} "
                f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{APPEND_ONLY}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER audit_log_append_only BEFORE UPDATE OF {kept} OR DELETE OR TRUNCATE "
        "ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
    op.execute(
        "CREATE TRIGGER audit_log_no_other_actor BEFORE UPDATE ON audit_log FOR EACH ROW "
        f"WHEN ({named}) EXECUTE FUNCTION refuse_audit_change()"
    )


def _sum_the_ledger() -> None:
    """What is added to the ledger, or taken out, is added to its month's sums."""
    if op.get_bind().dialect.name == "sqlite":
        for name, event, row, sign in (
            ("ledger_added", "INSERT", "NEW", ""),
            ("ledger_removed", "DELETE", "OLD", "-"),
        ):
            sums = ", ".join(
                f"CASE {row}.kind WHEN '{kind}' THEN {sign}{row}.amount ELSE 0 END"
                for kind in ("grant", "top_up", "usage")
            )
            op.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON ledger BEGIN "
                f"INSERT INTO ledger_months {MONTH_SUMS} VALUES "
                f"({row}.subscription_id, {row}.period_start, {row}.month_start, {sums}) "
                f"{ADD_TO_SUMS.format(kept='ledger_months')}; END"
            )
        return
    sums = ", ".join(
        f"sign * sum(CASE kind WHEN '{kind}' THEN amount ELSE 0 END)"
        for kind in ("grant", "top_up", "usage")
    )
    op.execute(
        "CREATE FUNCTION sum_ledger() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE sign int := CASE TG_OP WHEN 'DELETE' THEN -1 ELSE 1 END; BEGIN "
        f"INSERT INTO ledger_months AS kept {MONTH_SUMS} "
        f"SELECT subscription_id, period_start, month_start, {sums} FROM changed "
        # In one order: transactions that wait for each other's rows must not do so both ways.
        "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 "
        f"{ADD_TO_SUMS.format(kept='kept')}; RETURN NULL; END $$"
    )
    for name, event, which in (
        ("ledger_added", "INSERT", "NEW"),
        ("ledger_removed", "DELETE", "OLD"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON ledger REFERENCING {which} TABLE AS changed "
            "FOR EACH STATEMENT EXECUTE FUNCTION sum_ledger()"
        )


def _search_what_was_said() -> None:
    """What people wrote, and what they answered when they opened the ticket; not what bots show."""
    if op.get_bind().dialect.name == "sqlite":
        _search_with_fts5()
        return
    # PostgreSQL would take an address or a number with a dot for one word.
    together = "coalesce(string_agg(value, ' '), '')"
    words = "to_tsvector('simple', translate({said}, '@._/:+#=&?-', '           '))"
    for name, takes, body in (
        ("ticket_words", "said text", f"SELECT {words.format(said='said')}"),
        (
            "ticket_answer_words",
            "answers jsonb",
            f"SELECT {words.format(said=together)} FROM jsonb_each_text(answers)",
        ),
    ):
        op.execute(
            f"CREATE FUNCTION {name}({takes}) RETURNS tsvector LANGUAGE sql IMMUTABLE AS "
            f"$$ {body} $$"
        )
    op.execute(
        "CREATE INDEX ix_ticket_messages_search ON ticket_messages "
        "USING gin (ticket_words(content)) WHERE NOT from_bot"
    )
    op.execute("CREATE INDEX ix_tickets_search ON tickets USING gin (ticket_answer_words(answers))")


def _search_with_fts5() -> None:
    """Rows have the number of their message; answers that of the welcome message with them."""
    op.execute(
        "CREATE VIRTUAL TABLE ticket_search USING fts5(body, server, ticket_id UNINDEXED, "
        "tokenize = 'unicode61 remove_diacritics 2', prefix = '3 4')"
    )
    add = "INSERT INTO ticket_search (rowid, body, server, ticket_id)"
    for name, event, what in (
        (
            "message_added",
            "INSERT ON ticket_messages WHEN NOT NEW.from_bot",
            f"{add} SELECT NEW.message_id, NEW.content, guild_id, id "
            "FROM tickets WHERE id = NEW.ticket_id",
        ),
        (
            "message_edited",
            "UPDATE OF content ON ticket_messages WHEN NOT NEW.from_bot",
            "UPDATE ticket_search SET body = NEW.content WHERE rowid = NEW.message_id",
        ),
        (
            "message_removed",
            "DELETE ON ticket_messages WHEN NOT OLD.from_bot",
            "DELETE FROM ticket_search WHERE rowid = OLD.message_id",
        ),
        (
            "answers_shown",
            "UPDATE OF welcome_id, answers ON tickets",
            "DELETE FROM ticket_search WHERE rowid = OLD.welcome_id; "
            f"{add} SELECT NEW.welcome_id, group_concat(value, ' '), NEW.guild_id, NEW.id "
            "FROM json_each(NEW.answers) WHERE NEW.welcome_id IS NOT NULL HAVING count(*) > 0",
        ),
    ):
        op.execute(f"CREATE TRIGGER ticket_search_{name} AFTER {event} BEGIN {what}; END")


def downgrade() -> None:
    """Undo."""
    for table in (
        "refund_decisions",
        "win_backs",
        "ticket_message_versions",
        "ticket_files",
        "refunds",
        "cancel_steps",
        "withdrawals",
        "ticket_tags",
        "ticket_people",
        "ticket_messages",
        "ticket_events",
        "subscriptions",
        "sla_breaches",
        "payments",
        "ledger",
        "invoices",
        "cancel_attempts",
        "used_signatures",
        "topic_roles",
        "tickets",
        "ticket_quotes",
        "ticket_blocks",
        "reconciliations",
        "plan_roles",
        "panels",
        "notice_settings",
        "link_requests",
        "ledger_months",
        "jobs",
        "guilds",
        "granted_roles",
        "events",
        "disputes",
        "customers",
        "checkouts",
        "audit_log",
        "agents",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change")
        op.execute("DROP FUNCTION sum_ledger")
        op.execute("DROP FUNCTION ticket_words")
        op.execute("DROP FUNCTION ticket_answer_words")
    else:
        op.drop_table("ticket_search")
