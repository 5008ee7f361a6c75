"""The environment and `.env`: secrets, and where the other servers are."""

import re
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.settings.problems import SettingsError, problems_of

DISCORD_API_URL = "https://discord.com/api/v10"
STRIPE_API_URL = "https://api.stripe.com"
CREEM_API_URL = "https://api.creem.io"
CONFIGURATION_FILE = Path("mooring.toml")
# Shorter ones can be guessed.
SHORTEST_SECRET = 16
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def _is_url(text: str, *schemes: str) -> bool:
    """Whether it has one of the schemes, a host, and a port that is a number.

    Python's own errors name the part that is wrong. In an address whose password holds a
    character that had to be percent-encoded, that part is a piece of the password.
    """
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _http_url(text: str) -> str:
    if not _is_url(text, "http", "https"):
        raise ValueError("an address that starts with https:// (or http:// on this machine)")
    return text.rstrip("/")


def _public_url(text: str) -> str:
    if not _is_url(text, "https"):
        raise ValueError("the address of Mooring's web server from outside: https://HOST")
    return text.rstrip("/")


def _database_url(text: str) -> str:
    for scheme, driver in (
        ("sqlite:///", "sqlite+aiosqlite:///"),
        ("postgresql://", "postgresql+asyncpg://"),
        ("postgres://", "postgresql+asyncpg://"),
    ):
        if text.startswith(scheme):
            text = driver + text.removeprefix(scheme)
    try:
        url = make_url(text)
        # SQLite in memory would be another database on each connection.
        known = url.drivername == "postgresql+asyncpg" or (
            url.drivername == "sqlite+aiosqlite" and url.database not in (None, "", ":memory:")
        )
    except (ValueError, ArgumentError):
        known = False
    if not known:
        raise ValueError("sqlite:///path/to/file or postgresql://user:password@host/database")
    return text


def _smtp_url(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    # A path means that a slash in the password ended the address early.
    if not _is_url(text, "smtp", "smtps") or any(urlsplit(text)[2:]):
        raise ValueError(
            "smtp://user:password@host:port, or smtps:// for TLS from the start, with the "
            "password percent-encoded"
        )
    return secret


def _webhook_secret(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith("whsec_"):
        raise ValueError("the signing secret of the webhook endpoint, which starts with whsec_")
    return secret


def _stripe_key(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(("sk_", "rk_")):
        raise ValueError("a secret or restricted key, which starts with sk_ or rk_")
    return secret


def _creem_key(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith("creem_"):
        raise ValueError("an API key from Creem's dashboard, which starts with creem_")
    return secret


def _long_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(f"a secret of at least {SHORTEST_SECRET} characters")
    return secret


def _present(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("the bot's token from Discord's developer portal")
    return secret


def _sender(text: str) -> str:
    address = parseaddr(text)[1]
    if "\n" in text or "\r" in text or not _ADDRESS.fullmatch(address):
        raise ValueError("an address, such as billing@example.com or Name <billing@example.com>")
    return text


def _database_secret(secret: SecretStr) -> SecretStr:
    return SecretStr(_database_url(secret.get_secret_value()))


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Environment(BaseSettings):
    """The variables that Mooring reads; `.env.example` explains each."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        # `.env.example` names every variable; one that is left empty is not set.
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    discord_token: Annotated[SecretStr, AfterValidator(_present)]
    discord_api_url: HttpUrl = DISCORD_API_URL
    database_url: Annotated[SecretStr, AfterValidator(_database_secret)] = SecretStr(
        "sqlite+aiosqlite:///data/mooring.db"
    )
    attachments_path: Path | None = None
    stripe_api_key: Annotated[SecretStr, AfterValidator(_stripe_key)] | None = None
    stripe_webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] | None = None
    stripe_api_url: HttpUrl = STRIPE_API_URL
    creem_api_key: Annotated[SecretStr, AfterValidator(_creem_key)] | None = None
    creem_webhook_secret: Annotated[SecretStr, AfterValidator(_long_secret)] | None = None
    creem_api_url: HttpUrl = CREEM_API_URL
    api_secret: Annotated[SecretStr, AfterValidator(_long_secret)] | None = None
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url)]
    mail_from: Annotated[str, AfterValidator(_sender)]
    mooring_config: Path = CONFIGURATION_FILE

    @property
    def own_hosts(self) -> frozenset[str]:
        """Where Mooring's own pages are, as a host that links may lead to (S22)."""
        host = urlsplit(self.public_url or "").hostname
        return frozenset({host} if host else ())

    @property
    def attachments_folder(self) -> Path:
        """Where files of tickets are: beside a database that is a file, if nobody said."""
        if self.attachments_path is not None:
            return self.attachments_path
        url = make_url(self.database_url.get_secret_value())
        is_file = url.drivername.startswith("sqlite") and url.database is not None
        return (Path(url.database or "").parent if is_file else Path("data")) / "attachments"


class Unchecked(BaseSettings):
    """What is wrong with the keys and the file can be told while other variables are wrong."""

    model_config = Environment.model_config

    stripe_api_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_api_url: str = STRIPE_API_URL
    creem_api_key: SecretStr | None = None
    creem_webhook_secret: SecretStr | None = None
    creem_api_url: str = CREEM_API_URL
    mooring_config: Path = CONFIGURATION_FILE


def load_environment() -> Environment:
    """Read the environment and `.env`; raises SettingsError."""
    try:
        return Environment()
    except UnicodeDecodeError:
        raise SettingsError([".env is not UTF-8 text."]) from None
    except ValidationError as error:
        raise SettingsError(
            problems_of(error, lambda name: f"{name.upper()} (environment or .env)")
        ) from None
