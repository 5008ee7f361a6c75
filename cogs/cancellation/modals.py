"""What is asked of somebody who leaves: one required choice, and nothing else that is needed."""

import discord

from bot.domain.identifiers import AttemptId
from cogs.dependencies import Dependencies
from cogs.interactions import custom_id
from cogs.layout import modal, radio_field, text_field

COMMENT_LENGTH = 500


def reason_modal(attempt_id: AttemptId, deps: Dependencies) -> discord.ui.Modal:
    """R5: one question, one choice; "Prefer not to say" is among them."""
    choices = [(reason.id, reason.label) for reason in deps.policy.reasons]
    return modal(
        "Why are you leaving?",
        custom_id("cancel.reason", attempt_id),
        radio_field("Your reason", "reason", choices),
        text_field(
            "Anything else? (you can leave this empty)",
            "comment",
            required=False,
            paragraph=True,
            max_length=COMMENT_LENGTH,
        ),
    )


def follow_up_modal(attempt_id: AttemptId, question: str) -> discord.ui.Modal:
    """The question of the reason that was given, for those who have asked for it."""
    return modal(
        "One question",
        custom_id("cancel.answer", attempt_id),
        text_field(
            "Your answer",
            "answer",
            description=question,
            required=False,
            paragraph=True,
            max_length=COMMENT_LENGTH,
        ),
    )
