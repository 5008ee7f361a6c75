"""Variables: each wrong one is named with its file and what is expected, never with its value."""

import re
from pathlib import Path

import pytest

from bot.domain.identifiers import CREEM, STRIPE, ProviderName
from bot.settings import (
    Environment,
    SettingsError,
    load_environment,
    load_settings,
    provider_keys,
)

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "DISCORD_TOKEN": "MTIz.abc.def",
    "STRIPE_API_KEY": "sk_test_abc",
    "STRIPE_WEBHOOK_SECRET": "whsec_abc",
    "SMTP_URL": "smtps://bot%40lumen.example:p%2Fw@mail.lumen.example",
    "MAIL_FROM": "Lumen Notes <billing@lumen.example>",
}
HIDDEN = "hunter2"


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No variable and no file of the person who runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


def problems(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in {**GOOD, **variables}.items():
        monkeypatch.setenv(name, value)
    try:
        load_environment()
    except SettingsError as error:
        assert HIDDEN not in str(error)
        assert error.__cause__ is None
        assert error.__suppress_context__
        return error.problems
    return []


def test_five_variables_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems(monkeypatch) == []
    environment = load_environment()

    assert environment.discord_api_url == "https://discord.com/api/v10"
    assert environment.database_url.get_secret_value() == "sqlite+aiosqlite:///data/mooring.db"
    assert environment.stripe_api_url == "https://api.stripe.com"
    assert (environment.web_host, environment.web_port) == ("127.0.0.1", 8080)
    assert environment.mooring_config == Path("mooring.toml")


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as wrong:
        load_environment()
    assert wrong.value.problems == missing("DISCORD_TOKEN", "SMTP_URL", "MAIL_FROM")


def missing(*names: str) -> list[str]:
    return [f"{name} (environment or .env) is missing." for name in names]


@pytest.mark.parametrize(
    ("variables", "sold_through", "expected"),
    [
        ({}, [STRIPE], missing("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET")),
        ({}, [CREEM], missing("CREEM_API_KEY", "CREEM_WEBHOOK_SECRET")),
        ({"STRIPE_API_KEY": "sk_a"}, [], missing("STRIPE_WEBHOOK_SECRET")),
        ({"CREEM_API_KEY": ""}, [], []),
        ({}, [], []),
    ],
)
def test_each_provider_that_is_sold_through_needs_both_secrets(
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    sold_through: list[ProviderName],
    expected: list[str],
) -> None:
    for name in ("DISCORD_TOKEN", "SMTP_URL", "MAIL_FROM"):
        monkeypatch.setenv(name, GOOD[name])
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    try:
        provider_keys(load_environment(), sold_through=sold_through)
    except SettingsError as error:
        assert error.problems == expected
    else:
        assert expected == []


def test_keys_of_a_provider_that_nothing_is_sold_through_any_more_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its customers go on paying."""
    assert problems(monkeypatch) == []
    assert set(provider_keys(load_environment(), sold_through=[])) == {STRIPE}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DISCORD_TOKEN", "   ", "token from Discord's developer portal"),
        ("DISCORD_API_URL", HIDDEN, "https://"),
        ("DISCORD_API_URL", f"ftp://{HIDDEN}", "https://"),
        ("DISCORD_API_URL", f"https://[{HIDDEN}", "https://"),
        ("DATABASE_URL", HIDDEN, "sqlite:///path"),
        ("DATABASE_URL", f"mysql://u:{HIDDEN}@host/d", "postgresql://user"),
        ("DATABASE_URL", f"postgresql://u:{HIDDEN}@host:{HIDDEN}/d", "postgresql://user"),
        ("DATABASE_URL", "sqlite://", "sqlite:///path"),
        ("DATABASE_URL", "sqlite:///", "sqlite:///path"),
        ("DATABASE_URL", "sqlite:///:memory:", "sqlite:///path"),
        ("STRIPE_API_KEY", f"pk_live_{HIDDEN}", "sk_ or rk_"),
        ("CREEM_API_KEY", HIDDEN, "creem_"),
        ("CREEM_WEBHOOK_SECRET", HIDDEN, "at least 16"),
        ("API_SECRET", HIDDEN, "at least 16"),
        ("STRIPE_WEBHOOK_SECRET", f"sk_{HIDDEN}", "whsec_"),
        ("STRIPE_API_URL", "api.stripe.com", "https://"),
        ("WEB_PORT", HIDDEN, "integer"),
        ("WEB_PORT", "65536", "65535"),
        ("WEB_PORT", "-1", "0"),
        ("SMTP_URL", f"https://u:{HIDDEN}@host", "smtp://user:password@host:port"),
        ("SMTP_URL", f"smtp://u:{HIDDEN}", "smtp://user:password@host:port"),
        ("SMTP_URL", f"smtp://u:12/{HIDDEN}@host:465", "smtp://user:password@host:port"),
        ("SMTP_URL", f"smtp://u:{HIDDEN}#x@host", "smtp://user:password@host:port"),
        ("SMTP_URL", "smtp://", "smtp://user:password@host:port"),
        ("MAIL_FROM", HIDDEN, "billing@example.com"),
        ("MAIL_FROM", f"a@b.example\nBcc: {HIDDEN}", "billing@example.com"),
        ("MAIL_FROM", "Lumen Notes <nobody>", "billing@example.com"),
        ("MAIL_FROM", "a@", "billing@example.com"),
    ],
)
def test_a_wrong_value_is_told_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    [problem] = problems(monkeypatch, **{name: value})

    assert problem.startswith(f"{name} (environment or .env) is wrong: ")
    assert expected in problem
    assert "^" not in problem, "a regular expression is no explanation"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:///data/x.db", "sqlite+aiosqlite:///data/x.db"),
        ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgres://u:p@h:5432/d", "postgresql+asyncpg://u:p@h:5432/d"),
        ("postgresql+asyncpg://u@/d?host=/run", "postgresql+asyncpg://u@/d?host=/run"),
    ],
)
def test_database_addresses_as_hosts_hand_them_out(
    monkeypatch: pytest.MonkeyPatch, given: str, used: str
) -> None:
    assert problems(monkeypatch, DATABASE_URL=given) == []
    assert load_environment().database_url.get_secret_value() == used


def test_secrets_do_not_show_in_a_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {
        "DISCORD_TOKEN": HIDDEN,
        "STRIPE_API_KEY": f"sk_{HIDDEN}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{HIDDEN}",
        "SMTP_URL": f"smtp://u:{HIDDEN}@host",
        "DATABASE_URL": f"postgresql://u:{HIDDEN}@host/d",
    }
    assert problems(monkeypatch, **secret) == []
    environment = load_environment()
    assert HIDDEN not in f"{environment!r} {environment} {environment.model_dump()}"
    assert HIDDEN not in environment.model_dump_json()


def test_the_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, empty_directory: Path
) -> None:
    lines = [f"{name}='{value}'" for name, value in {**GOOD, "WEB_PORT": "1", "OTHER": "x"}.items()]
    (empty_directory / ".env").write_text("\n".join(lines))
    assert load_environment().web_port == 1
    monkeypatch.setenv("WEB_PORT", "2")
    assert load_environment().web_port == 2


def test_a_file_that_is_no_text(empty_directory: Path) -> None:
    (empty_directory / ".env").write_bytes(b"DISCORD_TOKEN=\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env is not UTF-8 text"):
        load_environment()


def test_the_example_names_exactly_the_settings() -> None:
    example = (ROOT / ".env.example").read_text()
    named = re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE)

    assert [name for name, _ in named] == [name.upper() for name in Environment.model_fields]
    for name, value in named:
        default = Environment.model_fields[name.lower()].get_default()
        if name != "DATABASE_URL":
            required = Environment.model_fields[name.lower()].is_required()
            assert value == ("" if required else str(default or "")), name
    assert dict(named)["DATABASE_URL"] == "sqlite:///data/mooring.db"


def test_every_variable_of_the_example_is_explained() -> None:
    blocks = (ROOT / ".env.example").read_text().strip().split("\n\n")
    assert all(block.startswith("#") for block in blocks)


def all_problems() -> list[str]:
    with pytest.raises(SettingsError) as wrong:
        load_settings()
    assert HIDDEN not in str(wrong.value)
    return wrong.value.problems


def test_variables_file_and_keys_are_told_at_once(
    monkeypatch: pytest.MonkeyPatch, empty_directory: Path
) -> None:
    """The file is the one that the variables name, although another variable is wrong."""
    (empty_directory / "elsewhere.toml").write_text("grace_days = 99\n")
    (empty_directory / ".env").write_text(
        f"MOORING_CONFIG=elsewhere.toml\nSTRIPE_API_KEY=pk_{HIDDEN}\nDISCORD_TOKEN=a\n"
    )

    told = all_problems()

    assert told[0].startswith("STRIPE_API_KEY (environment or .env) is wrong: expected a secret")
    assert told[1:3] == missing("SMTP_URL", "MAIL_FROM")
    assert "elsewhere.toml: vendor is missing." in told
    assert any(line.startswith("elsewhere.toml: grace_days is wrong") for line in told)
    assert told[-1:] == missing("STRIPE_WEBHOOK_SECRET")


def test_a_good_file_tells_which_keys_are_missing_beside_wrong_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MOORING_CONFIG", str(ROOT / "mooring.toml"))

    assert all_problems() == missing(
        "DISCORD_TOKEN", "SMTP_URL", "MAIL_FROM", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"
    )


def test_what_a_file_that_cannot_be_read_holds_is_not_called_missing(
    empty_directory: Path,
) -> None:
    (empty_directory / ".env").write_bytes(b"MAIL_FROM=J\xfcrgen\n")

    assert all_problems() == [
        ".env is not UTF-8 text.",
        "mooring.toml cannot be read (No such file or directory). MOORING_CONFIG names the file.",
    ]


def test_settings_that_are_all_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems(monkeypatch, MOORING_CONFIG=str(ROOT / "mooring.toml")) == []

    environment, configuration = load_settings()

    assert environment.mooring_config == ROOT / "mooring.toml"
    assert configuration.catalogue.plans
