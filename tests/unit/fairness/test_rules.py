"""Fairness rules 1-8 of PRODUCT.md, whatever a vendor configures."""

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta

import discord
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.cancellation import AttemptState
from bot.domain.fairness import pressing_words
from bot.domain.job import Job
from bot.domain.offer import TAKEN_AT_ONCE, OfferKind
from bot.services.cancellation_saga import announcements
from bot.settings import SettingsError
from cogs import words
from cogs.cancellation.modals import reason_modal
from cogs.cancellation.receipts import outcome_card, outcome_mail
from cogs.cancellation.render import attempt_card, requested_card
from tests.unit.fairness.configurations import SILENT, load, pushing
from tests.unit.fairness.screens import NOW, Leaving, buttons_of, leavings, text_of, verb_of

EXAMPLES = settings(max_examples=40, deadline=None)
# What a click leads on to, and what it leads out of.
OUT = {"cancel.continue", "cancel.confirm", "cancel.go_on"}
OFFERS = {"offer.take", "offer.change"}
# Of a screen whose vendor and offer have most to say.
MOST_BREAKS = 16
UNSEEN_ALONE = re.compile("[\u200b\u2060\u2800\u3164\ufeff\r\t]|(?:^|\\s)[\u200c\u200d\ufe0f]| {4}")


@EXAMPLES
@given(leavings())
def test_rule_1_three_clicks_lead_out(leaving: Leaving) -> None:
    """Continue, one choice, confirm. Nothing else has to be filled in or pressed."""
    first = buttons_of(leaving.nudge)[0]
    asked = reason_modal(leaving.case.attempt.id, leaving.deps)
    fields = [label.component for label in asked.children if isinstance(label, discord.ui.Label)]
    required = [each for each in fields if getattr(each, "required", False)]
    last = buttons_of(leaving.confirm)[0]

    assert verb_of(first) == "cancel.continue"
    assert [type(each) for each in required] == [discord.ui.RadioGroup]
    assert verb_of(last) == "cancel.confirm"
    silent = [option.value for option in required[0].options]  # type: ignore[attr-defined]
    assert "prefer_not_to_say" in silent


@EXAMPLES
@given(leavings())
def test_rule_2_cancelling_is_as_visible_as_anything_else(leaving: Leaving) -> None:
    """In the first row, first in it, in the same style, and never switched off."""
    for screen in leaving.screens():
        buttons = buttons_of(screen)
        assert verb_of(buttons[0]) in OUT
        assert "ancel" in str(buttons[0].label)
        assert len({button.style for button in buttons}) == 1
        assert not any(button.disabled or button.emoji for button in buttons)
        assert all(len(str(button.label)) <= 80 for button in buttons)
        assert len(text_of(screen)) <= 4000
        assert text_of(screen).count("\n") <= MOST_BREAKS
        assert not UNSEEN_ALONE.search(text_of(screen))


@settings(max_examples=150, deadline=None)
@given(pushing(500), st.sampled_from(["nudge", "label", "follow_up"]))
def test_rule_2_nothing_that_is_not_seen_stands_above_the_way_out(written: str, where: str) -> None:
    """Such a text is refused by the rule's number, or takes a few lines and is seen."""
    own = {"id": "x", "label": "Other"} | ({} if where == "nudge" else {where: written})
    nudge = written if where == "nudge" else "Talk to us."
    try:
        load({"cancellation": {"nudge": nudge, "reasons": [own, SILENT]}})
    except SettingsError as refused:
        assert "fairness rule 2" in str(refused) or len(written) > 100
        return
    assert written.count("\n") <= (6 if where == "nudge" else 0)
    assert "    " not in written
    shown = [each for each in written if unicodedata.category(each)[0] in "LMNPS"]
    assert len(written) - len(shown) <= len(shown) + 6


@EXAMPLES
@given(leavings())
def test_rule_3_one_offer_at_most_and_none_after_confirming(leaving: Leaving) -> None:
    facts, cooldown = leaving.facts, leaving.deps.policy.offers.cooldown
    if facts.last_offered_at is not None and facts.last_offered_at + cooldown > NOW:
        assert leaving.case.offer is None
    assert text_of(leaving.confirm).count("### Instead of cancelling") <= 1
    assert sum(verb_of(each) in OFFERS for each in buttons_of(leaving.confirm)) <= 1
    assert not OFFERS & {verb_of(each) for each in buttons_of(leaving.nudge)}
    confirmed = replace(leaving.case.attempt, state=AttemptState.REQUESTED, requested_at=NOW)
    case = replace(leaving.case, attempt=confirmed)
    for screen in (attempt_card(case, leaving.deps), *_outcomes(leaving)):
        assert "Instead of cancelling" not in text_of(screen)
        pressed = [each for each in screen.walk_children() if isinstance(each, discord.ui.Button)]
        assert not OFFERS & {verb_of(each) for each in pressed if each.custom_id}


def _outcomes(leaving: Leaving) -> list[discord.ui.LayoutView]:
    asked = replace(leaving.case.attempt, requested_at=NOW, finished_at=NOW)
    return [
        outcome_card(replace(leaving.case, attempt=replace(asked, state=state)), leaving.deps)
        for state in (AttemptState.CANCELLED, AttemptState.FAILED, AttemptState.RESUMED)
    ]


@EXAMPLES
@given(leavings())
def test_rule_4_the_exact_end_and_no_pressure(leaving: Leaving) -> None:
    end = words.day_and_time(leaving.subscription.period_end)
    for screen in (leaving.nudge, leaving.confirm):
        said = text_of(screen)
        assert ("ends at once" if leaving.subscription.is_in_arrears else end) in said
        assert "charged" in said or "called off" in said
    for screen in (*leaving.screens(), *_outcomes(leaving)):
        labels = [
            str(each.label)
            for each in screen.walk_children()
            if isinstance(each, discord.ui.Button)
        ]
        for written in (text_of(screen), *labels):
            assert pressing_words(written) is None, written


@EXAMPLES
@given(leavings())
def test_rule_5_recorded_is_never_called_cancelled(leaving: Leaving) -> None:
    """A provider that is away delays nothing: the request counts, and is not called done."""
    attempt = replace(leaving.case.attempt, state=AttemptState.REQUESTED, requested_at=NOW)
    said = text_of(requested_card(replace(leaving.case, attempt=attempt), leaving.deps))

    assert "requested" in said
    assert words.day_and_time(NOW) in said
    assert "You will not be charged again" in said
    assert "is cancelled" not in said


@EXAMPLES
@given(leavings())
def test_rule_6_the_receipt_comes_at_once_and_is_complete(leaving: Leaving) -> None:
    """What, when, from when on, reference, the way back, and a way without Discord."""
    ends = NOW + timedelta(days=20)
    attempt = replace(
        leaving.case.attempt,
        state=AttemptState.CANCELLED,
        requested_at=NOW,
        finished_at=NOW,
        effective_at=ends,
    )
    job = Job(1, "cancellation.carry_out", "k", {"screen": {}}, 1)
    jobs = {each.kind: each for each in announcements(attempt, job)}
    case = replace(leaving.case, attempt=attempt)
    view, written = outcome_card(case, leaving.deps), outcome_mail(case, leaving.deps)
    assert written is not None
    subject, mail = written

    for kind in ("cancellation.tell_member", "cancellation.mail_receipt"):
        assert jobs[kind].run_at is None  # now
    links = [each.url for each in view.walk_children() if isinstance(each, discord.ui.Button)]
    for durable in (text_of(view), subject + mail):
        assert "is cancelled" in durable
        assert attempt.receipt_reference in durable
        assert "/resume" in durable
    assert words.day_and_time(ends) in text_of(view)
    assert words.plain_time(ends) in mail
    assert leaving.deps.vendor.cancel_url in mail
    assert leaving.deps.vendor.cancel_url in links


@EXAMPLES
@given(leavings())
def test_rule_7_an_offer_says_the_price_before_its_click(leaving: Leaving) -> None:
    """The price now and after, and what lies between with its dates; then a button of its own."""
    shown = leaving.case.offer
    if shown is None:
        return
    said, terms = text_of(leaving.confirm).partition("Instead of cancelling")[2], shown.terms
    assert words.money(terms.now) in said
    assert words.money(terms.after) in said
    assert words.every(terms.after_interval) in said
    if terms.starts_at is not None and terms.until is not None and terms.during is not None:
        assert words.day(terms.starts_at) in said
        assert words.day(terms.until) in said
        free = shown.offer.kind is OfferKind.PAUSE
        assert ("nothing is charged" if free else words.money(terms.during)) in said
    taking = [each for each in buttons_of(leaving.confirm) if verb_of(each) == "offer.take"]
    assert len(taking) == (shown.offer.kind in TAKEN_AT_ONCE)
    for each in taking:
        assert str(each.custom_id).endswith(f":{terms.fingerprint}")
