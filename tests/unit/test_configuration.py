"""mooring.toml: each wrong value is named with its place and what is expected."""

from pathlib import Path

import pytest

from bot.domain.catalogue import Interval
from bot.domain.guild import GuildSettings
from bot.domain.identifiers import STRIPE, PriceId
from bot.domain.money import Money
from bot.domain.refund import RefundMode
from bot.settings import Configuration, SettingsError, load_configuration

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = (ROOT / "mooring.toml").read_text()


def load(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "mooring.toml"
    path.write_text(text)
    return load_configuration(path)


def problem(tmp_path: Path, before: str, after: str) -> str:
    """What is said when the first `before` of the shipped file becomes `after`."""
    assert before in SHIPPED
    with pytest.raises(SettingsError) as wrong:
        load(tmp_path, SHIPPED.replace(before, after, 1))
    assert wrong.value.__suppress_context__
    [told] = wrong.value.problems
    return told.removeprefix(f"{tmp_path}/")


def test_the_shipped_file_sells_what_the_seeds_name() -> None:
    """S19: Lite, Pro and Max, monthly or yearly."""
    configuration = load_configuration(ROOT / "mooring.toml")
    catalogue, policy = configuration.to_catalogue(), configuration.to_policy()

    assert [plan.name for plan in catalogue.plans] == ["Lite", "Pro", "Max"]
    for plan in catalogue.plans:
        assert [price.interval for price in plan.prices] == [Interval.MONTH, Interval.YEAR]
    offering = catalogue.offering(catalogue.plans[1].prices[0].id)
    assert offering is not None
    assert (offering.plan.name, offering.price.money) == ("Pro", Money(2000, "usd"))
    assert catalogue.offering(type(offering.price.id)("price_gone")) is None
    assert catalogue.plan(offering.plan.id) is offering.plan
    assert policy.refunds.mode is RefundMode.CASE_BY_CASE
    assert policy.reasons[-1].id == "prefer_not_to_say"
    assert [field.id for field in policy.topics[0].fields] == [
        "account_email",
        "description",
        "payment_reference",
    ]  # S31
    assert configuration.to_guild_settings() == {}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('name = "Lumen Notes"\n', "", "vendor.name is missing."),
        ("grace_days = 7", "grace_days = 61", "grace_days is wrong: "),
        ("grace_days = 7", "grace_weeks = 1", "grace_weeks is not a setting that Mooring knows."),
        ("team@lumen.example", "team", "vendor.support_email is wrong: "),
        (
            "https://account.lumen.example",
            "http://account.lumen.example",
            "vendor is wrong: expected cancel_url must be an https:// link on a host",
        ),
        ("https://account.lumen.example", "https://evil.example", "vendor is wrong: expected "),
        ('id = "pro"', 'id = "lite"', "catalogue is wrong: expected each plan id once"),
        ("price_pro_year", "price_pro_month", "there twice: price_pro_month"),
        ('id = "lite"', 'id = "Lite Plan"', "catalogue.plans.0.id is wrong: "),
        ('interval = "month"', 'interval = "fortnight"', "catalogue.plans.0.prices.0.interval"),
        ("amount = 900,", "amount = 9.5,", "catalogue.plans.0.prices.0.amount is wrong: "),
        ("amount = 900,", "amount = -1,", "catalogue.plans.0.prices.0.amount is wrong: "),
        ('currency = "usd"', 'currency = "USD"', "catalogue.plans.0.prices.0.currency"),
        ("allowance = 300", "allowance = -1", "catalogue.plans.0.allowance is wrong: "),
        ('mode = "case_by_case"', 'mode = "never"', "'case_by_case' or 'none'"),
        ('id = "prefer_not_to_say"', 'id = "silence"', "nobody has to explain"),
        ('id = "unused"', 'id = "other"', "cancellation is wrong: expected each reason id once"),
        ('feedback = "unused"', 'feedback = "bored"', "cancellation.reasons.4.feedback is wrong"),
        ('cancel_topic = "help"', 'cancel_topic = "hlep"', "cancel_topic must be the id of one"),
        ('billing_topic = "billing"', 'billing_topic = "bills"', "billing_topic must be the id"),
        ('id = "help"', 'id = "billing"', "tickets is wrong: expected each topic id once"),
        ("max_length = 254", "max_length = 5000", "tickets.topics.0.fields.0.max_length"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    found = problem(tmp_path, before, after)
    assert found.startswith("mooring.toml: ")
    assert told in found


def test_several_problems_are_told_at_once(tmp_path: Path) -> None:
    text = SHIPPED.replace("grace_days = 7", "grace_days = -1").replace("allowance = 300", "")
    with pytest.raises(SettingsError) as wrong:
        load(tmp_path, text)
    assert len(wrong.value.problems) == 2


def test_one_server_by_file(tmp_path: Path) -> None:
    guild = "\n[guild]\nid = 1\nsupport_role = 2\nmoderator_role = 3\n"
    found = load(tmp_path, SHIPPED + guild).to_guild_settings()
    assert {int(key): value for key, value in found.items()} == {1: GuildSettings(2, 3)}  # type: ignore[arg-type]


def test_the_commented_guild_section_is_right_when_it_is_taken_in(tmp_path: Path) -> None:
    lines = SHIPPED.splitlines()
    start = lines.index("# [guild]")
    taken = [line.removeprefix("# ") for line in lines[start : start + 6]]
    settings = load(tmp_path, SHIPPED + "\n" + "\n".join(taken)).to_guild_settings()
    [chosen] = settings.values()
    assert None not in (chosen.support_role_id, chosen.log_channel_id)


def test_the_commented_plan_roles_are_right_when_they_are_taken_in(tmp_path: Path) -> None:
    lines = SHIPPED.splitlines()
    start = lines.index("# [guild.plan_roles]")
    taken = [line.removeprefix("# ") for line in lines[start : start + 4]]
    found = load(tmp_path, SHIPPED + "\n[guild]\nid = 1\n" + "\n".join(taken)).to_plan_roles()
    [roles] = found.values()
    assert set(roles) == {"lite", "pro", "max"}
    assert load_configuration(ROOT / "mooring.toml").to_plan_roles() == {}


def test_a_role_for_a_plan_that_nobody_sells_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no plan: gold, ultra"):
        load(
            tmp_path,
            f"{SHIPPED}\n[guild]\nid = 1\n[guild.plan_roles]\nultra = 2\npro = 3\ngold = 4\n",
        )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"No such file.*MOORING_CONFIG names the file"):
        load_configuration(tmp_path / "nothing.toml")
    with pytest.raises(SettingsError, match="Is a directory"):
        load_configuration(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'name = "Caf\xe9"')
    with pytest.raises(SettingsError, match="not UTF-8 text"):
        load_configuration(tmp_path / "latin.toml")
    with pytest.raises(SettingsError, match=r"is not valid TOML: .*line 1"):
        load(tmp_path, "name = ,\n[vendor]")


def test_a_price_that_is_not_sold_any_more_is_still_known(tmp_path: Path) -> None:
    """S15: those who pay it keep their plan; nobody new can choose it."""
    old = '"price_pro_month", interval = "month", amount = 2000, currency = "usd"'
    new = f"{{ id = {old.replace('2000', '2500').replace('_month', '_2027')} }}"
    catalogue = load(
        tmp_path, SHIPPED.replace(f"{{ id = {old} }}", f"{{ id = {old}, sold = false }}, {new}")
    ).to_catalogue()

    known = catalogue.offering(PriceId("price_pro_month"))
    assert known is not None
    assert known.plan.name == "Pro"
    for offered in (
        catalogue.offerings(),
        catalogue.offered_to(STRIPE),
        catalogue.offered_to(None),
    ):
        ids = [each.price.id for each in offered]
        assert "price_pro_month" not in ids
        assert "price_pro_2027" in ids
