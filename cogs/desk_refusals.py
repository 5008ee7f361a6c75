"""What is refused to the team in a ticket, in words."""

from bot.domain.desk_errors import (
    AlreadyClaimed,
    CloseAsked,
    CloseRequestOver,
    DeskError,
    InvalidSnooze,
    InvalidTag,
    MacroUsed,
    MemberWaits,
    NotClaimed,
    NotesImpossible,
    NotesNotForYou,
    NothingToMerge,
    NotOfTheTeam,
    OnMembersSide,
    TooManyTags,
)
from cogs.words import day_and_time, relative

_SAID: dict[type[DeskError], str] = {
    NotClaimed: "**Nobody has this ticket.** There is nothing to give back. Press “Claim” to "
    "take it.",
    InvalidTag: "**This cannot be a tag.** Use small letters, digits and hyphens, for example "
    "`login-problem`: 30 characters at most. Nothing was changed.",
    InvalidSnooze: "**This is no time to come.** Write for example `1h`, `2d`, `tomorrow`, "
    "`monday` or `2027-01-31 09:00`: within 90 days. Nothing was changed.",
    CloseRequestOver: "**This question is not open any more.** The conversation went on since. "
    "Write here at any time, or press “Close ticket” above.",
    NothingToMerge: "**There is nothing to merge with.** Only two open tickets of the same member "
    "that you answer both can become one.",
    MacroUsed: "**This was sent already.** Run `/macro` again to send another one.",
    NotesNotForYou: "**The notes of this ticket are not for you.** You opened it, or were added to "
    "it, so that your colleagues can write freely. Write to them in the ticket itself.",
    NotesImpossible: "**The thread for notes could not be made, or not written in.** The bot "
    "needs *Create Private Threads* and *Send Messages in Threads* here. An administrator can "
    "give it these.",
}


def desk_refusal(error: DeskError) -> str:
    """What happened, why, and what to do next."""
    match error:
        case AlreadyClaimed(by=by):
            said = (
                f"**<@{by}> has this ticket.** You can still write here. To take it over, press "
                "“More…” and transfer it to yourself."
            )
        case NotOfTheTeam(user_id=user_id):
            said = (
                f"**<@{user_id}> does not answer tickets like this one.** Nothing was changed. "
                "Choose somebody of the team, or another topic."
            )
        case OnMembersSide(user_id=user_id):
            said = (
                f"**<@{user_id}> opened this ticket, or was added to it.** Nobody answers what is "
                "about themselves. Nothing was changed. Leave it to somebody else of the team."
            )
        case TooManyTags(most=most):
            said = f"**This ticket has {most} tags already.** Take one off first."
        case MemberWaits(since=since):
            said = (
                f"**The member asked {relative(since)} and waits for an answer.** Answer first. If "
                "nothing is left to say, press “Close ticket”."
            )
        case CloseAsked(deadline=deadline):
            said = (
                f"**The member was asked already.** They can answer until "
                f"{day_and_time(deadline)}; then the ticket closes by itself."
            )
        case _:
            said = _SAID[type(error)]
    return said
