"""`[retention]` in mooring.toml: what is wrong is told, what is unfair is refused by its rule."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.identifiers import STRIPE, PlanId
from bot.domain.offer import OfferKind
from bot.settings import Configuration, SettingsError, load_configuration

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = (ROOT / "mooring.toml").read_text()
BEFORE, START, AFTER = SHIPPED.partition("[retention]\n")
DISCOUNT = """
[[retention.offers]]
id = "half"
kind = "discount"
reasons = ["too_expensive"]
percent = 50
months = 3
coupon = "half"
"""
PAUSE = """
[[retention.offers]]
id = "break"
kind = "pause"
reasons = ["unused"]
months = 2
"""
SMALLER = """
[[retention.offers]]
id = "smaller"
kind = "smaller_plan"
reasons = ["too_expensive"]
plan = "lite"
"""


def load(tmp_path: Path, section: str) -> Configuration:
    """The shipped file with this instead of its own section."""
    rest = AFTER[AFTER.index("[tickets]") :]
    path = tmp_path / "mooring.toml"
    path.write_text(f"{BEFORE}{START}{section}\n{rest}")
    return load_configuration(path)


def problem(tmp_path: Path, section: str) -> str:
    with pytest.raises(SettingsError) as wrong:
        load(tmp_path, section)
    [told] = wrong.value.problems
    return told.removeprefix(f"{tmp_path}/")


@pytest.mark.parametrize(
    ("section", "where", "told"),
    [
        ("cooldown_days = 29", "retention", "from 30 to 3650, by fairness rule 3"),
        ("max_offers = 2", "retention", "no max_offers: it shows more than one offer, against"),
        ("max_offers = 2", "retention", "fairness rule 3"),
        ("steps = 4", "retention", "no steps: it adds a step or a wait, against fairness rule 1"),
        (DISCOUNT + "delay = 5", "retention.offers.0.discount", "fairness rule 1"),
        (DISCOUNT + "confirmations = 2", "retention.offers.0.discount", "fairness rule 1"),
        (PAUSE + 'label = "Stay!"', "retention.offers.0.pause", "fairness rule 2"),
        (PAUSE + 'cancel_style = "link"', "retention.offers.0.pause", "fairness rule 2"),
        (SMALLER + 'then = "half"', "retention.offers.0.smaller_plan", "fairness rule 3"),
        (DISCOUNT + "expires_in = 60", "retention.offers.0.discount", "fairness rule 4"),
        (DISCOUNT.replace("months = 3\n", ""), "retention.offers.0.discount", "fairness rule 7"),
        (DISCOUNT + "price_after = 1", "retention.offers.0.discount", "fairness rule 7"),
        (DISCOUNT.replace("50", "100"), "retention.offers.0.discount.percent", "less than or"),
        (DISCOUNT.replace('coupon = "half"', ""), "retention.offers.0.discount.coupon", "missing"),
        (PAUSE.replace("2", "4"), "retention.offers.0.pause.months", "less than or equal to 3"),
        (PAUSE + "percent = 5", "retention.offers.0.pause.percent", "not a setting"),
        (PAUSE.replace("pause", "bribe"), "retention.offers.0", "kind"),
        (PAUSE.replace("unused", "bored"), "the file", "the offer break names no reason: bored"),
        (SMALLER.replace("lite", "mini"), "the file", "the offer smaller names no plan: mini"),
        (PAUSE + PAUSE, "retention", "each offer id once, and none of them holdout; not so: break"),
        (PAUSE.replace('"break"', '"holdout"'), "retention", "not so: holdout"),
        ("holdout_percent = 51", "retention.holdout_percent", "less than or equal to 50"),
        (PAUSE + "weight = 0", "retention.offers.0.pause.weight", "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_rule(
    tmp_path: Path, section: str, where: str, told: str
) -> None:
    found = problem(tmp_path, section)
    assert found.startswith(f"mooring.toml: {where} ")
    assert told in found


def test_what_is_right_becomes_the_policy(tmp_path: Path) -> None:
    section = f"cooldown_days = 30\nholdout_percent = 10\n{DISCOUNT}weight = 3\n{SMALLER}"

    rules = load(tmp_path, section).to_policy().offers

    assert (rules.cooldown, rules.holdout_percent) == (timedelta(days=30), 10)
    half, smaller = rules.offers
    assert (half.kind, half.percent, half.months, half.weight) == (OfferKind.DISCOUNT, 50, 3, 3)
    assert half.coupons == {STRIPE: "half"}
    assert (smaller.kind, smaller.plan_id) == (OfferKind.SMALLER_PLAN, PlanId("lite"))
    assert rules.find("half") is half
    assert rules.find("of nothing") is None


def test_without_offers_there_are_none(tmp_path: Path) -> None:
    assert load(tmp_path, "").to_policy().offers.offers == ()


def test_the_commented_offers_are_right_when_they_are_taken_in(tmp_path: Path) -> None:
    lines = AFTER.splitlines()
    start = lines.index("# [[retention.offers]]")
    end = next(number for number, line in enumerate(lines) if number > start and not line)
    taken = [line.removeprefix("# ").removeprefix("#") for line in lines[start:end]]

    known = load(tmp_path, "\n".join(taken)).to_policy().offers.offers

    assert {each.kind for each in known} == set(OfferKind)
