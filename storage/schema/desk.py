"""Leaving and refunding, step by step."""

import sqlalchemy as sa

from storage.columns import Json, Timestamp, metadata, partial

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
    # The member's last click: an attempt is given up some time after it.
    sa.Column("active_at", Timestamp, nullable=False),
    sa.Column("follow_up", sa.Text),
    # What the subscription was when the attempt began: reports count with that, whatever it became.
    sa.Column("plan_id", sa.Text),
    sa.Column("monthly_amount", sa.BigInteger),
    sa.Column("currency", sa.Text),
    # The id of an offer, or the holdout: what the member was chosen for.
    sa.Column("variant", sa.Text),
    sa.Column("offer_id", sa.Text),
    sa.Column("offered_at", Timestamp),
    sa.Column("accepted_at", Timestamp),
    # What was agreed to, where the provider charges another price for a while because of it.
    sa.Column("terms", Json),
    # When a save has proven itself: the next invoice was paid.
    sa.Column("kept_at", Timestamp),
    sa.Index(None, "customer_id", "started_at"),
    sa.Index(None, "user_id"),
    sa.Index(None, "started_at"),
    # The unique one below is of few states, which SQLite does not see in a list of parameters.
    sa.Index(None, "subscription_id"),
    partial(
        "uq_cancel_attempts_unfinished",
        "subscription_id",
        where="state IN ('started', 'reason_given', 'accepting', 'requested')",
        unique=True,
    ),
    partial(
        "ix_cancel_attempts_unproven",
        "customer_id",
        where="state = 'saved' AND kept_at IS NULL",
    ),
)

# Every step of an attempt with its time; nothing here is changed afterwards.
cancel_steps = sa.Table(
    "cancel_steps",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("attempt_id", sa.Text, sa.ForeignKey("cancel_attempts.id"), nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("at", Timestamp, nullable=False),
    sa.Index(None, "attempt_id"),
)

# One message after access has ended, to those who said that they would like one.
win_backs = sa.Table(
    "win_backs",
    metadata,
    sa.Column("attempt_id", sa.Text, sa.ForeignKey("cancel_attempts.id"), primary_key=True),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("consented_at", Timestamp, nullable=False),
    sa.Column("sent_at", Timestamp),
)

# Contracts that a member has withdrawn from within the time that the law gives.
withdrawals = sa.Table(
    "withdrawals",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("guild_id", sa.BigInteger),
    sa.Column("customer_id", sa.Text, sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("subscription_id", sa.Text, nullable=False, unique=True),
    # As the member is called in the statement.
    sa.Column("name", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("requested_at", Timestamp, nullable=False),
    sa.Column("finished_at", Timestamp),
    sa.Column("failure", sa.Text),
)

refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("guild_id", sa.BigInteger, nullable=False),
    # Who approved it last, or drafted it at the desk.
    sa.Column("moderator_id", sa.BigInteger),
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
    # Who asked for it, where a moderator has not begun it: support, or the member.
    sa.Column("requester_id", sa.BigInteger),
    sa.Column("ticket_id", sa.Text),
    sa.Column("withdrawal_id", sa.Text, sa.ForeignKey("withdrawals.id")),
    sa.Column("submitted_at", Timestamp),
    # Its card in the moderators' channel.
    sa.Column("queue_channel_id", sa.BigInteger),
    sa.Column("queue_message_id", sa.BigInteger),
    # Of its idempotency key at the provider, and when it was asked for under that key last.
    sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tried_at", Timestamp),
    sa.Index(None, "payment_id"),
    sa.Index(None, "member_id"),
    sa.Index(None, "subscription_id"),
    sa.Index(None, "ticket_id"),
    # The caps per moderator and day.
    sa.Index(None, "moderator_id", "requested_at"),
    # Money moves once: no second refund of a payment while one waits or is under way.
    partial(
        "uq_refunds_unfinished",
        "payment_id",
        where="state IN ('submitted', 'asked_back', 'requested', 'refunded')",
        unique=True,
    ),
)

# Who approved, denied, asked back or answered, and why.
refund_decisions = sa.Table(
    "refund_decisions",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("refund_id", sa.Text, sa.ForeignKey("refunds.id"), nullable=False),
    sa.Column("actor_id", sa.BigInteger, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("at", Timestamp, nullable=False),
    sa.Index(None, "refund_id"),
)
