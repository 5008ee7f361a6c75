"""Mail over real SMTP: what goes out, and which refusals are final."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from pydantic import SecretStr

from bot.mail import Mailer, MailRefusedError
from bot.sandbox.mail import MailSink

SENDER = "Lumen Notes <billing@lumen.example>"
TEXT = "Grüße\n1234 5678\n"
# The server warns about passwords without TLS, which do not leave this machine here.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")

PASSWORD = "p@ss/word:1"
QUOTED_PASSWORD = "p%40ss%2Fword%3A1"


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    running = MailSink()
    await running.start()
    yield running
    await running.stop()


async def send(mailer: Mailer, *, to: str = "mia@example.com") -> None:
    await mailer.send(
        to=to, subject="Ihr Code: 1234", text="Grüße\n1234 5678\n", message_id="code-1"
    )


class Office:
    """A mail server that wants a login and answers as it is told."""

    def __init__(self) -> None:
        self.logins: list[tuple[str, str]] = []
        self.recipient_reply = "250 OK"
        self.data_reply = "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: object
    ) -> AuthResult:
        login = getattr(data, "login", b"").decode(), getattr(data, "password", b"").decode()
        self.logins.append(login)
        right = login == ("bot@lumen.example", PASSWORD)
        # Not handled: aiosmtpd sends the refusal itself.
        return AuthResult(success=right, handled=right)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if self.recipient_reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_reply

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        return self.data_reply


@asynccontextmanager
async def served(office: Office) -> AsyncIterator[str]:
    """Host and port of the office."""
    loop = asyncio.get_running_loop()

    def converse() -> SMTP:
        return SMTP(
            office,
            hostname="localhost",
            loop=loop,
            authenticator=office.authenticate,
            auth_required=True,
            auth_require_tls=False,
        )

    server = await loop.create_server(converse, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    yield f"{host}:{port}"
    server.close()


def mailer_at(address: str, *, password: str = QUOTED_PASSWORD) -> Mailer:
    return Mailer(SecretStr(f"smtp://bot%40lumen.example:{password}@{address}"), sender=SENDER)


async def test_a_mail_arrives_whole(sink: MailSink) -> None:
    await send(Mailer(SecretStr(sink.url), sender=SENDER))

    [mail] = sink.messages
    assert (mail.sender, mail.recipients) == ("billing@lumen.example", ("mia@example.com",))
    assert (mail.subject, mail.text.splitlines()) == ("Ihr Code: 1234", TEXT.splitlines())
    assert mail.headers["From"] == SENDER
    assert mail.headers["Message-ID"] == "<code-1@lumen.example>"
    assert mail.headers["Auto-Submitted"] == "auto-generated"


async def test_the_same_mail_sent_again_has_the_same_id(sink: MailSink) -> None:
    mailer = Mailer(SecretStr(sink.url), sender=SENDER)
    await send(mailer)
    await send(mailer)
    assert len({mail.headers["Message-ID"] for mail in sink.messages}) == 1


async def test_an_address_cannot_smuggle_in_a_header(sink: MailSink) -> None:
    with pytest.raises(ValueError):
        await send(Mailer(SecretStr(sink.url), sender=SENDER), to="a@b.example\nBcc: c@d.example")
    assert sink.messages == []


async def test_a_mailbox_that_does_not_exist_is_final(sink: MailSink) -> None:
    sink.reject("mia@")
    with pytest.raises(MailRefusedError):
        await send(Mailer(SecretStr(sink.url), sender=SENDER))


async def test_a_server_in_maintenance_is_not_final(sink: MailSink) -> None:
    sink.down = True
    with pytest.raises(aiosmtplib.SMTPException) as refused:
        await send(Mailer(SecretStr(sink.url), sender=SENDER))
    assert not isinstance(refused.value, MailRefusedError)


async def test_no_server(sink: MailSink) -> None:
    url = sink.url
    await sink.stop()
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await send(Mailer(SecretStr(url), sender=SENDER))


async def test_the_login_is_decoded_from_the_address() -> None:
    office = Office()
    async with served(office) as address:
        await mailer_at(address).check()
        await send(mailer_at(address))
    assert set(office.logins) == {("bot@lumen.example", PASSWORD)}


async def test_a_wrong_password_is_the_vendors_to_mend() -> None:
    """Not final: the mail goes out once the password is right."""
    async with served(Office()) as address:
        mailer = mailer_at(address, password="wrong")
        with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
            await mailer.check()
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await send(mailer)
    shown = f"{refused.value}{mailer.__dict__}"
    assert "wrong" not in shown
    assert base64.b64encode(b"wrong").decode() not in shown


@pytest.mark.parametrize(
    ("recipient", "data", "final"),
    [
        ("450 4.2.1 greylisted", "250 OK", False),
        ("550 5.1.1 nobody here", "250 OK", True),
        ("250 OK", "451 4.3.0 try later", False),
        ("250 OK", "554 5.7.1 spam", True),
    ],
)
async def test_only_5xx_is_final(recipient: str, data: str, final: bool) -> None:
    office = Office()
    office.recipient_reply, office.data_reply = recipient, data
    async with served(office) as address:
        with pytest.raises((MailRefusedError, aiosmtplib.SMTPException)) as refused:
            await send(mailer_at(address))
    assert isinstance(refused.value, MailRefusedError) is final
