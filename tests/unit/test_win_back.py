"""Which message somebody gets who has left, and what a vendor may write in it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.subscription import Status
from bot.domain.win_back import WinBack, access_end, win_back_for
from bot.settings import Configuration, SettingsError, load_configuration
from tests.integration.storage.samples import NOW, SUBSCRIPTION

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = (ROOT / "mooring.toml").read_text()


def message(*reasons: str) -> WinBack:
    return WinBack(frozenset(reasons), 30, "News", mentions_plans=True)


def test_a_message_for_the_reason_comes_before_one_for_all() -> None:
    for_price, for_all = message("too_expensive"), message()

    assert win_back_for([for_all, for_price], "too_expensive") is for_price
    assert win_back_for([for_all, for_price], "unused") is for_all
    assert win_back_for([for_price, for_all], None) is for_all
    assert win_back_for([for_price], "unused") is None
    assert win_back_for([], "unused") is None


def test_access_ends_when_the_provider_says_so_or_by_the_clock() -> None:
    """Not while the plan goes on, whatever was asked for."""
    going_on = replace(SUBSCRIPTION, cancel_at=None)
    ending = replace(SUBSCRIPTION, cancel_at=NOW)
    over = replace(SUBSCRIPTION, status=Status.CANCELED, ended_at=NOW - timedelta(days=1))

    assert access_end(going_on) is None
    assert access_end(ending) == NOW
    assert access_end(over) == NOW - timedelta(days=1)
    assert access_end(replace(over, ended_at=None)) == SUBSCRIPTION.period_end


def load(tmp_path: Path, *sections: str) -> Configuration:
    path = tmp_path / "mooring.toml"
    path.write_text("\n".join([SHIPPED, *sections]))
    return load_configuration(path)


def section(text: str = "News", *, days: int = 30, reasons: str = "") -> str:
    named = f"reasons = [{reasons}]\n" if reasons else ""
    return f'[[retention.win_back]]\n{named}days_after = {days}\ntext = "{text}"\n'


def test_what_the_vendor_writes_is_taken_over(tmp_path: Path) -> None:
    text = "New: https://lumen.example/news. And https://help.lumen.example/x!"
    policy = load(tmp_path, section(text, reasons='"unused"'), section()).to_policy().win_back

    assert policy.cooldown == timedelta(days=180)
    assert [each.text for each in policy.messages] == [text, "News"]
    assert policy.messages[0].reason_ids == {"unused"}
    assert policy.messages[0].delay == timedelta(days=30)


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ([section(days=6)], "days_after is wrong: "),
        ([section(days=181)], "days_after is wrong: "),
        ([section("")], "text is wrong: "),
        ([section("x" * 601)], "text is wrong: "),
        ([section(reasons='"bored"')], "no reason: bored"),
        ([section(), section()], "at most one without reasons"),
        ([section(reasons='"unused"'), section(reasons='"unused"')], "one retention.win_back for"),
        ([section("See http://lumen.example/news")], "https:// on a host in vendor.link_hosts"),
        ([section("See https://evil.example/x")], "https:// on a host in vendor.link_hosts"),
        ([section("See [news](https://lumen.example.evil.example)")], "vendor.link_hosts"),
        ([section("Come to discord.gg/abc")], "vendor.link_hosts"),
        ([section("See www.evil.example")], "vendor.link_hosts"),
        ([section("This is your last chance")], "fairness rule 4"),
    ],
)
def test_s22_a_text_that_leads_elsewhere_or_presses_is_refused_at_start(
    tmp_path: Path, sections: list[str], told: str
) -> None:
    with pytest.raises(SettingsError) as wrong:
        load(tmp_path, *sections)

    assert told in str(wrong.value)


@pytest.mark.parametrize("days", [0, 13, 401])
def test_nobody_can_give_less_than_the_law_to_withdraw(tmp_path: Path, days: int) -> None:
    path = tmp_path / "mooring.toml"
    path.write_text(SHIPPED.replace("days = 14 ", f"days = {days} "))

    with pytest.raises(SettingsError, match=r"withdrawal\.days is wrong"):
        load_configuration(path)
