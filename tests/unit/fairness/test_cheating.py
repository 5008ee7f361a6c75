"""A configuration that tries to hold people back is refused at start, with the rule's number."""

from copy import deepcopy
from typing import Any

import pytest

from bot.domain.fairness import pressing_words
from bot.settings import SettingsError
from tests.unit.fairness.configurations import SHIPPED, load

DISCOUNT: dict[str, Any] = {
    "id": "half",
    "kind": "discount",
    "reasons": ["too_expensive"],
    "percent": 50,
    "months": 3,
    "coupon": "half_3",
}
ONE_REASON = [{"id": "prefer_not_to_say", "label": "Prefer not to say"}]


def offers(*given: dict[str, Any], **retention: object) -> dict[str, Any]:
    """A `[retention]` section with these offers."""
    return {"retention": {"offers": list(given), **retention}}


def cancellation(**changes: object) -> dict[str, Any]:
    """The shipped `[cancellation]` section with these changes."""
    return {"cancellation": {**deepcopy(SHIPPED["cancellation"]), **changes}}


def refusal(sections: dict[str, Any]) -> str:
    """What whoever starts Mooring with it is told."""
    with pytest.raises(SettingsError) as wrong:
        load(sections)
    return " ".join(wrong.value.problems)


@pytest.mark.parametrize(
    ("rule", "tried"),
    [
        (1, offers(DISCOUNT, steps=2)),
        (1, offers(DISCOUNT, delay_seconds=30)),
        (1, offers({**DISCOUNT, "confirmations": 2})),
        (2, offers({**DISCOUNT, "style": "success"})),
        (2, offers({**DISCOUNT, "hide_cancel": True})),
        (2, offers(DISCOUNT, cancel_label="I give up")),
        (3, offers(DISCOUNT, cooldown_days=29)),
        (3, offers(DISCOUNT, max_offers=2)),
        (3, offers({**DISCOUNT, "fallback": "half"})),
        (4, offers({**DISCOUNT, "countdown": 600})),
        (4, cancellation(nudge="Are you sure? This is your last chance.")),
        (4, cancellation(nudge="We\N{RIGHT SINGLE QUOTATION MARK}ll miss you!")),
        (4, cancellation(reasons=[{"id": "x", "label": "I made a big mistake"}, *ONE_REASON])),
        (
            4,
            cancellation(
                reasons=[
                    {"id": "x", "label": "Other", "follow_up": "Do you really want to leave us?"},
                    *ONE_REASON,
                ]
            ),
        ),
        (7, offers({name: value for name, value in DISCOUNT.items() if name != "months"})),
        (7, offers({**DISCOUNT, "auto_accept": True})),
    ],
)
def test_cheating_is_refused_by_the_rules_name(rule: int, tried: dict[str, Any]) -> None:
    assert f"fairness rule {rule}" in refusal(tried)


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (1, "steps"),
        (1, "wait"),
        (1, "delay_seconds"),
        (1, "extra_questions"),
        (1, "nudge_twice"),
        (2, "hide_cancel"),
        (2, "confirm_label"),
        (3, "max_offers"),
        (4, "countdown"),
        (5, "require_ticket"),
        (6, "receipt_delay"),
        (7, "auto_accept"),
    ],
)
def test_the_flow_itself_has_nothing_to_set(rule: int, key: str) -> None:
    """There is no setting by which a step, a button or a receipt changes."""
    told = refusal(cancellation(**{key: 1}))
    assert "cancellation is wrong" in told
    assert f"no {key}: " in told
    assert f"fairness rule {rule}" in told


@pytest.mark.parametrize(
    ("rule", "key"), [(1, "extra_questions"), (2, "style"), (4, "warning"), (2, "emoji")]
)
def test_a_reason_brings_nothing_with_it(rule: int, key: str) -> None:
    told = refusal(cancellation(reasons=[{"id": "x", "label": "Other", key: 1}, *ONE_REASON]))
    assert "cancellation.reasons.0 is wrong" in told
    assert f"fairness rule {rule}" in told


def test_what_is_only_misspelt_is_no_cheating() -> None:
    told = refusal(cancellation(nugde="We would like to help."))
    assert "cancellation.nugde is not a setting that Mooring knows" in told


UNSEEN = [
    "\N{ZERO WIDTH SPACE}",
    "\N{ZERO WIDTH JOINER}",
    "\N{SOFT HYPHEN}",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{WORD JOINER}",
    "\N{ZERO WIDTH NO-BREAK SPACE}",
    "\N{HANGUL FILLER}",
    "\N{HALFWIDTH HANGUL FILLER}",
    "\N{HANGUL CHOSEONG FILLER}",
    "\N{BRAILLE PATTERN BLANK}",
    "\N{COMBINING GRAPHEME JOINER}",
    "\N{VARIATION SELECTOR-1}",
    "\N{TAG SPACE}",
    "\U000e0fff",
    "\N{LINE SEPARATOR}",
    "\N{PARAGRAPH SEPARATOR}",
    "\t",
    "\r",
    "\x0b",
    "\x0c",
    "\x85",
    "\0",
]


@pytest.mark.parametrize(
    "nudge",
    [
        "Talk to us." + "\n" * 480 + "Please.",
        "\n" * 7 + "Talk to us.",
        "Talk to us." + "\n\N{ZERO WIDTH SPACE}" * 240,
        "Talk to us." + "\n" * 490,
        "Talk to us." + "\N{EM SPACE}" * 400 + "Please.",
        "Talk to us." + " \N{NO-BREAK SPACE}" * 100,
        "# " + "W" * 400,
        "Talk to us.\n  ### " + "W" * 400,
        "> # " + "W" * 400,
        *(f"Talk {unseen} to us." for unseen in UNSEEN),
        *(f"Talk to us.{unseen * 400}" for unseen in UNSEEN),
    ],
)
def test_no_nudge_pushes_the_way_out_off_the_screen(nudge: str) -> None:
    assert "fairness rule 2" in refusal(cancellation(nudge=nudge))


def _with_plan(**changes: object) -> dict[str, Any]:
    catalogue = deepcopy(SHIPPED["catalogue"])
    catalogue["plans"][0].update(changes)
    return {"catalogue": catalogue}


@pytest.mark.parametrize("written", ["a\nb", "\n", "a\N{ZERO WIDTH SPACE}b", "a" + " " * 20 + "b"])
def test_what_else_stands_beside_the_way_out_is_one_line_that_is_seen(written: str) -> None:
    """Labels, questions, plans, the unit and the vendor's name are on those screens too."""
    vendor, catalogue = deepcopy(SHIPPED["vendor"]), deepcopy(SHIPPED["catalogue"])
    own = {"id": "x", "label": "Other"}
    for tried in (
        cancellation(reasons=[{**own, "label": written}, *ONE_REASON]),
        cancellation(reasons=[{**own, "follow_up": written}, *ONE_REASON]),
        _with_plan(name=written),
        _with_plan(summary=written),
        {"catalogue": {**catalogue, "unit": written}},
        {"vendor": {**vendor, "name": written}},
    ):
        assert "fairness rule 2" in refusal(tried)


def test_an_address_has_nothing_unseen_in_it() -> None:
    """An offer to talk names it above the buttons."""
    address = "team@" + "\N{BRAILLE PATTERN BLANK}" * 20 + "lumen.example"
    assert "fairness rule 2" in refusal({"vendor": {**SHIPPED["vendor"], "support_email": address}})
    long = {**SHIPPED["vendor"], "support_email": f"{'a' * 400}@lumen.example"}
    assert "vendor.support_email is wrong" in refusal({"vendor": long})
    long_unit = {**deepcopy(SHIPPED["catalogue"]), "unit": "W" * 400}
    assert "catalogue.unit is wrong" in refusal({"catalogue": long_unit})


@pytest.mark.parametrize(
    "nudge",
    [
        "Talk to us.\n\nWe are here:\n- in a ticket\n- by mail\n",
        # Persian writes a joiner within words; so do families and flags among the emoji.
        "می\N{ZERO WIDTH NON-JOINER}خواهید با ما صحبت کنید؟",
        "We would like to help \N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER} "
        "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}",
        "हम मदद करना चाहेंगे।",
        "#1 in support. Ticket #5 or *mail*.",
    ],
)
def test_paragraphs_and_every_script_are_taken(nudge: str) -> None:
    assert load(cancellation(nudge=nudge)).cancellation.nudge == nudge


def test_a_joiner_within_words_hides_none_that_press() -> None:
    hidden = "This is your last\N{NO-BREAK SPACE}cha\N{ZERO WIDTH NON-JOINER}nce."
    assert "fairness rule 4" in refusal(cancellation(nudge=hidden))


def test_nobody_has_to_explain() -> None:
    """Rule 1: a reason is one click, and one of them says nothing."""
    two = [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}]
    assert "nobody has to explain" in refusal(cancellation(reasons=two))


def test_the_vendors_own_page_is_always_named() -> None:
    """Rule 6: a way to cancel without Discord."""
    vendor = {name: value for name, value in SHIPPED["vendor"].items() if name != "cancel_url"}
    assert "vendor.cancel_url is missing" in refusal({"vendor": vendor})


@pytest.mark.parametrize(
    "written",
    [
        "If something is not working, our support team would like to help.",
        "Opening a ticket does not stop you from cancelling.",
        "You keep everything until the end of the period. Nothing is lost before that.",
        "Did you find a mistake in the app? Tell us.",
        "If something disappoints you, we would like to know.",
    ],
)
def test_plain_words_are_fair(written: str) -> None:
    assert pressing_words(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "Hurry, only 3 hours left",
        "No thanks, I hate saving money",
        "You'll regret this",
        "Sorry to see you go",
        "Do not   unsubscribe",
        "Don\N{RIGHT SINGLE QUOTATION MARK}t go!",
    ],
)
def test_pressing_words_are_found(written: str) -> None:
    assert pressing_words(written) is not None


@pytest.mark.parametrize(
    "written",
    [
        "Das ist deine letzte Chance!",
        "Bist du sicher? Du wirst es bereuen.",
        "Schade, dass Sie gehen.",
        "Nur noch 3 Stunden",
        "C\N{RIGHT SINGLE QUOTATION MARK}est votre dernière chance",
        "Voulez-vous vraiment nous quitter ?",
        "Vous allez nous manquer",
        "Aujourd\N{RIGHT SINGLE QUOTATION MARK}hui seulement",
        "Es tu última oportunidad",
        "¿Estás seguro?",
        "Te echaremos de menos",
        "Solo quedan 2 horas",
        "Tem certeza? Vai se arrepender.",
        "Vamos sentir a sua falta",
        "É agora ou nunca",
        "Sei sicuro di voler andare via?",
        "Ci mancherai",
        "Solo per oggi",
        "Weet je het zeker?",
        "We zullen je missen",
        "Voordat het te laat is",
        "Czy na pewno chcesz zrezygnować?",
        "Szkoda, że odchodzisz",
        "Tylko dzisiaj",
        "本当に解約しますか",
        "これが最後のチャンスです",
        "残り3時間",
        "Derni\u00e8re chance",
        "Dernie\u0300re chance",
    ],
)
def test_pressing_words_are_found_in_the_commonest_languages(written: str) -> None:
    assert pressing_words(written) is not None


@pytest.mark.parametrize(
    "written",
    [
        "Ein Ticket hält dich nicht davon ab zu kündigen. Deine Daten sind sicher.",
        "Bis zum Ende des Zeitraums bleibt alles an. Wir antworten noch heute.",
        "Un ticket ne vous empêche pas de résilier. Vos données sont en sécurité.",
        "Votre formule reste active jusqu'à la fin de la période.",
        "Un ticket no te impide cancelar. Tu cuenta está segura.",
        "Nuestro equipo contesta hoy. ¿Qué falta?",
        "Abrir um ticket não impede que você cancele. Seus dados estão seguros.",
        "Un ticket non ti impedisce di disdire. I tuoi dati sono al sicuro.",
        "Een ticket houdt je niet tegen om op te zeggen.",
        "Zgłoszenie nie przeszkadza w rezygnacji. Dziś odpowiadamy do 18.",
        "チケットを開いても、いつでも解約できます。お急ぎの方はメールをどうぞ。",
    ],
)
def test_plain_words_are_fair_in_other_languages_too(written: str) -> None:
    assert pressing_words(written) is None
