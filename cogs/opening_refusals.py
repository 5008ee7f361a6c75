"""What is refused on the way to a ticket, in words."""

from datetime import datetime

from bot.domain.opening_errors import (
    BotHasNoTickets,
    InvalidUntil,
    NotBlocked,
    OpeningError,
    QuoteGone,
    TicketsBlocked,
    TopicGone,
)
from cogs.words import day_and_time


def opening_refusal(error: OpeningError) -> str:
    """What happened, why, and what to do next."""
    match error:
        case TopicGone():
            said = (
                "**There are no tickets of this kind any more.** Nothing was opened.\n"
                "Run `/ticket open` to see what you can write to the team about."
            )
        case TicketsBlocked(until=until, write_to=write_to):
            said = _blocked(until, write_to)
        case NotBlocked():
            said = "**This person is not blocked.** Nothing was changed. `/blocks` shows who is."
        case InvalidUntil():
            said = (
                "**I do not understand this end.** Nothing was changed. Write how long, such as "
                "`12h`, `7d` or `2w`, or the last day, such as `2027-01-31`. It can be up to 10 "
                "years away. Leave it out for no end."
            )
        case BotHasNoTickets():
            said = "**This is a bot.** It has no tickets. Nothing was changed."
        case QuoteGone():
            said = (
                "**You picked this message too long ago.** Nothing was opened.\n"
                "Please open the message's menu again and choose “Open ticket”."
            )
        case _:
            said = f"**That is not possible.** (`{error.code}`)"
    return said


def _blocked(until: datetime | None, write_to: str) -> str:
    how_long = f" until {day_and_time(until)}" if until else ""
    instead = f" Please write to {write_to} instead." if write_to else ""
    return (
        f"**You cannot open tickets in this server{how_long}.** Its team has decided so."
        f"{instead}\nCancelling needs no ticket: run `/cancel`."
    )
