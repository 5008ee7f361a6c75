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
    # Which of the topic's places for this member: 0 where one at a time is allowed.
    sa.Column("slot", sa.Integer, nullable=False, server_default="0"),
    sa.Column("answers", Json, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("channel_id", sa.BigInteger, unique=True),
    sa.Column("welcome_id", sa.BigInteger),
    # The files of the welcome message: whoever edits it has to name them again.
    sa.Column("welcome_files", Json),
    sa.Column("attempt_id", sa.Text),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("closed_at", Timestamp),
    sa.Column("closed_by", sa.BigInteger),
    sa.Column("close_reason", sa.Text),
    # "channel" or "thread": what `channel_id` is.
    sa.Column("place", sa.Text, nullable=False, server_default="channel"),
    # The channel that it hangs on, where it is a thread.
    sa.Column("parent_id", sa.BigInteger),
    # The staff-only private thread with internal notes.
    sa.Column("notes_thread_id", sa.BigInteger, unique=True),
    sa.Column("priority", sa.Text, nullable=False, server_default="normal"),
    sa.Column("assignee_id", sa.BigInteger),
    sa.Column("escalated_at", Timestamp),
    sa.Column("snoozed_until", Timestamp),
    # Since when a person of the team has to answer; empty while it is the member's turn.
    sa.Column("waiting_since", Timestamp),
    sa.Column("first_reply_at", Timestamp),
    sa.Column("first_reply_by", sa.BigInteger),
    sa.Column("member_active_at", Timestamp),
    sa.Column("team_active_at", Timestamp),
    sa.Column("close_requested_at", Timestamp),
    sa.Column("close_requested_by", sa.BigInteger),
    sa.Column("close_deadline", Timestamp),
    sa.Column("reopened_at", Timestamp),
    sa.Column("merged_into", sa.Text),
    sa.Column("rating_asked_at", Timestamp),
    sa.Column("rating", sa.Integer),
    sa.Column("rating_comment", sa.Text),
    sa.Column("rated_at", Timestamp),
    # After the retention period: messages and files are gone, the row stays for the figures.
    sa.Column("purged_at", Timestamp),
    sa.UniqueConstraint("guild_id", "number"),
    sa.Index(None, "opener_id", "created_at"),
    partial(
        "uq_tickets_occupying",
        "guild_id",
        "opener_id",
        "topic_id",
        "slot",
        where="state IN ('opening', 'open')",
        unique=True,
    ),
    partial("ix_tickets_unclosed", "state", where="state IN ('opening', 'open', 'closing')"),
    # /queue: what waits for the team, longest first.
    partial(
        "ix_tickets_waiting",
        "guild_id",
        "waiting_since",
        where="state = 'open' AND waiting_since IS NOT NULL",
    ),
    # Who of the team has how much on the desk.
    partial("ix_tickets_assigned", "assignee_id", where="state = 'open'"),
    # What was merged into a ticket is read with it.
    partial("ix_tickets_merged", "merged_into", where="merged_into IS NOT NULL"),
    # /stats, and the end of the retention period.
    sa.Index(None, "guild_id", "created_at"),
    sa.Index(None, "closed_at"),
)

# People who were added to a ticket: they see its channel and its transcript.
ticket_people = sa.Table(
    "ticket_people",
    metadata,
    sa.Column("ticket_id", sa.Text, sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("added_by", sa.BigInteger, nullable=False),
    sa.Column("added_at", Timestamp, nullable=False),
    sa.Index(None, "user_id"),
)

ticket_tags = sa.Table(
    "ticket_tags",
    metadata,
    sa.Column("ticket_id", sa.Text, sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
)

# What the team did with a ticket: claimed, transferred, escalated, tagged, snoozed, merged.
ticket_events = sa.Table(
    "ticket_events",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("ticket_id", sa.Text, sa.ForeignKey("tickets.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    # None where the bot acted by itself.
    sa.Column("actor_id", sa.BigInteger),
    sa.Column("details", Json, nullable=False),
    sa.Column("at", Timestamp, nullable=False),
    sa.Index(None, "ticket_id"),
    sa.Index(None, "actor_id"),
)

# One alert for each target that was missed, and no more.
sla_breaches = sa.Table(
    "sla_breaches",
    metadata,
    sa.Column("ticket_id", sa.Text, sa.ForeignKey("tickets.id"), primary_key=True),
    # "first_reply", "next_reply" or "resolution".
    sa.Column("target", sa.Text, primary_key=True),
    # From when the target counted: one breach for each wait, whatever changes meanwhile.
    sa.Column("since", Timestamp, primary_key=True),
    sa.Column("due_at", Timestamp, nullable=False),
    sa.Column("noticed_at", Timestamp, nullable=False),
)

# Messages with buttons that open tickets, made with /panel.
panels = sa.Table(
    "panels",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    # "draft", "sending" or "posted".
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("guild_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    sa.Column("message_id", sa.BigInteger, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("topics", Json, nullable=False),
    # "buttons" or "select".
    sa.Column("layout", sa.Text, nullable=False),
    sa.Column("created_by", sa.BigInteger, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
)

# Messages that somebody wants to open a ticket about, until the questions are answered.
ticket_quotes = sa.Table(
    "ticket_quotes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("guild_id", sa.BigInteger, nullable=False),
    sa.Column("taken_by", sa.BigInteger, nullable=False, index=True),
    sa.Column("author_id", sa.BigInteger, nullable=False, index=True),
    # The message's text with its author's name and address, secrets already removed.
    sa.Column("quoted", sa.Text, nullable=False),
    sa.Column("taken_at", Timestamp, nullable=False, index=True),
)

# Who may not open tickets in a server, and until when.
ticket_blocks = sa.Table(
    "ticket_blocks",
    metadata,
    # What the audit log calls it: the log names no member, because it never forgets.
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("until", Timestamp),
    sa.Column("reason", sa.Text),
    sa.Column("blocked_by", sa.BigInteger, nullable=False),
    sa.Column("blocked_at", Timestamp, nullable=False),
    sa.Index(None, "user_id"),
)

# Whom the next ticket goes to when they take turns: the one whose turn is longest ago.
agents = sa.Table(
    "agents",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # Those of their roles that answer tickets, as they were last seen.
    sa.Column("role_ids", Json, nullable=False),
    # False while on a break: nothing is assigned to them.
    sa.Column("takes_tickets", sa.Boolean, nullable=False),
    sa.Column("last_assigned_at", Timestamp),
    sa.Index(None, "user_id"),
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
    # Embeds, Components V2, stickers, as far as the transcript shows them.
    sa.Column("rich", Json),
    sa.Column("reply_to", sa.BigInteger),
    # Written in the staff-only thread: the member never sees it.
    sa.Column("internal", sa.Boolean, nullable=False, server_default=sa.false()),
    # "member" or "team": for whom its author spoke. Empty for who changes no turn.
    sa.Column("side", sa.Text),
    sa.Column("sent_at", Timestamp, nullable=False),
    sa.Column("edited_at", Timestamp),
    sa.Column("deleted_at", Timestamp),
    sa.Index(None, "ticket_id", "message_id"),
    # Where somebody of the team is, should they leave it.
    partial("ix_ticket_messages_team", "author_id", "ticket_id", where="side = 'team'"),
)

# What a message said before it was edited.
ticket_message_versions = sa.Table(
    "ticket_message_versions",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column(
        "message_id", sa.BigInteger, sa.ForeignKey("ticket_messages.message_id"), nullable=False
    ),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("replaced_at", Timestamp, nullable=False),
    sa.Index(None, "message_id"),
)

# Files that came with messages, kept beside the store under a name of our own.
ticket_files = sa.Table(
    "ticket_files",
    metadata,
    sa.Column("attachment_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "message_id", sa.BigInteger, sa.ForeignKey("ticket_messages.message_id"), nullable=False
    ),
    sa.Column("ticket_id", sa.Text, sa.ForeignKey("tickets.id"), nullable=False),
    sa.Column("filename", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text),
    sa.Column("size", sa.BigInteger, nullable=False),
    # None until it is fetched, or where it could not be: `failure` says why then.
    sa.Column("stored_as", sa.Text),
    sa.Column("failure", sa.Text),
    sa.Index(None, "ticket_id"),
    sa.Index(None, "message_id"),
)
