"""The card of a refund that waits holds the largest case: Discord refuses more than 4,000 signs."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import discord
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.dispute import Dispute, DisputeStatus
from bot.domain.identifiers import (
    ChannelId,
    DisputeId,
    GuildId,
    MessageId,
    PaymentId,
    RefundId,
    TicketId,
    UserId,
)
from bot.domain.money import Money
from bot.domain.other_plans import OtherPlan
from bot.domain.refund import WAITING, Consequence, Ground, Payment, Refund, RefundState
from bot.domain.refund_decision import Decision, DecisionKind
from bot.domain.subscription import Status
from bot.domain.ticket import Ticket, TicketState
from bot.sandbox.scene import CONFIGURATION
from bot.services.refund_cases import RefundCase
from bot.services.refund_file import MOST_CHARGES, MOST_EARLIER, RefundFile
from bot.services.refund_queue import MOST_LISTED, WaitingRefunds
from bot.settings import load_configuration
from cogs.dependencies import Dependencies
from cogs.layout import View
from cogs.refunds.queue_card import queue_card, waiting_card
from tests.integration.storage.samples import GUILD, MIA, NOW, PAYMENT, SUBSCRIPTION

MOST = 4_000
# What people write: what is escaped grows.
WRITTEN = st.text(st.sampled_from("ab \n*_[]<>@|`\\"), max_size=500)
LONG = "[" * 500
ID = 10**19
MONEY = Money(123_456_789_00, "usd")
DEPS = cast(
    Dependencies,
    SimpleNamespace(
        catalogue=load_configuration(CONFIGURATION).to_catalogue(),
        vendor=SimpleNamespace(link_hosts=frozenset({"discord.com"})),
    ),
)


def payments(count: int) -> tuple[Payment, ...]:
    """With ids as long as Stripe's longest."""
    made = [
        replace(
            PAYMENT,
            id=PaymentId(f"{number:0255}"),
            amount=MONEY,
            refunded=Money(1, "usd"),
            disputed=True,
        )
        for number in range(count)
    ]
    return tuple(made)


def refund(state: RefundState, note: str | None) -> Refund:
    return Refund(
        id=RefundId("ABCDEFGHJKMN"),
        guild_id=GuildId(ID),
        moderator_id=None,
        member_id=UserId(ID),
        payment_id=PAYMENT.id,
        subscription_id=SUBSCRIPTION.id,
        amount=MONEY,
        ground=Ground.WITHDRAWAL,
        note=note,
        consequence=Consequence.ENDS_SUBSCRIPTION,
        state=state,
        created_at=NOW,
        requested_at=None,
        finished_at=None,
        provider_refund_id=None,
        provider_status=None,
        failure=None,
        requester_id=UserId(ID),
        ticket_id=TicketId("T1"),
        submitted_at=NOW,
        queue_channel_id=ChannelId(ID),
        queue_message_id=MessageId(ID),
    )


def case_file(
    *,
    state: RefundState = RefundState.SUBMITTED,
    note: str | None = LONG,
    said: list[str | None],
    others: int,
    charges: int = MOST_CHARGES,
    earlier: int = MOST_EARLIER,
) -> RefundFile:
    """As large as its numbers say."""
    kinds = (DecisionKind.ASKED, DecisionKind.ANSWERED)
    decisions = [
        Decision(UserId(ID), kinds[number % 2], each, NOW) for number, each in enumerate(said)
    ]
    arrears = replace(SUBSCRIPTION, status=Status.PAST_DUE)
    inquiry = Dispute(
        DisputeId("dp_1"),
        PAYMENT.provider,
        PAYMENT.id,
        MONEY,
        "fraudulent",
        DisputeStatus.INQUIRY,
        NOW,
        None,
    )
    ticket = Ticket(
        TicketId("T1"),
        9999,
        GUILD,
        MIA,
        "billing",
        {},
        TicketState.OPEN,
        ChannelId(ID),
        None,
        None,
        NOW,
        None,
        None,
        None,
        escalated_at=NOW,
    )
    return RefundFile(
        RefundCase(
            refund(state, note),
            payments(1)[0],
            SUBSCRIPTION,
            tuple([OtherPlan(arrears, None)] * others),
            (inquiry,),
            may_be_partial=True,
            decisions=tuple(decisions),
            needs_two=True,
        ),
        10**9,
        10**9,
        payments(charges),
        tuple([refund(RefundState.RETURNED, None)] * earlier),
        ticket,
        NOW,
        NOW + timedelta(days=14),
    )


def text_of(view: View) -> str:
    return "\n".join(
        item.content for item in view.walk_children() if isinstance(item, discord.ui.TextDisplay)
    )


def labels(view: View) -> list[str | None]:
    return [each.label for each in view.walk_children() if isinstance(each, discord.ui.Button)]


FILES = st.builds(
    case_file,
    state=st.sampled_from(WAITING),
    note=st.none() | WRITTEN,
    said=st.lists(st.none() | WRITTEN, max_size=30),
    others=st.integers(0, 30),
    charges=st.integers(0, MOST_CHARGES),
    earlier=st.integers(0, MOST_EARLIER),
)


@given(FILES)
def test_every_card_fits(file: RefundFile) -> None:
    view = queue_card(file, DEPS)

    assert view.content_length() <= MOST
    assert view.total_children_count <= 40
    assert all(
        each.content for each in view.walk_children() if isinstance(each, discord.ui.TextDisplay)
    )
    assert labels(view)[:2] == ["Approve: $123,456,789.00", "Deny"]
    assert "**Consequence:** Pro **ends at once**" in text_of(view)
    assert "Reference: R-ABCDEFGHJKMN" in text_of(view)


def test_of_a_long_talk_the_newest_is_shown_and_what_is_left_out_is_counted() -> None:
    said: list[str | None] = [f"word {number:02} {LONG}" for number in range(20)]

    view = queue_card(case_file(said=said, others=30), DEPS)

    read = text_of(view)
    assert view.content_length() <= MOST
    shown = [number for number in range(20) if f"word {number:02} " in read]
    assert shown
    assert shown == list(range(20 - len(shown), 20))
    assert f"{20 - len(shown)} earlier ones are left out" in read
    assert read.index(f"word {shown[0]:02}") <= read.index("word 19")


def test_a_short_talk_is_shown_whole() -> None:
    said: list[str | None] = [f"word {number:02}" for number in range(10)]

    read = text_of(queue_card(case_file(note=None, said=said, others=0, charges=1), DEPS))

    assert all(f"word {number:02}" in read for number in range(10))
    assert "left out" not in read


def test_what_waits_fits_too() -> None:
    listed = [refund(RefundState.ASKED_BACK, None)] * MOST_LISTED

    view = waiting_card(WaitingRefunds(listed, total=1_000), DEPS)

    assert view.content_length() <= MOST
    assert "of 1000." in text_of(view)
