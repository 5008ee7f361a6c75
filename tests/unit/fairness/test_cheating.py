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


@pytest.mark.parametrize("key", ["steps", "wait", "confirm_label", "nudge_twice", "receipt_delay"])
def test_the_flow_itself_has_nothing_to_set(key: str) -> None:
    """Rules 1, 2 and 6: there is no setting by which a step, a button or a receipt changes."""
    assert f"cancellation.{key} is not a setting" in refusal(cancellation(**{key: 1}))


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
