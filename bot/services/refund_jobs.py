"""The jobs of a refund: each of its halves, and each message that people see of it.

A job is added with the change that it follows from.
"""

from collections.abc import Mapping
from typing import Any

from bot.domain.identifiers import PaymentId
from bot.domain.job import NewJob
from bot.domain.refund import Consequence, Refund

CARRY_OUT = "refund.carry_out"
END = "refund.end"
CARD = "refund.card"
TELL_TICKET = "refund.tell_ticket"
TELL_MEMBER = "refund.tell_member"
MAIL_RECEIPT = "refund.mail_receipt"
ASK_BACK = "refund.ask_back"
TELL_WISH = "refund.tell_wish"
LOOK_FOR_RETURNED = "refund.look_returned"
TELL_RETURNED = "refund.tell_returned"
TELL_STUCK = "refund.tell_stuck"


def move_money(refund: Refund, screen: Mapping[str, Any]) -> NewJob:
    """Give it back. Nothing that the member has confirmed stands behind this: a cancellation does
    not wait for money that the provider does not move."""
    about = {"refund_id": refund.id, "screen": dict(screen)}
    return NewJob(CARRY_OUT, f"refund:{refund.id}", about, line=line_of_money(refund.payment_id))


def end_what_it_paid_for(refund: Refund, screen: Mapping[str, Any]) -> NewJob:
    """Once the money is back. Where a subscription ends with it, in line with everything else that
    is asked of the provider for that one."""
    about = {"refund_id": refund.id, "screen": dict(screen)}
    ends = refund.consequence is Consequence.ENDS_SUBSCRIPTION
    line = refund.subscription_id if ends else line_of_money(refund.payment_id)
    return NewJob(END, f"refund-end:{refund.id}", about, line=line)


def end_outside_the_line(refund: Refund, screen: Mapping[str, Any]) -> NewJob:
    """The provider refuses to end it, and nobody who wants to leave waits behind that."""
    about = {"refund_id": refund.id, "screen": dict(screen), "is_refused": True}
    return NewJob(END, f"refund-end-refused:{refund.id}", about)


def line_of_money(payment_id: PaymentId) -> str:
    """What moves the money of one payment goes one after the other."""
    return f"refund:{payment_id}"


def bring_card_up_to_date(refund: Refund, mark: str) -> NewJob:
    """Post or edit the card in the moderators' channel; `mark` tells one change from another."""
    return NewJob(
        CARD,
        f"refund-card:{refund.id}:{mark}",
        {"refund_id": refund.id},
        line=f"refund-card:{refund.id}",
    )


def tell_wish(refund: Refund, *, asked_in: int | None = None) -> NewJob:
    """In the ticket: what the member asks for. `asked_in` is the number of the ticket that was
    merged into this one."""
    about = {"refund_id": refund.id, "ticket_id": refund.ticket_id, "asked_in": asked_in}
    return NewJob(TELL_WISH, f"refund-wish:{refund.id}:{refund.ticket_id}", about)


def tell_outcome(refund: Refund) -> list[NewJob]:
    """How it ended: on its card, and in the ticket that it came from. Once for each state."""
    told: list[NewJob] = []
    if refund.submitted_at is not None:
        told.append(bring_card_up_to_date(refund, refund.state.value))
    if refund.ticket_id is not None:
        told.append(tell_ticket(refund))
    return told


def tell_ticket(refund: Refund) -> NewJob:
    """The state that the refund has now, for the member to read in the ticket."""
    return NewJob(
        TELL_TICKET,
        f"refund-ticket:{refund.id}:{refund.state.value}",
        {"refund_id": refund.id, "state": refund.state.value},
        line=f"refund-ticket:{refund.id}",
    )


def tell_member(refund: Refund) -> list[NewJob]:
    """The state that the refund has now, by direct message and by mail."""
    reference = {"refund_id": refund.id}
    return [
        NewJob(TELL_MEMBER, f"refund-dm:{refund.id}:{refund.state.value}", reference),
        NewJob(MAIL_RECEIPT, f"refund-mail:{refund.id}:{refund.state.value}", reference),
    ]


def look_for_returned(payment_id: PaymentId, occasion: str) -> NewJob:
    """Find out which refunds of a payment came back; `occasion` tells one time from another."""
    about = {"payment_id": payment_id}
    return NewJob(LOOK_FOR_RETURNED, f"refund-returned:{payment_id}:{occasion}", about)


def tell_returned(refund: Refund) -> NewJob:
    """The team hears that the vendor has the money again, and what is left to do."""
    return NewJob(TELL_RETURNED, f"refund-returned-log:{refund.id}", {"refund_id": refund.id})


def tell_stuck(refund: Refund) -> NewJob:
    """The team hears that a half of it is not done: the money, or what follows. Once for each."""
    return NewJob(
        TELL_STUCK,
        f"refund-stuck:{refund.id}:{refund.state.value}",
        {"refund_id": refund.id, "state": refund.state.value},
    )
