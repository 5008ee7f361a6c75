"""What stands where a transcript would: why it does not open, and what to do now."""

from datetime import timedelta

from markupsafe import Markup

from bot.domain.transcript import MEMBER_LINK, STAFF_LINK, LinkClosedError, WhyClosed
from bot.transcripts.templates import environment

_WRITE = Markup("If you need help, write to the team in Discord: <b>/ticket open</b>.")


def closed_page(closed: LinkClosedError) -> str:
    """For a link that leads nowhere, or nowhere any more."""
    return _page(*_words(closed.why, _new_link(closed.number)))


def waiting_page() -> str:
    """For a link that may be good: who may read it is for Discord to say."""
    return _page(
        "Try again in a minute",
        "This is for the team, and Discord does not say just now who is in it.",
        "Your link is still good: load this page again.",
    )


def _words(why: WhyClosed, new_link: str) -> tuple[str, ...]:
    match why:
        case WhyClosed.NOT_OURS:
            return ("This link does not open", "It is incomplete, or it was changed.", new_link)
        case WhyClosed.EXPIRED:
            return (
                "This link has expired",
                f"A member's link works for {MEMBER_LINK.days} days, one of the team's for "
                f"{STAFF_LINK // timedelta(minutes=1)} minutes.",
                new_link,
            )
        case WhyClosed.NOT_THEIRS:
            return (
                "This ticket is not open to you any more",
                "You were taken out of it, or you no longer have the role that answers it.",
                _WRITE,
            )
        case WhyClosed.FORGOTTEN:
            return (
                "What was said here was deleted",
                "The time for which tickets are kept is over, or its member had their data erased. "
                "Nobody can bring it back.",
                _WRITE,
            )
        case WhyClosed.OPENED_ELSEWHERE:
            return (
                "This link was opened in another browser",
                "A link to the team's copy opens in one browser only.",
                new_link,
                "Was it yours, and you have not opened it? Then tell your moderators: the audit "
                "log says when it was opened.",
            )


def _new_link(number: int | None) -> Markup:
    """The ticket's number is told to those alone for whom the link was made."""
    which = Markup(" number:{}").format(number) if number is not None else ""
    return Markup("In Discord, <b>/ticket transcript{}</b> gives you a new one.").format(which)


def _page(title: str, *lines: str) -> str:
    return environment.get_template("closed.html").render(title=title, lines=lines)
