"""What the providers have told: customers, subscriptions and everything that was paid."""

import sqlalchemy as sa

from storage.columns import Json, Timestamp, metadata, partial

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
    # While it is paused: when charging goes on.
    sa.Column("resumes_at", Timestamp),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    # The ledger's: with the period, or with a switch of plans within it.
    sa.Column("cycle_start", Timestamp, nullable=False),
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
    # What the invoice asks for: other payments may be parts of it.
    sa.Column("invoice_total", sa.BigInteger),
    # When another payment for the same period came to light.
    sa.Column("paid_twice_at", Timestamp),
    sa.Index(None, "customer_id", "paid_at"),
    # What else was paid for a period.
    partial(
        "ix_payments_period",
        "subscription_id",
        "period_start",
        "period_end",
        where="period_start IS NOT NULL AND refunded = 0",
    ),
    # A list of them must not read every payment that was ever made.
    partial("ix_payments_paid_twice", "paid_twice_at", where="paid_twice_at IS NOT NULL"),
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
    # Those that are asked for again must not be looked for among all that were ever decided.
    partial("ix_disputes_undecided", "asked_at", where="status NOT IN ('won', 'lost', 'dropped')"),
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
    # Nearly all are paid.
    partial("ix_invoices_open", "asked_at", where="status NOT IN ('paid', 'void')"),
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
    # What a grant is for.
    sa.Column("plan_id", sa.Text),
    sa.Column("price_id", sa.Text),
    sa.Column("quantity", sa.BigInteger),
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
    # The cancel attempt whose offer led here.
    sa.Column("attempt_id", sa.Text),
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
