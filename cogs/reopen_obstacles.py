"""Why a ticket is not opened again, in words."""

from bot.domain.ticket_ends import ReopenObstacle

_NEW_ONE = "You can open a new one with `/ticket open`."


def why_not_reopened(obstacle: ReopenObstacle, days: int) -> str:
    """What happened, why, and what to do next."""
    match obstacle:
        case ReopenObstacle.STILL_CLOSING:
            return (
                "**This ticket is still being closed.** Please try again in a minute. Nothing is "
                "lost."
            )
        case ReopenObstacle.LATE:
            return f"**This ticket was closed more than {days} days ago.** {_NEW_ONE}"
        case ReopenObstacle.MERGED:
            return (
                "**This ticket was made one with another ticket.** What was said in it is there. "
                f"If that one is closed too, you can reopen it. {_NEW_ONE}"
            )
        case ReopenObstacle.NEVER_OPENED:
            return f"**This ticket was never opened.** {_NEW_ONE}"
        case ReopenObstacle.SWITCHED_OFF:
            return f"**Closed tickets stay closed here.** {_NEW_ONE}"
        case ReopenObstacle.LEFT:
            return (
                "**The member who opened this ticket is not in the server.** They could not read "
                "it. Whoever comes back can reopen it."
            )
