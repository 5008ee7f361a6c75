"""The tables, by theme. Times are UTC, in whole milliseconds since 1970; money in minor units."""

from storage.columns import metadata
from storage.schema.billing import (
    checkouts,
    customers,
    disputes,
    invoices,
    ledger,
    ledger_months,
    payments,
    subscriptions,
)
from storage.schema.desk import (
    cancel_attempts,
    cancel_steps,
    refund_decisions,
    refunds,
    win_backs,
    withdrawals,
)
from storage.schema.members import link_requests, notice_settings
from storage.schema.servers import granted_roles, guilds, plan_roles, topic_roles
from storage.schema.tickets import (
    agents,
    panels,
    sla_breaches,
    ticket_blocks,
    ticket_events,
    ticket_files,
    ticket_message_versions,
    ticket_messages,
    ticket_people,
    ticket_quotes,
    ticket_tags,
    tickets,
)
from storage.schema.work import audit_log, events, jobs, reconciliations, used_signatures

__all__ = [
    "agents",
    "audit_log",
    "cancel_attempts",
    "cancel_steps",
    "checkouts",
    "customers",
    "disputes",
    "events",
    "granted_roles",
    "guilds",
    "invoices",
    "jobs",
    "ledger",
    "ledger_months",
    "link_requests",
    "metadata",
    "notice_settings",
    "panels",
    "payments",
    "plan_roles",
    "reconciliations",
    "refund_decisions",
    "refunds",
    "sla_breaches",
    "subscriptions",
    "ticket_blocks",
    "ticket_events",
    "ticket_files",
    "ticket_message_versions",
    "ticket_messages",
    "ticket_people",
    "ticket_quotes",
    "ticket_tags",
    "tickets",
    "topic_roles",
    "used_signatures",
    "win_backs",
    "withdrawals",
]
