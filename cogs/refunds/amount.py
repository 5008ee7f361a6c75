"""Asking a moderator for another amount."""

from discord import ui

from bot.domain.errors import InvalidAmount
from bot.domain.money import Money
from cogs.interactions import Interaction, modal_answers
from cogs.layout import modal, text_field
from cogs.words import parse_amount

_FIELD = "amount"


def amount_modal(custom_id: str) -> ui.Modal:
    """One question; `typed_amount` reads its answer."""
    return modal(
        "How much?",
        custom_id,
        text_field(
            "Amount",
            _FIELD,
            description="In the payment's currency",
            placeholder="5.00",
            max_length=20,
        ),
    )


def typed_amount(interaction: Interaction, *, left: Money) -> Money:
    """The answer, in the currency of what is left of the payment; raises InvalidAmount."""
    amount = parse_amount(modal_answers(interaction)[_FIELD], left.currency)
    if amount is None:
        raise InvalidAmount(left=left)
    return amount
