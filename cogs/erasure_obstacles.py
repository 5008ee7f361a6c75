"""What stands in the way of erasing somebody's data, and what to do about it."""

from collections.abc import Sequence

from bot.domain.privacy import Obstacles, UnderWay


def why_not_erased(obstacles: Obstacles) -> str:
    """One line for each thing that is under way."""
    listed = "\n".join(f"- {_line(what, obstacles.channels)}" for what in obstacles.under_way)
    return (
        "**Your data cannot be erased yet.** Something is under way that needs it. Nothing was "
        f"erased.\n{listed}\nThen run `/privacy erase` again."
    )


def _line(what: UnderWay, channels: Sequence[int]) -> str:
    shown = "".join(f" <#{channel}>" for channel in channels)
    return {
        UnderWay.TICKET: f"You have a ticket that is not closed yet. Please close it.{shown}",
        UnderWay.REFUND: "A refund for you is being made. Please wait for its message.",
        UnderWay.CANCELLATION: (
            "Your cancellation waits for the payment provider. Please wait for its message."
        ),
        UnderWay.OFFER: (
            "The offer that you took waits for the payment provider. Please wait for its message."
        ),
        UnderWay.WITHDRAWAL: (
            "Your withdrawal waits for the payment provider. Please wait for its message."
        ),
        UnderWay.RESUMPTION: "Your plan is being resumed. Please wait for the message about it.",
        UnderWay.PURCHASE: "Your purchase is being completed. Please wait a few minutes.",
    }[what]
