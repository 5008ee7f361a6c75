"""What a member is told of a withdrawal: that it was received, and what became of it."""

from bot.domain.errors import NoSuchThing
from bot.domain.withdrawal import Withdrawal, WithdrawalState
from bot.services.withdrawals import WithdrawalCase
from cogs import words
from cogs.dependencies import Dependencies
from cogs.layout import View, card, row, text
from cogs.other_plans import with_way_out
from cogs.withdrawal.render import money_back, statement, without_discord


def stated(case: WithdrawalCase) -> Withdrawal:
    """The withdrawal; raises NoSuchThing before there is one."""
    if case.withdrawal is None:
        raise NoSuchThing("withdrawal")
    return case.withdrawal


def received_card(case: WithdrawalCase, deps: Dependencies) -> View:
    """The acknowledgement, on the screen and as a direct message."""
    withdrawal = stated(case)
    if withdrawal.state is not WithdrawalState.REQUESTED:
        return outcome_card(case, deps)
    return acknowledgement_card(case, deps)


def acknowledgement_card(case: WithdrawalCase, deps: Dependencies) -> View:
    """The statement with its date and time. It says nothing of what is not done yet."""
    withdrawal = stated(case)
    return card(
        text(
            "## We have received your withdrawal\n"
            f"**Received:** {words.day_and_time(withdrawal.requested_at)}\n"
            f"{statement(case, deps, words.day)}\n"
            f"**Reference:** {withdrawal.reference}"
        ),
        text(_next(case, deps)),
        row(without_discord(deps)),
        accent=words.SUCCESS_COLOUR,
    )


def acknowledgement_mail(case: WithdrawalCase, deps: Dependencies) -> tuple[str, str]:
    """Subject and text of the same by mail."""
    withdrawal = stated(case)
    return (
        f"We have received your withdrawal ({withdrawal.reference})",
        f"We have received your withdrawal from a contract with {deps.vendor.name}.\n\n"
        f"Received: {words.plain_time(withdrawal.requested_at)}\n"
        f"{statement(case, deps, words.plain_day, mail=True)}\n"
        f"Reference: {withdrawal.reference}\n\n"
        f"{_next(case, deps, mail=True)}\n\n{_elsewhere(deps)}",
    )


def _next(case: WithdrawalCase, deps: Dependencies, *, mail: bool = False) -> str:
    withdrawal, name = stated(case), words.plan_name(case.subscription, deps.catalogue)
    day = words.plain_day if mail else words.day
    others = with_way_out(case.others, deps, mail=mail)
    return (
        f"Your withdrawal counts from that time. {name} ends as soon as the payment provider has "
        f"confirmed it, and you get a message then. Nothing more is charged for {name}. "
        f"{money_back(deps, day(withdrawal.money_back_by))}"
        f"{f' {others}' if others else ''}"
    )


def outcome_card(case: WithdrawalCase, deps: Dependencies) -> View:
    """What became of it."""
    title, said = _outcome(case, deps)
    done = stated(case).state is WithdrawalState.DONE
    return card(
        text(f"## {title}\n{said}\n-# Reference: {stated(case).reference}"),
        row(without_discord(deps)),
        accent=words.SUCCESS_COLOUR if done else words.WARNING_COLOUR,
    )


def outcome_mail(case: WithdrawalCase, deps: Dependencies) -> tuple[str, str]:
    """Subject and text, for somebody who takes no direct messages."""
    title, said = _outcome(case, deps, mail=True)
    reference = stated(case).reference
    return f"{title} ({reference})", f"{said}\n\nReference: {reference}\n{_elsewhere(deps)}"


def _outcome(case: WithdrawalCase, deps: Dependencies, *, mail: bool = False) -> tuple[str, str]:
    withdrawal, name = stated(case), words.plan_name(case.subscription, deps.catalogue)
    day, at = (words.plain_day, words.plain_time) if mail else (words.day, words.day_and_time)
    received = f"We received your withdrawal on {at(withdrawal.requested_at)}."
    if withdrawal.state is WithdrawalState.FAILED:
        return (
            f"{name} could not be ended yet",
            f"{received} It counts from that time. The payment provider refused to end {name} "
            f"({withdrawal.failure}). Our team has been told and does it by hand. You need to do "
            "nothing.",
        )
    others = with_way_out(case.others, deps, mail=mail) or "Your plan is Free now."
    return (
        f"Your contract for {name} has ended",
        f"{received} {name} is off, and nothing more is charged for it. {others}\n\n"
        f"{money_back(deps, day(withdrawal.money_back_by))}",
    )


def _elsewhere(deps: Dependencies) -> str:
    return (
        f"To see your subscription without Discord: {deps.vendor.cancel_url}\n"
        f"Questions: {deps.vendor.support_email}\n"
    )
